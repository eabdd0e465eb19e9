"""A computed run as its explanations read it: any value by stage, head, row and column, with its symbol and its target."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from app.labs.attention.by_hand.heads import Given, Stages
from app.labs.attention.params.by_hand import ByHandParams
from app.labs.contract import Message, Target, Term

LETTERS = {"scores": "s", "scaled": "e", "masked": "m", "weights": "a", "output": "o", "concat": "c", "projected": "y"}
MATRICES = {"w_q": "Q", "w_k": "K", "w_v": "V", "w_o": "O"}


@dataclass(frozen=True)
class Place:
    """A value of a stage; ``head`` is 0 where the stage has none. From 0."""

    head: int
    row: int
    column: int


@dataclass(frozen=True)
class Reading:
    """A run: its params, what it starts from and its stages."""

    params: ByHandParams
    given: Given
    stages: Stages

    def of(self, name: str) -> Tensor:
        """A stage or a matrix by name."""
        made: Tensor = getattr(self.given if name in MATRICES or name in ("embedding", "place", "seen") else self.stages, name)
        return made

    def value(self, name: str, p: Place) -> float:
        tensor = self.of(name)
        return float(tensor[p.head, p.row, p.column] if tensor.ndim == 3 else tensor[p.row, p.column])

    @property
    def words(self) -> list[str]:
        """By place."""
        return [self.params.given[word] for word in self.params.places]

    # Symbols: row and column below, the head above where there are several.

    def letter(self, name: str, head: int) -> str:
        several = self.params.heads > 1 and self.of(name).ndim == 3
        if name in MATRICES:
            return rf"W^{{{MATRICES[name]}{head + 1 if several else ''}}}"
        letter = LETTERS.get(name, name)
        return f"{letter}^{{({head + 1})}}" if several else letter

    def symbol(self, name: str, p: Place) -> str:
        return f"{self.letter(name, p.head)}_{{{p.row + 1},{p.column + 1}}}"

    # Terms: a symbol with its number, and where that number opens.

    def term(self, name: str, p: Place) -> Term:
        target: Target = {"kind": "value", "name": name}
        if name in MATRICES:
            target = {"kind": "weight", "matrix": name}
        if self.of(name).ndim == 3:
            target["head"] = p.head
        return Term(self.symbol(name, p), self.value(name, p), meaning(name), {**target, "row": p.row, "column": p.column})


def meaning(name: str) -> Message:
    return Message(f"attention.by-hand.term.{name}")
