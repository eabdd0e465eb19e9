"""Any bytes as an upright RGB picture of bounded size, or one sentence why not.

Bytes from outside are never trusted: a list of formats, the size before any pixel is decoded, one frame, no metadata kept.
Every step that changes the picture is noted with a small picture of its result. Large pictures are shrunk as soon as their
mode allows, so that 16 million pixels with transparency take 130 MB for a moment (277 as WebP, by its decoder)
and not three times that.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from app.images.foreign import foreign, gif_frames
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
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What undoes each value of EXIF's orientation tag (EXIF 2.32, table 4)."""


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
        raise refused("empty")
    if len(data) > MOST_BYTES:
        raise heavy(len(data))
    if name := foreign(data):
        raise refused("format", got=name, known=", ".join(FORMATS))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a size is judged here, and a strange palette is no reason to refuse
            with Image.open(BytesIO(data), formats=FORMATS) as image:
                return _decoded(image, data)
    except UserError:
        raise
    except Image.DecompressionBombError:  # Pillow's own bound, 179 million pixels, comes before ours
        raise refused("huge", most=MOST_PIXELS // 10**6) from None
    except UnidentifiedImageError:
        raise refused("not-image", known=", ".join(FORMATS)) from None
    except Exception as error:  # Pillow's plugins raise almost anything on damaged bytes
        raise refused("truncated" if "truncated" in str(error).lower() else "damaged") from None


def refused(name: str, **values: Any) -> UserError:
    """The sentence ``image.NAME``, beside the field of the picture."""
    return UserError(Message(f"image.{name}", values), ("image",))


def heavy(size: int) -> UserError:
    return refused("heavy", got=round(size / 2**20, 1), most=MOST_BYTES // 2**20)


class _Steps:
    """The picture so far and what was done to it."""

    def __init__(self, image: Image.Image, id: str, values: dict[str, Plain]) -> None:
        self.image = image
        self.steps = [Step(id, values, small(image))]

    def take(self, image: Image.Image, id: str, **values: Plain) -> None:
        self.image = image
        self.steps.append(Step(id, values, small(image)))


def _decoded(image: Image.Image, data: bytes) -> Picture:
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise refused("large", width=width, height=height, most=MOST_PIXELS // 10**6)
    kind = "JPEG" if image.format == "MPO" else str(image.format)  # a phone's JPEG with a second picture behind it
    values: dict[str, Plain] = {"format": kind, "width": width, "height": height, "mode": image.mode}
    frames = gif_frames(data) if kind == "GIF" else 1 if kind == "JPEG" else int(getattr(image, "n_frames", 1))
    if frames > 1:
        values["frames"] = frames
    orientation = _orientation(image)
    if kind == "JPEG":
        image.draft(None, (MOST_SIDE, MOST_SIDE))  # the decoder leaves out what shrinking would throw away
    image.load()
    so_far = _Steps(image, "animated" if frames > 1 else "decode", values)
    if image.size != (width, height):
        so_far.take(image, "draft", factor=round(width / image.width), width=image.width, height=image.height)
    _to_bytes(so_far)
    if max(so_far.image.size) > MOST_SIDE:
        less = _shrunk(so_far.image, MOST_SIDE)
        so_far.take(less, "shrink", width=less.width, height=less.height)
    if "A" in so_far.image.getbands() and so_far.image.getextrema()[-1] != (255, 255):
        so_far.take(_flattened(so_far.image), "flatten")
    if orientation in UPRIGHT:
        so_far.take(so_far.image.transpose(UPRIGHT[orientation]), "orient", orientation=orientation)
    return Picture(np.asarray(so_far.image.convert("RGB")), tuple(so_far.steps))


def _orientation(image: Image.Image) -> int:
    """1 to 8; 1 where there is none, or metadata that cannot be read: the picture itself may be whole."""
    try:
        value = image.getexif().get(ORIENTATION, 1)
    except Exception:
        return 1
    return value if isinstance(value, int) else 1


def _to_bytes(so_far: _Steps) -> None:
    """To a mode that shrinks truly: grey, RGB or RGBA of 8 bits a channel."""
    image = so_far.image
    if image.mode.startswith("I"):
        so_far.take(_deep(image), "deep")
    elif image.mode == "CMYK":
        so_far.take(image.convert("RGB"), "cmyk")
    elif image.has_transparency_data and image.mode != "RGBA":
        so_far.image = image.convert("RGBA")
    elif image.mode not in ("L", "RGB", "RGBA"):
        so_far.image = image.convert("RGB")


def _deep(image: Image.Image) -> Image.Image:
    """16 bits of grey: 65535 / 257 = 255. Pillow's own conversion would clip everything above 255 to white."""
    deep = np.asarray(image)
    grey = np.empty(deep.shape, np.uint8)
    for y in range(0, len(deep), 256):  # in strips: the whole in 32 bits would be four times the picture
        grey[y : y + 256] = (deep[y : y + 256].clip(0, 65535).astype(np.uint32) + 128) // 257
    return Image.fromarray(grey)


def _shrunk(image: Image.Image, most: int) -> Image.Image:
    """No side above ``most``, none below 1. Transparent pixels lend no colour to their neighbours."""
    scale = most / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _flattened(image: Image.Image) -> Image.Image:
    """Transparent pixels over white."""
    layered = image.convert("RGBA")
    ground = Image.new("RGBA", layered.size, (*BACKGROUND, 255))
    return Image.alpha_composite(ground, layered).convert("RGB")


def small(image: Image.Image, most: int = SMALL) -> Pixels:
    """(h, w, 3), no side above ``most``; with the colours hidden under transparent pixels."""
    if max(image.size) <= most:
        return np.asarray(_deep(image).convert("RGB") if image.mode.startswith("I") else image.convert("RGB"))
    scale = most / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    smooth = image.mode in ("L", "RGB", "CMYK")
    less = image.resize(size, Image.Resampling.BOX if smooth else Image.Resampling.NEAREST, reducing_gap=2.0 if smooth else None)
    return np.asarray(_deep(less).convert("RGB") if less.mode.startswith("I") else less.convert("RGB"))
