r"""Taggers: a recurrent network that reads a text and says of each character what it is, bidirectional ones after having read all.

x_t = E[character t]; h_t and h'_t of the two directions; p_t = softmax(V [h_t, h'_t] + b).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from app.nn import weights
from app.nn.characters import MODULES
from app.nn.recurrent import Recurrent, from_torch

NO_TAG = -1
"""Where a text's own tags are not known, and in padding."""


@dataclass(frozen=True)
class Shape:
    """``kind``: rnn, lstm or gru."""

    kind: str = "lstm"
    layers: int = 1
    hidden: int = 64
    embedding: int = 32
    bidirectional: bool = True


class Tagger(nn.Module):
    """A tag of ``tags`` for each of ``characters``, whose first is UNKNOWN."""

    def __init__(self, characters: Sequence[str], tags: Sequence[str], shape: Shape) -> None:
        super().__init__()
        self.characters, self.tags, self.shape = tuple(characters), tuple(tags), shape
        self._ids = {character: i for i, character in enumerate(self.characters)}
        self.embedding = nn.Embedding(len(self.characters), shape.embedding)
        self.core = MODULES[shape.kind](shape.embedding, shape.hidden, shape.layers, bidirectional=shape.bidirectional)
        self.head = nn.Linear(shape.hidden * (2 if shape.bidirectional else 1), len(self.tags))

    def ids(self, text: str) -> list[int]:
        """Its characters as numbers, 0 for those that the model does not know."""
        return [self._ids.get(character, 0) for character in text]

    def forward(self, ids: Tensor, lengths: Tensor | None = None) -> Tensor:
        """ids (T, N) to the tags' logits (T, N, K); texts shorter than T say so in ``lengths`` (N,)."""
        x = self.embedding(ids)
        if lengths is None:
            logits: Tensor = self.head(self.core(x)[0])
            return logits
        out, _ = self.core(pack_padded_sequence(x, lengths.cpu(), enforce_sorted=False))
        logits = self.head(pad_packed_sequence(out, total_length=len(ids))[0])
        return logits

    def recurrent(self) -> Recurrent:
        """The network with every gate in the open; its input is ``embedding(ids)``."""
        return from_torch(self.core)


def load(name: str) -> Tagger:
    """The shipped tagger at rest. Raises FileNotFoundError, WrongWeights."""
    card = weights.card(name)
    model = Tagger(card["characters"], card["tags"], Shape(**card["shape"]))
    model.load_state_dict(weights.state(name))
    return model.eval()


@torch.no_grad()
def whole(logits: Tensor) -> Tensor:
    """(T, K) logits of one text to the log-probabilities (K,) of its one tag: the mean over its characters, normalised."""
    return logits.log_softmax(-1).mean(0).log_softmax(-1)
