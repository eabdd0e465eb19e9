"""Files that people and attackers send: each with the picture it must give, or the id of the sentence it must get."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

W, H = 64, 32
RED, GREEN, BLUE, GREY = (220, 40, 30), (30, 160, 70), (40, 70, 210), (120, 120, 120)
EXACT, LOSSY = 0, 3


def scene() -> np.ndarray:
    """(H, W, 3): four quarters in four colours, so that no turn and no mirror leaves it as it was."""
    pixels = np.empty((H, W, 3), np.uint8)
    pixels[: H // 2, : W // 2], pixels[: H // 2, W // 2 :] = RED, GREEN
    pixels[H // 2 :, : W // 2], pixels[H // 2 :, W // 2 :] = BLUE, GREY
    return pixels


def ramp() -> np.ndarray:
    """(H, W): grey from black to white."""
    return np.tile(np.linspace(0, 255, W).round().astype(np.uint8), (H, 1))


@dataclass(frozen=True)
class Odd:
    """``data`` is a file. It gives ``pixels`` by the steps ``steps``, or is refused with ``image.REFUSED``.

    ``tolerance`` is the mean difference, of 255, that a lossy format may leave: a turn or a mirror leaves more than 60.
    """

    name: str
    data: bytes
    pixels: np.ndarray | None = None
    steps: tuple[str, ...] = ("decode",)
    tolerance: float = EXACT
    refused: str = ""
    frames: int = 1


def saved(image: Image.Image | np.ndarray, kind: str, **more: Any) -> bytes:
    out = BytesIO()
    (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(out, kind, **more)
    return out.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, depth: int, colour: int, rows: bytes, *before: bytes) -> bytes:
    """A PNG written by hand; ``rows`` are compressed already."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(before) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def zeros(size: int) -> bytes:
    """That many zero bytes, deflated, without having them in memory."""
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(min(2**20, size - at))) for at in range(0, size, 2**20)) + packer.flush()


def with_app1(data: bytes) -> bytes:
    """A JPEG of our scene with this APP1 segment."""
    jpeg = saved(scene(), "JPEG", quality=95)
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data + jpeg[2:]


def turned(orientation: int) -> np.ndarray:
    """What a camera stores when the upright picture is our scene: EXIF 2.32 says where row 0 and column 0 belong."""
    upright = scene()
    return {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: upright.transpose(1, 0, 2)[::-1],
        7: upright.transpose(1, 0, 2)[::-1, ::-1],
        8: upright.transpose(1, 0, 2)[:, ::-1],
    }[orientation]


def tagged(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def transparent() -> Image.Image:
    """The scene with its lower half transparent: blue and grey are hidden, white is meant."""
    alpha = np.full((H, W, 1), 255, np.uint8)
    alpha[H // 2 :] = 0
    return Image.fromarray(np.concatenate([scene(), alpha], 2))


def over_white() -> np.ndarray:
    pixels = scene()
    pixels[H // 2 :] = 255
    return pixels


def deep_rgb() -> bytes:
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in scene().astype(np.uint32) * 257)
    return png(W, H, 16, 2, zlib.compress(rows))


def text_bomb() -> bytes:
    packed = zlib.compress(bytes(80 * 2**20), 9)
    return png(1, 1, 8, 0, zlib.compress(b"\0\0"), chunk(b"zTXt", b"Comment\0\0" + packed))


def profile_bomb() -> bytes:
    packed = zlib.compress(bytes(80 * 2**20), 9)
    return png(1, 1, 8, 0, zlib.compress(b"\0\0"), chunk(b"iCCP", b"profile\0\0" + packed))


def million_frames() -> bytes:
    gif = saved(Image.new("P", (1, 1)), "GIF")
    at = gif.index(b",\0\0")
    return gif[:at] + gif[at:-1] * 900_000 + b";"


def many_frames(kind: str) -> bytes:
    first = Image.fromarray(scene())
    others = [Image.new("RGB", (W, H), colour) for colour in (RED, BLUE)]
    lossless = {"lossless": True} if kind == "WEBP" else {}
    return saved(first, kind, save_all=True, append_images=others, duration=100, **lossless)


def good() -> list[Odd]:
    upright, grey = scene(), ramp()
    grey3 = np.repeat(grey[..., None], 3, 2)
    image = Image.fromarray(upright)
    palette = image.quantize(8)
    hole = image.quantize(8)
    hidden = hole.getpixel((0, H - 1))
    holed = scene()
    holed[H // 2 :, : W // 2] = 255
    jpeg, plain = saved(upright, "JPEG", quality=95), saved(upright, "PNG")
    black_white = np.where(grey3 > 127, 255, 0).astype(np.uint8)
    line = np.linspace(0, 255, 10_000).round().astype(np.uint8)
    fields = PngImagePlugin.PngInfo()
    fields.add_text("Comment", "x" * 1000)
    alone = np.full((1, 1, 3), 0, np.uint8)
    return [
        Odd("png", plain, upright),
        Odd("jpeg", jpeg, upright, tolerance=LOSSY),
        Odd("jpeg, progressive", saved(upright, "JPEG", quality=95, progressive=True), upright, tolerance=LOSSY),
        Odd("webp, lossless", saved(upright, "WEBP", lossless=True), upright),
        Odd("webp, lossy", saved(upright, "WEBP", quality=95), upright, tolerance=LOSSY),
        Odd("gif", saved(palette, "GIF"), upright),
        Odd("bmp", saved(upright, "BMP"), upright),
        Odd("grey png", saved(grey, "PNG"), grey3),
        Odd("grey jpeg", saved(grey, "JPEG", quality=95), grey3, tolerance=LOSSY),
        Odd("one bit", saved(Image.fromarray(black_white).convert("1"), "PNG"), black_white),
        Odd("palette", saved(palette, "PNG"), upright),
        Odd("palette with transparency", saved(hole, "PNG", transparency=hidden), holed, ("decode", "flatten")),
        Odd("rgba", saved(transparent(), "PNG"), over_white(), ("decode", "flatten")),
        Odd("rgba webp", saved(transparent(), "WEBP", lossless=True), over_white(), ("decode", "flatten")),
        Odd("grey and alpha", saved(Image.merge("LA", [Image.new("L", (W, H), 9), Image.new("L", (W, H), 0)]), "PNG"),
            np.full((H, W, 3), 255, np.uint8), ("decode", "flatten")),
        Odd("16 bits of grey", saved(Image.fromarray(grey.astype(np.uint16) * 257), "PNG"), grey3, ("decode", "deep")),
        Odd("48 bits of colour", deep_rgb(), upright),
        Odd("cmyk", saved(image.convert("CMYK"), "JPEG", quality=95), upright, ("decode", "cmyk"), LOSSY),
        Odd("animated gif", many_frames("GIF"), upright, ("animated",), frames=3),
        Odd("animated webp", many_frames("WEBP"), upright, ("animated",), frames=3),
        Odd("animated png", many_frames("PNG"), upright, ("animated",), frames=3),
        Odd("a million frames", million_frames(), alone, ("animated",), frames=10_000),
        Odd("two jpegs in one", saved(image, "MPO", save_all=True, append_images=[image], quality=95), upright, tolerance=LOSSY),
        Odd("1 x 1", saved(Image.new("RGB", (1, 1), RED), "PNG"), np.full((1, 1, 3), RED, np.uint8)),
        Odd("1 x 10000", saved(line[:, None], "PNG"), None, ("decode", "shrink")),
        Odd("10000 x 1", saved(line[None], "PNG"), None, ("decode", "shrink")),
        *(
            Odd(f"orientation {n}", saved(turned(n), "JPEG", quality=95, exif=tagged(n)), upright,
                ("decode",) if n == 1 else ("decode", "orient"), LOSSY)
            for n in range(1, 9)
        ),
        Odd("orientation 9", saved(upright, "PNG", exif=tagged(9)), upright),
        Odd("png turned", saved(turned(6), "PNG", exif=tagged(6)), upright, ("decode", "orient")),
        Odd("exif of noise", with_app1(b"Exif\0\0" + bytes(range(7, 200))), upright, tolerance=LOSSY),
        Odd("exif that points outside", with_app1(b"Exif\0\0II*\0\xff\xff\xff\x7f"), upright, tolerance=LOSSY),
        Odd("profile of noise", saved(upright, "PNG", icc_profile=bytes(range(200))), upright),
        Odd("jpeg profile of noise", saved(upright, "JPEG", quality=95, icc_profile=bytes(range(200))), upright, tolerance=LOSSY),
        Odd("text inside", saved(image, "PNG", pnginfo=fields), upright),
        Odd("bytes after the end", plain + b"<script>alert(1)</script>" * 9, upright),
    ]  # fmt: skip


def bad() -> list[Odd]:
    jpeg, plain = saved(scene(), "JPEG", quality=95), saved(scene(), "PNG")
    broken = bytearray(plain)
    broken[plain.index(b"IDAT") - 5] ^= 0xFF  # the header's
    jpeg_size = jpeg.index(b"\xff\xc0") + 5
    gif = saved(Image.new("P", (1, 1)), "GIF")
    bmp = bytearray(saved(scene(), "BMP"))
    bmp[18:26] = struct.pack("<ii", 60_000, 60_000)
    cases = {
        "0 bytes": (b"", "empty"),
        "text": (b"Dear server, this is no picture.", "not-image"),
        "html": (b"<!doctype html><title>x</title>", "not-image"),
        "noise": (np.random.default_rng(0).bytes(5000), "not-image"),
        "zip": (b"PK\x03\x04" + bytes(100), "not-image"),
        "eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "format"),
        "eps for DOS": (b"\xc5\xd0\xd3\xc6" + bytes(28) + b"%!PS-Adobe-3.0 EPSF-3.0", "format"),
        "pdf": (b"%PDF-1.7\n", "format"),
        "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "format"),
        "svg after a prologue": (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- ' + b"x" * 3000 + b" --><svg/>", "format"),
        "heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "format"),
        "avif": (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1", "format"),
        "tiff": (saved(scene(), "TIFF"), "format"),
        "half a jpeg": (jpeg[: len(jpeg) // 2], "truncated"),
        "half a png": (plain[: len(plain) - 30], "truncated"),
        "half a webp": (saved(scene(), "WEBP", lossless=True)[:40], "damaged"),
        "half a gif": (gif[:15], "not-image"),
        "the first bytes of a png": (plain[:8], "not-image"),
        "the first bytes of a jpeg": (jpeg[:3], "not-image"),
        "a jpeg that says it is a png": (plain[:8] + jpeg[8:], "not-image"),
        "a wrong checksum": (bytes(broken), "not-image"),
        "81 million pixels in 10 KB": (png(9000, 9000, 1, 0, zeros(9000 * 1126)), "large"),
        "100000 x 100000": (png(100_000, 100_000, 8, 2, zlib.compress(b"")), "huge"),
        "a jpeg of 65500 x 65500": (jpeg[:jpeg_size] + struct.pack(">HH", 65500, 65500) + jpeg[jpeg_size + 4 :], "huge"),
        "a gif of 65535 x 65535": (gif[:6] + b"\xff\xff\xff\xff" + gif[10:], "huge"),
        "a bmp of 60000 x 60000": (bytes(bmp), "huge"),
        "0 x 0": (png(0, 0, 8, 2, zlib.compress(b"")), "not-image"),
        "a text that grows": (text_bomb(), "damaged"),
        "a profile that grows": (profile_bomb(), "damaged"),
        "17 MiB": (b"\x89PNG\r\n\x1a\n" + bytes(17 * 2**20), "heavy"),
    }
    return [Odd(name, data, refused=refused) for name, (data, refused) in cases.items()]


@cache
def odd() -> tuple[Odd, ...]:
    return (*good(), *bad())
