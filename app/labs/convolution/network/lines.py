"""What an opened value is, and what opening it gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.labs.contract import Equation, Message, Plain, Scene, Term

MOST = 8
"""Summands that stand one by one; the others are added up."""


@dataclass(frozen=True)
class Opened:
    """The value ``value`` at (channel, y, x) of a stack of maps, or at ``channel`` of a vector."""

    layer: Mapping[str, Any]
    tensors: Mapping[str, NDArray[Any]]
    scene: Scene
    channel: int
    y: int
    x: int
    value: np.floating[Any]
    vector: bool

    def at(self, name: str) -> float:
        """The tensor's value at the same place."""
        a = self.tensors[name]
        return float(a[self.channel] if self.vector else a[self.channel, self.y, self.x])


@dataclass(frozen=True)
class Line:
    """The equations in order, remarks, and what the drawing shows beside them."""

    equations: Sequence[Equation]
    remarks: Sequence[Message] = ()
    note: Mapping[str, Plain] = field(default_factory=dict)


def term(latex: str, value: float, meaning: str) -> Term:
    """A symbol with its number; ``meaning`` is the message ``convolution.network.term.MEANING``."""
    return Term(latex, float(value), Message(f"convolution.network.term.{meaning}"))


def biggest(values: NDArray[np.float64]) -> list[int]:
    """The indices of the MOST greatest magnitudes, in order; of NaNs, the first."""
    order = np.argsort(-np.abs(np.nan_to_num(values, nan=np.inf)), kind="stable")[:MOST]
    return sorted(int(i) for i in order)


def grid(values: NDArray[Any]) -> list[Plain]:
    """A matrix of numbers for the drawing; what JSON lacks becomes None."""
    return [[float(v) if np.isfinite(v) else None for v in row] for row in values]
