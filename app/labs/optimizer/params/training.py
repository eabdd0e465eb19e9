"""The params of ``optimizer/training``: data, a network, the rules that train it, and how often. No torch here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import Field, PrivateAttr, model_validator

from app.labs.contract import Message, UserError
from app.labs.optimizer.params.changes import Change, applied
from app.labs.optimizer.params.task import TaskParams, of
from app.labs.optimizer.racers import AnyRacer, check_racers

MAX_RACERS = 6
MAX_FRAMES = 500
MAX_STEPS = 500_000
"""Steps of all networks together, tuning included: some minutes of a core."""

CHANGEABLE = ("patience",)
"""What a change may set besides a racer's own settings."""

DEFAULT_RACERS: list[dict[str, Any]] = [{"rule": "sgdm", "lr": 0.1}, {"rule": "adam", "lr": 0.02}]


class TrainingParams(TaskParams):
    """Several rules train the same network from the same seeds."""

    experiment: ClassVar[str] = "optimizer/training"

    racers: list[AnyRacer] = Field(
        DEFAULT_RACERS,
        min_length=1,
        max_length=MAX_RACERS,
        validate_default=True,
        json_schema_extra=of("racers", widget="racers"),
    )
    seeds: int = Field(5, ge=1, le=10, json_schema_extra=of("run", widget="slider"))
    """How often every rule trains: from ``seed`` on, each its own initial weights and order of the batches."""
    epochs: int = Field(30, ge=1, le=500, json_schema_extra=of("run"))
    batch_size: int = Field(20, ge=1, le=1000, json_schema_extra=of("run"))
    every: int | None = Field(None, ge=1, le=10_000, json_schema_extra=of("run", folded=True))
    """Steps between two measurements, each a frame; None: an epoch."""
    tuning: int = Field(0, ge=0, le=9, json_schema_extra=of("fair", widget="slider"))
    """Rates that every rule may try before the race, around its own; 0: none."""
    decades: float = Field(2.0, gt=0, le=6, json_schema_extra=of("fair"))
    """How far apart the least and the greatest rate that is tried are."""
    patience: int | None = Field(None, ge=1, le=MAX_FRAMES, json_schema_extra=of("fair"))
    """A network stops when its validation loss has not fallen for so many measurements; None: nobody stops early."""
    changes: list[Change] = Field([], max_length=64, json_schema_extra=of("changes", widget="changes"))

    _segments: tuple[tuple[int, TrainingParams], ...] = PrivateAttr(())

    def length(self) -> int:
        """A frame a measurement."""
        return -(-self.steps // (self.every or self.epoch))

    def rates(self, r: int) -> Sequence[float]:
        """What racer r tries, evenly apart on a logarithmic scale around its own rate; () where nobody tries."""
        n = self.tuning
        places = [0.0] if n == 1 else [k / (n - 1) - 0.5 for k in range(n)]
        return [self.racers[r].lr * 10 ** (self.decades * place) for place in places]

    def segments(self) -> Sequence[tuple[int, TrainingParams]]:
        """(first frame, the params from it on), in order, the first from frame 1. Params of a segment have no changes."""
        return self._segments or ((1, self),)

    def at(self, frame: int) -> TrainingParams:
        """The params that hold in the steps up to a frame."""
        return [params for first, params in self.segments() if first <= max(frame, 1)][-1]

    @model_validator(mode="after")
    def _check(self) -> TrainingParams:
        check_racers(self.racers)
        if self.length() > MAX_FRAMES:
            told = {"got": self.length(), "most": MAX_FRAMES, "least": -(-self.steps // MAX_FRAMES)}
            raise UserError(Message("optimizer.training.error.frames", told), ("every",))
        work = self.steps * len(self.racers) * (self.seeds + self.tuning)
        if work > MAX_STEPS:
            raise UserError(Message("optimizer.training.error.work", {"got": work, "most": MAX_STEPS}), ("epochs",))
        if self.changes:
            self._segments = tuple(applied(self, self.changes, CHANGEABLE))
        return self
