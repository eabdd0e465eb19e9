r"""The lines of arithmetic of one weight: with how much of a cell a pool's output is made."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from app.labs.contract import Equation, Message, Target, Term
from app.labs.convolution.pooling import explain_lines as lines
from app.labs.convolution.pooling.explain_lines import Opened, number, total
from app.labs.convolution.pooling.pools import EPS
from app.labs.convolution.pooling.windows import INSIDE


def weight(o: Opened) -> list[Equation]:
    """The lines of the weight of tap ``o.index``; of a tap that is outside the input one line."""
    if int(o.place[o.index]) != INSIDE and o.rule != "average":
        return [Equation(f"{_symbol(o)} = 0", "0", 0.0, {}, Message("convolution.pooling.line.outside"))]
    return _WEIGHT[o.rule](o)


def _symbol(o: Opened) -> str:
    return f"{'a' if o.rule == 'attention' else 'w'}_{{{o.cell(o.index)}}}"


def _cell(o: Opened) -> Term:
    return Term(f"x_{{{o.cell(o.index)}}}", float(o.window[o.channel, o.index]), Message("convolution.pooling.term.cell"))


def _maximum(o: Opened) -> list[Equation]:
    """1 for the cell that wins, the first of equals; 0 for the others."""
    found = lines.maximum(o)
    largest = found[-1].value
    told = float(o.pool.weights[o.channel, o.y, o.x].flatten()[o.index])
    label = Message("convolution.pooling.line.tie") if told == 0 and _cell(o).value == largest else None
    terms = {"x": _cell(o), "y": number(largest, "y", "largest")}
    sign = "=" if _cell(o).value == largest else r"\neq"
    last = Equation(
        rf"{_symbol(o)} = [\,i = \operatorname{{first\,argmax}}_j x_j\,]", rf"[\,\num{{x}} {sign} \num{{y}}\,]", told, terms, label
    )
    return [*found, last]


def _average(o: Opened) -> list[Equation]:
    """1 / d for every tap that counts, 0 for the others."""
    count = lines.average(o)[0]
    d = number(count.value, "d", "divisor")
    if not lines.counts(o, o.index):
        return [Equation(f"{_symbol(o)} = 0", "0", 0.0, {}, Message("convolution.pooling.line.outside"))]
    value = 1 / count.value
    return [count, Equation(rf"{_symbol(o)} = \frac{{1}}{{d}}", r"\frac{1}{\num{d}}", value, {"d": d})]


def _attention(o: Opened) -> list[Equation]:
    """s_i = q . x_i / tau; a_i = e^(s_i - m) / Z, Z = sum_j e^(s_j - m).

    m, the largest score, changes nothing but keeps e^s finite.
    """
    tau, channels = o.params.temperature, range(o.window.shape[0])
    scores = {i: sum(float(o.q[c]) * float(o.window[c, i]) for c in channels) / tau for i in o.taps}
    terms = {"t": number(tau, r"\tau", "temperature")}
    for c in channels:
        terms[f"q{c}"] = number(float(o.q[c]), f"q_{{{c + 1}}}", "query")
        terms[f"c{c}"] = number(float(o.window[c, o.index]), f"x_{{{o.cell(o.index)},{c + 1}}}", "feature")
    summed = " + ".join(rf"\num{{q{c}}} \cdot \num{{c{c}}}" for c in channels)
    name = f"s_{{{o.cell(o.index)}}}"
    first = Equation(
        rf"{name} = \frac{{1}}{{\tau}} \sum_c q_c\, x_{{{o.cell(o.index)},c}}",
        rf"\frac{{{summed}}}{{\num{{t}}}}",
        scores[o.index],
        terms,
        Message("convolution.pooling.line.score"),
    )
    return [first, *_softmax(o, scores, "s", "score")]


def _softpool(o: Opened) -> list[Equation]:
    """w_i = e^(x_i - m) / Z, Z = sum_j e^(x_j - m), m the largest cell."""
    return _softmax(o, {i: float(o.window[o.channel, i]) for i in o.taps}, "x", "cell")


def _softmax(o: Opened, exponents: Mapping[int, float], symbol: str, meaning: str) -> list[Equation]:
    m = max(exponents.values())
    here: Target = {"pool": o.pool.name, "channel": o.channel, "y": o.y, "x": o.x}
    told = Message(f"convolution.pooling.term.{meaning}")
    terms = {
        f"s{i}": Term(f"{symbol}_{{{o.cell(i)}}}", v, told, {"kind": "weight", **here, "index": i} if i != o.index else None)
        for i, v in exponents.items()
    }
    top = number(m, "m", "largest_score" if symbol == "s" else "largest")
    terms["m"] = top
    own = math.exp(exponents[o.index] - m)
    numerator = Equation(
        rf"n = e^{{{symbol}_{{{o.cell(o.index)}}} - m}}",
        rf"e^{{\num{{s{o.index}}} - \num{{m}}}}",
        own,
        {f"s{o.index}": terms[f"s{o.index}"], "m": top},
        Message("convolution.pooling.line.numerator"),
    )
    values = [math.exp(exponents[i] - m) for i in o.taps]
    denominator = total(o, "Z", rf"\sum_j e^{{{symbol}_j - m}}", lambda i: rf"e^{{\num{{s{i}}} - \num{{m}}}}", terms, values)
    z = denominator[-1].value
    parts = {"n": number(own, "n", "numerator"), "Z": number(z, "Z", "denominator")}
    last = Equation(rf"{_symbol(o)} = \frac{{n}}{{Z}}", r"\frac{\num{n}}{\num{Z}}", own / z, parts)
    return [numerator, *denominator, last]


def _mean(o: Opened) -> list[Equation]:
    """w_i = x_i^(p - 1) / (n y^(p - 1)): with these weights the cells add up to y, and y grows so fast with the cell."""
    found = lines.mean(o)
    y, p, n = found[-1].value, o.params.power, len(o.taps)
    cell = _cell(o)
    x = max(cell.value, EPS)
    terms = {
        "x": Term(cell.latex, x, cell.meaning),
        "y": number(y, "y", "output"),
        "p": number(p, "p", "p"),
        "n": number(n, "n", "cells"),
    }
    formula = rf"{_symbol(o)} = \frac{{{cell.latex}^{{p - 1}}}}{{n\, y^{{p - 1}}}}"
    numbers = r"\frac{\num{x}^{\num{p} - 1}}{\num{n} \cdot \num{y}^{\num{p} - 1}}"
    return [*found, Equation(formula, numbers, (x / y) ** (p - 1) / n, terms)]


def _lp(o: Opened) -> list[Equation]:
    """w_i = f x_i^(p - 1) / y^(p - 1)."""
    found = lines.lp(o)
    y, p = found[-1].value, o.params.norm
    f = lines.overhang(o)
    terms = {"x": _cell(o), "y": number(y, "y", "output"), "p": number(p, "p", "p"), "f": number(f, "f", "factor")}
    x = terms["x"].value
    value = 0.0 if y == 0 else f * lines.power(x, p - 1) / lines.power(y, p - 1)
    formula = rf"{_symbol(o)} = f \frac{{{terms['x'].latex}^{{p - 1}}}}{{y^{{p - 1}}}}"
    return [*found, Equation(formula, r"\num{f} \cdot \frac{\num{x}^{\num{p} - 1}}{\num{y}^{\num{p} - 1}}", value, terms)]


_WEIGHT: Mapping[str, Callable[[Opened], list[Equation]]] = {
    "max": _maximum,
    "average": _average,
    "attention": _attention,
    "softpool": _softpool,
    "mean": _mean,
    "lp": _lp,
}
