"""A decoder-only Transformer of Tiny Shakespeare."""

from __future__ import annotations

from pathlib import Path

from app.nn.transformer import Shape
from app.training.characters_shakespeare import corpus
from app.training.kit.gpt import Recipe, ship

SHAPE = Shape(d_model=96, heads=4, d_ff=384, layers=3, most=128, norm="pre", activation="gelu")
RECIPE = Recipe()


def main(folder: Path | None) -> None:
    """Trains and ships it. Raises UserError without the text."""
    ship("gpt_shakespeare", corpus(folder), SHAPE, RECIPE)
