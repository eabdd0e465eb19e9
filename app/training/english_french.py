"""The translator of our English grammar into French."""

from __future__ import annotations

from pathlib import Path

from app.nn.tasks.english_french import EnglishFrench
from app.nn.tasks.steps import Recipe
from app.nn.transformer import Shape
from app.training.kit.translator import ship

SHAPE = Shape()
RECIPE = Recipe(steps=1200)


def main(folder: Path | None) -> None:
    """Trains and ships it; it makes its own data."""
    ship("english_french", EnglishFrench(), SHAPE, RECIPE)
