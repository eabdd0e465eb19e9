"""What a typed source should become, with its alignment: dates by their parser, sentences by the grammar that draws them.

A grammar is read backwards by letting it speak: it makes every choice in turn until it says the words that were typed, and is
stopped at the first word that is another.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from app.nn.tasks.dates import FORMATS, Dates, parse, spell
from app.nn.tasks.labelled import Grammar, Text, align
from app.nn.tasks.pairs import Pair, Task
from app.nn.tasks.reversal import Reversal


def understood(task: Task, source: Sequence[str]) -> Pair | None:
    """The pair of this source; None where the task never draws it."""
    if isinstance(task, Dates):
        day = parse("".join(source))
        return next((pair for spelling in FORMATS if day and (pair := spell(day, spelling)).source == tuple(source)), None)
    if isinstance(task, Reversal):
        return task.pair(tuple(source))
    return _said_by(task, tuple(source))  # type: ignore[arg-type]


class _Other(Exception):
    """It says something else."""


class _Heard(Text):
    """A text that must come to these words."""

    def __init__(self, wanted: Sequence[str]) -> None:
        super().__init__()
        self._wanted = tuple(wanted)

    def say(self, word: str, *labels: str, also: tuple[str, ...] = ()) -> None:
        """One more word. Raises _Other where another was typed."""
        super().say(word, *labels, also=also)
        if self.tokens() != self._wanted[: len(self.words)]:
            raise _Other


class _Choices(Random):
    """Every choice in turn: ``turn`` goes on to the next way of choosing, depth first. What none of the words names is left out."""

    def __init__(self, words: Sequence[str]) -> None:
        super().__init__()
        self._words = {*words, *(("a",) if "an" in words else ())}  # a grammar chooses "a" and says what fits the next word
        self._kept: dict[Any, list[Any]] = {}
        self._script: list[int] = []
        self._sizes: list[int] = []
        self._at = 0

    def choice(self, seq: Any) -> Any:
        """One of those that can be said; where none can, any: it must not be said then."""
        if seq not in self._kept:
            self._kept[seq] = [one for one in dict.fromkeys(seq) if self._sayable(one)]
        kept = self._kept[seq] or seq[:1]
        return kept[self._next(len(kept))]

    def random(self) -> float:
        """Less than any share, then more."""
        return float(self._next(2))

    def turn(self) -> bool:
        """Whether there is another way to choose."""
        while self._script and self._script[-1] + 1 == self._sizes[-1]:
            self._script.pop()
            self._sizes.pop()
        if self._script:
            self._script[-1] += 1
        self._at = 0
        return bool(self._script)

    def _next(self, size: int) -> int:
        if self._at == len(self._script):
            self._script.append(0)
            self._sizes.append(size)
        self._at += 1
        return self._script[self._at - 1]

    def _sayable(self, option: Any) -> bool:
        """Whether one of the texts that an option is made of stands in the source: whole, by its words or by its characters."""
        if isinstance(option, str):  # a kind of sentence, no word
            return True
        parts = option if isinstance(option, tuple) else vars(option).values()
        texts = [text for text in parts if isinstance(text, str)]
        return any(set(text.split()) <= self._words or set(text) <= self._words for text in texts)


def _said_by(grammar: Grammar, wanted: Sequence[str]) -> Pair | None:
    choices = _Choices(wanted)
    while True:
        source, target = _Heard(wanted), Text()
        try:
            grammar.say(choices, source, target)
            if source.tokens() == tuple(wanted):
                return align(source, target)
        except _Other:
            pass
        if not choices.turn():
            return None
