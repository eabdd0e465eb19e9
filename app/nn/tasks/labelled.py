"""Two texts of one meaning, word by word with the labels of what each word says: alignments come from equal labels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from app.nn.tasks.pairs import Pair


@dataclass(frozen=True)
class Said:
    """A word and what it says. ``also``: what else decides its form, which counts where this side is the target.

    So "la" comes from "the" and, being feminine, from its noun; a Chinese classifier from the number and its noun.
    """

    word: str
    labels: tuple[str, ...]
    also: tuple[str, ...] = ()


@dataclass
class Text:
    """Words in order."""

    words: list[Said] = field(default_factory=list)

    def say(self, word: str, *labels: str, also: tuple[str, ...] = ()) -> None:
        """One more word; words separated by blanks all say the same."""
        self.words += [Said(one, labels, also) for one in word.split()]

    def tokens(self) -> tuple[str, ...]:
        """The words alone."""
        return tuple(said.word for said in self.words)


def align(source: Text, target: Text) -> Pair:
    """Target words come from the source words that share a label with them."""
    gold = [
        frozenset(i for i, there in enumerate(source.words) if set(there.labels) & {*here.labels, *here.also})
        for here in target.words
    ]
    return Pair(source.tokens(), target.tokens(), tuple(gold))


class Grammar(Protocol):
    """What says sentences in two languages at once."""

    def say(self, rng: Random, source: Text, target: Text) -> None:
        """One sentence, whose choices ``rng`` makes by ``choice`` and ``random``."""


def drawn(grammar: Grammar, rng: Random) -> Pair:
    """One sentence and its translation."""
    source, target = Text(), Text()
    grammar.say(rng, source, target)
    return align(source, target)


_CONTRACTED = {"doesn't": "does not", "don't": "do not", "isn't": "is not", "aren't": "are not", "didn't": "did not"}


def english_tokens(text: str) -> tuple[str, ...]:
    """A typed English sentence: lower case, "doesn't" as "does not", the full stop at the end added where it lacks."""
    text = text.lower().replace("’", "'")
    for short, long in _CONTRACTED.items():
        text = text.replace(short, long)
    tokens = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)*|\S", text)
    if tokens and tokens[-1] not in ".!?":
        tokens.append(".")
    return tuple(tokens)


def english_text(tokens: Sequence[str]) -> str:
    """With a capital letter, and no blank before the full stop."""
    text = " ".join(tokens).replace(" .", ".")
    return text[:1].upper() + text[1:]


def article(word: str) -> str:
    """a or an."""
    return "an" if word[0] in "aeiou" else "a"
