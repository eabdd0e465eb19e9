"""Reversal: letters, and the same letters from the last to the first. The cross map is the other diagonal."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from string import ascii_lowercase

from app.labs.contract import Message, UserError
from app.nn.tasks.pairs import Pair, known

SHORTEST, LONGEST = 3, 12


class Reversal:
    """The task."""

    source_words = tuple(ascii_lowercase)
    target_words = tuple(ascii_lowercase)

    def draw(self, rng: Random) -> Pair:
        """3 to 12 letters."""
        return self.pair(tuple(rng.choices(ascii_lowercase, k=rng.randint(SHORTEST, LONGEST))))

    def pair(self, letters: tuple[str, ...]) -> Pair:
        """The letters and their reversal."""
        last = len(letters) - 1
        return Pair(letters, letters[::-1], tuple(frozenset({last - t}) for t in range(len(letters))))

    def read(self, text: str) -> tuple[str, ...]:
        """Typed letters, blanks left out. Raises UserError where there are others, or more than were trained on."""
        letters = tuple("".join(text.lower().split()))
        known(letters, self.source_words)
        if len(letters) > LONGEST:
            raise UserError(Message("attention.too-long", {"count": len(letters), "most": LONGEST}))
        return letters

    def write(self, tokens: Sequence[str]) -> str:
        """As one word."""
        return "".join(tokens)
