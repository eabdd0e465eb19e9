"""The small input of ``sliding`` and ``pooling``: typed numbers, a pattern or a patch of an image, as one tensor (C, H, W)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from app.labs.convolution.params.source import SmallInput


def read_input(params: SmallInput, dtype: torch.dtype, device: str = "cpu") -> Tensor:
    """The input (C, H, W). Raises UserError for an image that is not here."""
    if params.source == "matrix":
        x = torch.tensor(params.input, dtype=torch.float64)
    elif params.source == "image":
        x = _patch(params)
    else:
        height, width = params.size
        x = torch.stack([PATTERNS[params.pattern](c, height, width, params.seed) for c in range(params.channels)])
    return x.to(device, dtype)


def _patch(params: SmallInput) -> Tensor:
    """A square of the picture, each of its cells the mean of the pixels under it: red, green and blue from 0 to 1.

    ``span`` is the square's side as a share of the picture's shorter side, ``corner`` where it lies between the first and the
    last place that it can take. Rounded to hundredths, so that the numbers on the page are the numbers that are pooled.
    """
    from app import images  # Pillow is loaded for pictures only

    pixels = torch.tensor(images.load(params.image).pixels).permute(2, 0, 1).double() / 255
    side = max(1, round(params.span * min(pixels.shape[1:])))
    top, left = (round(at * (length - side)) for at, length in zip(params.corner, pixels.shape[1:], strict=True))
    square = pixels[:, top : top + side, left : left + side]
    return torch.nn.functional.adaptive_avg_pool2d(square, params.size).round(decimals=2)


def _digits(channel: int, height: int, width: int, seed: int) -> Tensor:
    """Whole numbers from 0 to 9, drawn anew for every seed and channel."""
    generator = torch.Generator().manual_seed(seed * 8 + channel)
    return torch.randint(0, 10, (height, width), generator=generator).double()


def _counting(channel: int, height: int, width: int, seed: int) -> Tensor:
    """0, 1, 2, ... row by row; each channel goes on where the one before ended."""
    return torch.arange(height * width).double().reshape(height, width) + channel * height * width


def _spots(channel: int, height: int, width: int, seed: int) -> Tensor:
    """Bright spots on 0: a channel that found its feature in few places, each channel in others."""
    y, x = torch.arange(height)[:, None], torch.arange(width)[None, :]
    return torch.where((2 * y + 3 * x + 2 * channel) % 7 == 0, 9.0, 0.0).double()


def _stripes(channel: int, height: int, width: int, seed: int) -> Tensor:
    """Columns, rows, a chequerboard and a ramp, one a channel."""
    y, x = torch.arange(height)[:, None].double(), torch.arange(width)[None, :].double()
    pictures = (x % 2 + 0 * y, y % 2 + 0 * x, (x + y) % 2, (x + y) / max(height + width - 2, 1))
    return pictures[channel]


def _ones(channel: int, height: int, width: int, seed: int) -> Tensor:
    return torch.ones(height, width).double()


def _minus_ones(channel: int, height: int, width: int, seed: int) -> Tensor:
    return -_ones(channel, height, width, seed)


PATTERNS: Mapping[str, Callable[[int, int, int, int], Tensor]] = {
    "digits": _digits,
    "counting": _counting,
    "spots": _spots,
    "stripes": _stripes,
    "ones": _ones,
    "minus-ones": _minus_ones,
}
"""A channel (H, W) of each named pattern, from its number, height, width and seed."""
