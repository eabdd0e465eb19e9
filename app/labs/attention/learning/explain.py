"""Values of ``attention/learning`` opened with the numbers of their checkpoint, torch's own beside them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from app.labs.attention.encoder.explain_weight import weight_lines
from app.labs.attention.encoder.opened import index, pair
from app.labs.attention.encoder.sums import Product, long_sum
from app.labs.attention.params.learning import LearningParams
from app.labs.contract import Equation, Explanation, Frame, Message, Plain, Reference, Scene, Target, Term, UserError
from app.nn.tasks import induction
from app.nn.tasks.pairs import Vocabulary
from app.nn.tasks.shipped import TASKS

LISTED = 3
"""Words of the likeliest that are listed beside the right one."""


@dataclass(frozen=True)
class Opened:
    """One layer of a checkpoint, as ``weight_lines`` reads it."""

    scene: Scene
    frame: Frame
    layer: int

    @property
    def queries(self) -> list[str]:
        return _list(self.scene, "queries")

    @property
    def tokens(self) -> list[str]:
        return _list(self.scene, "keys")

    def vector(self, name: str, head: int, token: int) -> NDArray[np.float64]:
        return np.asarray(self.frame.tensors[name][self.layer, head, token], np.float64)

    def seen(self, query: int) -> int:
        """The first so many keys may be seen."""
        return query + 1 if self.scene.note["causal"] else len(self.tokens)

    def row(self, head: int, query: int) -> NDArray[np.float64]:
        return self.vector("scaled", head, query)[: self.seen(query)]

    def letter(self, name: str, head: int) -> str:
        return f"{name}^{{{self.layer + 1},{head + 1}}}"

    def target(self, kind: str, **at: int) -> Target | None:
        """Scores open; the numbers of q and k are the network's own."""
        return {"kind": kind, "layer": self.layer, **at} if kind == "logit" else None

    def mask(self, query: int) -> Message:
        return _line("causal" if self.scene.note["causal"] else "unmasked")


def explain(params: LearningParams, scene: Scene, previous: Frame | None, frame: Frame, target: Target) -> Explanation:
    """Opens ``{"kind": "weight" | "logit", "layer", "head", "query", "key"}`` of the sentence's map, what its softmax was given;
    ``{"kind": "score", "layer", "head"}``, the mean on gold; ``{"kind": "loss", "at"}`` of a token that is asked. All from 0.

    Raises UserError for what does not exist.
    """
    kind = target.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise _error("kind", got=str(kind), known=", ".join(_KINDS))
    return _KINDS[kind](params, scene, frame, target)


def _weight(params: LearningParams, scene: Scene, frame: Frame, target: Target) -> Explanation:
    """From the dot product to the softmax's quotient; the logit is where the softmax begins."""
    layer, head = index(target, "layer", params.layers), index(target, "head", params.heads)
    o = Opened(scene, frame, layer)
    i, j = index(target, "query", len(o.queries)), index(target, "key", len(o.tokens))
    if j >= o.seen(i):
        raise _error("hidden", query=o.queries[i], key=o.tokens[j])
    whole = target["kind"] == "weight"
    equations = weight_lines(o, head, i, j)[: None if whole else 3]
    result = equations[-1].value
    q, k = (torch.from_numpy(np.asarray(frame.tensors[name][layer, head])) for name in "qk")
    if whole:
        road, keys = "torch.nn.functional.scaled_dot_product_attention", k[: o.seen(i)]
        theirs = float(functional.scaled_dot_product_attention(q[None, i : i + 1], keys[None], torch.eye(len(keys))[None])[0, 0, j])
    else:
        road, theirs = "torch.dot", float(torch.dot(q[i], k[j]) / math.sqrt(len(q[i])))
    return Explanation(
        Message(f"attention.learning.title.{target['kind']}", {**pair(o, i, j), **_where(layer, head, frame)}),
        target,
        equations,
        result,
        Reference(road, theirs, abs(result - theirs)),
        [Message("attention.encoder.remark.weight", {"query": o.queries[i]})] if whole else [],
    )


def _score(params: LearningParams, scene: Scene, frame: Frame, target: Target) -> Explanation:
    """The mean, over the rows that have gold, of the weight on it."""
    layer, head = index(target, "layer", params.layers), index(target, "head", params.heads)
    gold, letter = scene.tensors["gold"].astype(bool), f"a^{{{layer + 1},{head + 1}}}"
    queries, keys = _list(scene, "queries"), _list(scene, "keys")
    products: list[Product] = []
    for i, j in np.argwhere(gold).tolist():
        value = float(frame.tensors["maps"][layer, head, i, j])
        opens: Target = {"kind": "weight", "layer": layer, "head": head, "query": i, "key": j}
        meaning = Message("attention.encoder.term.weight", {"query": queries[i], "key": keys[j]})
        products.append(([Term(f"{letter}_{{{i + 1},{j + 1}}}", value, meaning, opens)], value))
    total = long_sum(rf"S = \sum_{{(i,j) \in G}} {letter}_{{i,j}}", products, label=_line("gold"))
    rows = int(gold.any(1).sum())
    terms = {"s": Term("S", total.value), "n": Term("n", rows, Message("attention.learning.term.rows"))}
    mean = Equation(r"s = \frac{S}{n}", r"\frac{\num{s}}{\num{n}}", total.value / rows, terms, _line("mean"))
    theirs = float(frame.tensors["here"][layer, head])
    about = "induction" if params.task == "induction" else "alignment"
    chance = round(float(scene.tensors["chance"][0]), 4)
    return Explanation(
        Message("attention.learning.title.score", _where(layer, head, frame)),
        target,
        [total, mean],
        mean.value,
        Reference("torch.sum", theirs, abs(mean.value - theirs)),
        [Message(f"attention.learning.remark.{about}"), Message("attention.encoder.remark.chance", {"chance": chance})],
    )


def _loss(params: LearningParams, scene: Scene, frame: Frame, target: Target) -> Explanation:
    """-ln p of the right token, p the softmax's share of its logit."""
    wanted = _list(scene, "wanted")
    at = index(target, "at", len(wanted))
    row = np.asarray(frame.tensors["logits"][at], np.float64)
    words = _words(params)
    right = words.index(wanted[at])
    order = [int(k) for k in np.argsort(-row, kind="stable")[:LISTED]]
    shown = sorted({*order, right})
    most = float(row.max())
    terms = {
        f"n{k}": Term(f"z_{{{k}}}", float(row[k]), Message("attention.learning.term.logit", {"word": words[k]})) for k in shown
    }
    hat = Term(r"\hat z", most, Message("attention.learning.term.largest", {"word": words[order[0]]}))
    exp = np.exp(row - most)
    rest = Term(
        rf"\Sigma_{{{len(row) - len(shown)}}}",
        math.fsum(float(exp[k]) for k in range(len(row)) if k not in shown),
        Message("attention.learning.term.rest", {"count": len(row) - len(shown)}),
    )
    parts = [*(rf"e^{{\num{{n{k}}} - \num{{h}}}}" for k in shown), r"\num{r}"]
    split = (
        r"\begin{aligned} & "
        + r" \\ & {} + ".join(" + ".join(parts[k : k + 2]) for k in range(0, len(parts), 2))
        + r" \end{aligned}"
    )
    below = Equation(
        r"z = \sum_k e^{z_k - \hat z}", split, math.fsum(map(float, exp)), {**terms, "h": hat, "r": rest}, _line("words")
    )
    total = Term("z", below.value)
    share = Equation(
        rf"p = \frac{{e^{{z_{{{right}}} - \hat z}}}}{{z}}",
        rf"\frac{{e^{{\num{{n{right}}} - \num{{h}}}}}}{{\num{{z}}}}",
        float(exp[right]) / below.value,
        {f"n{right}": terms[f"n{right}"], "h": hat, "z": total},
        _line("share", {"word": wanted[at]}),
    )
    loss = Equation(
        r"\ell = -\ln p", r"-\ln \num{p}", -math.log(share.value) if share.value else math.inf, {"p": Term("p", share.value)}
    )
    theirs = float(functional.cross_entropy(torch.from_numpy(frame.tensors["logits"][at : at + 1]), torch.tensor([right])))
    return Explanation(
        Message("attention.learning.title.loss", {"word": wanted[at], "trained": frame.note["trained"]}),
        target,
        [below, share, loss],
        loss.value,
        Reference("torch.nn.functional.cross_entropy", theirs, abs(loss.value - theirs)),
        [Message("attention.learning.remark.loss")],
    )


def _words(params: LearningParams) -> Sequence[str]:
    """What the logits are of, in order."""
    return induction.VOCABULARY.words if params.task == "induction" else Vocabulary(TASKS[params.task]().target_words).words


def _list(scene: Scene, name: str) -> list[str]:
    return scene.note[name]  # type: ignore[return-value]


def _where(layer: int, head: int, frame: Frame) -> dict[str, Plain | Message]:
    return {"layer": layer + 1, "head": head + 1, "trained": frame.note["trained"]}


def _line(name: str, values: Mapping[str, Plain | Message] | None = None) -> Message:
    return Message(f"attention.learning.line.{name}", values or {})


def _error(id: str, **values: Plain) -> UserError:
    return UserError(Message(f"attention.learning.error.{id}", dict(values)))


_KINDS: Mapping[str, Callable[[LearningParams, Scene, Frame, Target], Explanation]] = {
    "weight": _weight,
    "logit": _weight,
    "score": _score,
    "loss": _loss,
}
