"""The params of ``optimizer/training``: data, a network, the rules that train it, and how often. No torch here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field, PrivateAttr, model_validator

from app.labs.contract import Message, Params, UserError
from app.labs.errors import shown
from app.labs.optimizer.params.changes import Change, applied
from app.labs.optimizer.racers import AnyRacer, check_racers

MAX_RACERS = 6
MAX_FRAMES = 500
MAX_STEPS = 500_000
"""Steps of all networks together, tuning included: some minutes of a core."""
SIZES = {"digits": 1078}
"""What there is to train on, where it is less than ``samples`` may ask for."""
PICTURES = ("digits", "cifar10")

DEFAULT_RACERS: list[dict[str, Any]] = [{"rule": "sgdm", "lr": 0.1}, {"rule": "adam", "lr": 0.02}]


def of(group: str, **more: Any) -> dict[str, Any]:
    """What a field's schema says to the form."""
    return {"group": group, **more}


class TrainingParams(Params):
    """Several rules train the same network from the same seeds."""

    experiment: ClassVar[str] = "optimizer/training"
    order: ClassVar[int] = 2

    data: Literal["moons", "spirals", "circles", "line", "digits", "cifar10"] = Field("moons", json_schema_extra=of("task"))
    samples: int = Field(200, ge=10, le=5000, json_schema_extra=of("task"))
    """Examples to train on, at most as many as there are."""
    noise: float = Field(
        0.2, ge=0, le=2, json_schema_extra=of("task", when={"data": ["moons", "spirals", "circles", "line"]}, widget="slider")
    )
    model: Literal["logistic", "mlp", "cnn"] = Field("mlp", json_schema_extra=of("task"))
    hidden: str = Field("16 16", max_length=24, json_schema_extra=of("task", when={"model": ["mlp"]}, widget="code"))
    """Units of each hidden layer."""
    activation: Literal["tanh", "relu"] = Field("tanh", json_schema_extra=of("task", when={"model": ["mlp", "cnn"]}))
    channels: int = Field(8, ge=1, le=32, json_schema_extra=of("task", when={"model": ["cnn"]}))
    """Of the first convolution; the second has twice as many."""

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

    @property
    def count(self) -> int:
        """Examples that are trained on."""
        return min(self.samples, SIZES.get(self.data, self.samples))

    @property
    def epoch(self) -> int:
        """Steps of an epoch."""
        return -(-self.count // self.batch_size)

    @property
    def steps(self) -> int:
        """Steps of a network."""
        return self.epochs * self.epoch

    def length(self) -> int:
        """A frame a measurement."""
        return -(-self.steps // (self.every or self.epoch))

    def sizes(self) -> tuple[int, ...]:
        """Units of the hidden layers, () but for a perceptron."""
        return tuple(int(word) for word in self.hidden.split()) if self.model == "mlp" else ()

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
        if self.model == "mlp":
            _check_sizes(self.hidden)
        if self.model == "cnn" and self.data not in PICTURES:
            raise UserError(Message("optimizer.training.error.pictures"), ("model",))
        if self.length() > MAX_FRAMES:
            told = {"got": self.length(), "most": MAX_FRAMES, "least": -(-self.steps // MAX_FRAMES)}
            raise UserError(Message("optimizer.training.error.frames", told), ("every",))
        work = self.steps * len(self.racers) * (self.seeds + self.tuning)
        if work > MAX_STEPS:
            raise UserError(Message("optimizer.training.error.work", {"got": work, "most": MAX_STEPS}), ("epochs",))
        if self.changes:
            self._segments = tuple(applied(self, self.changes, ()))
        return self


def _check_sizes(text: str) -> None:
    words = text.split()
    if not 1 <= len(words) <= 4 or not all(word.isdecimal() and word.isascii() and 1 <= int(word) <= 256 for word in words):
        raise UserError(Message("optimizer.training.error.hidden", {"got": shown(text)}), ("hidden",))
