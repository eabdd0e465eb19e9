"""A cell of a map as it is drawn: pieces merged, special tokens taken off; and the rollout."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from app.labs.attention.encoder.explain_weight import by_torch, lines
from app.labs.attention.encoder.opened import Opened, error, index, line, meaning
from app.labs.attention.encoder.sums import Product, long_sum
from app.labs.contract import Equation, Explanation, Message, Plain, Reference, Target, Term

Open = Callable[[int, int], Term]
"""The term of two tokens."""


def cell(o: Opened, target: Target) -> Explanation:
    """A weight as it is drawn; where nothing is merged or hidden it is the weight itself."""
    count = len(o.units)
    head, row, column = index(target, "head", o.heads), index(target, "row", count), index(target, "column", count)
    values = _named(o, row, column) | {"head": head + 1}
    remark = Message("attention.encoder.remark.weight", {"query": o.units[row].label})
    if o.sentence.whole:
        equations = lines(o, head, row, column)
        reference = by_torch(o, head, row, column, equations[-1].value)
        remarks = [remark]
    else:
        letter = o.letter("a", head)
        equations = _drawn(o, o.array("weights")[head], letter, lambda i, j: o.weight(head, i, j), row, column)
        reference = _torchs(float(o.frame.tensors["drawn"][head, row, column]), equations[-1].value)
        remarks = [Message("attention.encoder.remark.drawn")]
    title = Message("attention.encoder.title.weight", values)
    return Explanation(title, target, equations, equations[-1].value, reference, remarks)


def rollout(o: Opened, target: Target) -> Explanation:
    """A share of the rollout as it is drawn."""
    count = len(o.units)
    row, column = index(target, "row", count), index(target, "column", count)
    if o.sentence.whole:
        return _rolled(o, target, row, column)
    rolled_out = o.array("rolled")

    def term(i: int, j: int) -> Term:
        opens: Target = {"kind": "rolled", "row": i, "column": j}
        return Term(f"R^{{{o.layer + 1}}}_{{{i + 1},{j + 1}}}", float(rolled_out[i, j]), meaning("share", o.pair(i, j)), opens)

    equations = _drawn(o, rolled_out, f"R^{{{o.layer + 1}}}", term, row, column)
    result = equations[-1].value
    reference = _torchs(float(o.frame.tensors["rollout"][row, column]), result)
    title = Message("attention.encoder.title.rollout", _named(o, row, column))
    return Explanation(title, target, equations, result, reference, [Message("attention.encoder.remark.drawn")])


def rolled(o: Opened, target: Target) -> Explanation:
    """A share of the rollout between two tokens."""
    count = len(o.tokens)
    return _rolled(o, target, index(target, "row", count), index(target, "column", count))


def _rolled(o: Opened, target: Target, i: int, j: int) -> Explanation:
    """R_l = A_l R_{l-1}, A = (mean over heads + I) / 2; a token that does not ask stays what it is."""
    layer, weights = o.layer + 1, o.array("weights")
    mean = weights.mean(0)
    same = 1.0 if i == j else 0.0
    heads: list[Product] = [([o.weight(head, i, j)], float(weights[head, i, j])) for head in range(o.heads)]
    symbol = rf"\bar{{a}}_{{{i + 1},{j + 1}}}"
    average = long_sum(
        rf"{symbol} = \frac{{1}}{{H}} \sum_h a^{{{layer},h}}_{{{i + 1},{j + 1}}}",
        heads,
        label=line("heads"),
        wrap=r"\frac{1}{\num{H}} \left( {} \right)",
        value=lambda total: total / o.heads,
        more={"H": Term("H", o.heads, meaning("heads"))},
    )
    whole = 2.0 if mean[i].any() else 1.0
    joined = Equation(
        rf"A_{{{i + 1},{j + 1}}} = \tfrac{{1}}{{2}} \left( {symbol} + I_{{{i + 1},{j + 1}}} \right)"
        if whole == 2
        else rf"A_{{{i + 1},{j + 1}}} = I_{{{i + 1},{j + 1}}}",
        r"\tfrac{1}{2} (\num{a} + \num{i})" if whole == 2 else r"\num{a} + \num{i}",
        (average.value + same) / whole,
        {"a": Term(symbol, average.value), "i": Term("I", same, meaning("identity"))},
        line("residual" if whole == 2 else "silent"),
    )
    equations = [average, joined]
    if layer > 1:
        if o.previous is None or "rolled" not in o.previous.tensors:
            raise error("embeddings")
        before = np.asarray(o.previous.tensors["rolled"], dtype=np.float64)
        a = (mean[i] + np.eye(len(mean))[i]) / whole
        products: list[Product] = [
            (
                [
                    Term(f"A_{{{i + 1},{m + 1}}}", float(a[m]), meaning("mixed", o.pair(i, m))),
                    Term(f"R^{{{layer - 1}}}_{{{m + 1},{j + 1}}}", float(before[m, j]), meaning("share", o.pair(m, j))),
                ],
                float(a[m] * before[m, j]),
            )
            for m in range(len(a))
        ]
        formula = rf"R^{{{layer}}}_{{{i + 1},{j + 1}}} = \sum_m A_{{{i + 1},m}} \, R^{{{layer - 1}}}_{{m,{j + 1}}}"
        equations.append(long_sum(formula, products, label=line("through")))
    result = equations[-1].value
    values: dict[str, Plain | Message] = {**o.pair(i, j), "layer": o.named}
    title = Message("attention.encoder.title.rollout", values)
    theirs = float(o.frame.tensors["rolled"][i, j])
    reference = Reference("torch.matmul", theirs, abs(result - theirs))
    return Explanation(title, target, equations, result, reference, [Message("attention.encoder.remark.rollout")])


def _drawn(o: Opened, whole: NDArray[np.float64], letter: str, term: Open, row: int, column: int) -> list[Equation]:
    """Sums over the pieces of a key, the mean over those of a query; then what is left of the row without special tokens."""
    merged = o.sentence.merged(torch.from_numpy(whole)[None].float())[0].double().numpy()
    queries, keys = o.units[row].tokens, o.units[column].tokens
    symbol = rf"{letter}_{{\text{{{row + 1},{column + 1}}}}}"
    products: list[Product] = [([term(i, j)], float(whole[i, j])) for i in queries for j in keys]
    n = len(queries)
    first = long_sum(
        rf"w = \frac{{1}}{{n}} \sum_{{i}} \sum_{{j}} {letter}_{{i,j}}" if len(products) > 1 else f"w = {letter}",
        products,
        label=line("merged" if len(products) > 1 else "as_it_is"),
        wrap=r"\frac{1}{\num{n}} \left( {} \right)" if n > 1 else "{}",
        value=lambda total: total / n,
        more={"n": Term("n", n, meaning("pieces"))} if n > 1 else None,
    )
    hidden = [number for number in range(len(o.sentence.units)) if number not in set(o.sentence.shown)]
    if not hidden:
        return [first]
    unit = o.sentence.shown[row]
    taken: list[Product] = []
    for number in hidden:
        label = o.sentence.units[number].label
        value = float(merged[unit, number])
        tokens = (*queries, *o.sentence.units[number].tokens)
        opened = (
            term(*tokens) if len(tokens) == 2 else Term(rf"\bar{{w}}_{{{number + 1}}}", value, meaning("hidden", {"token": label}))
        )
        taken.append(([opened], value))
    removed = long_sum(r"r = \sum_{\text{special}} w", taken, label=line("removed"))
    left = 1 - removed.value
    last = Equation(
        rf"{symbol} = \frac{{w}}{{1 - r}}",
        r"\frac{\num{w}}{1 - \num{r}}",
        first.value / left if left > 0 else 0.0,
        {"w": Term("w", first.value), "r": Term("r", removed.value, meaning("removed"))},
        line("renormalised"),
    )
    return [first, removed, last]


def _named(o: Opened, row: int, column: int) -> dict[str, Plain | Message]:
    return {"query": o.units[row].label, "key": o.units[column].label, "layer": o.named}


def _torchs(theirs: float, ours: float) -> Reference:
    return Reference("torch.Tensor.index_add", theirs, 0.0 if math.isnan(theirs) else abs(ours - theirs))
