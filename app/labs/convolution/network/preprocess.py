"""From a picture to a network's input, each step with what it looks like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from app.images import Picture
from app.images.intake import Pixels
from app.labs.contract import Plain

GREY = (128, 128, 128)
SHOWN = 192


@dataclass(frozen=True)
class Shown:
    """A step: its sentence's id and values, and a picture (h, w, 3) of its result."""

    id: str
    values: dict[str, Plain]
    picture: Pixels


def square(picture: Picture, size: int, fit: str) -> tuple[Pixels, list[Shown]]:
    """(size, size, 3): the middle cut out, the rest filled with grey, or the sides stretched; then resized without aliasing."""
    image = Image.fromarray(picture.pixels)
    width, height = image.size
    steps: list[Shown] = []
    if width != height and fit != "stretch":
        side = (min if fit == "crop" else max)(width, height)
        box = ((width - side) // 2, (height - side) // 2, (width - side) // 2 + side, (height - side) // 2 + side)
        if fit == "crop":
            image = image.crop(box)
        else:
            ground = Image.new("RGB", (side, side), GREY)
            ground.paste(image, (-box[0], -box[1]))
            image = ground
        steps.append(Shown(f"convolution.network.step.{fit}", {"side": side}, _small(image)))
    if image.size != (size, size):
        values: dict[str, Plain] = {"width": image.width, "height": image.height, "size": size}
        image = image.resize((size, size), Image.Resampling.BILINEAR)  # Pillow widens its filter when it shrinks
        steps.append(Shown("convolution.network.step.resize", values, _small(image)))
    return np.asarray(image), steps


def normalised(pixels: Pixels, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """uint8 (S, S, 3) to float32 (3, S, S): (value / 255 - mean) / std, a mean and a std for each channel."""
    x = torch.from_numpy(pixels.copy()).permute(2, 0, 1).float() / 255
    return (x - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1)


def shown(x: Tensor) -> Pixels:
    """The normalised input as a picture: -2.5 to 2.5 as black to white in each channel."""
    return ((x.clamp(-2.5, 2.5) + 2.5) * 51).round().byte().permute(1, 2, 0).numpy()


def _small(image: Image.Image) -> Pixels:
    small = image.copy()
    small.thumbnail((SHOWN, SHOWN), Image.Resampling.BILINEAR)
    return np.asarray(small)
