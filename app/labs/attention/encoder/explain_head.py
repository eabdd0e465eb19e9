"""A head as a whole: the score of a pattern; what other heads that are off change in it, and in the sentence's embedding."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from app.labs.attention.encoder.opened import Opened, error, index, line, meaning
from app.labs.attention.encoder.patterns import PATTERNS, masks
from app.labs.attention.encoder.sums import Product, long_sum
from app.labs.contract import Equation, Explanation, Message, Plain, Reference, Target, Term


def score(o: Opened, target: Target) -> Explanation:
    """The mean, over the tokens that have something to look at, of what they give to the pattern."""
    name = target.get("pattern")
    if not isinstance(name, str) or name not in PATTERNS:
        raise error("pattern", got=str(name), known=", ".join(PATTERNS))
    head, at = index(target, "head", o.heads), PATTERNS.index(name)
    looks = masks(o.sentence.read, _sees(o, head))[at]
    asking = int(looks.any(-1).sum())
    if not asking:
        raise error("nothing", pattern=Message(f"attention.encoder.pattern.{name}"))
    weights = o.array("weights")[head]
    products: list[Product] = [
        ([o.weight(head, int(i), int(j))], float(weights[i, j])) for i, j in zip(*np.nonzero(looks), strict=True)
    ]
    total = long_sum(r"S = \sum_{(i,j) \in P} " + o.letter("a", head) + "_{i,j}", products, label=line("pattern"))
    terms = {"s": Term("S", total.value), "n": Term("n", asking, meaning("asking"))}
    mean = Equation(r"s = \frac{S}{n}", r"\frac{\num{s}}{\num{n}}", total.value / asking, terms, line("mean"))
    theirs = float(o.frame.tensors["scores"][head, at])
    called = Message(f"attention.encoder.pattern.{name}")
    values: dict[str, Plain | Message] = {"pattern": called, "layer": o.named, "head": head + 1}
    chance = float(o.frame.tensors["chance"][at])
    return Explanation(
        Message("attention.encoder.title.score", values),
        target,
        [total, mean],
        mean.value,
        Reference("torch.matmul", theirs, abs(mean.value - theirs)),
        [Message(f"attention.encoder.about.{name}"), Message("attention.encoder.remark.chance", {"chance": round(chance, 4)})],
    )


def _sees(o: Opened, head: int) -> NDArray[np.bool_]:
    """(T, T)"""
    return np.stack([o.masked(head, query) > -np.inf for query in range(len(o.tokens))])


def change(o: Opened, target: Target) -> Explanation:
    """Half of the sum of |a - a'|, the mean over the rows drawn: 0 where nothing changed, 1 where no weight stayed where it was."""
    if "change" not in o.frame.tensors:
        raise error("nothing_off")
    head = index(target, "head", o.heads)
    now, then = o.array("drawn")[head], o.array("untouched")[head]
    rows = np.abs(now - then).sum(-1) / 2
    products: list[Product] = [
        ([Term(f"t_{{{i + 1}}}", float(value), meaning("row", {"token": unit.label}))], float(value))
        for i, (value, unit) in enumerate(zip(rows, o.units, strict=True))
    ]
    n = len(rows)
    equation = long_sum(
        r"c = \frac{1}{n} \sum_i t_i, \quad t_i = \tfrac{1}{2} \sum_j |a_{i,j} - a'_{i,j}|",
        products,
        label=line("change"),
        wrap=r"\frac{1}{\num{n}} \left( {} \right)",
        value=lambda total: total / n,
        more={"n": Term("n", n, meaning("rows"))},
    )
    theirs = float(o.frame.tensors["change"][head])
    values: dict[str, Plain | Message] = {"layer": o.named, "head": head + 1}
    return Explanation(
        Message("attention.encoder.title.change", values),
        target,
        [equation],
        equation.value,
        Reference("torch.Tensor.sum", theirs, abs(equation.value - theirs)),
        [Message("attention.encoder.remark.change")],
    )


def embedding(o: Opened, target: Target) -> Explanation:
    """cos = e . e': both have length 1."""
    if "untouched_embedding" not in o.frame.tensors:
        raise error("no_embedding")
    now, then = o.array("embedding"), o.array("untouched_embedding")
    products: list[Product] = [
        (
            [Term(f"e_{{{c + 1}}}", float(x), meaning("with_off")), Term(f"e'_{{{c + 1}}}", float(y), meaning("untouched"))],
            float(x * y),
        )
        for c, (x, y) in enumerate(zip(now, then, strict=True))
    ]
    equation = long_sum(r"\cos = e \cdot e'", products)
    a, b = (torch.from_numpy(np.asarray(o.frame.tensors[name])) for name in ("embedding", "untouched_embedding"))
    theirs = float(functional.cosine_similarity(a, b, dim=0))
    return Explanation(
        Message("attention.encoder.title.embedding"),
        target,
        [equation],
        equation.value,
        Reference("torch.nn.functional.cosine_similarity", theirs, abs(equation.value - theirs)),
        [Message("attention.encoder.remark.embedding")],
    )
