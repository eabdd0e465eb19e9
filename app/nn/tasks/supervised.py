"""Data to learn from, in three parts: one to train on, one to choose settings by, and one that only measures.

data = made("moons", 200, noise=0.2, seed=0)   # moons, spirals, circles: points of two classes; line: a number
data = digits()                                # scikit-learn's 1,797 handwritten digits of 8 x 8 pixels
loss = data.losses(net(data.test.x), data.test.y).mean()
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import functional

HELD_OUT = 500
"""Points drawn to choose by, and as many to measure with."""


@dataclass(frozen=True)
class Part:
    """``x`` (N, ...) float32; ``y`` (N,) int64 class numbers, or float32 numbers where a number is asked for."""

    x: Tensor
    y: Tensor

    def __len__(self) -> int:
        return len(self.y)

    def first(self, n: int) -> Part:
        """The first n examples."""
        return Part(self.x[:n], self.y[:n])

    def to(self, device: str) -> Part:
        """The same on a device."""
        return Part(self.x.to(device), self.y.to(device))


@dataclass(frozen=True)
class DataSet:
    """``classes`` are their names, () where a number is asked for; ``shape`` is that of one x."""

    train: Part
    validation: Part
    test: Part
    classes: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one example."""
        return tuple(self.train.x.shape[1:])

    @property
    def outputs(self) -> int:
        """A logit a class, or one number."""
        return len(self.classes) or 1

    def losses(self, out: Tensor, y: Tensor) -> Tensor:
        """Every example's loss (B,): cross-entropy in nats of logits (B, outputs), or the squared error of a number."""
        if self.classes:
            return functional.cross_entropy(out, y, reduction="none")
        return (out[:, 0] - y) ** 2

    def to(self, device: str) -> DataSet:
        """The same on a device."""
        return DataSet(self.train.to(device), self.validation.to(device), self.test.to(device), self.classes)


def made(name: str, n: int, noise: float, seed: int) -> DataSet:
    """``n`` examples to train on of a data set of MADE, and HELD_OUT in either other part: another seed, other points."""
    generator = Generator().manual_seed(seed)
    train, validation, test = (MADE[name](count, noise, generator) for count in (n, HELD_OUT, HELD_OUT))
    return DataSet(train, validation, test, () if name == "line" else ("0", "1"))


def moons(n: int, noise: float, generator: Generator) -> Part:
    """Two half circles, each about to close the other; ``noise`` is the standard deviation of both coordinates."""
    y, angle = _classes(n), math.pi * torch.rand(n, generator=generator)
    upper = torch.stack([angle.cos(), angle.sin()], 1)
    lower = torch.stack([1 - angle.cos(), 0.5 - angle.sin()], 1)
    return Part(_spread(torch.where(y[:, None] == 0, upper, lower), noise, generator), y)


def spirals(n: int, noise: float, generator: Generator) -> Part:
    """Two arms that wind once and a half around each other, r = theta / (2 pi)."""
    y = _classes(n)
    turn = 3 * math.pi * torch.rand(n, generator=generator).sqrt()  # evenly thick along the arm
    angle, r = turn + math.pi * y, turn / (2 * math.pi)
    return Part(_spread(torch.stack([r * angle.cos(), r * angle.sin()], 1), noise, generator), y)


def circles(n: int, noise: float, generator: Generator) -> Part:
    """A circle of radius 1 around one of radius 1/2."""
    y, angle = _classes(n), 2 * math.pi * torch.rand(n, generator=generator)
    r = torch.where(y == 0, 1.0, 0.5)
    return Part(_spread(torch.stack([r * angle.cos(), r * angle.sin()], 1), noise, generator), y)


SLOPE, INTERCEPT = 2.0, -1.0


def line(n: int, noise: float, generator: Generator) -> Part:
    """y = 2 x - 1 and normal noise, x (N, 1) even between -1 and 1: linear regression."""
    x = 2 * torch.rand(n, 1, generator=generator) - 1
    return Part(x, SLOPE * x[:, 0] + INTERCEPT + noise * torch.randn(n, generator=generator))


MADE: Mapping[str, Callable[[int, float, Generator], Part]] = {
    "moons": moons,
    "spirals": spirals,
    "circles": circles,
    "line": line,
}
"""What is drawn, by name."""


def _classes(n: int) -> Tensor:
    """0, 1, 0, 1, ..."""
    return torch.arange(n) % 2


def _spread(x: Tensor, noise: float, generator: Generator) -> Tensor:
    return x + noise * torch.randn(x.shape, generator=generator)


DIGITS = (1078, 359, 360)
"""The digits in each part: three fifths, a fifth, a fifth."""


def digits() -> DataSet:
    """Handwritten digits as pictures (1, 8, 8) of 0 to 1, in an order shuffled once and for all.

    E. Alpaydin and C. Kaynak, 1998, the test set of "Optical recognition of handwritten digits" (UCI), as scikit-learn brings it.
    """
    from sklearn.datasets import load_digits  # slow to import, and only this needs it

    images, labels = load_digits(return_X_y=True)
    order = torch.randperm(len(labels), generator=Generator().manual_seed(0))
    x = torch.tensor(images, dtype=torch.float32).view(-1, 1, 8, 8)[order] / 16
    y = torch.tensor(labels, dtype=torch.int64)[order]
    parts = zip(torch.split(x, DIGITS), torch.split(y, DIGITS), strict=True)  # type: ignore[arg-type]
    train, validation, test = (Part(*part) for part in parts)
    return DataSet(train, validation, test, tuple(str(k) for k in range(10)))
