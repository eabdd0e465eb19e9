"""A sentence as it is read and as it is shown: its tokens, and the rows and columns of the maps that are drawn.

Word pieces are merged as Clark et al. do (arXiv 1906.04341, section 4.1): attention to a word is the sum over its pieces,
attention from a word the mean over its pieces; each row still sums to 1. Where [CLS] and [SEP] are not shown, each row is
divided by what is left of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from app.labs.attention.params.encoder import EncoderParams
from app.labs.contract import Plain, UserError
from app.nn import minilm


@dataclass(frozen=True)
class Unit:
    """A row and a column of what is drawn: a token, or the pieces of a word."""

    label: str
    tokens: tuple[int, ...]
    type: int
    """0: first text, 1: second."""
    special: bool


@dataclass(frozen=True)
class Sentence:
    """What the model reads, and the units that are drawn."""

    read: minilm.Read
    units: tuple[Unit, ...]
    shown: tuple[int, ...]
    """Which units are drawn."""

    @property
    def special(self) -> list[bool]:
        """Of each token: [CLS] or [SEP]."""
        return [word is None for word in self.read.words]

    @property
    def whole(self) -> bool:
        """Whether what is drawn is the map itself."""
        return len(self.shown) == len(self.read.tokens)

    @cached_property
    def _of(self) -> Tensor:
        """(T,) the unit of each token."""
        of = torch.zeros(len(self.read.tokens), dtype=torch.long)
        for number, unit in enumerate(self.units):
            of[list(unit.tokens)] = number
        return of

    @cached_property
    def _sizes(self) -> Tensor:
        """(units,) tokens of each."""
        return torch.tensor([len(unit.tokens) for unit in self.units], dtype=torch.float32)

    def drawn(self, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Weights (H, T, T) as they are drawn (H, n, n), and what was taken off each row with the special tokens (H, n).

        A row that has nothing left is zeros.
        """
        if self.whole:
            return weights, weights.new_zeros(weights.shape[:2])
        merged = self.merged(weights)
        if len(self.shown) == len(self.units):
            return merged, merged.new_zeros(merged.shape[:2])
        hidden = [number for number in range(len(self.units)) if number not in set(self.shown)]
        rows = merged[:, list(self.shown)]
        removed = rows[..., hidden].sum(-1)
        rows = rows[..., list(self.shown)]
        left = rows.sum(-1, keepdim=True)
        return rows / left.masked_fill(left == 0, 1), removed

    def merged(self, weights: Tensor) -> Tensor:
        """(H, T, T) to (H, units, units): sums over the pieces of a key, means over those of a query."""
        count = len(self.units)
        if count == weights.shape[1]:
            return weights
        of, heads = self._of.to(weights.device), len(weights)
        keys = weights.new_zeros(heads, weights.shape[1], count).index_add_(2, of, weights)
        rows = weights.new_zeros(heads, count, count).index_add_(1, of, keys)
        return rows / self._sizes.to(weights.device)[:, None]


def sentence(params: EncoderParams) -> Sentence:
    """Raises UserError, of its field, for a text that cannot be read."""
    try:
        read = minilm.read(params.text, params.second)
    except UserError as error:
        raise UserError(error.message, (_field(params, error),)) from error
    units = _units(read, params)
    shown = tuple(number for number, unit in enumerate(units) if params.special or not unit.special)
    return Sentence(read, units, shown)


def _field(params: EncoderParams, error: UserError) -> str:
    """Which text it is that cannot be read."""
    if params.second is None or error.message.id not in ("attention.empty-text", "attention.too-long"):
        return "text"
    try:
        minilm.read(params.text)
    except UserError:
        return "text"
    return "second"


def _units(read: minilm.Read, params: EncoderParams) -> tuple[Unit, ...]:
    texts = (params.text, params.second or "")
    found: list[Unit] = []
    last: tuple[int, int] | None = None
    for token, (text, word, type_id) in enumerate(zip(read.tokens, read.words, read.types, strict=True)):
        here = None if word is None else (type_id, word)
        if params.merge and here is not None and here == last:
            tokens = (*found[-1].tokens, token)
            typed = texts[type_id][read.spans[tokens[0]][0] : read.spans[token][1]]
            found[-1] = Unit(typed, tokens, type_id, False)
        else:
            label = texts[type_id][slice(*read.spans[token])] if params.merge and word is not None else text
            found.append(Unit(label, (token,), type_id, word is None))
        last = here
    return tuple(found)


def told(sentence: Sentence) -> dict[str, Plain]:
    """What the scene's note says of it: the tokens, and what is drawn."""
    read = sentence.read
    return {
        "tokens": list(read.tokens),
        "types": list(read.types),
        "units": [
            {"label": unit.label, "tokens": list(unit.tokens), "type": unit.type, "special": unit.special}
            for unit in (sentence.units[number] for number in sentence.shown)
        ],
        "unknown": list(read.unknown),
        "left_out": read.left_out,
        "pieces": sum(token.startswith("##") for token in read.tokens),
    }
