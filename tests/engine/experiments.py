"""Small experiments that the engine's tests run: a steady one, and the ways in which one goes wrong.

Importing this module adds them to the registry, here and (through ``Pool(imports=...)``) in workers.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from app.labs import registry
from app.labs.contract import Equation, Explanation, Frame, Message, Params, Progress, Scene, Target, Term, UserError

MODULE = __name__


class Walk(Params):
    """A random walk of ``size`` float32 values, and what else happens at step ``at``."""

    experiment: ClassVar[str] = "test/walk"

    steps: int = Field(100, ge=0, le=1_000_000)
    size: int = Field(4, ge=1, le=4_000_000)
    pause: float = Field(0, ge=0, le=10)
    stages: int = Field(0, ge=0, le=100)
    grows: bool = False
    at: int = Field(-1, ge=-1)
    then: Literal["nothing", "die", "hang", "leak", "raise", "tell"] = "nothing"
    once: str = ""

    def length(self) -> int | None:
        return self.steps


def scene(params: Walk, device: str = "cpu") -> Scene:
    return Scene({"axis": np.arange(params.size, dtype="f4")}, {"title": "walk"})


def run(params: Walk, device: str = "cpu") -> Iterator[Frame | Progress]:
    rng = np.random.default_rng(params.seed)
    position = np.zeros(params.size, np.float32)
    for step in range(params.steps + 1):
        if step == params.at:
            misbehave(params)
        for stage in range(params.stages):
            time.sleep(params.pause)
            yield Progress(stage, params.stages, Message("test.stage"))
        if params.pause and not params.stages:
            time.sleep(params.pause)
        if step:
            position = position + rng.standard_normal(params.size, np.float32)
        tensors = {"position": position, "loss": np.float32([np.nan if step == 3 else step])}
        if params.grows:
            tensors["seen"] = np.zeros(step, np.float32)
        yield Frame(step, tensors, {"event": "ten"} if step % 10 == 0 else {})


def misbehave(params: Walk) -> None:
    if params.once:  # only the first time anywhere: a file remembers
        if os.path.exists(params.once):
            return
        open(params.once, "w").close()
    match params.then:
        case "die":
            os._exit(9)
        case "hang":
            time.sleep(10_000)
        case "leak":
            kept = []
            while True:
                kept.append(np.empty(2**22))  # not touched: the limit counts what is asked for
        case "raise":
            raise ZeroDivisionError("by design")
        case "tell":
            raise UserError(Message("error.test", {"got": params.at}), ("at",))


def targets(params: Walk) -> Sequence[Target]:
    return [{"kind": "difference", "index": 0}]


def explain(params: Walk, scene: Scene, previous: Frame | None, frame: Frame, target: Target) -> Explanation:
    if target.get("kind") == "hang":
        time.sleep(10_000)
    if target.get("kind") != "difference":
        raise UserError(Message("error.test", {"got": str(target)}))
    index = int(target["index"])  # type: ignore[arg-type]
    now = float(frame.tensors["position"][index])
    before = float("nan") if previous is None else float(previous.tensors["position"][index])
    terms = {"a": Term("x_t", now), "b": Term("x_{t-1}", before)}
    equation = Equation("x_t - x_{t-1}", r"\num{a} - \num{b}", now - before, terms)
    return Explanation(Message("test.difference"), target, [equation], now - before)


def script(params: Walk) -> str:
    return f"print({params.steps})"


def _add() -> None:
    """Adds the experiment to what the registry finds, as if it were a folder of app/labs."""
    found = registry._found
    registry._found = lambda: {**found(), Walk.experiment: Walk}
    sys.modules["app.labs.test.walk"] = sys.modules[MODULE]


if Walk.experiment not in registry.experiments():
    _add()
