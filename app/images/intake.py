"""Any bytes as an upright RGB picture of bounded size, or one sentence why not.

Bytes from outside are never trusted: a list of formats, the size before any pixel is decoded, one frame, no metadata kept.
Every step that changes the picture is noted with a small picture of its result.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from app.labs.contract import Message, Plain, UserError

Pixels: TypeAlias = NDArray[np.uint8]

MOST_BYTES = 16 * 2**20
MOST_PIXELS = 16_000_000
MOST_SIDE = 1024
"""What is kept: no network here looks at more than 224 pixels, and a receptive field is drawn on this."""
SMALL = 192
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
BACKGROUND = (255, 255, 255)
ORIENTATION = 0x0112


@dataclass(frozen=True)
class Step:
    """What was done (``image.step.ID`` with ``values``) and a small picture (h, w, 3) of the result."""

    id: str
    values: dict[str, Plain]
    picture: Pixels


@dataclass(frozen=True)
class Picture:
    """``pixels`` (H, W, 3) RGB, upright, no side above 1024; ``steps`` in order."""

    pixels: Pixels
    steps: tuple[Step, ...] = field(default=())


def read(data: bytes) -> Picture:
    """The picture in ``data``. Raises UserError ``image.*`` for what is no picture, is damaged, or is too large."""
    if not data:
        raise _refused("empty")
    if len(data) > MOST_BYTES:
        raise _refused("heavy", got=round(len(data) / 2**20, 1), most=MOST_BYTES // 2**20)
    if name := _foreign(data):
        raise _refused("format", got=name, known=", ".join(FORMATS))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a size is judged here, and a strange palette is no reason to refuse
            with Image.open(BytesIO(data), formats=FORMATS) as image:
                return _decoded(image)
    except UserError:
        raise
    except UnidentifiedImageError:
        raise _refused("not-image", known=", ".join(FORMATS)) from None
    except Exception as error:  # Pillow's plugins raise almost anything on damaged bytes
        raise _refused("damaged", problem=str(error)[:120]) from None


def _decoded(image: Image.Image) -> Picture:
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise _refused("large", width=width, height=height, most=MOST_PIXELS // 10**6)
    values: dict[str, Plain] = {"format": image.format or "", "width": width, "height": height, "mode": image.mode}
    frames = getattr(image, "n_frames", 1)
    if frames > 1:
        values["frames"] = frames
        image.seek(0)
    orientation = image.getexif().get(ORIENTATION, 1)
    if image.format == "JPEG" and max(width, height) >= 2 * MOST_SIDE:
        image.draft("RGB", (MOST_SIDE, MOST_SIDE))  # the decoder leaves out what the next step would throw away
    image.load()
    steps: list[Step] = []

    def note(id: str, picture: Image.Image, **told: Plain) -> Image.Image:
        steps.append(Step(id, told, _small(picture)))
        return picture

    shown = _plain(image)
    note("animated" if frames > 1 else "decode", shown, **values)
    if image.has_transparency_data:
        shown = note("flatten", _flattened(image))
    elif image.mode == "CMYK":
        note("cmyk", shown)
    elif image.mode.startswith("I"):
        note("deep", shown)
    if orientation in range(2, 9):
        turned = ImageOps.exif_transpose(_oriented(shown, orientation))
        shown = note("orient", turned, orientation=int(orientation))
    if max(shown.size) > MOST_SIDE:
        shown = shown.copy()
        shown.thumbnail((MOST_SIDE, MOST_SIDE), Image.Resampling.LANCZOS)
    if shown.size not in ((width, height), (height, width)):
        note("shrink", shown, width=shown.width, height=shown.height)
    return Picture(np.asarray(shown), tuple(steps))


def _plain(image: Image.Image) -> Image.Image:
    """RGB, whatever the mode; hidden colours of transparent pixels included."""
    if image.mode.startswith("I") or image.mode == "F":
        # 16 bits of grey: 65535 / 257 = 255. Pillow's own conversion would clip everything above 255 to white.
        deep = np.asarray(image)
        most = 257 if image.mode.startswith("I") else 1
        return Image.fromarray(np.clip(deep / most, 0, 255).round().astype(np.uint8)).convert("RGB")
    return image.convert("RGB")


def _flattened(image: Image.Image) -> Image.Image:
    """Transparent pixels over white."""
    layered = image.convert("RGBA")
    ground = Image.new("RGBA", layered.size, (*BACKGROUND, 255))
    return Image.alpha_composite(ground, layered).convert("RGB")


def _oriented(image: Image.Image, orientation: int) -> Image.Image:
    """The picture with its orientation tag, which a conversion may have dropped."""
    tagged = image.copy()
    tagged.getexif()[ORIENTATION] = orientation
    return tagged


def _small(image: Image.Image) -> Pixels:
    small = image.copy()
    small.thumbnail((SMALL, SMALL), Image.Resampling.BILINEAR)
    return np.asarray(small)


def _foreign(data: bytes) -> str | None:
    """The name of a format that people try and that is not read here."""
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith((b"%!PS", b"\xc5\xd0\xd3\xc6")):
        return "EPS"
    if head.startswith(b"%PDF"):
        return "PDF"
    if b"<svg" in head.lower():
        return "SVG"
    if data[4:8] == b"ftyp":
        return "AVIF" if data[8:11] == b"avi" else "HEIC"
    if head.startswith((b"II*\0", b"MM\0*")):
        return "TIFF"
    return None


def _refused(name: str, **values: Any) -> UserError:
    return UserError(Message(f"image.{name}", values), ("image",))
