"""What a page needs of a stack of maps at once: small pictures as bytes, and each map's statistics.

Both look at every value of every layer, so they decide what streaming costs beside the forward pass. Measured on 24 maps of
224 x 224: torch's ``aminmax``, ``var_mean`` and ``count_nonzero`` over an axis took 7, 24 and 20 ms, ``amax`` with ``amin``, a
``vector_norm`` and a comparison with ``sum`` 0.2, 0.5 and 0.3 ms. A few maps are taken at a time, so that
they stay in the processor's cache.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

MOST_SIDE = 64
LEVELS = 254
NAN = 255

_AT_ONCE = 2**20
"""Values of maps that are looked at together: 4 MB."""


def mosaic(maps: Tensor) -> tuple[dict[str, NDArray[Any]], int]:
    """``maps`` (C, H, W) to ``mosaic`` uint8 (C, h, w), ``low`` and ``step`` float32 (C): value = low[c] + step[c] byte.

    Sides above 64 are averaged down by a whole factor, which comes back beside them. Byte 255 is NaN; an infinite
    value lies at its map's end.
    """
    factor = -(-max(maps.shape[1:]) // MOST_SIDE)
    small = maps if factor == 1 else torch.cat([shrunk(part, factor) for part in torch.split(maps, _together(maps))])
    flat = small.flatten(1)
    low, high = flat.amin(1), flat.amax(1)
    if not bool(torch.isfinite(high - low).all()):
        return _holed(small), factor
    step = (high - low) / LEVELS
    scale = torch.where(step > 0, 1 / step, torch.zeros_like(step))
    levels = flat.sub(low[:, None]).mul_(scale[:, None]).add_(0.5)  # what is cut off below is rounded
    bytes_ = levels.numpy().astype("u1")  # numpy does it in a fifth of torch's time
    return {"mosaic": bytes_.reshape(small.shape), "low": low.numpy(), "step": step.numpy()}, factor


def shrunk(maps: Tensor, factor: int) -> Tensor:
    """The mean of every ``factor`` x ``factor`` square of (C, H, W); squares at the far edges hold what is left.

    The same as avg_pool2d with ``ceil_mode`` and without padding, in a third of its time: rows are added up, then columns.
    """
    rows = _added(maps, factor, 1)
    sums = _added(rows, factor, 2)
    return sums / (_counts(maps.shape[1], factor)[:, None] * _counts(maps.shape[2], factor))


def _added(maps: Tensor, factor: int, dim: int) -> Tensor:
    """Sums of ``factor`` neighbours along an axis."""
    first, *others = (maps[(slice(None),) * dim + (slice(k, None, factor),)] for k in range(min(factor, maps.shape[dim])))
    sums = first + others.pop(0) if others and others[0].shape == first.shape else first.clone()
    for part in others:
        sums.narrow(dim, 0, part.shape[dim]).add_(part)
    return sums


def _counts(side: int, factor: int) -> Tensor:
    """How many neighbours went into each sum."""
    return torch.tensor([min(factor, side - start) for start in range(0, side, factor)], dtype=torch.float32)


def _holed(small: Tensor) -> dict[str, NDArray[Any]]:
    """The same where some values are NaN or infinite, or too far apart for float32."""
    maps = small.double().numpy()
    low, step = np.zeros(len(maps), "f4"), np.zeros(len(maps), "f4")
    levels = np.full(maps.shape, NAN, "u1")
    for c, one in enumerate(maps):
        finite = one[np.isfinite(one)]
        if not finite.size and np.isnan(one).all():
            continue
        low[c], high = (finite.min(), finite.max()) if finite.size else (0, 0)
        step[c] = (float(high) - float(low[c])) / LEVELS
        known = ~np.isnan(one)
        steps = (np.clip(one[known], low[c], high) - low[c]) / step[c] if step[c] else np.where(one[known] > low[c], LEVELS, 0)
        levels[c][known] = np.clip(np.rint(steps), 0, LEVELS)
    return {"mosaic": levels, "low": low, "step": step}


def stats(maps: Tensor) -> NDArray[np.float32]:
    """(C, 5): least, greatest, mean, standard deviation (of the population) and share of zeros of each map (C, H, W)."""
    return torch.cat([_stats(part) for part in torch.split(maps.flatten(1), _together(maps))]).numpy()


def _stats(flat: Tensor) -> Tensor:
    """(C, 5) of maps as rows (C, n)."""
    mean = flat.mean(1)
    zeros = torch.eq(flat, 0, out=torch.empty_like(flat)).mean(1)
    return torch.stack([flat.amin(1), flat.amax(1), mean, _deviation(flat, mean), zeros], dim=1)


def _deviation(flat: Tensor, mean: Tensor) -> Tensor:
    """sqrt(E[x^2] - E[x]^2); where the difference is too small for float32, the mean is taken off first."""
    square = torch.linalg.vector_norm(flat, dim=1).double().square() / flat.shape[1]
    variance = square - mean.double().square()
    close = ~(variance > 0.05 * square)
    if close.any():
        apart = flat[close] - mean[close, None]
        variance[close] = torch.linalg.vector_norm(apart, dim=1).double().square() / flat.shape[1]
    deviation: Tensor = variance.sqrt().float()
    return deviation


def _together(maps: Tensor) -> int:
    return max(1, _AT_ONCE // max(1, maps[0].numel()))
