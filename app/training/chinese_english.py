"""The translator of our Chinese grammar into English."""

from __future__ import annotations

from pathlib import Path

from app.nn.tasks.english_chinese import ChineseEnglish
from app.nn.tasks.steps import Recipe
from app.nn.transformer import Shape
from app.training.kit.translator import ship

SHAPE = Shape()
RECIPE = Recipe(steps=1200)


def main(folder: Path | None) -> None:
    """Trains and ships it; it makes its own data."""
    ship("chinese_english", ChineseEnglish(), SHAPE, RECIPE)
