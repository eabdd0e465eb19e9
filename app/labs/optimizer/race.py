"""Several optimizers run from one start on one surface, step by step: ``optimizer/race``.

One forward and one backward pass serve all racers; then each rule takes its step with its own row of the gradients. Evaluating at
theta_t gives the loss of frame t and the gradient of step t + 1 at once, so a frame is handed out when the next step's gradient is
there.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from app.labs.contract import Explanation, Frame, Message, Plain, Progress, Scene, Target
from app.labs.optimizer.field import LIMIT, Field
from app.labs.optimizer.lane import host
from app.labs.optimizer.params.race import RaceParams
from app.labs.optimizer.racers import Raced
from app.labs.optimizer.record import Record
from app.labs.optimizer.rules.catalogue import catalogue
from app.labs.optimizer.rules.table import RULES, states
from app.labs.optimizer.sources import Source, make_source
from app.labs.pace import Pace

GRID = 161


def scene(params: RaceParams, device: str = "cpu") -> Scene:
    """The loss over the view, and of every racer its formula and what it remembers.

    Raises UserError for an expression that cannot be read or a start where the loss is not finite.
    """
    source = make_source(params, _dtype(params), device)
    picture = source.picture
    x, y, z = source.grid(GRID)
    note: dict[str, Plain] = {
        "view": list(picture.view),
        "minima": [list(m) for m in picture.minima],
        "minimum": picture.minimum,
        "saddles": [list(s) for s in picture.saddles],
        "start": list(params.start or picture.start),
        "formula": picture.latex,
        "expression": picture.expression,
        "surface": picture.surface,
        "levels": picture.levels,
        "citation": picture.citation,
        "racers": [_racer(params, r) for r in range(len(params.racers))],
    }
    return Scene({"x": x, "y": y, "z": z}, note)


def _racer(params: RaceParams, r: int) -> dict[str, Plain]:
    settings = params.racers[r].settings()
    rule = RULES.get(settings["rule"])
    return {
        "label": labels(params)[r],
        "rule": settings["rule"],
        "form": settings["form"],
        "formula": rule.formula[settings["form"]] if rule else "",
        "state": [{"name": s.name, "latex": s.latex, "shape": list(s.shape)} for s in states(settings)],
        "adaptive": rule.adaptive if rule else True,
        "citation": rule.citation if rule else "",
        "color": r,
    }


def labels(params: Raced) -> list[str]:
    """Every racer's name with its form where that is not torch's; twins are told apart by the first setting that differs."""
    racers = [racer.settings() for racer in params.racers]
    names = []
    for r, racer in enumerate(racers):
        name = racer["rule"]
        title = RULES[name].title if name in RULES else catalogue()[name]["title"]
        twins = [other for i, other in enumerate(racers) if other["rule"] == racer["rule"] and i != r]
        told = [title]
        if racer["form"] != "torch":
            told.append(_short("form", racer["form"]))
            twins = [other for other in twins if other["form"] == racer["form"]]
        for name, value in racer.items():
            if twins and any(other[name] != value for other in twins):
                told.append(_short(name, value))
                twins = [other for other in twins if other[name] == value]
        names.append(" ".join(told))
    return names


def _short(name: str, value: Any) -> str:
    if name == "form":
        return f"({value})"
    if name == "schedule":
        return "constant" if value is None else str(value["kind"])
    if isinstance(value, bool):
        return f"{name}={'on' if value else 'off'}"
    if isinstance(value, tuple):
        return f"{name}={'/'.join(f'{v:g}' for v in value)}"
    return f"{name}={value:g}" if isinstance(value, int | float) else f"{name}={value}"


def run(params: RaceParams, device: str = "cpu") -> Iterator[Frame | Progress]:
    """Frames 0 .. steps. Raises UserError as ``scene`` does."""
    dtype = _dtype(params)
    segments = list(params.segments())
    now = segments[0][1]
    source = make_source(now, dtype, device)
    field = Field(params, params.start or source.picture.start, dtype, device)
    seen = yield from _held(field, source, params.before)
    record = Record(field, _raw(now, source), params.before, seen)
    for t in range(1, params.steps + 1):
        if len(segments) > 1 and segments[1][0] == t:
            now = segments.pop(1)[1]
            source = make_source(now, dtype, device)
            field.set(now)
            record.raw = _raw(now, source)
        evaluation = source.evaluate(field.positions, t, field.full)
        loss = host(evaluation.loss)
        yield record.frame(loss)
        field.leave(~np.isfinite(loss), record.position)
        gradient = evaluation.gradient if now.clip is None else clipped(evaluation.gradient, now.clip)
        _step(field, source, t, gradient, record)
        record.take(t, host(evaluation.raw_gradient), host(evaluation.samples))
    yield record.frame(host(source.loss(field.positions)))


def _held(field: Field, source: Source, steps: int) -> Generator[Progress, None, np.ndarray]:
    """The steps before the first that is shown, and the samples (R,) that each racer has seen in them."""
    if not steps:
        return np.zeros(len(field.lanes), np.int64)
    always, pace = source.evaluate(field.positions, 0, field.full), Pace()
    for made in field.hold(always.gradient, steps):
        if pace.due():
            yield Progress(made, steps, Message("optimizer.race.stage.before"))
    return steps * host(always.samples)


def _step(field: Field, source: Source, t: int, gradient: Tensor, record: Record) -> None:
    """Step, keep inside the source's bounds, and take out of the race who left the plane."""
    field.step(t, gradient)
    if source.bounds is not None:
        field.positions.copy_(source.project(field.positions))
    with np.errstate(invalid="ignore"):
        if np.abs(field.where).max() <= LIMIT:  # false for NaN
            return
        gone = ~(np.abs(field.where) <= LIMIT).all(axis=1)
    field.leave(gone, record.position)


def clipped(gradients: Tensor, most: float) -> Tensor:
    """Every row scaled down to the norm ``most`` where it is longer, with the arithmetic of torch.nn.utils.clip_grad_norm_."""
    norm = torch.linalg.vector_norm(gradients, dim=1, keepdim=True)
    return gradients * torch.clamp(most / (norm + 1e-6), max=1.0)


def _raw(params: RaceParams, source: Source) -> bool:
    """Whether the rules are handed something else than the gradient of the whole loss."""
    if params.noise or params.clip is not None:
        return True
    return params.source.kind == "rare" or source.picture.surface == "least-squares"


def _dtype(params: RaceParams) -> torch.dtype:
    return torch.float64 if params.dtype == "float64" else torch.float32


def targets(params: RaceParams) -> Sequence[Target]:
    """One example of every kind of value that can be opened."""
    from app.labs.optimizer.explain import targets as known

    return known(params)


def explain(params: RaceParams, scene: Scene, previous: Frame | None, frame: Frame, target: Target) -> Explanation:
    """A value of a frame opened, see ``explain``. Raises UserError for a target that does not exist."""
    from app.labs.optimizer.explain import explain as opened

    return opened(params, scene, previous, frame, target)


def script(params: RaceParams) -> str:
    """A standalone PyTorch script that prints the same numbers."""
    from app.labs.optimizer.script import script as written

    return written(params)
