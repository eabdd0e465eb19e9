"""Every number of ``attention/by-hand`` opened, with torch's own beside it."""

from __future__ import annotations

import torch
from torch.nn import functional

from app.labs.attention.by_hand.explain_lines import lines
from app.labs.attention.by_hand.explain_more import moved, saturated, weight
from app.labs.attention.by_hand.heads import by_torch, compute, given
from app.labs.attention.by_hand.reading import MATRICES, Place, Reading
from app.labs.attention.by_hand.saturation import MEASURES
from app.labs.attention.params.by_hand import ByHandParams
from app.labs.contract import Explanation, Frame, Message, Plain, Reference, Scene, Target, UserError

KINDS = ("value", "weight", "saturation", "order")


def explain(params: ByHandParams, scene: Scene, previous: Frame | None, frame: Frame, target: Target) -> Explanation:
    """Opens ``{"kind": "value", "name", "head", "row", "column"}`` of a stage, ``{"kind": "weight", "matrix", ...}`` of what goes
    in, ``{"kind": "saturation", "measure", "scaled", "head", "row"}`` or ``{"kind": "order", "row", "column"}``: what a changed
    order does to a value of the result. All from 0. A stage that is still to come opens too: it is a function of the params.

    Raises UserError for what does not exist.
    """
    kind = target.get("kind")
    if kind not in KINDS:
        raise _error("kind", got=str(kind), known=", ".join(KINDS))
    of = given(params)
    r = Reading(params, of, compute(of))
    if kind == "weight":
        known = [name for name in ("embedding", "place", *MATRICES) if getattr(of, name) is not None]
        name = _known(target, "matrix", known)
        return weight(r, name, _place(r, target, name), target)
    if kind == "saturation":
        measure, scaled = _known(target, "measure", list(MEASURES)), target.get("scaled", True)
        if not isinstance(scaled, bool):
            raise _error("index", name="scaled", got=str(scaled), first="false", last="true")
        place = Place(_index(target, "head", params.heads), _index(target, "row", len(r.words)), 0)
        return saturated(r, measure, scaled, place, target)
    if kind == "order":
        rows, columns = r.stages.result.shape
        return moved(r, Place(0, _index(target, "row", rows), _index(target, "column", columns)), target)
    return _value(r, target)


def _value(r: Reading, target: Target) -> Explanation:
    known = [*r.params.stages, *(("concat",) if r.params.heads > 1 else ())]
    name = _known(target, "name", known)
    p = _place(r, target, name)
    equations = lines(r, name, p)
    several = r.params.heads > 1 and r.of(name).ndim == 3
    values: dict[str, Plain | Message] = {"row": r.words[p.row], "column": p.column + 1, "head": p.head + 1, "name": name}
    if name in ("scores", "scaled", "masked", "weights"):
        values["column"] = r.words[p.column]
        title = "pair_head" if several else "pair"
    else:
        title = "value_head" if several else "value"
    values["name"] = Message(f"attention.by-hand.term.{name}")
    note: dict[str, Plain] = {"name": name, "head": p.head, "row": p.row, "column": p.column}
    return Explanation(
        Message(f"attention.by-hand.title.{title}", values),
        target,
        equations,
        equations[-1].value,
        _reference(r, name, p, equations[-1].value),
        _remarks(r, name, p),
        note,
    )


def _reference(r: Reading, name: str, p: Place, result: float) -> Reference | None:
    """The same number by torch's own function; of a score only masked or scaled, the number of the run."""
    s = r.stages
    if name == "x":
        return None
    if name in ("q", "k", "v"):
        matrix = r.of(f"w_{name}")[p.head]
        road, value = "torch.nn.functional.linear", functional.linear(s.x, matrix.T)[p.row, p.column]
    elif name == "scores":
        road, value = "torch.dot", torch.dot(s.q[p.head, p.row], s.k[p.head, p.column])
    elif name in ("scaled", "masked"):
        called = "scaled_scores" if name == "scaled" else "masked"
        road, value = f"app.nn.attention.{called}", r.of(name)[p.head, p.row, p.column]
    else:
        road = "torch.nn.functional.scaled_dot_product_attention"
        weights, output, joined = by_torch(r.given)
        side_by_side = output.transpose(0, 1).flatten(1)
        heads = {"weights": weights, "output": output}
        value = (
            heads[name][p.head, p.row, p.column]
            if name in heads
            else (side_by_side if name == "concat" else joined)[p.row, p.column]
        )
    second = float(value)
    return Reference(road, second, 0.0 if result == second else abs(result - second))


def _remarks(r: Reading, name: str, p: Place) -> list[Message]:
    found = []
    blind = not bool(r.given.seen[p.row].any())
    if name in ("masked", "weights", "output") and blind:
        found.append(Message("attention.by-hand.remark.blind", {"word": r.words[p.row]}))
    elif name == "weights":
        found.append(Message("attention.by-hand.remark.weights", {"word": r.words[p.row]}))
    elif name == "output":
        found.append(Message("attention.by-hand.remark.output", {"word": r.words[p.row]}))
    if name == "scaled" and not r.params.scale:
        found.append(Message("attention.by-hand.remark.unscaled"))
    return found


def _place(r: Reading, target: Target, name: str) -> Place:
    """Where the target points in the stage or matrix ``name``. Raises UserError outside of it."""
    shape = r.of(name).shape
    head = _index(target, "head", shape[0]) if len(shape) == 3 else 0
    return Place(head, _index(target, "row", shape[-2]), _index(target, "column", shape[-1]))


def _known(target: Target, key: str, known: list[str]) -> str:
    name = target.get(key)
    if name not in known:
        raise _error("name", got=str(name), known=", ".join(known))
    return str(name)


def _index(target: Target, name: str, end: int) -> int:
    """A whole number of the target from 0 to end - 1, 0 where it is not given. Raises UserError for anything else."""
    value = target.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < end:
        raise _error("index", name=name, got=str(value), first=0, last=end - 1)
    return value


def _error(id: str, **values: Plain) -> UserError:
    return UserError(Message(f"attention.by-hand.error.{id}", dict(values)))
