"""The small ResNet on CIFAR-10."""

from __future__ import annotations

from pathlib import Path

from app.nn.resnet import ResNet
from app.training.kit.classifier import Recipe, ship

CYCLES = (Recipe(epochs=16, small_epochs=6, batch=256, peak_lr=0.3, averaging=0.998),)


def main(folder: Path | None) -> None:
    """Trains and ships it. Raises UserError without the data."""
    ship("resnet", [(ResNet, recipe) for recipe in CYCLES], folder)
