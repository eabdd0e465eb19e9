"""A surface that is not finite all over its picture is refused, with the place and the part that is to blame."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

from app.labs.optimizer.expression import Expression
from app.labs.optimizer.expression.tokens import refuse
from app.labs.optimizer.expression.tree import parts

if TYPE_CHECKING:
    import torch

View: TypeAlias = tuple[float, float, float, float]
"""x from, x to, y from, y to."""


def mesh(view: View, n: int, dtype: torch.dtype, device: str = "cpu") -> tuple[torch.Tensor, torch.Tensor]:
    """x (1, n) and y (n, 1) of an n x n grid over the view, ends included."""
    import torch

    x = torch.linspace(view[0], view[1], n, dtype=dtype, device=device)
    y = torch.linspace(view[2], view[3], n, dtype=dtype, device=device)
    return x[None, :], y[:, None]


def check_on_grid(expression: Expression, view: View, dtype: torch.dtype, n: int = 65, device: str = "cpu") -> None:
    """Raise UserError ``expression.grid`` where f is NaN or infinite on an n x n grid over the view.

    n is odd by default so that the middle of the view, where 1/x and log(x^2 + y^2) break, is on the grid.
    """
    import torch

    x, y = (side.expand(n, n).contiguous() for side in mesh(view, n, dtype, device))
    with torch.no_grad():
        if bool(torch.isfinite(expression.compile()(x, y)).all()):
            return
        for part in parts(expression.root):  # inner parts first: the first that breaks is the one to blame
            if part.value is not None:
                continue
            z = Expression(expression.text, part).compile()(x, y)
            bad = ~torch.isfinite(z)
            if bool(bad.any()):
                row, column = (int(i) for i in bad.nonzero()[0])
                refuse(
                    "grid",
                    piece=expression.text[slice(*part.span)],
                    position=part.span[0] + 1,
                    value=_name(float(z[row, column])),
                    x=_round(float(x[row, column])),
                    y=_round(float(y[row, column])),
                    share=round(100 * float(bad.double().mean()), 2),
                )


def _name(value: float) -> str:
    return "NaN" if math.isnan(value) else "+∞" if value > 0 else "−∞"


def _round(value: float) -> float:
    return float(f"{value:.4g}")
