"""Letters given back as they were: what a sequence auto-encoder learns."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from string import ascii_lowercase

from app.nn.tasks.pairs import Pair, known

LONGEST = 10


class Echo:
    """The task: up to LONGEST letters and blanks."""

    source_words = (*ascii_lowercase, " ")
    target_words = source_words

    def draw(self, rng: Random) -> Pair:
        """Any letters, of any length."""
        text = tuple(rng.choice(self.source_words) for _ in range(rng.randint(1, LONGEST)))
        return Pair(text, text, tuple(frozenset([t]) for t in range(len(text))))

    def read(self, text: str) -> tuple[str, ...]:
        """A typed text. Raises UserError that names the characters that are neither letters nor blanks."""
        tokens = tuple(text.lower())
        known(tokens, self.source_words)
        return tokens

    def write(self, tokens: Sequence[str]) -> str:
        """As one word."""
        return "".join(tokens)
