"""The shipped models as ``recurrent/gates`` and ``recurrent/generate`` read and write with them: of characters, and taggers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor, nn

from app.labs.contract import Message, Plain, UserError
from app.labs.recurrent.params.gates import MOST_READ, plain
from app.nn import characters, python_tags, tagger, weights
from app.nn.chinese import in_script
from app.nn.recurrent import Recurrent

NOT_KNOWN = -1
NEVER = (0,)
"""The number of UNKNOWN, which stands for characters that cannot be written."""
MOST_BOTH_WAYS = 400
"""Steps of a bidirectional network: it has read all before its first step can be shown."""


@dataclass(frozen=True)
class Read:
    """A text as a model takes it. ``x`` (T, I): what the first layer reads; ``ids`` (T,) the tokens' numbers."""

    tokens: Sequence[str]
    ids: Sequence[int]
    x: Tensor
    unknown: Sequence[int]
    """Where tokens stand that the model does not know."""
    wanted: Sequence[int]
    """(T,) what is right to say at each step, by its number in the model's vocabulary; NOT_KNOWN where nobody knows."""
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
    says: str = "next"
    """next: the token that follows; tag: what the token is, or with ``one`` what the whole text is."""
    one: bool = False
    characters: Sequence[str] = ()
    """Of a shipped model: what it reads, UNKNOWN first."""


@lru_cache(maxsize=8)
def shipped(name: str) -> Model:
    """A model of ``app/nn/weights``: NAME of characters_NAME, or a tagger's whole name."""
    return _tagger(name) if name.startswith("tagger_") else _characters(name)


def _characters(name: str) -> Model:
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
        return Read(tokens, ids, x, unknown, [*ids[1:], NOT_KNOWN], converted, len(whole) if len(whole) > MOST_READ else None)

    @torch.no_grad()
    def logits(outputs: Tensor, read: Read) -> Tensor | None:
        # A Jordan network puts out its distribution itself: its logarithm does for logits.
        return outputs.clamp_min(1e-38).log() if net.head is None else net.head(outputs)

    module = net.core if isinstance(net.core, nn.RNNBase) else None
    head = net.head if isinstance(net.head, nn.Linear) else None
    table = net.embedding.weight.detach()
    return Model(
        name,
        net.recurrent(),
        module,
        net.characters,
        read,
        logits,
        told,
        head=head,
        embed=lambda k: table[k : k + 1],
        characters=net.characters,
    )


def _tagger(name: str) -> Model:
    net = tagger.load(name)
    card = weights.card(name)
    told = {
        "accuracy": card["accuracy"],
        "macro_recall": card["macro_recall"],
        "parameters": card["parameters"],
        "data": card["data"]["name"],
        "language": card["data"]["language"],
        "minutes": card["minutes"],
    }
    one = bool(card["one_tag_a_text"])
    most = MOST_BOTH_WAYS if net.shape.bidirectional else MOST_READ

    def read(text: str) -> Read:
        whole = plain(text)
        if one:
            # A text here is one name: a line of its own.
            whole = next((line.strip() for line in whole.split("\n") if line.strip()), "")
            if not whole:
                raise UserError(Message("recurrent.gates.error.no_name"), ("text",))
        taken = whole[:most]
        ids = net.ids(taken)
        wanted = None if one else python_tags.tags(taken)
        with torch.no_grad():
            x = net.embedding(torch.tensor(ids))
        unknown = [t for t, k in enumerate(ids) if k == 0]
        return Read(list(taken), ids, x, unknown, wanted or [NOT_KNOWN] * len(ids), 0, len(whole) if len(whole) > most else None)

    @torch.no_grad()
    def logits(outputs: Tensor, read: Read) -> Tensor | None:
        return net.head(outputs)  # type: ignore[no-any-return]

    return Model(
        name, net.recurrent(), net.core, net.tags, read, logits, told, head=net.head, says="tag", one=one, characters=net.characters
    )
