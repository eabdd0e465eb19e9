r"""The lines of arithmetic of an opened value, one function a pool. Each line is LaTeX with its numbers as terms."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from app.labs.contract import Equation, Message, Target, Term
from app.labs.convolution.params.pooling import PoolingParams
from app.labs.convolution.pooling.pools import EPS
from app.labs.convolution.pooling.windows import INSIDE, PADDING
from app.labs.convolution.pooling.work import Pool

TERMS = 16
"""A line has at most so many cells."""

ROADS: Mapping[str, str] = {
    "max": "torch",
    "average": "torch",
    "lp": "torch",
    "attention": "scaled_dot_product_attention",
    "softpool": "d/dt logsumexp(t x)",
    "mean": "vector_norm",
}
"""By what road the second number comes."""


@dataclass(frozen=True)
class Opened:
    """The window (y, x) of a pool; ``window`` (C, taps) with 0 outside the input, ``place`` (taps,)."""

    params: PoolingParams
    pool: Pool
    target: Target
    channel: int
    y: int
    x: int
    index: int
    window: Tensor
    place: Tensor
    q: Tensor

    @property
    def rule(self) -> str:
        """What is done in the window: global and adaptive pools take a maximum or an average too."""
        return self.pool.name.rpartition("_")[2]

    @property
    def taps(self) -> list[int]:
        """The taps that lie on the input."""
        return [int(i) for i in (self.place == INSIDE).nonzero()[:, 0]]

    @property
    def cells(self) -> Tensor:
        """The cells that exist (n,) of the opened channel."""
        return self.window[self.channel, self.taps]

    def cell(self, tap: int) -> str:
        """x with the tap's row and column in the window, from 1: x_{12}, or x_{1,12} in a large one."""
        row, column = divmod(tap, self.pool.grid.kernel[1])
        return f"{row + 1}{',' if max(self.pool.grid.kernel) > 9 else ''}{column + 1}"

    def x_terms(self) -> dict[str, Term]:
        """Every cell as a term, named x0, x1, ... by its tap."""
        meaning = Message("convolution.pooling.term.cell")
        return {f"x{i}": Term(f"x_{{{self.cell(i)}}}", float(self.window[self.channel, i]), meaning) for i in self.taps}

    def weight_terms(self, symbol: str) -> dict[str, Term]:
        """Every tap's weight as a term that opens, named w0, w1, ..."""
        row = self.pool.weights[0 if self.pool.weights.shape[0] == 1 else self.channel, self.y, self.x].flatten()
        meaning = Message("convolution.pooling.term.weight")
        here: Target = {"pool": self.pool.name, "channel": self.channel, "y": self.y, "x": self.x}
        return {
            f"w{i}": Term(f"{symbol}_{{{self.cell(i)}}}", float(row[i]), meaning, {"kind": "weight", **here, "index": i})
            for i in self.taps
        }


def apart(a: float, b: float) -> float:
    """|a - b|; 0 for two NaNs or one infinity twice."""
    return 0.0 if a == b or (a != a and b != b) else abs(a - b)


def number(value: float, latex: str, meaning: str) -> Term:
    return Term(latex, float(value), Message(f"convolution.pooling.term.{meaning}"))


def total(
    o: Opened, symbol: str, formula: str, each: Callable[[int], str], terms: Mapping[str, Term], values: Sequence[float]
) -> list[Equation]:
    """A sum over the window's cells: one line, or a line for each of its rows and one that adds them.

    ``each(tap)`` is the LaTeX of a summand with its numbers, ``values`` the summands in the order of ``o.taps``.
    """
    taps = o.taps
    if len(taps) <= TERMS:
        return [Equation(f"{symbol} = {formula}", " + ".join(map(each, taps)), math.fsum(values), _used(terms, taps))]
    found, rows = [], {}
    width = o.pool.grid.kernel[1]
    for r in sorted({tap // width for tap in taps}):
        here = [(tap, value) for tap, value in zip(taps, values, strict=True) if tap // width == r]
        name, value = f"{symbol}_{{{r + 1}}}", math.fsum(v for _, v in here)
        label = Message("convolution.pooling.line.row", {"row": r + 1})
        found.append(Equation(name, " + ".join(each(tap) for tap, _ in here), value, _used(terms, [tap for tap, _ in here]), label))
        rows[f"r{r}"] = number(value, name, "row")
    every = " + ".join(rf"\num{{{name}}}" for name in rows)
    return [*found, Equation(f"{symbol} = {formula}", every, math.fsum(values), rows)]


def _used(terms: Mapping[str, Term], taps: Sequence[int]) -> dict[str, Term]:
    """The terms that belong to these taps, and those of no tap."""
    return {name: term for name, term in terms.items() if not name[1:].isdigit() or int(name[1:]) in taps}


def maximum(o: Opened) -> list[Equation]:
    r"""y = max_i x_i, row by row where the window is large."""
    terms, taps = o.x_terms(), o.taps
    if not taps:
        return [Equation(r"y = \max_i x_i", r"-\infty", -math.inf)]
    width = o.pool.grid.kernel[1]
    groups = [taps] if len(taps) <= TERMS else [[t for t in taps if t // width == r] for r in sorted({t // width for t in taps})]
    found, tops = [], {}
    for group in groups:
        inside = r", \allowbreak ".join(rf"\num{{x{i}}}" for i in group)
        value = max(float(o.window[o.channel, i]) for i in group)
        name = "y" if len(groups) == 1 else f"m_{{{group[0] // width + 1}}}"
        label = None if len(groups) == 1 else Message("convolution.pooling.line.row", {"row": group[0] // width + 1})
        found.append(Equation(rf"{name} = \max_i x_i", rf"\max({inside})", value, _used(terms, group), label))
        tops[f"m{group[0] // width}"] = number(value, name, "row")
    if len(groups) > 1:
        every = r", \allowbreak ".join(rf"\num{{{name}}}" for name in tops)
        found.append(Equation(r"y = \max_r m_r", rf"\max({every})", max(t.value for t in tops.values()), tops))
    return found


def average(o: Opened) -> list[Equation]:
    r"""d = rows x columns that count (or the override); S = sum_i x_i; y = S / d."""
    counts = _count(o)
    terms = o.x_terms()
    summed = total(o, "S", r"\sum_i x_i", lambda i: rf"\num{{x{i}}}", terms, o.cells.tolist())
    d, s = counts.value, summed[-1].value
    y = s / d if d else math.nan
    parts = {"S": number(s, "S", "sum"), "d": number(d, "d", "divisor")}
    return [counts, *summed, Equation(r"y = \frac{S}{d}", r"\frac{\num{S}}{\num{d}}", y, parts)]


def counts(o: Opened, tap: int) -> bool:
    """Whether average pooling counts a tap: those on the input and, with count_include_pad, in the explicit padding."""
    return int(o.place[tap]) <= (PADDING if o.pool.name == "average" and o.params.count_include_pad else INSIDE)


def _count(o: Opened) -> Equation:
    """The divisor: the override, or the taps that count, rows times columns."""
    override = o.params.divisor_override if o.pool.name == "average" else None
    if override is not None:
        label = Message("convolution.pooling.line.override")
        return Equation("d", r"\num{d}", float(override), {"d": number(override, "d", "divisor")}, label)
    counted = torch.tensor([counts(o, tap) for tap in range(len(o.place))]).reshape(o.pool.grid.kernel)
    rows, columns = int(counted.any(1).sum()), int(counted.any(0).sum())
    terms = {"h": number(rows, "h", "rows"), "w": number(columns, "w", "columns")}
    padded = o.pool.name == "average" and o.params.count_include_pad
    label = Message("convolution.pooling.line.counted" if padded else "convolution.pooling.line.existing")
    return Equation("d = h w", r"\num{h} \cdot \num{w}", float(rows * columns), terms, label)


def power(base: float, exponent: float) -> float:
    """base^exponent as torch has it: NaN where it is no real number, infinity where it has no room."""
    return float(torch.tensor(base, dtype=torch.float64) ** exponent)


def overhang(o: Opened) -> float:
    """torch's factor in Lp pooling: kernel cells over the cells before the overhang."""
    return o.place.numel() / int((o.place <= PADDING).sum())


def lp(o: Opened) -> list[Equation]:
    r"""S = sum_i x_i^p; y = (f S)^(1/p), f = 1 but where the window hangs over."""
    p, cells = o.params.norm, o.cells
    terms = {**o.x_terms(), "p": number(p, "p", "p")}
    summed = total(o, "S", r"\sum_i x_i^p", lambda i: rf"\num{{x{i}}}^{{\num{{p}}}}", terms, (cells**p).tolist())
    kept = int((o.place <= PADDING).sum())
    last = {"S": number(summed[-1].value, "S", "sum"), "p": terms["p"]}
    if kept == o.place.numel():
        value = power(summed[-1].value, 1 / p)
        return [*summed, Equation(r"y = S^{1/p}", r"\num{S}^{1 / \num{p}}", value, last)]
    f = overhang(o)
    over = {"k": number(o.place.numel(), "k", "kernel"), "d": number(kept, "d", "divisor")}
    ratio = Equation(r"f = \frac{k}{d}", r"\frac{\num{k}}{\num{d}}", f, over, Message("convolution.pooling.line.overhang"))
    value = power(f * summed[-1].value, 1 / p)
    last["f"] = number(f, "f", "factor")
    return [*summed, ratio, Equation(r"y = (f S)^{1/p}", r"(\num{f} \cdot \num{S})^{1 / \num{p}}", value, last)]


def mean(o: Opened) -> list[Equation]:
    r"""S = sum_i max(x_i, eps)^p; y = (S / n)^(1/p)."""
    p, n = o.params.power, len(o.taps)
    cells = o.cells.double().clamp(min=EPS)
    meaning = Message("convolution.pooling.term.cell")
    clamped = {f"x{i}": Term(f"x_{{{o.cell(i)}}}", float(v), meaning) for i, v in zip(o.taps, cells, strict=True)}
    terms = {**clamped, "p": number(p, "p", "p")}
    summed = total(o, "S", r"\sum_i \max(x_i, \epsilon)^p", lambda i: rf"\num{{x{i}}}^{{\num{{p}}}}", terms, (cells**p).tolist())
    parts = {"S": number(summed[-1].value, "S", "sum"), "n": number(n, "n", "cells"), "p": terms["p"]}
    value = (summed[-1].value / n) ** (1 / p)
    last = Equation(r"y = \left(\frac{S}{n}\right)^{1/p}", r"\left(\frac{\num{S}}{\num{n}}\right)^{1 / \num{p}}", value, parts)
    return [*summed, last]


def weighted(o: Opened, symbol: str) -> list[Equation]:
    r"""y = sum_i w_i x_i, every weight a number that opens."""
    weights = o.weight_terms(symbol)
    terms = {**weights, **o.x_terms()}
    values = [weights[f"w{i}"].value * float(o.window[o.channel, i]) for i in o.taps]
    return total(o, "y", rf"\sum_i {symbol}_i x_i", lambda i: rf"\num{{w{i}}} \cdot \num{{x{i}}}", terms, values)


OUTPUT: Mapping[str, Callable[[Opened], list[Equation]]] = {
    "max": maximum,
    "average": average,
    "lp": lp,
    "mean": mean,
    "softpool": lambda o: weighted(o, "w"),
    "attention": lambda o: weighted(o, "a"),
}
"""The lines of an output, by what its pool does in a window."""
