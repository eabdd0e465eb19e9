"""What is measured of a network on a part of the data, class by class, so that every sum can be opened."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from app.nn.tasks.supervised import DataSet, Part

CHUNK = 500
"""Examples in one pass: a tenth of a second at most, even of a convolutional network on larger pictures."""


@dataclass(frozen=True)
class Tally:
    """By class (C,), C = 1 where a number is asked for: ``losses`` summed, ``right`` answers, ``count`` of examples."""

    losses: np.ndarray
    right: np.ndarray
    count: np.ndarray

    @property
    def loss(self) -> float:
        """The mean over the examples, whatever their class."""
        return float(self.losses.sum() / self.count.sum())

    @property
    def accuracy(self) -> float:
        """The share of right answers."""
        return float(self.right.sum() / self.count.sum())


@torch.no_grad()
def tally(net: nn.Module, data: DataSet, part: Part) -> Tally:
    """In one pass; the sums in float64. Where a number is asked for nothing counts as right: NaN."""
    out = net(part.x)
    losses = data.losses(out, part.y).double()
    if not data.classes:
        nothing = np.array([np.nan])
        return Tally(losses.sum()[None].cpu().numpy(), nothing, np.array([float(len(part))]))
    right = (out.argmax(1) == part.y).double()
    found = [
        torch.bincount(part.y, weights, minlength=data.outputs).cpu().numpy()
        for weights in (losses, right, torch.ones_like(losses))
    ]
    return Tally(*found)


def tallying(net: nn.Module, data: DataSet, part: Part) -> Generator[None, None, Tally]:
    """The same in passes of CHUNK examples, a yield after each; the Tally is returned."""
    found: list[Tally] = []
    for start in range(0, len(part), CHUNK):
        found.append(tally(net, data, Part(part.x[start : start + CHUNK], part.y[start : start + CHUNK])))
        yield
    return Tally(*(sum(getattr(one, name) for one in found) for name in ("losses", "right", "count")))


QUANTILES = (0.25, 0.5, 0.75)


def band(values: np.ndarray) -> np.ndarray:
    """(R, S) of S seeds to (R, 3): the quartiles and the median between them, by linear interpolation; NaN where a value is."""
    with np.errstate(invalid="ignore"):  # between two infinities there is no number
        quantiles: np.ndarray = np.quantile(values, QUANTILES, axis=1).T
    return np.ascontiguousarray(quantiles)


def stack(tallies: Sequence[Sequence[Tally]], name: str) -> np.ndarray:
    """A number or an array of every tally, (R, S, ...)."""
    return np.array([[getattr(one, name) for one in row] for row in tallies])
