"""A sequence auto-encoder: letters given back from the last state of their encoder."""

from __future__ import annotations

from pathlib import Path

from app.nn.recurrent.seq2seq import Shape
from app.nn.tasks.echo import Echo
from app.training.kit.seq2seq import Recipe, ship

RECIPE = Recipe(steps=6000)


def main(folder: Path | None) -> None:
    """Trains and ships it; it makes its own data."""
    ship({RECIPE.steps: "seq2seq_echo"}, Echo(), Shape("gru", hidden=128), RECIPE, "seq2seq_echo")
