"""The networks that a picture can go through: ours, the classical filters, and the operator's own.

The operator's own is in :mod:`app.labs.convolution.network.own`, Hugging Face's are in :mod:`app.labs.convolution.network.hub`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from torch import nn

from app.labs.contract import Message, UserError
from app.labs.convolution.network.banks import FilterBank
from app.labs.convolution.params.network import NetworkParams
from app.nn import weights
from app.nn.resnet import ResNet
from app.nn.vgg import VGG

OURS: dict[str, type[nn.Module]] = {"resnet": ResNet, "vgg": VGG}


@dataclass(frozen=True)
class Model:
    """A network at rest and what is known about it.

    ``mean`` and ``std`` are of pixels in 0 to 1, one for each colour; one alone: the network takes grey pictures. ``size`` is the
    only side that it takes, None: any. ``preprocess`` takes a PIL image and stands in for all of that. ``channels`` names the
    channels of layers that have names; ``hash`` tells the operator's file.
    """

    net: nn.Module
    title: str
    classes: tuple[str, ...] = ()
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)
    size: int | None = None
    preprocess: Callable[[Any], Any] | None = None
    card: dict[str, Any] = field(default_factory=dict)
    channels: dict[str, list[str]] = field(default_factory=dict)
    hash: str | None = None


def model(params: NetworkParams) -> Model:
    """The network that the params name. Raises UserError where the operator's cannot be had."""
    if params.network == "own":
        from app.labs.convolution.network.own import own

        return own(params.model)
    if params.network == "hub":
        from app.labs.convolution.network.hub import hub

        return hub(params.hub or "")
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
    short["enlarged"] = card.get("test_accuracy_enlarged", {})  # by the side in pixels
    return Model(net.eval(), name, tuple(card["classes"]), tuple(card["mean"]), tuple(card["std"]), card=short)
