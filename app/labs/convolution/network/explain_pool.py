"""A pooling's value opened: its window, and the winner or the divisor."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from app.labs.contract import Equation, Message, Plain, Term
from app.labs.convolution.network.kinds import pair
from app.labs.convolution.network.lines import Line, Opened, grid, term

MOST_TAPS = 16


def pooling(o: Opened) -> Line | None:
    """Maximum and average, with windows or adaptive ones; None for the other kinds."""
    source, type_ = o.tensors.get("input/0"), o.layer["type"].lower().replace("_", "")
    if source is None or source.ndim != 3 or not any(name in type_ for name in ("maxpool2d", "avgpool2d")):
        return None
    options = o.layer["options"]
    maximum = "max" in type_
    if options.get("adaptive"):
        spans: list[Sequence[int]] = [
            range(at * n // out, -(-(at + 1) * n // out))
            for at, n, out in zip((o.y, o.x), source.shape[1:], o.tensors["maps"].shape[1:], strict=True)
        ]
        divisor: float = len(spans[0]) * len(spans[1])
    else:
        k, stride, padding = pair(options["kernel_size"]), pair(options["stride"]), pair(options.get("padding", 0))
        dilation = pair(options.get("dilation", 1))
        spans, counts = [], []
        for i, at in enumerate((o.y, o.x)):
            n, begin = source.shape[1 + i], at * stride[i] - padding[i]
            taps = [begin + t * dilation[i] for t in range(k[i])]
            spans.append([t for t in taps if 0 <= t < n])
            # Explicit padding counts, what a ceil_mode window hangs over does not.
            counts.append(min(begin + k[i], n + padding[i]) - begin if options.get("count_include_pad", True) else len(spans[-1]))
        divisor = options.get("divisor_override") or counts[0] * counts[1]
    window = source[o.channel][np.ix_(list(spans[0]), list(spans[1]))].astype(np.float64)
    note: dict[str, Plain] = {"patch": [grid(window)] if window.size <= 400 else [], "channels": [o.channel]}
    return Line([_maximum(window) if maximum else _average(window, divisor)], _remarks(window, maximum), note)


def _maximum(window: NDArray[np.float64]) -> Equation:
    """y = max x; the first of equal ones wins."""
    value = float(window.max()) if window.size else -math.inf
    if window.size > MOST_TAPS:
        return Equation(r"y = \max_{ij} x_{ij}", "", value, {"n": term("n", window.size, "count")})
    terms = _cells(window)
    return Equation(r"y = \max_{ij} x_{ij}", rf"\max({_joined(', ', terms)})", value, terms)


def _average(window: NDArray[np.float64], divisor: float) -> Equation:
    r"""y = \sum x / d."""
    total = math.fsum(window.ravel())
    d = term("d", divisor, "divisor")
    formula = r"y = \frac{1}{d} \sum_{ij} x_{ij}"
    if window.size > MOST_TAPS:
        return Equation(formula, r"\frac{\num{s}}{\num{d}}", total / divisor, {"s": term(r"\sum x", total, "window_sum"), "d": d})
    terms = _cells(window)
    return Equation(formula, rf"\frac{{{_joined(' + ', terms)}}}{{\num{{d}}}}", total / divisor, {**terms, "d": d})


def _joined(between: str, names: Iterable[str]) -> str:
    return between.join(rf"\num{{{name}}}" for name in names)


def _cells(window: NDArray[np.float64]) -> dict[str, Term]:
    return {f"x{r}_{c}": term(f"x_{{{r + 1}{c + 1}}}", value, "window") for (r, c), value in np.ndenumerate(window)}


def _remarks(window: NDArray[np.float64], maximum: bool) -> list[Message]:
    if not maximum or not window.size:
        return []
    row, column = np.unravel_index(int(np.argmax(window)), window.shape)
    return [Message("convolution.network.explain.winner", {"row": int(row) + 1, "column": int(column) + 1})]
