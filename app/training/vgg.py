"""The small VGG on CIFAR-10."""

from __future__ import annotations

from pathlib import Path

from app.nn.vgg import VGG
from app.training.kit.classifier import Recipe, ship

RECIPE = Recipe(epochs=9, small_epochs=3)


def main(folder: Path | None) -> None:
    """Trains and ships it. Raises UserError without the data."""
    ship("vgg", VGG, RECIPE, folder)
