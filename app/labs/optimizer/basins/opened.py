r"""A pixel opened: its run is made again alone, as ``optimizer/race`` makes it, and its numbers are read off that.

So every answer compares the map, where all paths stepped together, with a single run. The run also goes along as ``note``: the page
draws its path beside the map and links to the race.
"""

from __future__ import annotations

import dataclasses
import math

from app.labs.contract import Equation, Explanation, Frame, Message, Plain, Reference, Target, Term, UserError
from app.labs.optimizer import race
from app.labs.optimizer.basins.descent import NEVER
from app.labs.optimizer.basins.plane import Plane
from app.labs.optimizer.params.race import RaceParams
from app.labs.optimizer.passes import parts

KINDS = ("loss", "steps", "minimum")
_POINTS = 400
"""Of a path that is drawn."""


class Alone:
    """A pixel's own run: every position and loss, and the race's frames of its last step."""

    def __init__(self, plane: Plane, row: int, column: int) -> None:
        self.params = plane.race(row, column)
        self.previous: Frame | None = None
        self.path: list[tuple[float, float]] = []
        self.losses: list[float] = []
        last: Frame | None = None
        for frame in race.run(self.params):
            if isinstance(frame, Frame):
                self.previous, last = last, frame
                x, y = frame.tensors["position"][0].tolist()
                self.path.append((x, y))
                self.losses.append(float(frame.tensors["loss"][0]))
        assert last is not None
        self.last = last

    def first_below(self, goal: float) -> int:
        return next((t for t, loss in enumerate(self.losses) if loss < goal), NEVER)


def explain(plane: Plane, frame: Frame, target: Target) -> Explanation:
    """Opens ``{"kind": KIND, "row": r, "column": c}``. Raises UserError for a target that does not exist."""
    params = plane.params
    kind, row, column = target.get("kind"), target.get("row"), target.get("column")
    if kind not in KINDS:
        raise UserError(Message("explain.error.kind", {"got": str(kind), "known": ", ".join(KINDS)}))
    if not (isinstance(row, int) and isinstance(column, int) and 0 <= row < params.pixels and 0 <= column < params.pixels):
        raise UserError(Message("optimizer.basins.error.pixel", {"got": f"({row}, {column})", "most": params.pixels - 1}))
    alone = Alone(plane, row, column)
    match kind:
        case "loss":
            told = _loss(plane, alone, target)
        case "steps":
            told = _steps(plane, alone, target)
        case _:
            told = _minimum(plane, alone, target)
    title = Message(f"optimizer.basins.title.{kind}", {"row": row, "column": column})
    place = parts(params.pixels, params.most())[frame.step].place(row, column)
    reference = told.reference
    if place is not None:  # this frame has the pixel: the map's own number
        value = float(frame.tensors["loss" if kind == "loss" else kind][place])
        if kind == "steps":
            value = math.nan if value == NEVER else value
        if kind != "minimum":
            reference = Reference("optimizer/basins", value, _apart(told.result, value))
    note = _note(alone, row, column)
    return dataclasses.replace(told, title=title, reference=reference, note=note)


def _apart(a: float, b: float) -> float:
    return 0.0 if a == b or (a != a and b != b) else abs(a - b)


def _loss(plane: Plane, alone: Alone, target: Target) -> Explanation:
    """The loss where the path ended, by the surface's own formula."""
    told = race.explain(alone.params, race.scene(alone.params), alone.previous, alone.last, {"kind": "loss", "racer": 0})
    bare = [
        dataclasses.replace(e, terms={n: dataclasses.replace(t, target=None) for n, t in e.terms.items()}) for e in told.equations
    ]
    return dataclasses.replace(told, target=target, equations=bare)


def _steps(plane: Plane, alone: Alone, target: Target) -> Explanation:
    """The first step whose loss is below the least loss plus the tolerance."""
    least, tolerance = plane.source.picture.minimum, plane.params.tolerance
    goal = math.nan if least is None else least + tolerance
    t = alone.first_below(goal)
    at = len(alone.losses) - 1 if t == NEVER else t
    terms = {
        "loss": Term(r"L(\theta_t)", alone.losses[at], Message("optimizer.basins.term.loss_at", {"step": at})),
        "least": Term("L^*", math.nan if least is None else least, Message("optimizer.basins.term.least")),
        "tolerance": Term(r"\tau", tolerance, Message("optimizer.basins.term.tolerance")),
    }
    gap = Equation(
        r"L(\theta_t) - L^*", r"\num{loss} - \num{least}", alone.losses[at] - terms["least"].value, terms,
        Message("optimizer.basins.label.gap", {"step": at}),
    )  # fmt: skip
    value = math.nan if t == NEVER else float(t)
    first = Equation(
        r"\min \{ t : L(\theta_t) < L^* + \tau \}", r"\min \{ t : L(\theta_t) < \num{least} + \num{tolerance} \}", value, terms
    )
    remark = (Message("optimizer.basins.remark.never", {"steps": at}),) if t == NEVER else ()
    return Explanation(Message("optimizer.basins.title.steps"), target, (gap, first), value, None, remark)


def _minimum(plane: Plane, alone: Alone, target: Target) -> Explanation:
    """How far the path ended from the nearest minimum."""
    if not plane.minima:
        raise UserError(Message("optimizer.basins.error.no_minimum"))
    x, y = alone.path[-1]
    distances = [math.hypot(x - a, y - b) for a, b, _ in plane.minima]
    k = min(range(len(distances)), key=distances.__getitem__)
    a, b, _ = plane.minima[k]
    terms = {
        "x": Term("x", x, Message("optimizer.basins.term.end")),
        "y": Term("y", y, Message("optimizer.basins.term.end")),
        "a": Term("x_k", a, Message("optimizer.basins.term.minimum", {"number": k + 1})),
        "b": Term("y_k", b, Message("optimizer.basins.term.minimum", {"number": k + 1})),
    }
    distance = Equation(
        r"\sqrt{(x - x_k)^2 + (y - y_k)^2}",
        r"\sqrt{(\num{x} - \num{a})^2 + (\num{y} - \num{b})^2}",
        distances[k],
        terms,
    )
    which = "reached" if distances[k] < plane.reach else "far"
    remark = Message(f"optimizer.basins.remark.{which}", {"number": k + 1, "reach": float(f"{plane.reach:.3g}")})
    return Explanation(Message("optimizer.basins.title.minimum"), target, (distance,), distances[k], None, (remark,))


def _differing(params: RaceParams) -> dict[str, Plain]:
    """What of a race's params is not as by default."""
    plain, usual = params.model_dump(mode="json"), RaceParams().model_dump(mode="json")
    return {name: value for name, value in plain.items() if value != usual[name]}


def _note(alone: Alone, row: int, column: int) -> dict[str, Plain]:
    """What the page draws of the run, at most some hundred points: path, losses, and the race's params for the link."""
    n = len(alone.path)
    every = max(1, -(-n // _POINTS))
    kept = sorted({*range(0, n, every), n - 1})
    return {
        "row": row,
        "column": column,
        "steps": list(kept),
        "path": [list(alone.path[t]) for t in kept],
        "losses": [alone.losses[t] if math.isfinite(alone.losses[t]) else None for t in kept],
        "status": int(alone.last.tensors["status"][0]),
        "race": _differing(alone.params),
    }
