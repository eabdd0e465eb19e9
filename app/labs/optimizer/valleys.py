"""The lowest points of a typed f(x, y) inside its picture, found by search: no one has published them.

Every grid point below its eight neighbours is a candidate; each is refined by ever finer 9 x 9 grids around the best
point so far. That needs no gradient, so a corner (abs, max) is found like a smooth minimum. Where f is lowest on the rim of the
picture, it goes down beyond it, and nothing is claimed.
"""

from __future__ import annotations

import torch

from app.labs.optimizer.expression import TorchFunction
from app.labs.optimizer.expression.grid import mesh
from app.labs.optimizer.surfaces import Box

_SIDE = 127  # odd, and no round number of cells: minima at round places do not fall halfway between two points
_CANDIDATES = 12
_ROUNDS = 22  # each four times finer: from a cell to 1e-13 of one, the end of float64's sight for a smooth minimum


def find_minima(f: TorchFunction, view: Box) -> tuple[tuple[float, float, float], ...]:
    """(x, y, f) of the lowest points inside the view, equal ones together; () where there are none."""
    x, y = (side.expand(_SIDE, _SIDE).contiguous() for side in mesh(view, _SIDE, torch.float64))
    with torch.no_grad():
        z = f(x, y)
        middle = z[1:-1, 1:-1]
        lower = torch.ones_like(middle, dtype=torch.bool)
        for i, j in ((i, j) for i in range(3) for j in range(3) if (i, j) != (1, 1)):
            lower &= middle < z[i : i + _SIDE - 2, j : j + _SIDE - 2]
        rows, columns = (index + 1 for index in lower.nonzero(as_tuple=True))
        best = z[rows, columns].argsort()[:_CANDIDATES]
        px, py = x[rows[best], columns[best]], y[rows[best], columns[best]]
        cell = torch.tensor([(view[1] - view[0]) / (_SIDE - 1), (view[3] - view[2]) / (_SIDE - 1)], dtype=torch.float64)
        offsets = torch.linspace(-1, 1, 9, dtype=torch.float64)
        dx, dy = offsets.repeat(9), offsets.repeat_interleave(9)
        for _ in range(_ROUNDS):
            near_x, near_y = px[:, None] + cell[0] * dx, py[:, None] + cell[1] * dy
            lowest = f(near_x, near_y).argmin(dim=1, keepdim=True)
            px, py = near_x.gather(1, lowest)[:, 0], near_y.gather(1, lowest)[:, 0]
            cell = cell / 4
        found = sorted(zip(f(px, py).tolist(), px.tolist(), py.tolist(), strict=True))
    if not found or float(z.min()) < found[0][0]:
        return ()
    same = found[0][0] + 1e-9 * float(z.max() - z.min())
    return tuple((a, b, value) for value, a, b in found if value <= same)
