r"""The lines of arithmetic of a value: the equation of its stage, term by term, with this run's numbers."""

from __future__ import annotations

import math
from collections.abc import Callable

from app.labs.attention.by_hand.reading import Place, Reading, meaning
from app.labs.contract import Equation, Message, Target, Term
from app.labs.sums import Sum


def lines(r: Reading, name: str, p: Place) -> list[Equation]:
    """What the value ``name`` at ``p`` comes from."""
    return _STAGES[name](r, p)


def _x(r: Reading, p: Place) -> list[Equation]:
    """x = e + p, p by its formula where it has one."""
    symbol = r.symbol("x", p)
    index = f"{p.row + 1},{p.column + 1}"
    word = Term(f"w_{{{index}}}", r.value("embedding", p), meaning("embedding"), _embedding(p))
    if r.params.positions == "none":
        return [Equation(f"{symbol} = {word.latex}", r"\num{w}", word.value, {"w": word})]
    place = Term(f"p_{{{index}}}", r.value("place", p), meaning("place"), None)
    found = []
    if r.params.positions == "sinusoidal":
        wave, two_i = ("sin", "cos")[p.column % 2], p.column - p.column % 2
        terms = {
            "t": Term("t", p.row, meaning("position")),
            "i": Term("2i", two_i, meaning("frequency")),
            "d": Term("d", r.params.d_model, meaning("d_model")),
        }
        formula = rf"{place.latex} = \{wave}\left(t / 10000^{{2i/d}}\right)"
        numbers = rf"\{wave}\left(\num{{t}} / 10000^{{\num{{i}}/\num{{d}}}}\right)"
        found.append(Equation(formula, numbers, getattr(math, wave)(p.row / 10_000 ** (two_i / r.params.d_model)), terms))
    total = word.value + place.value
    terms = {"w": word, "p": place}
    return [*found, Equation(f"{symbol} = {word.latex} + {place.latex}", r"\num{w} + \num{p}", total, terms)]


def _embedding(p: Place) -> Target:
    return {"kind": "weight", "matrix": "embedding", "row": p.row, "column": p.column}


def _projected(name: str) -> Callable[[Reading, Place], list[Equation]]:
    """q = x W_Q, and so k and v."""

    def made(r: Reading, p: Place) -> list[Equation]:
        matrix, total = f"w_{name}", Sum()
        for m in range(r.params.d_model):
            total.add(r.term("x", Place(0, p.row, m)), r.term(matrix, Place(p.head, m, p.column)))
        return [total.line(rf"{r.symbol(name, p)} = \sum_m x_{{{p.row + 1},m}} \, {r.letter(matrix, p.head)}_{{m,{p.column + 1}}}")]

    return made


def _scores(r: Reading, p: Place) -> list[Equation]:
    """s_ij = q_i . k_j."""
    total = Sum()
    for c in range(r.params.d_k):
        total.add(r.term("q", Place(p.head, p.row, c)), r.term("k", Place(p.head, p.column, c)))
    q, k = (f"{r.letter(name, p.head)}_{{{at + 1}}}" for name, at in (("q", p.row), ("k", p.column)))
    return [total.line(rf"{r.symbol('scores', p)} = {q} \cdot {k}")]


def _scaled(r: Reading, p: Place) -> list[Equation]:
    """e_ij = s_ij / sqrt(d_k), or s_ij itself."""
    symbol, score = r.symbol("scaled", p), r.term("scores", p)
    if not r.params.scale:
        label = Message("attention.by-hand.line.unscaled")
        return [Equation(f"{symbol} = {score.latex}", r"\num{s}", score.value, {"s": score}, label)]
    d_k = Term("d_k", r.params.d_k, meaning("d_k"))
    terms = {"s": score, "d": d_k}
    formula = rf"{symbol} = \frac{{{score.latex}}}{{\sqrt{{d_k}}}}"
    return [Equation(formula, r"\frac{\num{s}}{\sqrt{\num{d}}}", score.value * r.given.scale, terms)]


def _masked(r: Reading, p: Place) -> list[Equation]:
    """m_ij = e_ij where query i sees key j, else -infinity."""
    symbol, scaled = r.symbol("masked", p), r.term("scaled", p)
    if bool(r.given.seen[p.row, p.column]):
        label = Message("attention.by-hand.line.seen")
        return [Equation(f"{symbol} = {scaled.latex}", r"\num{e}", scaled.value, {"e": scaled}, label)]
    return [Equation(symbol, r"-\infty", -math.inf, {}, Message("attention.by-hand.line.hidden"))]


def _weights(r: Reading, p: Place) -> list[Equation]:
    r"""a_ij = exp(m_ij - \hat m_i) / sum_j' exp(m_ij' - \hat m_i): the row's largest taken off, which changes no quotient."""
    symbol, i, n = r.symbol("weights", p), p.row + 1, len(r.words)
    seen = [j for j in range(n) if bool(r.given.seen[p.row, j])]
    if not seen:
        return [Equation(symbol, "0", 0.0, {}, Message("attention.by-hand.line.blind"))]
    terms = {f"n{j}": r.term("masked", Place(p.head, p.row, j)) for j in seen}
    most = max(term.value for term in terms.values())
    letter = r.letter("masked", p.head)
    hat = Term(rf"\hat{{m}}_{{{i}}}", most, meaning("largest"))
    told = ", ".join(rf"\num{{{name}}}" for name in terms)
    # A frame's numbers are rounded to its type; the exponentials here are of those numbers.
    hidden = p.column not in seen
    above = Term("u", math.exp(r.value("masked", p) - most), meaning("numerator"))
    values = {j: math.exp(terms[f"n{j}"].value - most) for j in seen}
    total = sum(values.values())
    below = Term("z", total, meaning("denominator"))
    each = {**terms, "h": hat}
    parts = " + ".join(rf"e^{{\num{{n{j}}} - \num{{h}}}}" for j in seen)
    return [
        Equation(
            rf"{hat.latex} = \max_j {letter}_{{{i},j}}", rf"\max({told})", most, terms, Message("attention.by-hand.line.largest")
        ),
        Equation(
            rf"u = e^{{{r.symbol('masked', p)} - {hat.latex}}}",
            r"e^{\num{m} - \num{h}}",
            above.value,
            {"m": r.term("masked", p), "h": hat},
            Message(f"attention.by-hand.line.{'hidden_weight' if hidden else 'numerator'}"),
        ),
        Equation(
            rf"z = \sum_j e^{{{letter}_{{{i},j}} - {hat.latex}}}", parts, total, each, Message("attention.by-hand.line.denominator")
        ),
        Equation(rf"{symbol} = \frac{{u}}{{z}}", r"\frac{\num{u}}{\num{z}}", above.value / total, {"u": above, "z": below}),
    ]


def _output(r: Reading, p: Place) -> list[Equation]:
    """o_i = sum_j a_ij v_j: a weighted sum of the values."""
    total = Sum()
    for j in range(len(r.words)):
        total.add(r.term("weights", Place(p.head, p.row, j)), r.term("v", Place(p.head, j, p.column)))
    a, v = (r.letter(name, p.head) for name in ("weights", "v"))
    return [total.line(rf"{r.symbol('output', p)} = \sum_j {a}_{{{p.row + 1},j}} \, {v}_{{j,{p.column + 1}}}")]


def _concat(r: Reading, p: Place) -> list[Equation]:
    """The heads' outputs side by side."""
    head, column = divmod(p.column, r.params.d_k)
    one = r.term("output", Place(head, p.row, column))
    return [Equation(f"{r.symbol('concat', p)} = {one.latex}", r"\num{o}", one.value, {"o": one})]


def _joined(r: Reading, p: Place) -> list[Equation]:
    """y = Concat(head_1, ...) W_O."""
    total = Sum()
    for m in range(r.params.heads * r.params.d_k):
        total.add(r.term("concat", Place(0, p.row, m)), r.term("w_o", Place(0, m, p.column)))
    return [total.line(rf"{r.symbol('projected', p)} = \sum_m c_{{{p.row + 1},m}} \, W^O_{{m,{p.column + 1}}}")]


_STAGES: dict[str, Callable[[Reading, Place], list[Equation]]] = {
    "x": _x,
    "q": _projected("q"),
    "k": _projected("k"),
    "v": _projected("v"),
    "scores": _scores,
    "scaled": _scaled,
    "masked": _masked,
    "weights": _weights,
    "output": _output,
    "concat": _concat,
    "projected": _joined,
}
