"""The data and the network that the params name."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor, nn

from app.labs.background import Background
from app.labs.contract import Message, Progress
from app.labs.optimizer.params.task import TaskParams
from app.nn.feedforward import cnn, mlp
from app.nn.tasks.supervised import DataSet, Part, digits, made
from app.training.kit import cifar10

CIFAR_HELD = 500
"""Pictures to choose by; twice as many measure."""
_cifar: dict[tuple[Path, int], DataSet] = {}
"""The last one that was read: reading takes seconds."""


STAGE = Message("optimizer.task.stage.loading")


def loading(params: TaskParams, device: str = "cpu") -> Generator[Progress, None, DataSet]:
    """The data on the device, returned; Progress in between. Raises UserError where CIFAR-10 is not there."""
    if params.data == "cifar10":
        data = yield from _pictures(params.count)
    else:  # whoever asks for the digits first imports scikit-learn, which takes seconds
        data = yield from Background(lambda done: data_of(params), 0, STAGE).wait()
    return data.to(device)


def data_of(params: TaskParams) -> DataSet:
    """Data that is there at once: all but CIFAR-10."""
    if params.data == "digits":
        data = _digits()
        return DataSet(data.train.first(params.count), data.validation, data.test, data.classes)
    return made(params.data, params.count, params.noise, params.seed)


_digits = lru_cache(maxsize=1)(digits)


def _pictures(count: int) -> Generator[Progress, None, DataSet]:
    """The first pictures of every class, a class at a time; those to choose by follow those to train on."""
    path = cifar10.archive(None)
    key = path, count
    if key not in _cifar:
        each = -(-count // 10)
        train, validation, test = [], [], []
        with cifar10.opened(path) as zipped:
            for label in range(10):
                yield Progress(label, 10, STAGE)
                part = cifar10.of_class(zipped, "train", label, each + CIFAR_HELD // 10)
                train.append((part.images[:each], part.labels[:each]))
                validation.append((part.images[each:], part.labels[each:]))
                part = cifar10.of_class(zipped, "test", label, 2 * CIFAR_HELD // 10)
                test.append((part.images, part.labels))
            data = DataSet(_mixed(train).first(count), _mixed(validation), _mixed(test), cifar10.CLASSES)
        _cifar.clear()
        _cifar[key] = data
    return _cifar[key]


def _mixed(classes: list[tuple[Tensor, Tensor]]) -> Part:
    """One of each class, then the next of each: any first so many hold every class alike. Raises ValueError for unequal classes."""
    images, labels = (torch.stack(list(each), 1).flatten(0, 1) for each in zip(*classes, strict=True))
    return Part(cifar10.normalise(images), labels)


CLASSES: Mapping[str, tuple[str, ...]] = {
    "line": (),
    "digits": tuple(str(k) for k in range(10)),
    "cifar10": cifar10.CLASSES,
}
"""All others have two, 0 and 1."""


def network(params: TaskParams) -> nn.Module:
    """With weights drawn by torch's own generator."""
    shape, outputs = params.shape, params.outputs
    if params.model == "cnn":
        return cnn(shape, params.channels, outputs, params.activation)
    return mlp(math.prod(shape), params.sizes(), outputs, params.activation)
