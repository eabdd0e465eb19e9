"""An experiment of independent parts for the engine's tests: part k is its own number and what it was told to do."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np
from pydantic import Field

from app.labs import registry
from app.labs.contract import Equation, Explanation, Frame, Message, Params, Progress, Scene, Target, Term

MODULE = __name__


class Pieces(Params):
    """``count`` parts; those whose number ``slow`` divides take long, part ``bad`` raises, part ``deadly`` ends its worker."""

    experiment: ClassVar[str] = "test/pieces"

    count: int = Field(12, ge=1, le=500)
    slow: int = Field(0, ge=0, le=500)
    pause: float = Field(0, ge=0, le=10)
    bad: int = Field(-1, ge=-1)
    deadly: int = Field(-1, ge=-1)

    def length(self) -> int:
        return self.count - 1

    def parts(self) -> int:
        return self.count


def scene(params: Pieces, device: str = "cpu") -> Scene:
    return Scene({}, {"count": params.count})


def run(params: Pieces, device: str = "cpu") -> Iterator[Frame | Progress]:
    for k in range(params.count):
        yield from part(params, k, device)


def part(params: Pieces, k: int, device: str = "cpu") -> Iterator[Frame | Progress]:
    yield Progress(k, params.count, Message("test.stage"))
    if params.slow and k % params.slow == 0:
        time.sleep(params.pause)
    if k == params.bad:
        raise ZeroDivisionError("by design")
    if k == params.deadly:
        os._exit(9)
    numbers = np.random.default_rng((params.seed, k)).standard_normal(5 + k % 3)
    yield Frame(k, {"numbers": numbers, "worker": np.array([0.0])}, {"k": k})


def targets(params: Pieces) -> Sequence[Target]:
    return [{"kind": "first"}]


def explain(params: Pieces, scene: Scene, previous: Frame | None, frame: Frame, target: Target) -> Explanation:
    assert previous is None
    value = float(frame.tensors["numbers"][0])
    return Explanation(Message("test.difference"), target, [Equation("x", r"\num{x}", value, {"x": Term("x", value)})], value)


if Pieces.experiment not in registry.experiments():
    found = registry._found
    registry._found = lambda: {**found(), Pieces.experiment: Pieces}
    sys.modules["app.labs.test.pieces"] = sys.modules[MODULE]
