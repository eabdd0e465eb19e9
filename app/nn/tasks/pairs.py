"""What a task of pairs is: a source, its target, and the source tokens that each target token comes from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol, TypeAlias

from app.labs.contract import Message, UserError

PAD, BOS, EOS = 0, 1, 2
SPECIAL = ("<pad>", "<bos>", "<eos>")


@dataclass(frozen=True)
class Pair:
    """One example.

    ``gold[t]``: the source positions that target token t translates and those that decide its form; empty where there are none.
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    gold: tuple[frozenset[int], ...]


class Task(Protocol):
    """A world of pairs."""

    source_words: tuple[str, ...]
    target_words: tuple[str, ...]

    def draw(self, rng: Random) -> Pair:
        """One example."""

    def read(self, text: str) -> tuple[str, ...]:
        """A typed text as source tokens. Raises UserError that names what is unknown."""

    def write(self, tokens: Sequence[str]) -> str:
        """Target tokens as a text."""


Ids: TypeAlias = "list[int]"


class Vocabulary:
    """Words and their ids, after <pad>, <bos> and <eos>."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = (*SPECIAL, *words)
        self._ids = {word: i for i, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return word in self._ids

    def ids(self, tokens: Sequence[str]) -> Ids:
        """Their ids. Raises UserError that names those without one."""
        known(tokens, self._ids)
        return [self._ids[token] for token in tokens]

    def tokens(self, ids: Sequence[int]) -> tuple[str, ...]:
        """Back again."""
        return tuple(self.words[i] for i in ids)


_TOLD = 8


def known(tokens: Sequence[str], words: object) -> None:
    """Raises UserError (``attention.unknown-words``) where a token is none of ``words``, an empty text included."""
    if not tokens:
        raise UserError(Message("attention.empty-text"))
    strange = list(dict.fromkeys(token for token in tokens if token not in words))  # type: ignore[operator]
    if strange:
        told = ", ".join(strange[:_TOLD]) + (", …" if len(strange) > _TOLD else "")
        raise UserError(Message("attention.unknown-words", {"words": told}))


def held_out(task: Task, count: int, seed: int = 1) -> list[Pair]:
    """``count`` different examples, which ``examples`` leaves out."""
    rng = Random(f"held out {seed}")
    found: dict[tuple[str, ...], Pair] = {}
    while len(found) < count:
        pair = task.draw(rng)
        found.setdefault(pair.source, pair)
    return list(found.values())


def examples(task: Task, seed: int, held: Sequence[Pair]) -> Iterator[Pair]:
    """Examples without end, none of them with the source of one of ``held``."""
    rng, out = Random(f"train {seed}"), {pair.source for pair in held}
    while True:
        pair = task.draw(rng)
        if pair.source not in out:
            yield pair


def alphabet(characters: Sequence[str]) -> str:
    """Characters told short: neighbours as a range."""
    runs: list[str] = []
    for one in sorted(characters):
        if runs and ord(one) == ord(runs[-1][-1]) + 1 and (runs[-1][-1] + one).isalnum():
            runs[-1] = runs[-1][0] + one
        else:
            runs.append(one)
    return " ".join("␣" if run == " " else run if len(run) == 1 else f"{run[0]}–{run[1]}" for run in runs)
