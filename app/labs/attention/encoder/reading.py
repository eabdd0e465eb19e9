"""A sentence as it is read and as it is shown: its tokens, and the rows and columns of the maps that are drawn.

Word pieces are merged as Clark et al. do (arXiv 1906.04341, section 4.1): attention to a word is the sum over its pieces,
attention from a word the mean over its pieces; each row still sums to 1. Where [CLS] and [SEP] are not shown, each row is
divided by what is left of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.labs.attention.encoder.models import Model, Part, checked, chosen
from app.labs.attention.params.encoder import EncoderParams
from app.labs.contract import Plain, UserError
from app.nn.tokens import Read
from app.nn.transformer import Off


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
    """What a model reads, and the units that are drawn."""

    model: Model
    why: str
    """"chosen", or by what the text is: "chinese" or "other"."""
    read: Read
    units: tuple[Unit, ...]
    shown: tuple[int, ...]
    """Which units are drawn."""

    @cached_property
    def parts(self) -> Sequence[Part]:
        """Which layer each attention belongs to."""
        return self.model.parts(self.read)

    @property
    def special(self) -> list[bool]:
        """Of each token: [CLS] or [SEP]."""
        return [word is None for word in self.read.words]

    @property
    def whole(self) -> bool:
        """Whether what is drawn is the map itself."""
        return len(self.shown) == len(self.read.tokens)

    @cached_property
    def _hidden(self) -> list[int]:
        """Which units are not drawn."""
        return sorted(set(range(len(self.units))) - set(self.shown))

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
        rows = merged[:, list(self.shown)]
        removed = rows[..., self._hidden].sum(-1)
        rows = rows[..., list(self.shown)]
        left = rows.sum(-1, keepdim=True)
        return rows / left.masked_fill(left == 0, 1), removed

    def rows(self, sees: NDArray[np.bool_]) -> int:
        """How many of the units drawn have a token that asks any other: token i sees token j, (T, T)."""
        asking = [bool(row.any()) for row in sees]
        return sum(any(asking[token] for token in self.units[number].tokens) for number in self.shown)

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
    """Raises UserError, of its field, for a text that cannot be read and for a model that cannot be had."""
    model, why = chosen(params)
    try:
        read = model.read(params.text, params.second)
    except UserError as error:
        raise UserError(error.message, error.path or (_field(model, params, error),)) from error
    units = _units(read, params)
    shown = tuple(number for number, unit in enumerate(units) if params.special or not unit.special)
    return Sentence(model, why, read, units, shown)


def _field(model: Model, params: EncoderParams, error: UserError) -> str:
    """Which text it is that cannot be read."""
    if params.second is None or error.message.id not in ("attention.empty-text", "attention.too-long"):
        return "text"
    try:
        model.read(params.text, None)
    except UserError:
        return "text"
    return "second"


def off(sentence: Sentence, params: EncoderParams) -> Off:
    """The heads that are switched off. Raises UserError where the model does not have one."""
    named: Off = [(one.layer, "self", one.head) for one in params.off]
    return checked(named, len(sentence.parts), sentence.model.heads)


def _units(read: Read, params: EncoderParams) -> tuple[Unit, ...]:
    found: list[Unit] = []
    last: tuple[int, int] | None = None
    for token, (text, word, type_id) in enumerate(zip(read.tokens, read.words, read.types, strict=True)):
        here = None if word is None else (type_id, word)
        label = (read.typed[token] or text) if params.merge else text
        if params.merge and here is not None and here == last:
            found[-1] = Unit(found[-1].label + read.typed[token], (*found[-1].tokens, token), type_id, False)
        else:
            found.append(Unit(label, (token,), type_id, word is None))
        last = here
    return tuple(found)


def sees(mask: Tensor) -> NDArray[np.bool_]:
    """(T, T): which token sees which under the mask of an attention, in any head."""
    seen = mask if mask.dtype == torch.bool else mask != -torch.inf
    found: NDArray[np.bool_] = (seen.flatten(0, -3).any(0) if seen.dim() > 2 else seen).cpu().numpy()
    return found


def told(sentence: Sentence) -> dict[str, Plain]:
    """What the scene's note says of it: the tokens, and what is drawn."""
    read, model = sentence.read, sentence.model
    parts: list[Plain] = [{"kind": part.kind, "number": part.number} for part in sentence.parts]
    return {
        "model": model.name,
        "title": model.title,
        "why": sentence.why,
        "parts": parts,
        "layers": len(parts),
        "heads": model.heads,
        "d_k": model.d_k,
        "d_model": model.d_model,
        "parameters": model.parameters,
        "opens": model.linear(0, "q") is not None,
        "tokens": list(read.tokens),
        "types": list(read.types),
        "units": [
            {"label": unit.label, "tokens": list(unit.tokens), "type": unit.type, "special": unit.special}
            for unit in (sentence.units[number] for number in sentence.shown)
        ],
        "unknown": list(read.unknown),
        "left_out": read.left_out,
        "turned": read.turned,
        "pieces": _pieces(read),
    }


def _pieces(read: Read) -> int:
    """Tokens that go on a word."""
    at = list(zip(read.types, read.words, strict=True))
    return sum(before == here and here[1] is not None for before, here in pairwise(at))
