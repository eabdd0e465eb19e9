"""The lowest points of a typed f(x, y) inside its picture, found by search: no one has published them.

Every grid point that is not above its eight neighbours is a candidate. From each, a 9 x 9 grid walks to its lowest point and
shrinks when that is its middle, so a corner (abs, max) is found like a smooth minimum; Newton steps sharpen the smooth
ones. Where f is lowest on the rim of the picture it goes down beyond it, and nothing is claimed; nor in a flat valley.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from app.labs.optimizer.expression import TorchFunction
from app.labs.optimizer.expression.grid import mesh
from app.labs.optimizer.surfaces import Box

_SIDE = 127
_CANDIDATES = 12
_ROUNDS = 100  # a shrink is a factor of 2: about 40 to float64's end of sight, the rest to walk along curved valleys
_NEWTON_STEPS = 8

_Minima = tuple[tuple[float, float, float], ...]


@lru_cache(maxsize=64)  # dragging a start makes the same source many times; this is its only slow part (20 to 70 ms)
def find_minima(f: TorchFunction, view: Box) -> _Minima:
    """(x, y, f) of the lowest points inside the view, equal ones together; () where there are none."""
    found, least, highest = _valleys(f, view, _CANDIDATES)
    if not found or least < found[0][2]:
        return ()
    lowest = found[0][2]
    return tuple(one for one in found if one[2] <= lowest + 1e-10 * (highest - lowest))


@lru_cache(maxsize=64)
def local_minima(f: TorchFunction, view: Box, most: int = 254) -> _Minima:
    """(x, y, f) of the smooth local minima inside the view, the lowest first, at most ``most``.

    In a curved valley a walk ends where the grid sees no way on, and a ring has a bottom everywhere: a minimum is claimed only
    where the slope is zero and the surface curves upwards in every direction.
    """
    found = _valleys(f, view, most)[0]
    at = torch.tensor([one[:2] for one in found], dtype=torch.float64).reshape(-1, 2).requires_grad_()
    value = f(at[:, 0], at[:, 1])
    (slope,) = torch.autograd.grad(value.sum(), at, create_graph=True)
    if not slope.requires_grad:
        return ()
    curvature = torch.stack([_slope_of(slope[:, i], at) for i in (0, 1)], dim=1)
    rise = slope.detach().abs() * torch.tensor([view[1] - view[0], view[3] - view[2]])
    flat = (rise <= 1e-4 * (1 + value.detach().abs())[:, None]).all(dim=1)
    trace = curvature[:, 0, 0] + curvature[:, 1, 1]
    bowl = (trace > 0) & (torch.linalg.det(curvature) > 1e-4 * trace**2)
    return tuple(one for one, good in zip(found, (flat & bowl).tolist(), strict=True) if good)


def _valleys(f: TorchFunction, view: Box, most: int) -> tuple[_Minima, float, float]:
    """The bottoms of the ``most`` lowest valleys, lowest first; the least value met, be it on the rim or beyond; the greatest."""
    x, y = (side.expand(_SIDE, _SIDE).contiguous() for side in mesh(view, _SIDE, torch.float64))
    with torch.no_grad():
        z = f(x, y)
        rows, columns = (index + 1 for index in _lower_than_neighbours(z).nonzero(as_tuple=True))
        best = z[rows, columns].argsort(stable=True)[:most]
        points = torch.stack([x[rows[best], columns[best]], y[rows[best], columns[best]]], dim=1)
        if not len(points):
            return (), float(z.min()), float(z.max())
        cell = torch.tensor([view[1] - view[0], view[3] - view[2]], dtype=torch.float64) / (_SIDE - 1)
        points = _walk(f, points, cell)
    points = _sharpen(f, points)
    with torch.no_grad():
        values = f(points[:, 0], points[:, 1])
    minima: list[tuple[float, float, float]] = []
    found = sorted((value, *point) for value, point in zip(values.tolist(), points.tolist(), strict=True))
    for value, a, b in found:
        new = all(abs(a - c) > 1e-3 * cell[0] or abs(b - d) > 1e-3 * cell[1] for c, d, _ in minima)
        if new and view[0] <= a <= view[1] and view[2] <= b <= view[3]:
            minima.append((a, b, value))
    return tuple(minima), min(found[0][0], float(z.min())), float(z.max())


def _lower_than_neighbours(z: Tensor) -> Tensor:
    """Inner points not above any neighbour; of equal neighbours the first, so that a flat valley has none."""
    middle = z[1:-1, 1:-1]
    lower = torch.ones_like(middle, dtype=torch.bool)
    n = z.shape[0] - 2
    for i, j in ((i, j) for i in range(3) for j in range(3) if (i, j) != (1, 1)):
        neighbour = z[i : i + n, j : j + n]
        lower &= (middle < neighbour) if (i, j) < (1, 1) else (middle <= neighbour)
    return lower


def _walk(f: TorchFunction, points: Tensor, cell: Tensor) -> Tensor:
    side = torch.linspace(-1, 1, 9, dtype=torch.float64)
    offsets = torch.stack([side.repeat(9), side.repeat_interleave(9)], dim=1)  # (81, 2), the middle one is number 40
    reach = cell.expand(len(points), 2)
    for _ in range(_ROUNDS):
        near = points[:, None] + reach[:, None] * offsets
        values = f(near[..., 0], near[..., 1])
        values[:, 40] -= 1e-16 * values[:, 40].abs()  # of equal points the middle: then it shrinks
        lowest = values.argmin(dim=1)
        points = near[torch.arange(len(points)), lowest]
        reach = torch.where((lowest == 40)[:, None], reach / 2, reach)
    return points


def _sharpen(f: TorchFunction, points: Tensor) -> Tensor:
    """Newton steps on f' = 0, kept where they do not raise f."""
    for _ in range(_NEWTON_STEPS):
        at = points.detach().requires_grad_()
        value = f(at[:, 0], at[:, 1])
        (slope,) = torch.autograd.grad(value.sum(), at, create_graph=True)
        if not slope.requires_grad:
            return points
        curvature = torch.stack([_slope_of(slope[:, i], at) for i in (0, 1)], dim=1)
        step, bad = torch.linalg.solve_ex(curvature, -slope.detach()[..., None])
        moved = at.detach() + step[..., 0]
        with torch.no_grad():
            better = (bad == 0) & (f(moved[:, 0], moved[:, 1]) <= value.detach())
        points = torch.where(better[:, None], moved, at.detach())
    return points


def _slope_of(component: Tensor, at: Tensor) -> Tensor:
    (row,) = torch.autograd.grad(component.sum(), at, retain_graph=True, materialize_grads=True)
    return row
