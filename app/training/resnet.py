"""The small ResNet on CIFAR-10."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from app.nn.resnet import ResNet
from app.training.kit.classifier import Recipe, ship

CYCLES = (
    Recipe(epochs=16, small_epochs=6, batch=256, peak_lr=0.3, averaging=0.998),
    Recipe(epochs=24, small_epochs=4, batch=128, peak_lr=0.2, warm_up=0.1, shift=4, averaging=0.998),
    Recipe(epochs=18, small_epochs=4, batch=128, peak_lr=0.2, warm_up=0.1, shift=4, cutout=8, averaging=0.998),
)
SMALLER = partial(ResNet, blocks=(1, 1, 1))
"""Of the first two cycles: the last one adds a block to each stage, which begins as the identity."""


def main(folder: Path | None) -> None:
    """Trains and ships it. Raises UserError without the data."""
    ship("resnet", list(zip((SMALLER, SMALLER, ResNet), CYCLES, strict=True)), folder)
