r"""Every number of ``optimizer/training`` opened: medians over the seeds, mean losses, shares, norms, rates, probabilities.

A target is ``{"kind": "band", "name": NAME, "racer": R, "quantile": 0 | 1 | 2}`` for a quartile or the median over the seeds;
``{"kind": "value", "name": NAME, "racer": R, "seed": S}`` for one seed's own, S from 0; ``{"kind": "tuned", "racer": R}`` for the
rate chosen before the race; ``{"kind": "picture", "racer": R, "x": X, "y": Y}``, pixels from 0, for what the network says there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch

from app.labs.contract import Equation, Explanation, Frame, Message, Plain, Reference, Scene, Target, Term, UserError
from app.labs.optimizer import explain_schedules
from app.labs.optimizer.explain_sheet import Sheet
from app.labs.optimizer.explain_symbols import LATEX
from app.labs.optimizer.params.task import PICTURES
from app.labs.optimizer.params.training import TrainingParams
from app.labs.optimizer.rules.table import RULES
from app.labs.optimizer.training.data import CLASSES, network
from app.labs.optimizer.training.measure import QUANTILES
from app.nn.feedforward import attach

PARTS = ("train", "validation", "test")
LOSSES = ("train_loss", "validation_loss", "test_loss")
ACCURACIES = ("train_accuracy", "validation_accuracy", "test_accuracy")
NORMS = ("gradient", "distance")


def names_of(params: TrainingParams) -> tuple[str, ...]:
    """What is measured of every network."""
    return (*LOSSES, *(ACCURACIES if params.data != "line" else ()), *NORMS, "lr")


def targets(params: TrainingParams) -> Sequence[Target]:
    """One example of every kind of value that can be opened."""
    found: list[Target] = [{"kind": "value", "name": name, "racer": 0, "seed": 0} for name in names_of(params)]
    found += [{"kind": "band", "name": "test_loss", "racer": 0, "quantile": q} for q in range(3)]
    if params.data not in PICTURES:
        found.append({"kind": "picture", "racer": 0, "x": 20, "y": 0 if params.data == "line" else 30})
    if params.tuning:
        found.append({"kind": "tuned", "racer": 0})
    return found


def explain(params: TrainingParams, scene: Scene, previous: Frame | None, frame: Frame, target: Target) -> Explanation:
    """See the module. Raises UserError for what does not exist."""
    kind = target.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise _error("kind", got=str(kind), known=", ".join(_KINDS))
    return _KINDS[kind](params, scene, frame, target)


def _band(params: TrainingParams, scene: Scene, frame: Frame, target: Target) -> Explanation:
    """The q-quantile of sorted numbers v_1 .. v_S: place h = (S - 1) q, between the numbers at either side of it."""
    name, r, k = _name(params, target), _index(target, "racer", len(params.racers)), _index(target, "quantile", 3, 1)
    values = np.asarray(frame.tensors[f"seeds/{name}"][r], np.float64)
    order, q = np.argsort(values, kind="stable"), QUANTILES[k]
    place = (len(values) - 1) * q
    i = min(int(place), len(values) - 1)
    j = min(i + 1, len(values) - 1)

    def opens(at: int) -> Target:
        return {"kind": "value", "name": name, "racer": r, "seed": int(order[at])}

    low, high = float(values[order[i]]), float(values[order[j]])
    lines = [
        Equation("h = (S - 1) q", r"(\num{S} - 1) \cdot \num{q}", place, {"S": Term("S", len(values)), "q": Term("q", q)}),
    ]
    terms = {"low": Term(f"v_{{({i + 1})}}", low, None, opens(i))}
    if place == i:
        lines.append(Equation(f"v_{{({i + 1})}}", r"\num{low}", low, terms))
    else:
        terms |= {"high": Term(f"v_{{({j + 1})}}", high, None, opens(j)), "f": Term(r"h - \lfloor h \rfloor", place - i)}
        formula = rf"v_{{({i + 1})}} + (h - \lfloor h \rfloor) (v_{{({j + 1})}} - v_{{({i + 1})}})"
        substitution = r"\num{low} + \num{f} \cdot (\num{high} - \num{low})"
        lines.append(Equation(formula, substitution, low + (place - i) * (high - low), terms))
    title = Message(f"optimizer.training.title.band.{k}", {**_where(scene, frame, r), "name": _called(name)})
    return _explanation(title, target, lines, float(frame.tensors[name][r, k]), "numpy.quantile")


def _value(params: TrainingParams, scene: Scene, frame: Frame, target: Target) -> Explanation:
    name, r = _name(params, target), _index(target, "racer", len(params.racers))
    s = _index(target, "seed", params.seeds)
    told = float(frame.tensors[f"seeds/{name}"][r, s])
    title = Message("optimizer.training.title.value", {**_where(scene, frame, r), "name": _called(name), "seed": params.seed + s})
    part, _, what = name.partition("_")
    if name == "lr":
        return _rate(params, frame, target, title, r, s, told)
    if name in NORMS:
        return _explanation(title, target, [_norm(scene, frame, name, r, s)], told, "torch")
    counts = frame.tensors[f"count/{part}"]
    sums = frame.tensors[f"{'losses' if what == 'loss' else 'right'}/{part}"][r, s]
    letter, classes = ("s", scene.note["classes"]) if what == "loss" else ("n", scene.note["classes"])
    terms = {
        f"c{c}": Term(f"{letter}_{{{c + 1}}}", float(v), Message("optimizer.training.term.class", {"name": _class(classes, c)}))
        for c, v in enumerate(sums)
    }
    over = " + ".join(rf"\num{{c{c}}}" for c in range(len(sums)))
    terms["N"] = Term("N", float(counts.sum()), Message("optimizer.training.term.examples"))
    formula = rf"\frac{{1}}{{N}} \sum_c {letter}_c"
    line = Equation(formula, rf"\frac{{{over}}}{{\num{{N}}}}", float(sums.sum() / counts.sum()), terms)
    remark = Message("optimizer.training.remark.nats" if scene.note["classes"] else "optimizer.training.remark.squares")
    return _explanation(title, target, [line], told, "torch", () if what == "accuracy" else (remark,))


def _class(classes: Plain, c: int) -> str:
    return str(classes[c]) if isinstance(classes, list) and classes else "y"


def _norm(scene: Scene, frame: Frame, name: str, r: int, s: int) -> Equation:
    """The root of the sum of the squared norms of the network's tensors."""
    lengths = frame.tensors[f"layers/{name}"][r, s]
    layers = scene.note["layers"]
    assert isinstance(layers, list)
    letter = "g" if name == "gradient" else "d"
    terms = {
        f"l{i}": Term(rf"\|{letter}_{{{i + 1}}}\|", float(v), Message("optimizer.training.term.layer", {"name": layers[i]}))
        for i, v in enumerate(lengths)
    }
    under = " + ".join(rf"\num{{l{i}}}^2" for i in range(len(lengths)))
    value = math.sqrt(float((lengths**2).sum()))
    formula = rf"\sqrt{{\textstyle\sum_l \|{letter}_l\|^2}}"
    return Equation(formula, rf"\sqrt{{{under}}}", value, terms)


def _rate(params: TrainingParams, frame: Frame, target: Target, title: Message, r: int, s: int, told: float) -> Explanation:
    """The schedule's formula at the last step; SWATS after its hand-over, and rules whose inside is not drawn, tell their own."""
    racer, t = params.at(frame.step).racers[r], int(frame.note["step"])  # type: ignore[arg-type]
    chosen = frame.note["chosen"]
    assert isinstance(chosen, list)
    own = float(chosen[r]) if racer.lr == params.racers[r].lr else racer.lr  # type: ignore[arg-type]
    lines = explain_schedules.rate(racer.schedule, own, params.steps, max(t, 1))
    sheet = Sheet(lines.given, LATEX)
    eta = sheet.lines(lines.text)
    stood = frame.tensors["status"][r, s] != 0
    if t == 0 or racer.rule not in RULES or stood or abs(eta - told) > 1e-6 * abs(eta):
        remark = "start" if t == 0 else "stood" if stood else "own_rate"
        line = Equation(r"\eta_t", r"\num{eta}", told, {"eta": Term(r"\eta_t", told)})
        return _explanation(title, target, [line], told, "torch", (Message(f"optimizer.training.remark.{remark}"),))
    return _explanation(title, target, sheet.equations, told, "torch")


def _tuned(params: TrainingParams, scene: Scene, frame: Frame, target: Target) -> Explanation:
    """The rate whose network had the least validation loss."""
    r = _index(target, "racer", len(params.racers))
    if not params.tuning:
        raise _error("tuned")
    rates, losses = frame.tensors["tuning/rate"][r], frame.tensors["tuning/loss"][r]
    lines = [
        Equation(rf"L_{{{k + 1}}}", r"\num{loss}", float(loss), {"loss": Term(f"L_{{{k + 1}}}", float(loss))}, _tried(float(rate)))
        for k, (rate, loss) in enumerate(zip(rates, losses, strict=True))
    ]
    k = int(losses.argmin()) if np.isfinite(losses).any() else len(losses) // 2
    formula = r"\eta = \eta_{k^*}, \quad k^* = \operatorname{arg\,min}_k L_k"
    lines.append(Equation(formula, r"\num{eta}", float(rates[k]), {"eta": Term(rf"\eta_{{{k + 1}}}", float(rates[k]))}))
    edge = len(rates) > 1 and k in (0, len(rates) - 1)
    remarks = (Message("optimizer.training.remark.edge"),) if edge else ()
    chosen = frame.note["chosen"]
    assert isinstance(chosen, list)
    title = Message("optimizer.training.title.tuned", {"racer": _label(scene, r), "trials": params.tuning})
    return _explanation(title, target, lines, float(chosen[r]), "optimizer/training", remarks)  # type: ignore[arg-type]


def _tried(rate: float) -> Message:
    return Message("optimizer.training.tried", {"rate": f"{rate:.3g}"})


@torch.no_grad()
def _picture(params: TrainingParams, scene: Scene, frame: Frame, target: Target) -> Explanation:
    """The logits there, worked out in float64 from the frame's weights, and their softmax."""
    if params.data in PICTURES:
        raise _error("picture")
    r = _index(target, "racer", len(params.racers))
    axes = [scene.tensors[name] for name in ("axis/x", "axis/y") if name in scene.tensors]
    places = [_index(target, name, len(axis)) for name, axis in zip("xy", axes, strict=False)]
    point = [float(axis[place]) for axis, place in zip(axes, places, strict=True)]
    theta = torch.tensor(frame.tensors["theta"][r], dtype=torch.float64)
    net = network(params).double()
    attach(net, theta, torch.zeros_like(theta))
    out = net(torch.tensor([point], dtype=torch.float64))[0].tolist()
    where: dict[str, Plain | Message] = {**_where(scene, frame, r), "point": ", ".join(f"{v:.3g}" for v in point)}
    if not CLASSES.get(params.data, "01"):
        line = Equation(r"\hat y(x)", r"\num{y}", out[0], {"y": Term(r"\hat y", out[0])})
        shown = float(frame.tensors["picture"][r, places[0]])
        return _explanation(Message("optimizer.training.title.fit", where), target, [line], shown, "torch")
    a, b = out
    lines = [Equation(f"z_{k}", rf"\num{{z{k}}}", z, {f"z{k}": Term(f"z_{k}", z)}) for k, z in enumerate(out)]
    terms = {"z0": Term("z_0", a), "z1": Term("z_1", b)}
    p = 1 / (1 + math.exp(min(a - b, 700.0)))
    formula = r"P(1) = \frac{e^{z_1}}{e^{z_0} + e^{z_1}} = \frac{1}{1 + e^{z_0 - z_1}}"
    lines.append(Equation(formula, r"\frac{1}{1 + e^{\num{z0} - (\num{z1})}}", p, terms))
    shown = float(frame.tensors["picture"][r, places[1], places[0]]) / 255
    remark = (Message("optimizer.training.remark.pixel"),)
    return _explanation(Message("optimizer.training.title.picture", where), target, lines, shown, "torch", remark)


def _explanation(
    title: Message, target: Target, lines: Sequence[Equation], told: float, by: str, remarks: Sequence[Message] = ()
) -> Explanation:
    result = lines[-1].value
    same = result == told or (math.isnan(result) and math.isnan(told))
    return Explanation(title, target, lines, result, Reference(by, told, 0.0 if same else abs(result - told)), remarks)


def _where(scene: Scene, frame: Frame, r: int) -> dict[str, Plain | Message]:
    return {"racer": _label(scene, r), "epoch": frame.note["epoch"]}


def _label(scene: Scene, r: int) -> str:
    racers = scene.note["racers"]
    assert isinstance(racers, list)
    racer = racers[r]
    assert isinstance(racer, dict)
    return str(racer["label"])


def _called(name: str) -> Message:
    return Message(f"optimizer.training.name.{name}")


def _name(params: TrainingParams, target: Target) -> str:
    name, known = target.get("name", "test_loss"), names_of(params)
    if not isinstance(name, str) or name not in known:
        raise _error("name", got=str(name), known=", ".join(known))
    return name


def _index(target: Target, name: str, end: int, missing: int = 0) -> int:
    """A whole number of the target from 0 to end - 1. Raises UserError for anything else."""
    value = target.get(name, missing)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < end:
        raise _error("index", name=name, got=str(value), last=end - 1)
    return value


def _error(id: str, **values: Plain) -> UserError:
    return UserError(Message(f"optimizer.training.error.{id}", dict(values)))


_KINDS: Mapping[str, Callable[[TrainingParams, Scene, Frame, Target], Explanation]] = {
    "band": _band,
    "value": _value,
    "tuned": _tuned,
    "picture": _picture,
}
