"""Values of ``recurrent/learning`` opened with the weights of their checkpoint."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from app.labs.contract import Equation, Explanation, Frame, Message, Plain, Reference, Scene, Target, Term, UserError
from app.labs.recurrent.params.learning import LearningParams

SHOWN, PER_ROW = 4, 2
"""Terms of a long sum that stand alone, the largest; the others are one."""
GATES = {"rnn": "h", "jordan": "h", "lstm": "ifgo", "gru": "rzn"}
SIGMOID = set("iforz")


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


class _Reading:
    """The example at one checkpoint: what each symbol was, in one direction."""

    def __init__(self, params: LearningParams, scene: Scene, frame: Frame, d: int) -> None:
        self.params, self.d = params, d
        self.x = scene.tensors["x"]
        self.frame = frame
        self.steps = len(self.x)

    def weight(self, name: str) -> np.ndarray:
        """torch's names; a Jordan network has its own."""
        end = "" if self.params.cell == "jordan" else "_l0_reverse" if self.d else "_l0"
        own = {"weight_ih": "w_ih", "weight_hh": "w_hh", "bias_ih": "b_ih"}
        called = own[name] if self.params.cell == "jordan" else name
        return np.asarray(self.frame.tensors[f"weight/core.{called}{end}"], np.float64)

    def at(self, name: str, t: int) -> np.ndarray:
        """(H,), zeros before the first step that this direction reads."""
        whole = np.asarray(self.frame.tensors[name], np.float64)
        return whole[t, self.d] if 0 <= t < self.steps else np.zeros_like(whole[0, 0])

    def before(self, t: int) -> int:
        """The step that was read before."""
        return t + 1 if self.d else t - 1

    def back(self, t: int) -> np.ndarray:
        """What comes back: h of the step before, of a Jordan network its answer."""
        return self.at("s", t) if self.params.cell == "jordan" else self.at("h", self.before(t))


def _value(params: LearningParams, scene: Scene, frame: Frame, target: Target) -> Explanation:
    names = {"rnn": "h", "jordan": "h", "lstm": "ifgoch", "gru": "rznh"}[params.cell]
    name = target.get("name")
    if not isinstance(name, str) or name not in list(names):
        raise _error("name", got=str(name), known=", ".join(names))
    d = _index(target, "direction", params.directions, 0)
    t = _index(target, "step", params.length_of + 1, params.length_of, 1) - 1
    u = _index(target, "unit", params.hidden, 0)
    r = _Reading(params, scene, frame, d)
    mixed = params.cell in ("lstm", "gru") and name in "ch"
    lines = [_mixed(r, name, t, u)] if mixed else _gate(r, name, t, u)
    own = float(r.at(name, t)[u])
    result = lines[-1].value
    return Explanation(
        Message("recurrent.learning.title.value", {"name": name, "step": t + 1, "unit": u + 1, "trained": frame.note["step"]}),
        target,
        lines,
        result,
        Reference(f"app.nn.recurrent.cells.{params.cell}", own, abs(result - own)),
        [],
        {"name": name, "step": t, "direction": d, "unit": u},
    )


def _gate(r: _Reading, name: str, t: int, u: int) -> list[Equation]:
    """Its pre-activation, then its function: sigma, or tanh of a candidate and of a simple network's h."""
    gates = GATES[r.params.cell]
    row = gates.index(name) * r.params.hidden + u
    parts = [Term("b", float(r.weight("bias_ih")[row]))]
    x, w = r.x[t], r.weight("weight_ih")[row]
    products: list[tuple[list[Term], float]] = []
    for j in np.flatnonzero(x).tolist():
        products.append(
            ([Term(f"W_{{{u + 1},{j + 1}}}", float(w[j])), Term(f"x_{{{t + 1},{j + 1}}}", float(x[j]))], float(w[j] * x[j]))
        )
    h, v = r.back(t), r.weight("weight_hh")[row]
    symbol = "s" if r.params.cell == "jordan" else "h"
    reset = r.at("r", t)[u] if (r.params.cell, name) == ("gru", "n") else None
    backs = []
    for j in range(len(h)):
        factor = [Term(f"U_{{{u + 1},{j + 1}}}", float(v[j])), Term(f"{symbol}_{{{r.before(t) + 1},{j + 1}}}", float(h[j]))]
        backs.append((factor, float(v[j] * h[j])))
    other = [] if r.params.cell == "jordan" else [Term("d", float(r.weight("bias_hh")[row]))]
    lines = []
    if reset is None:
        a = _sum(f"a = W x_{{{t + 1}}} + U {symbol}_{{{r.before(t) + 1}}} + b", [*parts, *other], [*products, *backs])
    else:
        q = _sum(f"q = U h_{{{r.before(t) + 1}}} + d", other, backs)
        a = _sum(
            f"a = W x_{{{t + 1}}} + b + r \\, q",
            parts,
            [*products, ([Term("r", float(reset)), Term("q", q.value)], float(reset) * q.value)],
        )
        lines.append(q)
    call, function = (r"\sigma", _sigmoid) if name in SIGMOID else (r"\tanh", math.tanh)
    y = Equation(rf"{name}_{{{t + 1},{u + 1}}} = {call}(a)", rf"{call}(\num{{a}})", function(a.value), {"a": Term("a", a.value)})
    return [*lines, a, y]


def _mixed(r: _Reading, name: str, t: int, u: int) -> Equation:
    """c = f c' + i g, h = o tanh c; of a GRU h = (1 - z) n + z h'."""

    def term(of: str, at: int) -> Term:
        known = 0 <= at < r.steps
        target: Target | None = {"kind": "value", "name": of, "step": at + 1, "direction": r.d, "unit": u} if known else None
        return Term(f"{of}_{{{at + 1},{u + 1}}}", float(r.at(of, at)[u]), target=target)

    past = r.before(t)
    if r.params.cell == "gru":
        z, n, h = term("z", t), term("n", t), term("h", past)
        value = (1 - z.value) * n.value + z.value * h.value
        formula = f"h = (1 - {z.latex}) \\, {n.latex} + {z.latex} \\, {h.latex}"
        return Equation(formula, r"(1 - \num{z}) \cdot \num{n} + \num{z} \cdot \num{h}", value, {"z": z, "n": n, "h": h})
    if name == "c":
        f, c, i, g = term("f", t), term("c", past), term("i", t), term("g", t)
        value = f.value * c.value + i.value * g.value
        formula = f"c = {f.latex} \\, {c.latex} + {i.latex} \\, {g.latex}"
        return Equation(formula, r"\num{f} \cdot \num{c} + \num{i} \cdot \num{g}", value, {"f": f, "c": c, "i": i, "g": g})
    o, c = term("o", t), term("c", t)
    formula = f"h = {o.latex} \\tanh {c.latex}"
    return Equation(formula, r"\num{o} \cdot \tanh(\num{c})", o.value * math.tanh(c.value), {"o": o, "c": c})


def _sum(formula: str, singles: Sequence[Term], products: Sequence[tuple[Sequence[Term], float]]) -> Equation:
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
        pieces.append(name(Term(rf"\Sigma_{{{len(rest)}}}", left, Message("recurrent.learning.term.rest", {"count": len(rest)}))))
    pieces += [name(term) for term in singles]
    rows = [" + ".join(pieces[at : at + PER_ROW]) for at in range(0, len(pieces), PER_ROW)]
    written = rows[0] if len(rows) == 1 else r"\begin{aligned} & " + r" \\ & {} + ".join(rows) + r" \end{aligned}"
    value = math.fsum([*(value for _, value in products), *(term.value for term in singles)])
    return Equation(formula, written, value, terms)


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


def _sigmoid(a: float) -> float:
    return 1 / (1 + math.exp(-a)) if a >= 0 else math.exp(a) / (1 + math.exp(a))


def _index(target: Target, name: str, end: int, missing: int, first: int = 0) -> int:
    """A whole number of the target from ``first`` to end - 1. Raises UserError for anything else."""
    value = target.get(name, missing)
    if isinstance(value, bool) or not isinstance(value, int) or not first <= value < end:
        raise _error("index", name=name, got=str(value), first=first, last=end - 1)
    return value


def _error(id: str, **values: Plain) -> UserError:
    return UserError(Message(f"recurrent.learning.error.{id}", dict(values)))
