"""Values of ``recurrent/gates`` opened: a gate or a state of a unit, a logit, a probability, the nats of what came."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

import numpy as np
import torch

from app.labs.contract import Equation, Explanation, Frame, Message, Plain, Reference, Scene, Target, Term, UserError
from app.labs.recurrent import said
from app.labs.recurrent.arithmetic import NAMES, Cell, Product, lines, long_sum
from app.labs.recurrent.gates.models import model_of
from app.labs.recurrent.gates.reading import WAYS, edit_of
from app.labs.recurrent.params.gates import GatesParams, Held
from app.labs.recurrent.trained import NOT_KNOWN, Model
from app.labs.writing.said import probability, shown
from app.nn.recurrent import Weights
from app.nn.recurrent.cells import CELLS, Edit, untouched

_TORCHS = {"weight_ih": "w_ih", "weight_hh": "w_hh", "bias_ih": "b_ih", "bias_hh": "b_hh"}


def explain(params: GatesParams, scene: Scene, previous: Frame | None, frame: Frame, target: Target) -> Explanation:
    """Opens ``{"kind": "value", "name", "layer", "direction", "unit"}``, ``layer`` from 1 and ``unit`` from 0;
    ``{"kind": "logit" | "probability", "token"}``; ``{"kind": "loss"}``: all at the frame's step.

    Raises UserError for what does not exist, and in frame 0, where nothing has been read.
    """
    if frame.step == 0:
        raise _error("none_yet")
    kind = target.get("kind")
    model = model_of(params)
    if kind == "value":
        return _value(params, model, scene, frame, target)
    if kind in ("logit", "probability", "loss") and "probabilities" not in frame.tensors:
        raise _error("says_nothing")
    if kind == "logit":
        return _logit(model, scene, frame, target)
    if kind == "probability":
        return _probability(model, scene, frame, target)
    if kind == "loss":
        return _loss(scene, frame, target)
    raise _error("kind", got=str(kind))


def _value(params: GatesParams, model: Model, scene: Scene, frame: Frame, target: Target) -> Explanation:
    net = model.recurrent
    known = NAMES[net.kind]
    name = target.get("name")
    if not isinstance(name, str) or name not in list(known):
        raise _error("name", got=str(name), known=", ".join(known))
    layer = _index(target, "layer", len(net.layers) + 1, 1, 1)
    way = target.get("direction", "forward")
    if way not in WAYS[: net.directions]:
        raise _error("name", got=str(way), known=", ".join(WAYS[: net.directions]))
    d = WAYS.index(str(way))
    row = (layer - 1) * net.directions + d
    u = _index(target, "unit", frame.tensors[name].shape[1], 0)
    weights = net.layers[layer - 1][d]
    place: Target = {"kind": "value", "layer": layer, "direction": way}
    cell = Cell(
        net.kind,
        {torchs: _array(getattr(weights, ours)) for torchs, ours in _TORCHS.items() if getattr(weights, ours) is not None},
        _input(net.directions, frame, layer),
        {key.removeprefix("before/"): _f64(value[row]) for key, value in frame.tensors.items() if key.startswith("before/")},
        {each: _f64(frame.tensors[each][row]) for each in known},
        frame.step,
        frame.step + (1 if d else -1),
        # The state before belongs to another frame: it opens there.
        lambda each, past: None if past else {**place, "name": each},
        net.options.activation,
    )
    projected = weights.w_hr is not None and name == "h"
    found = [_projected(cell, weights, u)] if projected else lines(cell, name, u)
    here = [one for one in params.held if (one.layer, one.direction) == (layer, way)]
    road, other = _other_road(model, cell, weights, name, u, edit_of(here, frame.step - 1))
    remarks = []
    holding = [one for one in params.held if _holding(one, name, layer, str(way), u, frame.step)]
    if holding:
        v = holding[-1].value
        remarks.append(Message("recurrent.gates.remark.held", {"value": v, "own": found[-1].value}))
        found.append(Equation(f"{name}_{{{frame.step},{u + 1}}}", r"\num{v}", v, {"v": Term(name, v)}))
    if name == "z":
        remarks.append(Message("recurrent.by-hand.remark.keeps"))
    result = found[-1].value
    title = "both_ways" if net.directions == 2 else "value"
    values: dict[str, Plain | Message] = {"name": name, "layer": layer, "unit": u + 1, "step": frame.step}
    if net.directions == 2:
        values["way"] = Message(f"recurrent.gates.way.{way}")
    return Explanation(
        Message(f"recurrent.gates.title.{title}", values),
        target,
        found,
        result,
        Reference(road, other, abs(result - other)),
        remarks,
        {"name": name, "layer": layer, "direction": d, "unit": u},
    )


def _holding(one: Held, name: str, layer: int, way: str, unit: int, step: int) -> bool:
    return (
        (one.name, one.layer, one.direction) == (name, layer, way)
        and one.unit in (None, unit)
        and one.first <= step <= (one.last or step)
    )


def _input(directions: int, frame: Frame, layer: int) -> np.ndarray:
    """What the layer reads: the token's vector, or h of the layer below, of both directions."""
    if layer == 1:
        return _f64(frame.tensors["x"])
    below = frame.tensors["h"][(layer - 2) * directions : (layer - 1) * directions]
    return _f64(below).reshape(-1)


def _projected(cell: Cell, weights: Weights, u: int) -> Equation:
    r"""h = W_{hr} (o \tanh c)."""
    assert weights.w_hr is not None
    w, inner = _array(weights.w_hr)[u], cell.at["o"] * np.tanh(cell.at["c"])
    products: list[Product] = [
        ([Term(f"W_{{{u + 1},{j + 1}}}", float(w[j])), Term(f"(o \\tanh c)_{{{j + 1}}}", float(inner[j]))], float(w[j] * inner[j]))
        for j in range(len(w))
    ]
    return long_sum(f"h_{{{cell.now},{u + 1}}} = W_{{hr}} (o \\odot \\tanh c)", [], products)


@torch.no_grad()
def _other_road(model: Model, cell: Cell, weights: Weights, name: str, u: int, edit: Edit) -> tuple[str, float]:
    """h and c of torch's module after this one step from the state before; what torch keeps to itself, and a step in which
    something is held, by our cell in float64.
    """
    names = [each.name for each in fields(Weights)]
    double = Weights(*(None if (value := getattr(weights, name)) is None else value.detach().double() for name in names))  # type: ignore[arg-type]
    x = torch.from_numpy(cell.x)[None]
    past = {key: torch.from_numpy(value)[None] for key, value in cell.past.items()}
    if model.module is not None and name in "hc" and edit is untouched:
        module = type(model.module)(**_one_layer(model, weights)).double()
        for torchs, ours in _TORCHS.items():
            if (value := getattr(double, ours)) is not None:
                getattr(module, f"{torchs}_l0").copy_(value)
        if double.w_hr is not None:
            getattr(module, "weight_hr_l0").copy_(double.w_hr)  # noqa: B009  (mypy takes it for a module)
        state: Any = (past["h"][None], past["c"][None]) if "c" in past else past["h"][None]
        _, last = module(x[None], state)
        found = (last[1] if name == "c" else last[0]) if isinstance(last, tuple) else last
        return f"nn.{type(model.module).__name__}", float(found[0, 0, u])
    step = CELLS[model.recurrent.kind](x, past, double, model.recurrent.options, edit)
    return f"app.nn.recurrent.cells.{model.recurrent.kind}, float64", float(step.at[name][0, u])


def _one_layer(model: Model, weights: Weights) -> dict[str, Any]:
    """What makes torch's module of one layer of this size."""
    assert model.module is not None
    made: dict[str, Any] = {
        "input_size": weights.w_ih.shape[1],
        "hidden_size": model.module.hidden_size,
        "bias": weights.b_ih is not None,
    }
    if model.recurrent.kind == "rnn":
        made["nonlinearity"] = model.recurrent.options.activation
    if weights.w_hr is not None:
        made["proj_size"] = len(weights.w_hr)
    return made


def _logit(model: Model, scene: Scene, frame: Frame, target: Target) -> Explanation:
    """V h + b, one row."""
    if model.head is None:
        raise _error("no_head")
    k = _token(scene, target)
    line, reference = said.logit(model.head, _last(model, frame), frame.step, k)
    title = Message("recurrent.gates.title.logit", {"token": _name(scene, k), "step": frame.step})
    return Explanation(title, target, [line], line.value, reference, [], {"token": k})


def _probability(model: Model, scene: Scene, frame: Frame, target: Target) -> Explanation:
    r"""softmax: e^{\ell_k} over the sum of all."""
    k = _token(scene, target)
    own = float(frame.tensors["probabilities"][k])
    title = Message("recurrent.gates.title.probability", {"token": _name(scene, k), "step": frame.step})
    if model.head is None:
        line = Equation(rf"p_{{{k + 1}}}", r"\num{p}", own, {"p": Term(rf"p_{{{k + 1}}}", own)})
        return Explanation(title, target, [line], own, None, [Message("recurrent.remark.given")], {"token": k})
    line = probability(said.logits_of(model.head, _last(model, frame)), k)
    reference = Reference("torch.softmax", own, abs(line.value - own))
    return Explanation(title, target, [line], line.value, reference, [], {"token": k})


def _last(model: Model, frame: Frame) -> np.ndarray:
    """(D P,): h of the last layer."""
    return _f64(frame.tensors["h"][-model.recurrent.directions :]).reshape(-1)


def _loss(scene: Scene, frame: Frame, target: Target) -> Explanation:
    """-ln p of the token that came."""
    wanted = scene.note["wanted"]
    assert isinstance(wanted, list)
    k = int(wanted[frame.step - 1])  # type: ignore[arg-type]
    if k == NOT_KNOWN:
        raise _error("no_next" if scene.note["says"] == "next" else "no_tag")
    p = float(frame.tensors["probabilities"][k])
    term = Term(rf"p_{{{k + 1}}}", p, target={"kind": "probability", "token": k})
    line = Equation(rf"-\ln p_{{{k + 1}}}", r"-\ln \num{p}", -math.log(p) if p > 0 else math.inf, {"p": term})
    own = float(frame.tensors["loss"][0])
    return Explanation(
        Message(f"recurrent.gates.title.loss_{scene.note['says']}", {"token": _name(scene, k), "step": frame.step}),
        target,
        [line],
        line.value,
        Reference("torch", own, abs(line.value - own)),
        [],
        {"token": k},
    )


def _token(scene: Scene, target: Target) -> int:
    vocabulary = scene.note["vocabulary"]
    assert isinstance(vocabulary, list)
    return _index(target, "token", len(vocabulary), 0)


def _name(scene: Scene, k: int) -> str | Message:
    vocabulary = scene.note["vocabulary"]
    assert isinstance(vocabulary, list)
    return shown(vocabulary[k]) if scene.note["says"] == "next" else Message(f"recurrent.gates.tag.{vocabulary[k]}")


def _array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().double().cpu().numpy()


def _f64(array: np.ndarray) -> np.ndarray:
    return np.asarray(array, np.float64)


def _index(target: Target, name: str, end: int, missing: int, first: int = 0) -> int:
    """A whole number of the target from ``first`` to end - 1. Raises UserError for anything else."""
    value = target.get(name, missing)
    if isinstance(value, bool) or not isinstance(value, int) or not first <= value < end:
        raise _error("index", name=name, got=str(value), first=first, last=end - 1)
    return value


def _error(id: str, **values: Plain) -> UserError:
    return UserError(Message(f"recurrent.gates.error.{id}", dict(values)))
