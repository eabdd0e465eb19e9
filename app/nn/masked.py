"""A character encoder that was trained on what it hides: its vocabulary, what is hidden, how it reads a text.

Some characters of a text are hidden and said again from those around them (Devlin et al., arXiv 1810.04805, section 3.1):
of those chosen, 8 in 10 become [MASK], 1 in 10 any character, 1 in 10 stay.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache

import torch
from torch import Generator, Tensor

from app.labs.contract import Message, UserError
from app.nn import weights
from app.nn.chinese import is_han, turned
from app.nn.tokens import Read, check_length, shares
from app.nn.transformer import MaskedEncoder, Shape

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
PAD, UNK, CLS, SEP, MASK = range(len(SPECIAL))


class Characters:
    """Characters and their ids, after SPECIAL."""

    def __init__(self, characters: Sequence[str]) -> None:
        self.characters = tuple(characters)
        self.words = (*SPECIAL, *self.characters)
        self._ids = {character: i for i, character in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, character: str) -> bool:
        return character in self._ids

    def ids(self, text: str) -> list[int]:
        """One a character; UNK for those that are not known."""
        return [self._ids.get(character, UNK) for character in text]


def hide(ids: Tensor, words: int, share: float, generator: Generator) -> tuple[Tensor, Tensor]:
    """(N, T) to what the model is given, and where (boolean) it is asked; special tokens are never chosen."""
    chosen = (torch.rand(ids.shape, generator=generator) < share) & (ids >= len(SPECIAL))
    fate = torch.rand(ids.shape, generator=generator)
    other = torch.randint(len(SPECIAL), words, ids.shape, generator=generator)
    given = torch.where(chosen & (fate < 0.8), MASK, ids)
    return torch.where(chosen & (fate >= 0.9), other, given), chosen


_NONE = "\0"
"""Stands for a run of letters, which no vocabulary has."""
_MARKS = str.maketrans(",.?!:;()", "，。？！：；（）")


def read(vocabulary: Characters, text: str, second: str | None, most: int) -> Read:
    """[CLS] text [SEP] (second [SEP]), a token a character, in Simplified characters; blanks and control characters are left out.

    Letters and digits of other scripts that stand together are one token, which is unknown. At most ``most`` tokens; the rest is
    cut off and counted. Raises UserError where nothing is left of a text, or one is too long.
    """
    check_length(text, second)
    texts = [_pieces(one) for one in (text, second) if one is not None]
    if not all(texts):
        raise UserError(Message("attention.empty-text"))
    kept = shares([len(one) for one in texts], most - 1 - len(texts))
    rows: list[tuple[str, int, int, str, int | None]] = [("[CLS]", CLS, 0, "", None)]
    changed = 0
    for number, (pieces, count) in enumerate(zip(texts, kept, strict=True)):
        letters = "".join(piece if len(piece) == 1 else _NONE for piece in pieces[:count])
        simple, more = turned(letters, "t2s", vocabulary.characters)
        changed += more
        known = "".join(new if (new := letter.translate(_MARKS)) in vocabulary else letter for letter in simple)
        for word, (letter, i, typed) in enumerate(zip(known, vocabulary.ids(known), pieces, strict=False)):
            rows.append((letter if i != UNK else "[UNK]", i, number, typed, word))
        rows.append(("[SEP]", SEP, number, "", None))
    tokens, ids, types, stand, words = zip(*rows, strict=True)
    unknown = tuple(typed for typed, i in zip(stand, ids, strict=True) if i == UNK)
    return Read(tokens, ids, types, stand, words, unknown, sum(map(len, texts)) - sum(kept), changed)


def _pieces(text: str) -> list[str]:
    """Characters; runs of letters and digits that are not Chinese in one."""
    found: list[str] = []
    joins = False
    for letter in text:
        if letter.isspace() or unicodedata.category(letter).startswith("C"):
            joins = False
        elif letter.isalnum() and not is_han(letter):
            found[-1:] = [found[-1] + letter] if joins else [*found[-1:], letter]
            joins = True
        else:
            found.append(letter)
            joins = False
    return found


@cache
def load(name: str) -> tuple[Characters, MaskedEncoder]:
    """The shipped model at rest, one a process. Raises FileNotFoundError where none ships, WrongWeights."""
    card = weights.card(name)
    vocabulary = Characters(card["characters"])
    net = MaskedEncoder(len(vocabulary), Shape(**card["shape"]))
    net.load_state_dict(weights.state(name))
    return vocabulary, net.eval()
