"""What a model that reads here is: how it reads a text, and its attentions one after the other; and which of them reads.

An encoder-decoder reads two texts, and its three kinds of attention are maps over the tokens of both: the mask says who asks
whom, and the row of a token that does not ask is zeros.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from torch import Tensor, nn

from app.labs.attention.params.encoder import EncoderParams
from app.labs.contract import Message, Plain, Progress, UserError
from app.nn.attention import Heads
from app.nn.chinese import share_of_han
from app.nn.tokens import Read
from app.nn.transformer import Off

MOST_TOKENS = 512
"""Of one map, whatever the model could take."""
MOSTLY = 0.5
"""From this share of Chinese on the text goes to the encoder of Chinese."""


@dataclass(frozen=True)
class Part:
    """Which layer an attention belongs to: the ``number``-th (from 1) of the encoder, the decoder, or of its cross-attentions."""

    kind: Literal["layer", "encoder", "decoder", "cross"]
    number: int


@dataclass(frozen=True)
class Layer:
    """One attention over the T tokens of all texts."""

    heads: Heads
    """A batch of one; q, k, v (1, H, T, d_k), the mask (T, T), its bias (1 or H, T, T) or None."""
    hidden: Tensor
    """(T, d): what leaves the layer."""
    scale: float
    """What q k^T is multiplied by."""


class Model(Protocol):
    """At rest, on one device at a time."""

    @property
    def name(self) -> str:
        """Of the params' choices."""

    @property
    def title(self) -> str:
        """What it is called by those who made it; "" where the page has a name for it."""

    @property
    def heads(self) -> int: ...

    @property
    def d_k(self) -> int: ...

    @property
    def d_model(self) -> int: ...

    @property
    def parameters(self) -> int: ...

    def read(self, text: str, second: str | None) -> Read:
        """Raises UserError for a text that it cannot read."""

    def parts(self, read: Read) -> Sequence[Part]:
        """Of each attention, in the order in which ``walk`` gives them."""

    def walk(self, read: Read, off: Off, device: str) -> Iterator[Tensor | Layer | Progress]:
        """What the first layer is given, (T, d); then attention by attention; progress where one takes long.

        ``off``: (which attention, "self", head).
        """

    def linear(self, layer: int, name: str) -> nn.Linear | None:
        """W_q, W_k or W_v, which is given what leaves the layer before; None where the model does more than that."""

    def script(self, read: Read, off: Off) -> str:
        """A standalone PyTorch script of the same run."""


def chosen(params: EncoderParams) -> tuple[Model, str]:
    """The model that reads and why: "chosen", "chinese" or "other". Raises UserError where it cannot be had."""
    if params.model != "auto":
        return model(params.model, params.hub), "chosen"
    if share_of_han(f"{params.text} {params.second or ''}") >= MOSTLY:
        return model("chinese"), "chinese"
    return model("minilm"), "other"


def model(name: str, hub: str | None = None) -> Model:
    """Raises UserError where it cannot be had."""
    if name == "hub":
        from app.labs.attention.encoder.hub import load

        return load(hub or "")
    from app.labs.attention.encoder.ours import load as ours

    return ours(name)


def checked(off: Off, layers: int, heads: int) -> Off:
    """Raises UserError where a head is switched off that the model does not have."""
    for layer, _, head in off:
        if layer >= layers or head >= heads:
            told: dict[str, Plain | Message] = {"layer": layer + 1, "head": head + 1, "layers": layers, "heads": heads}
            raise UserError(Message("attention.encoder.error.no_head", told), ("off",))
    return off
