r"""A weight between two tokens, line by line: q . k, the scale, the mask, the softmax's numerator and denominator, the quotient."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from app.labs.attention.encoder.sums import SHOWN, Product, long_sum
from app.labs.contract import Equation, Message, Plain, Reference, Target, Term


@dataclass(frozen=True)
class Query:
    """Query ``i`` among its keys, in float64."""

    q: NDArray[np.float64]
    """(d_k,)"""
    k: NDArray[np.float64]
    """(S, d_k)"""
    logits: NDArray[np.float64]
    """(S,): scaled, not yet masked."""
    seen: NDArray[np.bool_]
    """(S,): False where the mask hides a key."""
    i: int
    letter: Callable[[str], str]
    """A symbol with its layer and head: "a" to a^{1,3}."""
    query: str
    keys: Sequence[str]
    opens: Callable[[int], Target | None]
    """Where the logit of a key opens."""
    number: Callable[[str, int, int], Target | None]
    """Where a number of q or k opens: ("k", key, column)."""
    mask: Message
    """What the mask does to a key that it lets be seen."""

    def pair(self, j: int) -> dict[str, Plain | Message]:
        """Who asks and who is looked at."""
        return {"query": self.query, "key": self.keys[j]}


def meaning(name: str, values: dict[str, Plain | Message] | None = None) -> Message:
    return Message(f"attention.encoder.term.{name}", values or {})


def line(name: str) -> Message:
    """What a line of arithmetic is about."""
    return Message(f"attention.encoder.line.{name}")


def logit_lines(of: Query, j: int) -> list[Equation]:
    """m_ij = q_i . k_j / sqrt(d_k); -infinity where the mask hides the key."""
    here = f"{of.i + 1},{j + 1}"
    s, e, m = (f"{of.letter(name)}_{{{here}}}" for name in "sem")
    products: list[Product] = [
        ([_number(of, "q", 0, c), _number(of, "k", j, c)], float(of.q[c] * of.k[j, c])) for c in range(len(of.q))
    ]
    dot = long_sum(rf"{s} = {of.letter('q')}_{{{of.i + 1}}} \cdot {of.letter('k')}_{{{j + 1}}}", products, label=line("dot"))
    d_k = Term("d_k", len(of.q), meaning("d_k"))
    scaled = dot.value / math.sqrt(len(of.q))
    formula, numbers = rf"{e} = \frac{{{s}}}{{\sqrt{{d_k}}}}", r"\frac{\num{s}}{\sqrt{\num{d}}}"
    scale = Equation(formula, numbers, scaled, {"s": Term(s, dot.value), "d": d_k}, line("scale"))
    if of.seen[j]:
        mask = Equation(f"{m} = {e}", r"\num{e}", scaled, {"e": Term(e, scaled)}, of.mask)
    else:
        mask = Equation(m, r"-\infty", -math.inf, {}, line("masked"))
    return [dot, scale, mask]


def weight_lines(of: Query, j: int) -> list[Equation]:
    """From the dot product to the quotient."""
    found = logit_lines(of, j)
    scaled = found[-1].value
    m, letters = f"{of.letter('m')}_{{{of.i + 1},{j + 1}}}", {name: of.letter(name) for name in "ma"}
    logits = {at: float(one) for at, one in enumerate(of.logits) if of.seen[at]}
    if j in logits:
        logits[j] = scaled
    order = sorted(logits, key=lambda at: -logits[at])
    most = logits[order[0]]

    def logit(at: int) -> Term:
        return Term(
            f"{of.letter('m')}_{{{of.i + 1},{at + 1}}}",
            logits[at],
            meaning("logit", of.pair(at)),
            None if at == j else of.opens(at),
        )

    hat = Term(rf"\hat{{m}}_{{{of.i + 1}}}", most, meaning("largest", {"key": of.keys[order[0]]}))
    few = {f"n{at}": logit(at) for at in order[:3]}
    told = ", ".join(rf"\num{{{name}}}" for name in few) + (r", \ldots" if len(order) > 3 else "")
    largest = Equation(rf"{hat.latex} = \max_j {letters['m']}_{{{of.i + 1},j}}", rf"\max({told})", most, few, line("largest"))
    above = Term("u", math.exp(scaled - most), meaning("numerator"))
    written, terms = (r"e^{\num{m} - \num{h}}", {"m": logit(j), "h": hat}) if j in logits else (r"e^{-\infty}", {})
    numerator = Equation(rf"u = e^{{{m} - {hat.latex}}}", written, above.value, terms, line("numerator"))
    shown = sorted({*order[:SHOWN], *({j} & set(logits))})
    rest = [at for at in order if at not in shown]
    terms = {"h": hat, **{f"n{at}": logit(at) for at in shown}}
    pieces = [rf"e^{{\num{{n{at}}} - \num{{h}}}}" for at in shown]
    if rest:
        left = math.fsum(math.exp(logits[at] - most) for at in rest)
        terms["r"] = Term(rf"\Sigma_{{{len(rest)}}}", left, meaning("rest", {"count": len(rest)}))
        pieces.append(r"\num{r}")
    rows = [" + ".join(pieces[at : at + 2]) for at in range(0, len(pieces), 2)]
    written = r"\begin{aligned} & " + r" \\ & {} + ".join(rows) + r" \end{aligned}"
    total = math.fsum(math.exp(one - most) for one in logits.values())
    denominator = Equation(
        rf"z = \sum_j e^{{{letters['m']}_{{{of.i + 1},j}} - {hat.latex}}}", written, total, terms, line("denominator")
    )
    last = Equation(
        rf"{letters['a']}_{{{of.i + 1},{j + 1}}} = \frac{{u}}{{z}}",
        r"\frac{\num{u}}{\num{z}}",
        above.value / total,
        {"u": above, "z": Term("z", total, meaning("denominator"))},
        line("quotient"),
    )
    return [*found, largest, numerator, denominator, last]


def _number(of: Query, name: str, key: int, c: int) -> Term:
    token, value = (of.i, of.q[c]) if name == "q" else (key, of.k[key, c])
    word = of.query if name == "q" else of.keys[key]
    return Term(
        f"{of.letter(name)}_{{{token + 1},{c + 1}}}", float(value), meaning(name, {"token": word}), of.number(name, token, c)
    )


def by_torch(of: Query, j: int, ours: float) -> Reference:
    """The same by torch's function in float32, which gives the weights themselves where the values are the identity."""
    q, k = (torch.from_numpy(array).float()[None, None] for array in (of.q[None], of.k))
    seen = torch.from_numpy(of.seen)[None, None, None]
    theirs = float(functional.scaled_dot_product_attention(q, k, torch.eye(len(of.k))[None, None], attn_mask=seen)[0, 0, 0, j])
    return Reference("torch.nn.functional.scaled_dot_product_attention", theirs, abs(ours - theirs))
