"""What a page needs of a stack of maps at once: small pictures as bytes, and each map's statistics."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

MOST_SIDE = 64
LEVELS = 254
NAN = 255


def mosaic(maps: Tensor) -> tuple[dict[str, NDArray[Any]], int]:
    """``maps`` (C, H, W) to ``mosaic`` uint8 (C, h, w), ``low`` and ``step`` float32 (C): value = low[c] + step[c] byte.

    Sides above 64 are averaged down by a whole factor, which comes back beside them. Byte 255 is NaN; an infinite
    value lies at its map's end.
    """
    factor = -(-max(maps.shape[1:]) // MOST_SIDE)
    small = functional.avg_pool2d(maps[None], factor, ceil_mode=True, count_include_pad=False)[0] if factor > 1 else maps
    flat = small.flatten(1)
    low, high = flat.aminmax(dim=1)
    if not bool(torch.isfinite(low).all() and torch.isfinite(high).all()):
        return _holed(small), factor
    step = (high - low) / LEVELS
    scale = torch.where(step > 0, 1 / step, torch.zeros_like(step))
    levels = flat.sub(low[:, None]).mul_(scale[:, None]).round_().clamp_(0, LEVELS).to(torch.uint8)
    return {"mosaic": levels.reshape(small.shape).numpy(), "low": low.numpy(), "step": step.numpy()}, factor


def _holed(small: Tensor) -> dict[str, NDArray[Any]]:
    """The same where some values are NaN or infinite."""
    maps = small.double().numpy()
    low, step = np.zeros(len(maps), "f4"), np.zeros(len(maps), "f4")
    levels = np.full(maps.shape, NAN, "u1")
    for c, one in enumerate(maps):
        finite = one[np.isfinite(one)]
        if not finite.size and np.isnan(one).all():
            continue
        low[c], high = (finite.min(), finite.max()) if finite.size else (0, 0)
        step[c] = (high - low[c]) / LEVELS
        known = ~np.isnan(one)
        steps = (np.clip(one[known], low[c], high) - low[c]) / step[c] if step[c] else np.where(one[known] > low[c], LEVELS, 0)
        levels[c][known] = np.clip(np.rint(steps), 0, LEVELS)
    return {"mosaic": levels, "low": low, "step": step}


def stats(maps: Tensor) -> NDArray[np.float32]:
    """(C, 5): least, greatest, mean, standard deviation (of the population) and share of zeros of each map (C, H, W)."""
    flat = maps.flatten(1)
    low, high = flat.aminmax(dim=1)
    variance, mean = torch.var_mean(flat, dim=1, correction=0)
    zeros = 1 - flat.count_nonzero(dim=1) / flat.shape[1]
    return torch.stack([low, high, mean, variance.sqrt(), zeros], dim=1).float().numpy()
