"""Operations as frames: what streams of each at once, and what is fetched when somebody asks."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.labs.contract import Frame, Plain
from app.labs.convolution.network import receptive
from app.labs.convolution.network.cost import macs
from app.labs.convolution.network.models import Model
from app.labs.convolution.network.mosaic import mosaic, stats
from app.labs.convolution.network.seen import Operation

DEAD = frozenset({"activation"})
MOST_VECTOR = 2**18
"""Longer vectors are not streamed, for 1 MB is much for one picture of a step: they are fetched."""


class Framer:
    """Turns the operations of one pass into frames, in order; keeps what later ones need: shapes and receptive fields."""

    def __init__(self, model: Model, off: dict[str, list[int]]) -> None:
        self._model, self._off = model, off
        self._fields: dict[int, receptive.Field] = {}
        self._shapes: dict[int, tuple[int, ...]] = {}

    def frame(self, operation: Operation) -> Frame:
        """The frame of one operation; ``note.layer`` and the tensors are told in app/labs/convolution/network/__init__.py."""
        output = operation.output
        shape = tuple(output.shape)
        self._shapes[operation.index] = shape
        self._fields[operation.index] = self._field(operation, shape)
        layer: dict[str, Plain] = {
            "index": operation.index,
            "name": operation.name,
            "call": operation.call,
            "type": operation.type,
            "kind": operation.kind,
            "side": "output",
            "shape": list(shape[1:]) if shape[:1] == (1,) else list(shape),
            "params": operation.params,
            "macs": macs(operation),
            "receptive": receptive.described(self._fields[operation.index]),
            "inputs": list(operation.sources),
            "options": {k: plain(v) for k, v in operation.options.items()},
            "functional": operation.functional,
        }
        if off := self.off(operation.name):
            layer["ablated"] = off
        if names := self._model.channels.get(operation.name):
            layer["channels"] = list(names)
        maps = output[0] if shape[:1] == (1,) else output
        streamed, asked = tensors(maps, layer)
        for i, source in enumerate(operation.inputs):
            asked[f"input/{i}"] = numpy(source[0] if source.shape[:1] == (1,) else source)
        for name, weight in operation.weights.items():
            asked[f"weights/{name}"] = numpy(weight)
        return Frame(operation.index, {**streamed, **asked}, {"layer": layer}, tuple(asked))

    def off(self, name: str) -> list[Plain]:
        """The channels of a layer that are switched off."""
        return list(self._off.get(name, ()))

    def field_of(self, index: int) -> receptive.Field:
        """The receptive field of an operation that has become a frame."""
        return self._fields[index]

    def _field(self, operation: Operation, shape: tuple[int, ...]) -> receptive.Field:
        if operation.kind == "input":
            return receptive.PIXEL
        shapes = [tuple(given.shape) for given in operation.inputs]
        # A slice of a map is not where the map was.
        fields = [self._fields[i] if s[2:] == self._shapes[i][2:] else None for i, s in zip(operation.sources, shapes, strict=True)]
        return receptive.field(operation.kind, operation.type, operation.options, shapes, shape, fields)


def tensors(maps: Tensor, layer: dict[str, Plain]) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
    """(streamed, on demand) of one output: (C, H, W) maps, or a vector (N), or anything else."""
    if maps.dim() == 3 and maps.numel():
        small, factor = mosaic(maps.float())
        layer["factor"] = factor
        told = stats(maps.float())
        if layer["kind"] in DEAD:
            layer["dead"] = int((told[:, 1] <= 0).sum())
        return {**small, "stats": told}, {"maps": numpy(maps)}
    if maps.dim() == 1 and maps.numel() <= MOST_VECTOR:
        return {"maps": numpy(maps)}, {}
    return {}, {"maps": numpy(maps)}


def probabilities(logits: Tensor) -> Tensor:
    """(classes,) from a network's output (1, classes): softmax, unless it already is a distribution."""
    vector = logits[0].double()
    if bool((vector >= 0).all()) and abs(vector.sum().item() - 1) < 1e-4:
        return vector.float()
    return torch.softmax(vector, 0).float()


def top(p: Tensor, classes: tuple[str, ...], most: int = 5) -> list[Plain]:
    """The likeliest classes: number, name, probability."""
    values, indices = p.topk(min(most, len(p)))
    return [
        {"class": int(i), "label": classes[i] if i < len(classes) else str(int(i)), "p": float(v)}
        for v, i in zip(values, indices, strict=True)
    ]


def numpy(tensor: Tensor) -> NDArray[Any]:
    """On the CPU, C order, float32 where it is a half."""
    tensor = tensor.detach().cpu()
    if tensor.dtype in (torch.bfloat16, torch.float16):
        tensor = tensor.float()
    return np.ascontiguousarray(tensor.numpy())


def plain(value: Any) -> Plain:
    """An option as JSON has it."""
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
