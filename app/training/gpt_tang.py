"""A decoder-only Transformer of 300 Tang poems, in Traditional characters as they are handed down."""

from __future__ import annotations

from pathlib import Path

from app.nn.transformer import Shape
from app.training.characters_tang import corpus
from app.training.kit.gpt import Recipe, ship

SHAPE = Shape(d_model=64, heads=4, d_ff=128, layers=2, most=128, norm="pre", activation="gelu", dropout=0.3)
RECIPE = Recipe("adamw", steps=600, batch=8, peak_lr=3e-3, weight_decay=1.0, rarest=2, checks=20)


def main(folder: Path | None) -> None:
    """Trains and ships it. Raises UserError without the poems."""
    ship("gpt_tang", corpus(folder), SHAPE, RECIPE)
