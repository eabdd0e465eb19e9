"""The shipped character models as ``recurrent/gates`` and ``recurrent/generate`` read and write with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor, nn

from app.labs.contract import Plain
from app.labs.recurrent.chinese import in_script
from app.labs.recurrent.params.gates import MOST_READ, plain
from app.nn import characters, weights
from app.nn.recurrent import Recurrent


@dataclass(frozen=True)
class Read:
    """A text as a model takes it. ``x`` (T, I): what the first layer reads; ``ids`` (T,) the tokens' numbers."""

    tokens: Sequence[str]
    ids: Sequence[int]
    x: Tensor
    unknown: Sequence[int]
    """Where tokens stand that the model does not know."""
    converted: int = 0
    """Characters that were turned into the model's script."""
    cut: int | None = None
    """How long the text was, where it was cut."""
    given: Tensor | None = None
    """What an operator's module is called with, without its batch."""


@dataclass(frozen=True)
class Model:
    """``module``: torch's own, None of a Jordan network; ``logits`` of the last layer's outputs (T, D P), None: it says none.

    ``whole``: the outputs have to be there to their end before any logits can be told.
    """

    name: str
    recurrent: Recurrent
    module: nn.RNNBase | None
    vocabulary: Sequence[str]
    read: Callable[[str], Read]
    logits: Callable[[Tensor, Read], Tensor | None]
    told: Mapping[str, Plain]
    whole: bool = False
    head: nn.Linear | None = None
    embed: Callable[[int], Tensor] | None = None
    """A token's number to what the first layer reads of it, (1, I)."""


@lru_cache(maxsize=8)
def shipped(name: str) -> Model:
    """A character model of ``app/nn/weights``."""
    net = characters.load(f"characters_{name}")
    card = weights.card(f"characters_{name}")
    told = {
        "nats": card["nats"],
        "parameters": card["parameters"],
        "data": card["data"]["name"],
        "language": card["data"]["language"],
        "minutes": card["minutes"],
    }
    language = str(card["data"]["language"])

    def read(text: str) -> Read:
        whole, converted = in_script(plain(text), language, net.characters)
        tokens = list(whole[:MOST_READ])
        ids = net.ids(whole[:MOST_READ])
        with torch.no_grad():
            x = net.embedding(torch.tensor(ids))
        unknown = [t for t, k in enumerate(ids) if k == 0]
        return Read(tokens, ids, x, unknown, converted, len(whole) if len(whole) > MOST_READ else None)

    @torch.no_grad()
    def logits(outputs: Tensor, read: Read) -> Tensor | None:
        # A Jordan network puts out its distribution itself: its logarithm does for logits.
        return outputs.clamp_min(1e-38).log() if net.head is None else net.head(outputs)

    module = net.core if isinstance(net.core, nn.RNNBase) else None
    head = net.head if isinstance(net.head, nn.Linear) else None
    table = net.embedding.weight.detach()
    return Model(name, net.recurrent(), module, net.characters, read, logits, told, head=head, embed=lambda k: table[k : k + 1])
