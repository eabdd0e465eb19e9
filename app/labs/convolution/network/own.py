"""The operator's own image network, of ``--model`` (:mod:`app.labs.own`), and its OPTIONS (docs/models.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from app.labs import own as operators
from app.labs.convolution.network.models import Model

OPTIONS = ("classes", "mean", "std", "size", "preprocess", "title")
MOST_CLASSES = 100_000
SIZES = (4, 512)
"""The sides of an input that a model may ask for."""


def own(wanted: str | None) -> Model:
    """The operator's network. Raises UserError where there is none, it cannot be made, or its file's hash is not ``wanted``."""
    return operators.own(wanted, "network", _model)


def _model(net: nn.Module, options: Mapping[str, Any], factory: str, found: str) -> Model:
    card = {"parameters": sum(p.numel() for p in net.parameters())}
    return Model(net, card=card, hash=found, **_options(options, factory))


def _options(given: Mapping[str, Any], factory: str) -> dict[str, Any]:
    """The dict beside the module, checked. Raises TypeError or ValueError."""
    operators.known(given, OPTIONS)
    options: dict[str, Any] = {"title": str(given.get("title", factory))[:200]}
    classes = tuple(str(name)[:200] for name in given.get("classes", ()))
    if len(classes) > MOST_CLASSES:
        raise ValueError(f"at most {MOST_CLASSES} classes (got {len(classes)})")
    options["classes"] = classes
    for name in ("mean", "std"):
        if name in given:
            options[name] = tuple(float(value) for value in given[name])
    shape = {len(options.get("mean", (0.0,) * len(options.get("std", "rgb")))), len(options.get("std", options.get("mean", "rgb")))}
    if shape - {1, 3} or len(shape) > 1:
        raise ValueError("mean and std need one number for grey pictures or three for coloured ones, the same for both")
    if shape == {1}:
        options = {"mean": (0.0,), "std": (1.0,), **options}
    if any(value <= 0 for value in options.get("std", ())):
        raise ValueError("std must be above 0")
    if given.get("size") is not None:
        options["size"] = int(given["size"])
        if not SIZES[0] <= options["size"] <= SIZES[1]:
            raise ValueError(f"size must be from {SIZES[0]} to {SIZES[1]} (got {options['size']})")
    if given.get("preprocess") is not None:
        if not callable(given["preprocess"]):
            raise TypeError("preprocess must be a function of a PIL image")
        options["preprocess"] = given["preprocess"]
    return options
