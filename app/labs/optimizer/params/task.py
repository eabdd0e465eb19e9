"""What two experiments with real networks share: data to learn, a network, and how long it trains. No torch here."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from app.labs.contract import Message, Params, UserError
from app.labs.errors import shown

SIZES: Mapping[str, int] = {"digits": 1078}
"""What there is to train on, where it is less than ``samples`` may ask for."""
PICTURES = ("digits", "cifar10")
SHAPES: Mapping[str, tuple[int, ...]] = {"line": (1,), "digits": (1, 8, 8), "cifar10": (3, 32, 32)}
"""Of one example; all others are points in the plane."""
OUTPUTS: Mapping[str, int] = {"line": 1, "digits": 10, "cifar10": 10}
"""A logit a class, or one number; all others have two classes."""


def of(group: str, **more: Any) -> dict[str, Any]:
    """What a field's schema says to the form."""
    return {"group": group, **more}


class TaskParams(Params):
    """Data and a network; how many epochs, and of what batches, every experiment says itself."""

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

    if TYPE_CHECKING:  # declared by every experiment, after its racers
        epochs: int
        batch_size: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one example."""
        return SHAPES.get(self.data, (2,))

    @property
    def outputs(self) -> int:
        """A logit a class, or one number."""
        return OUTPUTS.get(self.data, 2)

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

    def sizes(self) -> tuple[int, ...]:
        """Units of the hidden layers, () but for a perceptron."""
        return tuple(int(word) for word in self.hidden.split()) if self.model == "mlp" else ()

    def size(self) -> tuple[int, int]:
        """(parameters, multiply-adds of one example) of the network."""
        if self.model == "cnn":
            depth, height, width = self.shape
            c, pixels = self.channels, height * width
            last = 2 * c * (height // 4) * (width // 4) * self.outputs
            weights = (9 * depth * c, 9 * c * 2 * c, last)
            return sum(weights) + 3 * c + self.outputs, weights[0] * pixels + weights[1] * (pixels // 4) + last
        units = (math.prod(self.shape), *self.sizes(), self.outputs)
        adds = sum(a * b for a, b in itertools.pairwise(units))
        return adds + sum(units[1:]), adds

    @model_validator(mode="after")
    def _check_task(self) -> TaskParams:
        if self.model == "mlp":
            _check_sizes(self.hidden)
        if self.model == "cnn" and self.data not in PICTURES:
            raise UserError(Message("optimizer.task.error.pictures"), ("model",))
        return self


def _check_sizes(text: str) -> None:
    words = text.split()
    if not 1 <= len(words) <= 4 or not all(word.isdecimal() and word.isascii() and 1 <= int(word) <= 256 for word in words):
        raise UserError(Message("optimizer.task.error.hidden", {"got": shown(text)}), ("hidden",))
