"""The small VGG on CIFAR-10."""

from __future__ import annotations

from pathlib import Path

from app.nn.vgg import VGG
from app.training.kit.classifier import Recipe, ship

CYCLES = (Recipe(epochs=10, small_epochs=2, batch=128, peak_lr=0.2, shift=2, averaging=0.99),)


def main(folder: Path | None) -> None:
    """Trains and ships it. Raises UserError without the data."""
    ship("vgg", [(VGG, recipe) for recipe in CYCLES], folder)
