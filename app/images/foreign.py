"""What a file's first bytes tell before any decoder sees it: formats that are not read here, and how many frames a GIF has."""

from __future__ import annotations

MOST_FRAMES = 10_000


def foreign(data: bytes) -> str | None:
    """The name of a format that people try and that is not read here; None for every other."""
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith((b"%!PS", b"\xc5\xd0\xd3\xc6")):
        return "EPS"
    if head.startswith(b"%PDF"):
        return "PDF"
    if head.startswith(b"<") and b"<svg" in data[:65536].lower():
        return "SVG"
    if data[4:8] == b"ftyp":
        return "AVIF" if data[8:11] == b"avi" else "HEIC"
    if head.startswith((b"II*\0", b"MM\0*")):
        return "TIFF"
    return None


def gif_frames(data: bytes) -> int:
    """Pictures in a GIF, at most MOST_FRAMES, from its blocks (GIF89a, section 20).

    Pillow counts by reading every frame: 11 s for the million of empty ones that 16 MiB hold.
    """
    at = 13 + _table(data, 10)
    frames = 0
    while at < len(data) and frames < MOST_FRAMES:
        if data[at] == 0x2C:  # a picture: its place, its colours, the code size, then the data
            frames += 1
            at = _past(data, at + 11 + _table(data, at + 9))
        elif data[at] == 0x21:  # an extension and its label
            at = _past(data, at + 2)
        else:
            break
    return max(1, frames)


def _table(data: bytes, at: int) -> int:
    """Bytes of the colour table that the flags at ``at`` announce."""
    flags = data[at] if at < len(data) else 0
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _past(data: bytes, at: int) -> int:
    """The place after a chain of sub-blocks."""
    while at < len(data) and data[at]:
        at += data[at] + 1
    return at + 1
