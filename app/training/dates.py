"""Dates in six spellings to ISO."""

from __future__ import annotations

from pathlib import Path

from app.nn.tasks.dates import Dates
from app.nn.tasks.steps import Recipe
from app.nn.transformer import Shape
from app.training.kit.translator import ship

SHAPE = Shape()
RECIPE = Recipe(steps=2500)


def main(folder: Path | None) -> None:
    """Trains and ships it; it makes its own data."""
    ship("dates", Dates(), SHAPE, RECIPE)
