"""The small ResNet on CIFAR-10."""

from __future__ import annotations

from pathlib import Path

from app.nn.resnet import ResNet
from app.training.kit.classifier import Recipe, ship

CYCLES = (
    Recipe(epochs=16, small_epochs=6, batch=256, peak_lr=0.3, averaging=0.998),
    Recipe(epochs=8, batch=128, peak_lr=0.1, warm_up=0.1, averaging=0.99, seed=1),
)


def main(folder: Path | None) -> None:
    """Trains and ships it. Raises UserError without the data."""
    ship("resnet", ResNet, CYCLES, folder)
