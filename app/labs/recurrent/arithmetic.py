r"""The arithmetic of one unit of one step of a trained cell: the equations of ``app.nn.recurrent.cells`` with their numbers.

Sums are long there: the largest products stand alone, the others are one term.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from app.labs.contract import Equation, Message, Target, Term

SHOWN, PER_ROW = 4, 2
GATES = {"rnn": "h", "jordan": "h", "lstm": "ifgo", "gru": "rzn"}
"""What has weights of its own, in the order in which torch stacks them."""
NAMES = {"rnn": "h", "jordan": "h", "lstm": "ifgoch", "gru": "rznh"}
"""What can be opened."""
SIGMOID = frozenset("iforz")


@dataclass(frozen=True)
class Cell:
    """One layer in one direction at one step, in float64.

    ``weights`` by torch's names without the layer (weight_ih, weight_hh, bias_ih, bias_hh; no bias: not there); ``x`` (I,) what
    comes in; ``past`` the state before: h (and c), of a Jordan network s; ``at`` the step's own values; ``now`` and ``before``
    count the steps, from 1. ``opens(name, past)`` is where a value opens, but for its unit; None where it does not.
    """

    kind: str
    weights: Mapping[str, np.ndarray]
    x: np.ndarray
    past: Mapping[str, np.ndarray]
    at: Mapping[str, np.ndarray]
    now: int
    before: int
    opens: Callable[[str, bool], Target | None] = field(default=lambda name, past: None)
    activation: str = "tanh"
    """Of a simple RNN."""


def lines(cell: Cell, name: str, u: int) -> list[Equation]:
    """What ``name`` of unit ``u`` comes from."""
    if cell.kind in ("lstm", "gru") and name in "ch":
        return [_mixed(cell, name, u)]
    return _gate(cell, name, u)


def _gate(cell: Cell, name: str, u: int) -> list[Equation]:
    """Its pre-activation, then its function: sigma, or tanh of a candidate and of a simple network's h."""
    hidden = len(cell.at[name])
    row = GATES[cell.kind].index(name) * hidden + u
    state = "s" if cell.kind == "jordan" else "h"
    b, d = _bias(cell, "bias_ih", "b", row), _bias(cell, "bias_hh", "d", row)
    xs = _products(cell.weights["weight_ih"][row], cell.x, f"W_{{{u + 1},%d}}", f"x_{{{cell.now},%d}}")
    backs = _products(cell.weights["weight_hh"][row], cell.past[state], f"U_{{{u + 1},%d}}", f"{state}_{{{_back(cell)},%d}}")
    plus_b, plus_d = " + b" if b else "", " + d" if d else ""
    found = []
    if cell.kind == "gru" and name == "n":
        q = long_sum(f"q = U h_{{{_back(cell)}}}{plus_d}", d, backs)
        r = Term(f"r_{{{cell.now},{u + 1}}}", float(cell.at["r"][u]), target=_open(cell, "r", False, u))
        product = ([r, Term("q", q.value)], r.value * q.value)
        found.append(q)
        a = long_sum(f"a = W x_{{{cell.now}}}{plus_b} + r \\, q", b, [*xs, product])
    else:
        a = long_sum(f"a = W x_{{{cell.now}}} + U {state}_{{{_back(cell)}}}{plus_b}{plus_d}", [*b, *d], [*xs, *backs])
    call, function = (r"\sigma", sigmoid) if name in SIGMOID else _CANDIDATE[cell.activation]
    symbol = f"{name}_{{{cell.now},{u + 1}}}"
    y = Equation(rf"{symbol} = {call}(a)", rf"{call}(\num{{a}})", function(a.value), {"a": Term("a", a.value)})
    return [*found, a, y]


def _mixed(cell: Cell, name: str, u: int) -> Equation:
    """c = f c' + i g, h = o tanh c; of a GRU h = (1 - z) n + z h'."""

    def now(of: str) -> Term:
        return Term(f"{of}_{{{cell.now},{u + 1}}}", float(cell.at[of][u]), target=_open(cell, of, False, u))

    def past(of: str) -> Term:
        return Term(f"{of}_{{{cell.before},{u + 1}}}", float(cell.past[of][u]), target=_open(cell, of, True, u))

    symbol = f"{name}_{{{cell.now},{u + 1}}}"
    if cell.kind == "gru":
        z, n, h = now("z"), now("n"), past("h")
        value = (1 - z.value) * n.value + z.value * h.value
        formula = f"{symbol} = (1 - {z.latex}) \\, {n.latex} + {z.latex} \\, {h.latex}"
        return Equation(formula, r"(1 - \num{z}) \cdot \num{n} + \num{z} \cdot \num{h}", value, {"z": z, "n": n, "h": h})
    if name == "c":
        f, c, i, g = now("f"), past("c"), now("i"), now("g")
        value = f.value * c.value + i.value * g.value
        formula = f"{symbol} = {f.latex} \\, {c.latex} + {i.latex} \\, {g.latex}"
        return Equation(formula, r"\num{f} \cdot \num{c} + \num{i} \cdot \num{g}", value, {"f": f, "c": c, "i": i, "g": g})
    o, c = now("o"), now("c")
    formula = f"{symbol} = {o.latex} \\tanh {c.latex}"
    return Equation(formula, r"\num{o} \cdot \tanh(\num{c})", o.value * math.tanh(c.value), {"o": o, "c": c})


def _open(cell: Cell, name: str, past: bool, u: int) -> Target | None:
    place = cell.opens(name, past)
    return None if place is None else {**place, "unit": u}


Product = tuple[Sequence[Term], float]


def long_sum(formula: str, singles: Sequence[Term], products: Sequence[Product], label: Message | None = None) -> Equation:
    """Numbers and products added up, the largest products written out."""
    order = sorted(range(len(products)), key=lambda k: -abs(products[k][1]))
    shown, rest = sorted(order[:SHOWN]), order[SHOWN:]
    pieces: list[str] = []
    terms: dict[str, Term] = {}

    def name(term: Term) -> str:
        key = f"t{len(terms)}"
        terms[key] = term
        return rf"\num{{{key}}}"

    for k in shown:
        pieces.append(r" \cdot ".join(name(term) for term in products[k][0]))
    if rest:
        left = math.fsum(products[k][1] for k in rest)
        pieces.append(name(Term(rf"\Sigma_{{{len(rest)}}}", left, Message("recurrent.term.rest", {"count": len(rest)}))))
    pieces += [name(term) for term in singles]
    rows = [" + ".join(pieces[at : at + PER_ROW]) for at in range(0, len(pieces), PER_ROW)]
    written = (rows or ["0"])[0] if len(rows) <= 1 else r"\begin{aligned} & " + r" \\ & {} + ".join(rows) + r" \end{aligned}"
    value = math.fsum([*(value for _, value in products), *(term.value for term in singles)])
    return Equation(formula, written, value, terms, label)


def _products(weights: np.ndarray, values: np.ndarray, weight: str, value: str) -> list[Product]:
    """w_j v_j of those v that are not 0."""
    found: list[Product] = []
    for j in np.flatnonzero(values).tolist():
        w, v = float(weights[j]), float(values[j])
        found.append(([Term(weight % (j + 1), w), Term(value % (j + 1), v)], w * v))
    return found


def _bias(cell: Cell, which: str, symbol: str, row: int) -> list[Term]:
    """None or one."""
    bias = cell.weights.get(which)
    return [] if bias is None else [Term(symbol, float(bias[row]))]


def _back(cell: Cell) -> int:
    """The step whose number comes back; a Jordan network's s already is the answer of the step before."""
    return cell.now if cell.kind == "jordan" else cell.before


def sigmoid(a: float) -> float:
    """1 / (1 + e^-a) without an overflow."""
    return 1 / (1 + math.exp(-a)) if a >= 0 else math.exp(a) / (1 + math.exp(a))


_CANDIDATE: Mapping[str, tuple[str, Callable[[float], float]]] = {
    "tanh": (r"\tanh", math.tanh),
    "relu": (r"\operatorname{relu}", lambda a: max(a, 0.0)),
}
