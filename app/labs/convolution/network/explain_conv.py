r"""A convolution's value opened: y = \sum_k s_k + b, and s_k = \sum patch_k x kernel_k of every input channel k."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.labs.contract import Equation, Message, Plain, Term
from app.labs.convolution.network.kinds import pair
from app.labs.convolution.network.lines import Line, Opened, biggest, grid, term

MOST_TAPS = 25
"""A line has at most so many products."""
SHOWN_CHANNELS = 3
"""Input channels whose products stand one by one: those that weigh most."""
DRAWN = 16


def convolution(o: Opened) -> Line | None:
    """None for what is not opened here: transposed convolutions and those of other than two dimensions."""
    weight, source = o.tensors.get("weights/weight"), o.tensors.get("input/0")
    options = o.layer["options"]
    if weight is None or source is None or weight.ndim != 4 or source.ndim != 3 or options.get("transposed"):
        return None
    kernel = weight[o.channel].astype(np.float64)  # (Cin / groups, kh, kw)
    group = o.channel // (len(weight) // int(options.get("groups", 1)))
    first = group * len(kernel)
    patch, outside = _patch(source[first : first + len(kernel)].astype(np.float64), kernel.shape[1:], options, o.y, o.x)
    products = patch * kernel
    sums = products.sum((1, 2))
    bias = float(o.tensors["weights/bias"][o.channel]) if "weights/bias" in o.tensors else None
    shown = sorted(biggest(sums), key=lambda k: -abs(sums[k]))[: SHOWN_CHANNELS if kernel[0].size <= MOST_TAPS else 1]
    equations = [line for k in sorted(shown) for line in channel_lines(first + k, patch[k], kernel[k])]
    equations.append(total_line(sums, first, bias))
    remarks = [Message("convolution.network.explain.padding", {"count": outside, "of": kernel[0].size})] if outside else []
    if len(sums) > len(shown):
        remarks.append(Message("convolution.network.explain.channels", {"shown": len(shown), "of": len(sums)}))
    drawn = sorted(np.argsort(-np.abs(np.nan_to_num(sums)), kind="stable")[:DRAWN].tolist())
    note: dict[str, Plain] = {
        "patch": [grid(patch[k]) for k in drawn],
        "kernel": [grid(kernel[k]) for k in drawn],
        "channels": [first + k for k in drawn],
        "of": len(sums),
    }
    return Line(equations, remarks, note)


def _patch(source: NDArray[np.float64], k: tuple[int, ...], options: Any, y: int, x: int) -> tuple[NDArray[np.float64], int]:
    """(Cin / groups, kh, kw): what lies under the kernel, padding by its mode; and how many taps lie outside."""
    stride, dilation = pair(options["stride"]), pair(options.get("dilation", 1))
    padding, mode = options.get("padding", 0), options.get("padding_mode", "zeros")
    if padding == "same":
        before = tuple(d * (n - 1) // 2 for n, d in zip(k, dilation, strict=True))
    else:
        before = (0, 0) if padding == "valid" else pair(padding)
    rows, columns = (np.arange(n) * d - p + s * at for n, d, p, s, at in zip(k, dilation, before, stride, (y, x), strict=True))
    inside_rows, inside_columns = ((a >= 0) & (a < n) for a, n in zip((rows, columns), source.shape[1:], strict=True))
    inside = inside_rows[:, None] & inside_columns[None, :]
    patch = source[:, _folded(rows, source.shape[1], mode)][:, :, _folded(columns, source.shape[2], mode)]
    return (np.where(inside, patch, 0.0) if mode == "zeros" else patch), int((~inside).sum())


def _folded(at: NDArray[np.int64], n: int, mode: str) -> NDArray[np.int64]:
    """Where a place outside 0 .. n - 1 takes its value from."""
    if mode == "circular":
        return at % n
    if mode == "reflect":
        period = max(1, 2 * (n - 1))
        folded = np.abs(at) % period
        return np.where(folded >= n, period - folded, folded)
    return np.clip(at, 0, n - 1)


def channel_lines(k: int, patch: NDArray[np.float64], kernel: NDArray[np.float64]) -> list[Equation]:
    r"""s_k = \sum x w over the taps of one input channel; of a large kernel row by row, then the rows' sum."""
    label = Message("convolution.network.explain.channel", {"channel": k})
    if kernel.size <= MOST_TAPS:
        rows = range(len(kernel))
        return [_taps(rf"s_{{{k}}} = \sum_{{ij}} x_{{ij}} w_{{ij}}", patch, kernel, rows, label)]
    lines = [
        _taps(rf"r_{{{row + 1}}} = \sum_j x_{{{row + 1}j}} w_{{{row + 1}j}}", patch, kernel, range(row, row + 1), label)
        for row in range(len(kernel))
    ]
    terms = {f"r{row}": term(f"r_{{{row + 1}}}", line.value, "row") for row, line in enumerate(lines)}
    total = " + ".join(rf"\num{{{name}}}" for name in terms)
    value = math.fsum((patch * kernel).ravel())
    return [*lines, Equation(rf"s_{{{k}}} = \sum_i r_i", total, value, terms, label)]


def _taps(formula: str, patch: NDArray[np.float64], kernel: NDArray[np.float64], rows: range, label: Message) -> Equation:
    """The products of these rows, added up."""
    terms: dict[str, Term] = {}
    lines = []
    for row in rows:
        parts = []
        for column, (x, w) in enumerate(zip(patch[row], kernel[row], strict=True)):
            name = f"{row}_{column}"
            terms[f"x{name}"] = term(f"x_{{{row + 1}{column + 1}}}", x, "patch")
            terms[f"w{name}"] = term(f"w_{{{row + 1}{column + 1}}}", w, "kernel")
            parts.append(rf"\num{{x{name}}} \cdot \num{{w{name}}}")
        lines.append(" + ".join(parts))
    # A line of the kernel stands on a line of its own.
    written = lines[0] if len(lines) == 1 else r"\begin{aligned} & " + r" \\ & {} + ".join(lines) + r" \end{aligned}"
    value = math.fsum((patch[rows.start : rows.stop] * kernel[rows.start : rows.stop]).ravel())
    return Equation(formula, written, value, terms, label)


def total_line(sums: NDArray[np.float64], first: int, bias: float | None) -> Equation:
    r"""y = \sum_k s_k + b."""
    shown = biggest(sums)
    terms = {f"s{k}": term(f"s_{{{first + k}}}", sums[k], "channel") for k in shown}
    parts = [rf"\num{{s{k}}}" for k in shown]
    if len(shown) < len(sums):
        rest = math.fsum(np.delete(sums, shown))
        terms["r"] = Term("r", rest, Message("convolution.network.explain.rest", {"count": len(sums) - len(shown)}))
        parts.append(r"\num{r}")
    formula = r"y = \sum_k s_k"
    if bias is not None:
        formula += " + b"
        terms["b"] = term("b", bias, "bias")
        parts.append(r"\num{b}")
    return Equation(formula, " + ".join(parts), math.fsum([*sums, bias or 0.0]), terms)
