r"""The error surface of a tiny recurrent network over two of its weights: flat ground, and a wall where the error jumps.

``one-unit``: h_t = w \sigma(h_{t-1}) + b, L = (\sigma(h_T) - 0.7)^2 (Pascanu, Mikolov, Bengio, arXiv 1211.5063, figure 6).
``two-weights``: h_t = \tanh(W h_{t-1}), W = [[w, b], [-b, w]], whose spectral radius is \sqrt{w^2 + b^2}; L = (h_{T,1} - 0.7)^2.
T = 50, h_0 = 0.5 (and 0).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from app.labs.recurrent.params.gradients import GradientsParams

STEPS = 50
GOAL = 0.7
GRID = 97


@dataclass(frozen=True)
class Wall:
    """The window that is drawn, (low, high) of w and of b, and where the descent begins."""

    w: tuple[float, float]
    b: tuple[float, float]
    start: tuple[float, float]


WALLS: Mapping[str, Wall] = {
    "one-unit": Wall((3.0, 8.0), (-4.0, -1.0), (4.9, -2.45)),
    "two-weights": Wall((-1.5, 1.5), (-1.5, 1.5), (0.6, 0.75)),
}


def losses(wall: str, w: Tensor, b: Tensor) -> Tensor:
    """L at each pair of w and b, of any one shape."""
    h = torch.full_like(w, 0.5)
    other = torch.zeros_like(w)
    for _ in range(STEPS):
        if wall == "one-unit":
            h = w * torch.sigmoid(h) + b
        else:
            h, other = torch.tanh(w * h + b * other), torch.tanh(w * other - b * h)
    return ((torch.sigmoid(h) if wall == "one-unit" else h) - GOAL) ** 2


def grid(wall: str, device: str) -> tuple[Tensor, Tensor, Tensor]:
    """The axes w and b (GRID,) and L (GRID, GRID), a row a value of b."""
    place = WALLS[wall]
    w, b = (torch.linspace(*ends, GRID, dtype=torch.float64, device=device) for ends in (place.w, place.b))
    rows, columns = torch.meshgrid(b, w, indexing="ij")
    return w, b, losses(wall, columns, rows)


@lru_cache(maxsize=2)
def descent(params: GradientsParams, device: str) -> Tensor:
    """(2, T + 1, 5): gradient descent without and with clipping, at each step w, b, L and the gradient's two parts.

    The clipped step is lr g min(1, most / |g|).
    """
    place = params.start or WALLS[params.wall].start
    at = torch.tensor([place, place], dtype=torch.float64, device=device)  # (2 descents, w and b)
    rows = []
    for _ in range(params.steps + 1):
        at.requires_grad_()
        loss = losses(params.wall, at[:, 0], at[:, 1])
        (g,) = torch.autograd.grad(loss.sum(), at)
        rows.append(torch.cat([at.detach(), loss.detach()[:, None], g], 1))
        longest = torch.tensor([torch.inf, params.cliff_clip], dtype=torch.float64, device=device)
        factor = (longest / g.norm(dim=1)).clamp(max=1)
        at = at.detach() - params.lr * factor[:, None] * g
    return torch.stack(rows, 1)
