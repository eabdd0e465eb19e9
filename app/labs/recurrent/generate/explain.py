"""Values of ``recurrent/generate`` opened: which character u falls on, its probability before and after the cut, a logit."""

from __future__ import annotations

import math

import numpy as np
import torch

from app.labs.contract import Equation, Explanation, Frame, Message, Plain, Reference, Scene, Target, Term, UserError
from app.labs.recurrent import said
from app.labs.recurrent.generate.drawing import NEVER, distributions
from app.labs.recurrent.params.generate import GenerateParams
from app.labs.recurrent.trained import Model, shipped

KINDS = ("draw", "surprise", "probability", "tempered", "drawn_from", "logit")


def explain(params: GenerateParams, scene: Scene, previous: Frame | None, frame: Frame, target: Target) -> Explanation:
    """Opens ``{"kind": "draw" | "surprise"}`` and ``{"kind": "probability" | "tempered" | "drawn_from" | "logit", "token"}``.

    Raises UserError for what does not exist, and in frame 0, where nothing is written.
    """
    kind = target.get("kind")
    if kind not in KINDS:
        raise _error("kind", got=str(kind))
    if frame.step == 0:
        raise _error("none_yet")
    model = shipped(params.model)
    here = _Step(params, model, scene, frame)
    if kind == "draw":
        return here.draw(target)
    if kind == "surprise":
        return here.surprise(target)
    k = _token(scene, target)
    return {"logit": here.logit, "probability": here.probability, "tempered": here.tempered, "drawn_from": here.drawn_from}[
        str(kind)
    ](k, target)


class _Step:
    """The distribution of one frame, computed anew from its logits in float64."""

    def __init__(self, params: GenerateParams, model: Model, scene: Scene, frame: Frame) -> None:
        self.params, self.model, self.scene, self.frame = params, model, scene, frame
        self.logits = np.asarray(frame.tensors["logits"], np.float64)
        self.p, self.made = distributions(torch.from_numpy(self.logits), params)
        self.known = np.where(np.arange(len(self.logits)) == NEVER, -np.inf, self.logits)
        self.greedy = params.temperature == 0

    def logit(self, k: int, target: Target) -> Explanation:
        if self.model.head is None:
            raise _error("no_head")
        line, reference = said.logit(self.model.head, np.asarray(self.frame.tensors["h"], np.float64), self.frame.step, k)
        return self._told("logit", k, target, [line], reference)

    def probability(self, k: int, target: Target) -> Explanation:
        line = said.probability(self.logits, k, opens=self.model.head is not None)
        own = float(torch.softmax(torch.from_numpy(self.logits), -1)[k])
        remarks = [] if self.model.head is not None else [Message("recurrent.generate.remark.logarithm")]
        return self._told("probability", k, target, [line], _against("torch.softmax", own, line.value), remarks)

    def tempered(self, k: int, target: Target) -> Explanation:
        own = float(self.made.tempered[0, k])
        if k == NEVER:
            line = Equation(rf"q_{{{k + 1}}} = 0", r"\num{q}", own, {"q": Term(rf"q_{{{k + 1}}}", own)})
            return self._told("tempered", k, target, [line], None, [Message("recurrent.generate.remark.never")])
        if self.greedy:
            line = Equation(rf"q_{{{k + 1}}}", r"\num{q}", own, {"q": Term(rf"q_{{{k + 1}}}", own)})
            return self._told("tempered", k, target, [line], None, [Message("recurrent.generate.remark.greedy")])
        line = said.probability(self.known, k, self.params.temperature, self.model.head is not None)
        own = float(torch.softmax(torch.from_numpy(self.known) / self.params.temperature, -1)[k])
        remarks = [Message("recurrent.generate.remark.unknown")]
        return self._told("tempered", k, target, [line], _against("torch.softmax", own, line.value), remarks)

    def drawn_from(self, k: int, target: Target) -> Explanation:
        r"""q / \sum_{kept} q, 0 where it is cut."""
        kept, q = self.made.kept[0], self.made.tempered[0]
        count, own = int(kept.sum()), float(self.made.drawn_from[0, k])
        symbol = rf"\tilde q_{{{k + 1}}}"
        remarks = [Message("recurrent.generate.remark.kept", {"count": count, "all": len(q), "share": float(q[kept].sum())})]
        if not kept[k]:
            line = Equation(f"{symbol} = 0", r"\num{z}", 0.0, {"z": Term(symbol, 0.0)})
            remarks.insert(0, Message("recurrent.generate.remark.never") if k == NEVER else _cut(self.params, q, k))
            return self._told("drawn_from", k, target, [line], _against("app.nn.decoding.cut", own, 0.0), remarks)
        part = Term(rf"q_{{{k + 1}}}", float(q[k]), target={"kind": "tempered", "token": k})
        mass = math.fsum(q[kept].tolist())
        whole = Term(r"\Sigma", mass, Message("recurrent.generate.term.kept", {"count": count}))
        formula = rf"{symbol} = \frac{{q_{{{k + 1}}}}}{{\sum_{{j\,\text{{kept}}}} q_j}}"
        line = Equation(formula, r"\frac{\num{q}}{\num{s}}", part.value / mass, {"q": part, "s": whole})
        return self._told("drawn_from", k, target, [line], _against("app.nn.decoding.cut", own, line.value), remarks)

    def draw(self, target: Target) -> Explanation:
        """F, where its piece ends: below <= u < F."""
        k = int(self.frame.note["id"])  # type: ignore[arg-type]
        u, below = float(self.frame.tensors["u"][0]), float(self.frame.tensors["below"][0])
        piece = float(self.made.drawn_from[0, k])
        name: Target = {"kind": "drawn_from", "token": k}
        low = Term(r"F_{-}", below, Message("recurrent.generate.term.below", {"count": int(self.frame.note["rank"])}))  # type: ignore[arg-type]
        own = Term(rf"\tilde q_{{{k + 1}}}", piece, target=name)
        line = Equation(rf"F = F_{{-}} + \tilde q_{{{k + 1}}}", r"\num{b} + \num{p}", below + piece, {"b": low, "p": own})
        if math.isnan(u):
            return self._told("draw", k, target, [line], None, [Message("recurrent.generate.remark.chosen")])
        found: dict[str, Plain | Message] = {"u": u, "low": below, "high": line.value}
        remarks = [Message("recurrent.generate.remark.falls", found)]
        if self.greedy:
            remarks.append(Message("recurrent.generate.remark.greedy"))
        return self._told("draw", k, target, [line], None, remarks)

    def surprise(self, target: Target) -> Explanation:
        """-ln p of what was written."""
        k = int(self.frame.note["id"])  # type: ignore[arg-type]
        p = float(self.p[k])
        term = Term(rf"p_{{{k + 1}}}", p, target={"kind": "probability", "token": k})
        line = Equation(rf"-\ln p_{{{k + 1}}}", r"-\ln \num{p}", -math.log(p) if p > 0 else math.inf, {"p": term})
        other = torch.nn.functional.cross_entropy(torch.from_numpy(self.logits)[None], torch.tensor([k]))
        return self._told("surprise", k, target, [line], _against("functional.cross_entropy", float(other), line.value))

    def _told(
        self,
        kind: str,
        k: int,
        target: Target,
        lines: list[Equation],
        reference: Reference | None,
        remarks: list[Message] | None = None,
    ) -> Explanation:
        values: dict[str, Plain | Message] = {"token": said.shown(self.model.vocabulary[k]), "step": self.frame.step}
        title = Message(f"recurrent.generate.title.{kind}", values)
        return Explanation(title, target, lines, lines[-1].value, reference, remarks or [], {"token": k})


def _cut(params: GenerateParams, q: torch.Tensor, k: int) -> Message:
    """What cuts character k; of equal ones the later ones in the vocabulary are."""
    if params.temperature == 0:
        return Message("recurrent.generate.remark.greedy")
    likelier = q > q[k]
    if params.top_k is not None and (params.top_p == 1 or int(likelier.sum()) >= params.top_k):
        return Message("recurrent.generate.remark.cut_k", {"k": params.top_k})
    return Message("recurrent.generate.remark.cut_p", {"p": params.top_p})


def _against(name: str, own: float, value: float) -> Reference:
    return Reference(name, own, abs(value - own))


def _token(scene: Scene, target: Target) -> int:
    vocabulary = scene.note["vocabulary"]
    assert isinstance(vocabulary, list)
    value = target.get("token", 0)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < len(vocabulary):
        raise _error("index", got=str(value), last=len(vocabulary) - 1)
    return value


def _error(id: str, **values: Plain) -> UserError:
    return UserError(Message(f"recurrent.generate.error.{id}", dict(values)))
