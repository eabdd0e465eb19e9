"""A text, or two, as a model reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from app.labs.contract import Message, UserError

MOST_CHARACTERS = 100_000
"""Of one text; more than any 512 tokens that people type, and soon tokenised."""


@dataclass(frozen=True)
class Read:
    """Every tuple but ``unknown`` has one entry a token."""

    tokens: tuple[str, ...]
    """As the model names them: [CLS], word pieces ("##ing" goes on a word), characters, [SEP]."""
    ids: tuple[int, ...]
    types: tuple[int, ...]
    """0: first text, 1: second."""
    typed: tuple[str, ...]
    """What stands for it in its text; "" for what the model adds."""
    words: tuple[int | None, ...]
    """Which word of its text; None for what the model adds."""
    unknown: tuple[str, ...] = ()
    """What was typed where the vocabulary has nothing: those tokens are [UNK]."""
    left_out: int = 0
    """Tokens that were cut off behind the last that the model has a place for."""
    turned: int = 0
    """Characters that were turned into the script that the model knows."""

    def tensors(self) -> tuple[Tensor, Tensor]:
        """ids and types, (1, T)."""
        return torch.tensor([self.ids]), torch.tensor([self.types])


def check_length(*texts: str | None) -> None:
    """Raises UserError where one has more than MOST_CHARACTERS."""
    for one in texts:
        if one is not None and len(one) > MOST_CHARACTERS:
            raise UserError(Message("attention.too-long", {"count": len(one), "most": MOST_CHARACTERS}))


def shares(lengths: Sequence[int], room: int) -> list[int]:
    """How much of each of one or two texts is kept: the longer one gives first."""
    if len(lengths) == 1 or sum(lengths) <= room:
        return [min(length, room) for length in lengths]
    short = min(min(lengths), room // 2)
    first = min(lengths[0], room - short) if lengths[0] >= lengths[1] else short
    return [first, min(lengths[1], room - first)]
