"""What was drawn, opened: which token u falls on, its probability after the cut, at the temperature, as the model says it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch

from app.labs.contract import Equation, Explanation, Frame, Message, Plain, Reference, Target, Term, UserError
from app.labs.writing import said
from app.labs.writing.drawing import Writer, distributions

KINDS = ("draw", "surprise", "probability", "tempered", "drawn_from", "logit")

Logit = Callable[[int], tuple[Equation, Reference]]
"""A token's number to what its logit comes from."""


def explain(writer: Writer, frame: Frame, target: Target, logit: Logit | None) -> Explanation:
    """Opens ``{"kind": "draw" | "surprise"}`` and ``{"kind": "probability" | "tempered" | "drawn_from" | "logit", "token"}``.

    ``frame`` has ``logits`` (V,); ``logit`` None: the model says its probabilities without any. Raises UserError for what does not
    exist, and in frame 0, where nothing is written.
    """
    kind = target.get("kind")
    if kind not in KINDS:
        raise error("kind", got=str(kind))
    if frame.step == 0:
        raise error("none_yet")
    here = _Step(writer, frame, logit)
    if kind == "draw":
        return here.draw(target)
    if kind == "surprise":
        return here.surprise(target)
    k = _token(writer.vocabulary, target)
    return {"logit": here.logit, "probability": here.probability, "tempered": here.tempered, "drawn_from": here.drawn_from}[
        str(kind)
    ](k, target)


class _Step:
    """The distribution of one frame, computed anew from its logits in float64."""

    def __init__(self, writer: Writer, frame: Frame, logit: Logit | None) -> None:
        self.writer, self.frame, self.own_logit = writer, frame, logit
        self.logits = np.asarray(frame.tensors["logits"], np.float64)
        self.p, self.made = distributions(torch.from_numpy(self.logits), writer.draw, writer.never)
        self.known = self.logits.copy()
        self.known[list(writer.never)] = -np.inf
        self.greedy = writer.draw.temperature == 0

    def logit(self, k: int, target: Target) -> Explanation:
        if self.own_logit is None:
            raise error("no_head")
        line, reference = self.own_logit(k)
        return self._told("logit", k, target, [line], reference)

    def probability(self, k: int, target: Target) -> Explanation:
        line = said.probability(self.logits, k, opens=self.own_logit is not None)
        own = float(torch.softmax(torch.from_numpy(self.logits), -1)[k])
        remarks = [] if self.own_logit is not None else [Message("writing.remark.logarithm")]
        return self._told("probability", k, target, [line], _against("torch.softmax", own, line.value), remarks)

    def tempered(self, k: int, target: Target) -> Explanation:
        own = float(self.made.tempered[0, k])
        if k in self.writer.never:
            line = Equation(rf"q_{{{k + 1}}} = 0", r"\num{q}", own, {"q": Term(rf"q_{{{k + 1}}}", own)})
            return self._told("tempered", k, target, [line], None, [Message("writing.remark.never")])
        if self.greedy:
            line = Equation(rf"q_{{{k + 1}}}", r"\num{q}", own, {"q": Term(rf"q_{{{k + 1}}}", own)})
            return self._told("tempered", k, target, [line], None, [Message("writing.remark.greedy")])
        temperature = self.writer.draw.temperature
        line = said.probability(self.known, k, temperature, self.own_logit is not None)
        own = float(torch.softmax(torch.from_numpy(self.known) / temperature, -1)[k])
        remarks = [Message("writing.remark.unknown")]
        return self._told("tempered", k, target, [line], _against("torch.softmax", own, line.value), remarks)

    def drawn_from(self, k: int, target: Target) -> Explanation:
        r"""q / \sum_{kept} q, 0 where it is cut."""
        kept, q = self.made.kept[0], self.made.tempered[0]
        count, own = int(kept.sum()), float(self.made.drawn_from[0, k])
        symbol = rf"\tilde q_{{{k + 1}}}"
        remarks = [Message("writing.remark.kept", {"count": count, "all": len(q), "share": float(q[kept].sum())})]
        if not kept[k]:
            line = Equation(f"{symbol} = 0", r"\num{z}", 0.0, {"z": Term(symbol, 0.0)})
            remarks.insert(0, Message("writing.remark.never") if k in self.writer.never else self._cut(q, k))
            return self._told("drawn_from", k, target, [line], _against("app.nn.decoding.cut", own, 0.0), remarks)
        part = Term(rf"q_{{{k + 1}}}", float(q[k]), target={"kind": "tempered", "token": k})
        mass = math.fsum(q[kept].tolist())
        whole = Term(r"\Sigma", mass, Message("writing.term.kept", {"count": count}))
        formula = rf"{symbol} = \frac{{q_{{{k + 1}}}}}{{\sum_{{j\,\text{{kept}}}} q_j}}"
        line = Equation(formula, r"\frac{\num{q}}{\num{s}}", part.value / mass, {"q": part, "s": whole})
        return self._told("drawn_from", k, target, [line], _against("app.nn.decoding.cut", own, line.value), remarks)

    def draw(self, target: Target) -> Explanation:
        """F, where its piece ends: below <= u < F."""
        k = int(self.frame.note["id"])  # type: ignore[arg-type]
        u, below = float(self.frame.tensors["u"][0]), float(self.frame.tensors["below"][0])
        piece = float(self.made.drawn_from[0, k])
        name: Target = {"kind": "drawn_from", "token": k}
        low = Term(r"F_{-}", below, Message("writing.term.below", {"count": int(self.frame.note["rank"])}))  # type: ignore[arg-type]
        own = Term(rf"\tilde q_{{{k + 1}}}", piece, target=name)
        line = Equation(rf"F = F_{{-}} + \tilde q_{{{k + 1}}}", r"\num{b} + \num{p}", below + piece, {"b": low, "p": own})
        if math.isnan(u):
            return self._told("draw", k, target, [line], None, [Message("writing.remark.chosen")])
        found: dict[str, Plain | Message] = {"u": u, "low": below, "high": line.value}
        remarks = [Message("writing.remark.falls", found)]
        if self.greedy:
            remarks.append(Message("writing.remark.greedy"))
        return self._told("draw", k, target, [line], None, remarks)

    def surprise(self, target: Target) -> Explanation:
        """-ln p of what was written."""
        k = int(self.frame.note["id"])  # type: ignore[arg-type]
        p = float(self.p[k])
        term = Term(rf"p_{{{k + 1}}}", p, target={"kind": "probability", "token": k})
        line = Equation(rf"-\ln p_{{{k + 1}}}", r"-\ln \num{p}", -math.log(p) if p > 0 else math.inf, {"p": term})
        other = torch.nn.functional.cross_entropy(torch.from_numpy(self.logits)[None], torch.tensor([k]))
        return self._told("surprise", k, target, [line], _against("functional.cross_entropy", float(other), line.value))

    def _cut(self, q: torch.Tensor, k: int) -> Message:
        """What cuts token k; of equal ones the later ones in the vocabulary are."""
        draw = self.writer.draw
        if draw.temperature == 0:
            return Message("writing.remark.greedy")
        likelier = q > q[k]
        if draw.top_k is not None and (draw.top_p == 1 or int(likelier.sum()) >= draw.top_k):
            return Message("writing.remark.cut_k", {"k": draw.top_k})
        return Message("writing.remark.cut_p", {"p": draw.top_p})

    def _told(
        self,
        kind: str,
        k: int,
        target: Target,
        lines: list[Equation],
        reference: Reference | None,
        remarks: list[Message] | None = None,
    ) -> Explanation:
        values: dict[str, Plain | Message] = {"token": said.shown(self.writer.vocabulary[k]), "step": self.frame.step}
        title = Message(f"writing.title.{kind}", values)
        return Explanation(title, target, lines, lines[-1].value, reference, remarks or [], {"token": k})


def _against(name: str, own: float, value: float) -> Reference:
    return Reference(name, own, abs(value - own))


def _token(vocabulary: Sequence[str], target: Target) -> int:
    value = target.get("token", 0)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < len(vocabulary):
        raise error("index", got=str(value), last=len(vocabulary) - 1)
    return value


def error(id: str, **values: Plain) -> UserError:
    return UserError(Message(f"writing.error.{id}", dict(values)))
