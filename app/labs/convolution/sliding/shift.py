"""The image moved by a pixel or more: how much the maps change, before pooling and after."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from app.labs.convolution.sliding.layer import Sliding, apply

POOL = 2


@dataclass(frozen=True)
class Shifted:
    """``moved`` (Cin, H, W): the input moved, zeros where nothing came in. ``before`` (Cout, Ho, Wo): its map minus the unmoved
    one's; ``after`` (Cout, Ho / 2, Wo / 2): the same after 2 x 2 pooling, None where the map is too small.

    ``along`` is the largest difference between the moved image's map and the map moved along, over the places whose windows lay
    wholly on the image both times (stride 1): 0 but for rounding, for a convolution moves with its input. None without such places.
    """

    moved: Tensor
    before: Tensor
    after: Tensor | None
    along: float | None
    relative_before: float
    relative_after: float | None


def shifted(s: Sliding) -> Shifted:
    """Works it out for the params' ``shift`` and ``shift_pool``."""
    p = s.params
    moved = move(s.x, *p.shift)
    given = s.typed.flip(2, 3) if p.flip else s.typed
    output = apply(p, moved, given, s.bias)
    before = output - s.output
    after = relative = None
    if min(output.shape[1:]) >= POOL:
        pool = functional.max_pool2d if p.shift_pool == "max" else functional.avg_pool2d
        pooled = pool(s.output[None], POOL)[0]
        after = pool(output[None], POOL)[0] - pooled
        relative = _share(after, pooled)
    return Shifted(moved, before, after, _along(s, output), _share(before, s.output), relative)


def move(x: Tensor, down: int, right: int) -> Tensor:
    """x (C, H, W) moved down and to the right by so many cells; zeros come in."""
    down, right = (max(-n, min(n, by)) for n, by in zip(x.shape[1:], (down, right), strict=True))
    return functional.pad(x, (right, -right, down, -down))


def _share(difference: Tensor, of: Tensor) -> float:
    """Mean magnitude of the difference as a share of the map's own, 0 where the map is all zeros."""
    size = of.abs().mean()
    return float(difference.abs().mean() / size) if size > 0 else 0.0


def _along(s: Sliding, output: Tensor) -> float | None:
    if s.params.transposed or s.params.stride != (1, 1):
        return None
    spans = []
    for n, out, k, d, pad, by in zip(
        s.x.shape[1:], output.shape[1:], s.weight.shape[2:], s.params.dilation, s.pad[::2], s.params.shift, strict=True
    ):
        # Output p reads the cells p - pad ... p - pad + d (k - 1): inside the image, and p + by likewise.
        fits = [p for p in range(out) if p - pad >= 0 and p - pad + d * (k - 1) < n]
        both = [p for p in fits if p + by in fits]
        if not both:
            return None
        spans.append(torch.tensor(both))
    rows, columns = spans
    down, right = s.params.shift
    there = output[:, rows[:, None] + down, columns + right]
    return float((there - s.output[:, rows[:, None], columns]).abs().max())
