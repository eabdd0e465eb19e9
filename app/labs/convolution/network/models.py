"""The networks that a picture can go through: ours, the classical filters, and the operator's own.

The operator's model is ``FILE.py:FACTORY`` (``python -m app serve --model``, or the environment's UNROLLED_MODEL). FACTORY takes
nothing and returns an ``nn.Module``. What it may say beside its layers, as attributes of that module: ``classes`` (a list of
names), ``mean`` and ``std`` (three numbers each, for pixels in 0 to 1; 0 and 1 where they are missing), ``title``.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from torch import nn

from app.labs.contract import Message, UserError
from app.labs.convolution.network.banks import FilterBank
from app.labs.convolution.params.network import NetworkParams
from app.nn import weights
from app.nn.resnet import ResNet
from app.nn.vgg import VGG

VARIABLE = "UNROLLED_MODEL"
OURS: dict[str, type[nn.Module]] = {"resnet": ResNet, "vgg": VGG}
MOST_CLASSES = 100_000


@dataclass(frozen=True)
class Model:
    """A network at rest and what is known about it. ``channels`` names the channels of layers that have names."""

    net: nn.Module
    title: str
    classes: tuple[str, ...] = ()
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    card: dict[str, Any] = field(default_factory=dict)
    channels: dict[str, list[str]] = field(default_factory=dict)
    hash: str | None = None


def model(params: NetworkParams) -> Model:
    """The network that the params name. Raises UserError where the operator's cannot be had."""
    if params.network == "own":
        return _own(os.environ.get(VARIABLE, ""), params.model)
    return _shipped(params.network, params.filters if params.network == "filters" else "")


@lru_cache(maxsize=8)
def _shipped(name: str, bank: str) -> Model:
    if name == "filters":
        filters = FilterBank(bank)
        return Model(filters.eval(), bank, channels=dict.fromkeys(("filters", "relu", "pool"), filters.names))
    if name not in weights.shipped():
        raise UserError(Message("convolution.network.error.no_weights", {"name": name}), ("network",))
    net = OURS[name]()
    net.load_state_dict(weights.state(name))
    card = weights.card(name)
    short = {key: card[key] for key in ("architecture", "parameters", "test_accuracy", "minutes")} | {"data": card["data"]["name"]}
    return Model(net.eval(), name, tuple(card["classes"]), tuple(card["mean"]), tuple(card["std"]), short)


def _own(named: str, wanted: str | None) -> Model:
    if not named:
        raise UserError(Message("convolution.network.error.no_model"), ("network",))
    file, _, factory = named.rpartition(":")
    try:
        data = Path(file).read_bytes()
    except OSError as error:
        raise UserError(
            Message("convolution.network.error.model_file", {"file": file, "problem": str(error)}), ("network",)
        ) from None
    found = sha256(data).hexdigest()[:16]
    if wanted is not None and wanted != found:
        raise UserError(Message("convolution.network.error.model_changed", {"wanted": wanted, "found": found}), ("network",))
    return _made(file, factory, found)


@lru_cache(maxsize=2)
def _made(file: str, factory: str, found: str) -> Model:
    """Runs the operator's file, once for its contents."""
    spec = importlib.util.spec_from_file_location(f"unrolled_model_{found}", file)
    try:
        if spec is None or spec.loader is None:
            raise ImportError("this is no Python file")
        code = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(code)
        net = getattr(code, factory)()
        if not isinstance(net, nn.Module):
            raise TypeError(f"{factory}() returned {type(net).__name__}, not an nn.Module")
        return Model(
            net.eval(),
            str(getattr(net, "title", factory)),
            tuple(str(name) for name in getattr(net, "classes", ()))[:MOST_CLASSES],
            _three(net, "mean", 0.0),
            _three(net, "std", 1.0),
            {"parameters": sum(p.numel() for p in net.parameters())},
            hash=found,
        )
    except Exception as error:  # whatever the operator's code raises
        told = {"file": Path(file).name, "factory": factory, "problem": f"{type(error).__name__}: {error}"[:300]}
        raise UserError(Message("convolution.network.error.model_failed", told), ("network",)) from error


def _three(net: nn.Module, name: str, missing: float) -> tuple[float, float, float]:
    values: Sequence[float] = getattr(net, name, (missing,) * 3)
    a, b, c = (float(v) for v in values)
    return a, b, c
