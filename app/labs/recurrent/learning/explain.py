"""Values of ``recurrent/learning`` opened with the weights of their checkpoint."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from app.labs.contract import Equation, Explanation, Frame, Message, Plain, Reference, Scene, Target, Term, UserError
from app.labs.recurrent.arithmetic import NAMES, Cell, lines
from app.labs.recurrent.params.learning import LearningParams


def explain(params: LearningParams, scene: Scene, previous: Frame | None, frame: Frame, target: Target) -> Explanation:
    """Opens ``{"kind": "value", "name", "step", "direction", "unit"}``, ``step`` from 1 and ``unit`` from 0, of the filmed example;
    ``{"kind": "answer", "step"}``, its loss there; ``{"kind": "accuracy"}`` of the test examples.

    Raises UserError for what does not exist.
    """
    kind = target.get("kind")
    if kind == "value":
        return _value(params, scene, frame, target)
    if kind == "answer":
        return _answer(params, scene, frame, target)
    if kind == "accuracy":
        return _accuracy(params, scene, frame, target)
    raise _error("kind", got=str(kind))


def _cell(params: LearningParams, scene: Scene, frame: Frame, t: int, d: int) -> Cell:
    """The example's step t (from 0) in one direction, at one checkpoint."""
    jordan = params.cell == "jordan"
    end = "" if jordan else "_l0_reverse" if d else "_l0"
    own = {"weight_ih": "w_ih", "weight_hh": "w_hh", "bias_ih": "b_ih"}
    torchs = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    called = own if jordan else {name: f"{name}{end}" for name in torchs}
    before = t + 1 if d else t - 1
    read = 0 <= before < params.length_of

    def at(name: str, step: int) -> np.ndarray:
        return np.asarray(frame.tensors[name][step, d], np.float64)

    def past(name: str) -> np.ndarray:
        return at(name, before) if read else np.zeros(params.hidden)

    def opens(name: str, past: bool) -> Target | None:
        step = before if past else t
        if not 0 <= step < params.length_of:
            return None
        return {"kind": "value", "name": name, "step": step + 1, "direction": d}

    return Cell(
        params.cell,
        {name: np.asarray(frame.tensors[f"weight/core.{mine}"], np.float64) for name, mine in called.items()},
        np.asarray(scene.tensors["x"][t], np.float64),
        {"s": at("s", t)} if jordan else {name: past(name) for name in "hc" if name in frame.tensors},
        {name: at(name, t) for name in NAMES[params.cell]},
        t + 1,
        before + 1,
        opens,
    )


def _value(params: LearningParams, scene: Scene, frame: Frame, target: Target) -> Explanation:
    names = NAMES[params.cell]
    name = target.get("name")
    if not isinstance(name, str) or name not in list(names):
        raise _error("name", got=str(name), known=", ".join(names))
    d = _index(target, "direction", params.directions, 0)
    t = _index(target, "step", params.length_of + 1, params.length_of, 1) - 1
    u = _index(target, "unit", params.hidden, 0)
    found = lines(_cell(params, scene, frame, t, d), name, u)
    own = float(frame.tensors[name][t, d, u])
    result = found[-1].value
    return Explanation(
        Message("recurrent.learning.title.value", {"name": name, "step": t + 1, "unit": u + 1, "trained": frame.note["step"]}),
        target,
        found,
        result,
        Reference(f"app.nn.recurrent.cells.{params.cell}", own, abs(result - own)),
        [],
        {"name": name, "step": t, "direction": d, "unit": u},
    )


def _answer(params: LearningParams, scene: Scene, frame: Frame, target: Target) -> Explanation:
    """-ln p of the right class, or the square of what a number is off by."""
    y, answer = scene.tensors["y"], frame.tensors["answer"]
    first = params.length_of - len(y)
    t = _index(target, "step", params.length_of + 1, params.length_of, first + 1) - 1
    right, given = y[t - first], answer[t - first]
    title: dict[str, Plain | Message] = {"step": t + 1, "trained": frame.note["step"]}
    if not scene.note["classes"]:
        off = float(given[0]) - float(right)
        terms = {"y": Term(r"\hat y", float(given[0])), "t": Term("y", float(right))}
        line = Equation(r"(\hat y - y)^2", r"(\num{y} - \num{t})^2", off * off, terms)
    else:
        p = float(given[int(right)])
        line = Equation(rf"-\ln p_{{{int(right) + 1}}}", r"-\ln \num{p}", -math.log(p) if p > 0 else math.inf, {"p": Term("p", p)})
    own = _torchs_loss(scene, given, right)
    return Explanation(
        Message("recurrent.learning.title.answer", title),
        target,
        [line],
        line.value,
        Reference("torch", own, abs(line.value - own)),
    )


def _torchs_loss(scene: Scene, given: np.ndarray, right: Any) -> float:
    import torch
    from torch.nn import functional

    if not scene.note["classes"]:
        return float(functional.mse_loss(torch.tensor(given[0]), torch.tensor(right)))
    return float(functional.nll_loss(torch.tensor(given).double().log()[None], torch.tensor([int(right)])))


def _accuracy(params: LearningParams, scene: Scene, frame: Frame, target: Target) -> Explanation:
    """Right answers over all, from the confusion matrix; a task that asks for a number has none."""
    if not scene.note["classes"]:
        raise _error("no_classes")
    confusion = frame.tensors["confusion"]
    right, count = int(np.trace(confusion)), int(confusion.sum())
    terms = {"right": Term("n", right, Message("recurrent.learning.term.right")), "all": Term("N", count)}
    line = Equation(r"\frac{n}{N}", r"\frac{\num{right}}{\num{all}}", right / count, terms)
    own = float(frame.tensors["accuracy"][0])
    return Explanation(
        Message("recurrent.learning.title.accuracy", {"trained": frame.note["step"]}),
        target,
        [line],
        line.value,
        Reference("torch", own, abs(line.value - own)),
    )


def _index(target: Target, name: str, end: int, missing: int, first: int = 0) -> int:
    """A whole number of the target from ``first`` to end - 1. Raises UserError for anything else."""
    value = target.get(name, missing)
    if isinstance(value, bool) or not isinstance(value, int) or not first <= value < end:
        raise _error("index", name=name, got=str(value), first=first, last=end - 1)
    return value


def _error(id: str, **values: Plain) -> UserError:
    return UserError(Message(f"recurrent.learning.error.{id}", dict(values)))
