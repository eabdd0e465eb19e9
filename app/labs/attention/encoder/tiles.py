"""Maps as small pictures: bytes, each the largest of a square of weights, so that no thin line is lost."""

from __future__ import annotations

import numpy as np
import torch
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


def tiles(maps: Tensor) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Maps (N, n, n), none negative, to bytes (N, m, m) and each map's step: value = step * byte. m = ceil(n / factor)."""
    by = factor(maps.shape[-1])
    small = functional.max_pool2d(maps[None], by, ceil_mode=True)[0] if by > 1 else maps
    step = small.amax((1, 2)) / LEVELS
    levels = small / step.masked_fill(step == 0, 1)[:, None, None]
    return levels.round().clamp(0, LEVELS).to(torch.uint8).cpu().numpy(), step.float().cpu().numpy()
