"""A pooling's value opened: its window, and the winner or the divisor."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from app.labs.contract import Equation, Message, Plain, Term
from app.labs.convolution.network.lines import Line, Opened, grid, term
from app.labs.convolution.network.windows import pools, window

MOST_TAPS = 16
OR = r", \allowbreak "
"""Between the cells of a maximum: a long line may go on in the next."""


def pooling(o: Opened) -> Line | None:
    """Maximum and average, with windows or adaptive ones; None for the other kinds."""
    source, kind = o.tensors.get("input/0"), pools(o.layer["type"])
    if source is None or source.ndim != 3 or kind is None:
        return None
    of = window(o.layer["options"], source.shape[1:], o.tensors["maps"].shape[1:], o.y, o.x)
    cells = source[o.channel][np.ix_(list(of.rows), list(of.columns))].astype(np.float64)
    note: dict[str, Plain] = {"patch": [grid(cells)] if cells.size <= 400 else [], "channels": [o.channel]}
    return Line([_maximum(cells) if kind == "max" else _average(cells, of.divisor)], _remarks(cells, kind == "max"), note)


def _maximum(window: NDArray[np.float64]) -> Equation:
    """y = max x; the first of equal ones wins."""
    value = float(window.max()) if window.size else -math.inf
    if window.size > MOST_TAPS:
        return Equation(r"y = \max_{ij} x_{ij}", "", value, {"n": term("n", window.size, "count")})
    terms = _cells(window)
    return Equation(r"y = \max_{ij} x_{ij}", rf"\max({_joined(OR, terms)})", value, terms)


def _average(window: NDArray[np.float64], divisor: float) -> Equation:
    r"""y = \sum x / d."""
    total = math.fsum(window.ravel())
    d = term("d", divisor, "divisor")
    formula = r"y = \frac{1}{d} \sum_{ij} x_{ij}"
    if window.size > MOST_TAPS:
        return Equation(formula, r"\frac{\num{s}}{\num{d}}", total / divisor, {"s": term(r"\sum x", total, "window_sum"), "d": d})
    terms = _cells(window)
    # Not over a fraction's line: a sum in brackets may go on in a next line.
    return Equation(formula, rf"\frac{{1}}{{\num{{d}}}} \cdot ({_joined(' + ', terms)})", total / divisor, {**terms, "d": d})


def _joined(between: str, names: Iterable[str]) -> str:
    return between.join(rf"\num{{{name}}}" for name in names)


def _cells(window: NDArray[np.float64]) -> dict[str, Term]:
    return {f"x{r}_{c}": term(f"x_{{{r + 1}{c + 1}}}", value, "window") for (r, c), value in np.ndenumerate(window)}


def _remarks(window: NDArray[np.float64], maximum: bool) -> list[Message]:
    if not maximum or not window.size:
        return []
    row, column = np.unravel_index(int(np.argmax(window)), window.shape)
    return [Message("convolution.network.explain.winner", {"row": int(row) + 1, "column": int(column) + 1})]
