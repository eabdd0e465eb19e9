"""From a picture to a network's input, each step with what it looks like."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from app.images import Picture
from app.images.intake import Pixels
from app.labs.contract import Message, Plain, UserError
from app.labs.convolution.network import probe, trace
from app.labs.convolution.network.models import Model
from app.labs.own import problem

GREY = (128, 128, 128)
SHOWN = 192
MOST_SIDE = 512
"""Of an input that the operator's own preprocessing makes."""


@dataclass(frozen=True)
class Shown:
    """A step: its sentence's id and values, a picture (h, w, 3) of its result, and where its result's places were before it.

    ``back`` None: nobody knows.
    """

    id: str
    values: dict[str, Plain]
    picture: Pixels
    back: trace.Back | None = field(default_factory=lambda: trace.STAYS)
    reach: trace.Reach = trace.NONE


@dataclass(frozen=True)
class Prepared:
    """``pixels`` (H, W, 3) is what ``x`` (C, H, W) was made of, ``steps`` is how."""

    pixels: Pixels
    x: Tensor
    steps: list[Shown]


def prepared(picture: Picture, size: int, fit: str, model: Model) -> Prepared:
    """The network's input. Raises UserError where the operator's own preprocessing does not make one."""
    if model.preprocess is not None:
        return _theirs(picture, model)
    pixels, steps = square(picture, model.size or size, fit)
    if len(model.mean) == 1:
        pixels = np.asarray(Image.fromarray(pixels).convert("L").convert("RGB"))
        steps.append(Shown("convolution.network.step.grey", {}, _small(Image.fromarray(pixels))))
    x = normalised(pixels, model.mean, model.std)
    if any(model.mean) or set(model.std) != {1.0}:
        values: dict[str, Plain] = {"mean": _listed(model.mean), "std": _listed(model.std)}
        steps.append(Shown("convolution.network.step.normalise", values, shown(x)))
    return Prepared(pixels, x, steps)


def _theirs(picture: Picture, model: Model) -> Prepared:
    """What the operator's function makes of the whole picture."""
    try:
        x = _made(model, Image.fromarray(picture.pixels))
    except (Exception, SystemExit) as error:  # whatever the operator's code raises
        raise UserError(Message("convolution.network.error.preprocess", {"problem": problem(error)}), ("network",)) from error
    pixels = _spread(x)
    values: dict[str, Plain] = {"shape": "x".join(map(str, x.shape))}
    return Prepared(pixels, x, [Shown("convolution.network.step.own", values, pixels, back=None)])


def _made(model: Model, image: Image.Image) -> Tensor:
    """(C, H, W), the same each time where what the function draws at random is torch's."""
    assert model.preprocess is not None
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(0)
        made = torch.as_tensor(model.preprocess(image)).detach().float()
    x = made[0] if made.dim() == 4 and len(made) == 1 else made
    if x.dim() != 3 or not x.numel() or max(x.shape[1:]) > MOST_SIDE:
        raise ValueError(f"(C, H, W) with sides up to {MOST_SIDE} is needed, it made {list(made.shape)}")
    return x.contiguous()


def told(picture: Picture, ready: Prepared, model: Model) -> tuple[list[Plain], dict[str, Pixels]]:
    """Every step from the upload on, as the scene's note says it (``id``, ``values``, ``tensor``, ``trace``), and the pictures."""
    steps = [Shown(f"image.step.{one.id}", one.values, one.picture, trace.of_upload(one)) for one in picture.steps] + ready.steps
    if model.preprocess is not None:
        way = probe.back(lambda image: _made(model, image).numpy(), Image.fromarray(picture.pixels))
        steps[-1] = replace(steps[-1], back=way)
    traces = trace.traced([(one.back, one.reach) for one in steps])
    note: list[Plain] = [
        {"id": one.id, "values": one.values, "tensor": f"picture/{i}", "trace": way}
        for i, (one, way) in enumerate(zip(steps, traces, strict=True))
    ]
    return note, {f"picture/{i}": one.picture for i, one in enumerate(steps)}


def _spread(x: Tensor) -> Pixels:
    """Any input as a picture: its first three channels, or the first alone, from their least value to their greatest."""
    colours = x[:3] if len(x) >= 3 else x[:1].expand(3, -1, -1)
    low, high = colours.min(), colours.max()
    return ((colours - low) * (255 / (high - low).clamp(min=1e-12))).round().byte().permute(1, 2, 0).numpy()


def _listed(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in values)


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
        steps.append(Shown(f"convolution.network.step.{fit}", {"side": side}, _small(image), trace.window(box, width, height)))
    if image.size != (size, size):
        values: dict[str, Plain] = {"width": image.width, "height": image.height, "size": size}
        reach = (trace.reach(image.height, size), trace.reach(image.width, size))
        image = image.resize((size, size), Image.Resampling.BILINEAR)  # Pillow widens its filter when it shrinks
        steps.append(Shown("convolution.network.step.resize", values, _small(image), reach=reach))
    return np.asarray(image), steps


def normalised(pixels: Pixels, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """uint8 (S, S, 3) to float32 (C, S, S): (value / 255 - mean) / std, a mean and a std for each of the first C channels."""
    x = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[: len(mean)].float() / 255
    return (x - torch.tensor(mean).view(-1, 1, 1)) / torch.tensor(std).view(-1, 1, 1)


def shown(x: Tensor) -> Pixels:
    """The normalised input as a picture: -2.5 to 2.5 as black to white in each channel."""
    return ((x.expand(3, -1, -1).clamp(-2.5, 2.5) + 2.5) * 51).round().byte().permute(1, 2, 0).numpy()


def _small(image: Image.Image) -> Pixels:
    small = image.copy()
    small.thumbnail((SHOWN, SHOWN), Image.Resampling.BILINEAR)
    return np.asarray(small)
