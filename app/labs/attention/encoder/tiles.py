"""Maps as small pictures: bytes, each the largest of a square of weights, so that no thin line is lost."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

LEVELS = 254
"""255 would be no number (static/js/core/tiles.js)."""
MOST_SIDE = 128
"""72 maps of 128 x 128 are 1.2 MB: 512 tokens move less than 6 MB before a head is opened."""


def factor(count: int) -> int:
    """How many rows and columns one byte stands for."""
    return -(-count // MOST_SIDE)


def tiles(*maps: Tensor) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Maps, each (N, n, n) and none negative, to bytes (all N, m, m), m = ceil(n / factor), and steps: value = step * byte."""
    small = np.concatenate([largest(one, factor(one.shape[-1])).cpu().numpy() for one in maps])
    step = small.max((1, 2)) / np.float32(LEVELS)
    levels = small / np.where(step == 0, 1, step)[:, None, None]
    return np.rint(levels, out=levels).astype(np.uint8), step


def largest(maps: Tensor, by: int) -> Tensor:
    """(N, n, n) to (N, ceil(n / by), ceil(n / by)): the largest of each square, of what is there of it.

    As torch's ``max_pool2d`` in a sixth of its time: by rows first, which lie one beside the other.
    """
    if by == 1:
        return maps
    rest = -maps.shape[-1] % by
    whole = functional.pad(maps, (0, rest, 0, rest)) if rest else maps  # zeros are never the largest alone
    side = whole.shape[-1] // by
    return whole.reshape(-1, side, by, side * by).amax(2).view(-1, side, side, by).amax(3)
