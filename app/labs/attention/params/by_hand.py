"""The params of ``attention/by-hand``: attention among a few words, every number typed or following from a rule. No torch here."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Field, model_validator

from app.labs.contract import Message, Params, UserError

MAX_WORDS = 8
MAX_LETTERS = 12
"""Of one word: a label has room for so many."""
MAX_SIZE = 8
"""d_model and d_k."""
MAX_HEADS = 4

Number: TypeAlias = Annotated[float, Field(ge=-100, le=100)]
Row: TypeAlias = Annotated[list[Number], Field(min_length=1, max_length=MAX_SIZE)]
Rows: TypeAlias = Annotated[list[Row], Field(min_length=1, max_length=MAX_WORDS)]
Block: TypeAlias = Annotated[list[Row], Field(min_length=1, max_length=MAX_SIZE)]
Blocks: TypeAlias = Annotated[list[Block], Field(min_length=1, max_length=MAX_HEADS)]
Projection: TypeAlias = Annotated[list[Row], Field(min_length=1, max_length=MAX_HEADS * MAX_SIZE)]
Sight: TypeAlias = Annotated[
    list[Annotated[list[Annotated[int, Field(ge=0, le=1)]], Field(min_length=1, max_length=MAX_WORDS)]],
    Field(min_length=1, max_length=MAX_WORDS),
]
Matrix: TypeAlias = list[list[float]]

STAGES = ("x", "q", "k", "v", "scores", "scaled", "masked", "weights", "output")
"""A frame each; several heads have one more, ``projected``."""


def of(group: str, **more: Any) -> dict[str, Any]:
    """What a field's schema says to the form."""
    return {"group": group, **more}


class ByHandParams(Params):
    """At most 8 words, 8 features and 4 heads. The default: nouns ask for the verb, the verb for nouns.

    Every matrix fits whatever the sizes are: what is too much of it is not used, what is missing is 0
    unless its field says otherwise.
    """

    experiment: ClassVar[str] = "attention/by-hand"

    words: str = Field("cats chase mice", max_length=120, json_schema_extra=of("words"))
    """Parted by spaces."""
    permutation: str = Field("", max_length=40, json_schema_extra=of("words"))
    """Which word stands at each place, counted from 1, e.g. "3 1 2"; empty: as given."""
    d_model: int = Field(4, ge=1, le=MAX_SIZE, json_schema_extra=of("words"))
    embedding: Rows | None = Field(
        [[1.0, 0.0, 4.0, 0.0], [0.0, 1.0, 1.0, 1.0], [1.0, 0.0, 0.0, 3.0]],
        json_schema_extra=of("words", widget="matrix", folded=True),
    )
    """A row of d_model numbers a word, in the given order. A word without a row has one drawn; equal words draw equal ones."""

    positions: Literal["none", "sinusoidal", "learned"] = Field("none", json_schema_extra=of("positions"))
    table: Rows | None = Field(
        None, json_schema_extra=of("positions", widget="matrix", folded=True, when={"positions": ["learned"]})
    )
    """A row of d_model numbers a place; a place without a row has one drawn."""

    scale: bool = Field(True, json_schema_extra=of("attention"))
    """Whether the scores are multiplied by 1 / sqrt(d_k)."""
    mask: Literal["none", "causal", "cells"] = Field("none", json_schema_extra=of("attention"))
    visible: Sight | None = Field(None, json_schema_extra=of("attention", widget="matrix", folded=True, when={"mask": ["cells"]}))
    """A row a query, a 1 for every key that it sees, a 0 for one that it does not; what is left out is seen."""
    heads: int = Field(1, ge=1, le=MAX_HEADS, json_schema_extra=of("attention"))
    d_k: int = Field(2, ge=1, le=MAX_SIZE, json_schema_extra=of("attention"))
    """Numbers in a query, a key and a value of one head."""
    dtype: Literal["float64", "float32"] = Field("float64", json_schema_extra=of("attention", folded=True))

    w_q: Blocks | None = Field(
        [[[0.0, 2.0], [2.0, 0.0], [0.0, 0.0], [0.0, 0.0]]], json_schema_extra=of("weights", widget="matrix", folded=True)
    )
    """A block (d_model, d_k) a head, here and in the next two. A head h without one takes
    the features h d_k + 1, ... as they are."""
    w_k: Blocks | None = Field(
        [[[1.0, 0.0], [0.0, 1.0], [0.0, 0.0], [0.0, 0.0]]], json_schema_extra=of("weights", widget="matrix", folded=True)
    )
    w_v: Blocks | None = Field(
        [[[0.0, 0.0], [0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]], json_schema_extra=of("weights", widget="matrix", folded=True)
    )
    w_o: Projection | None = Field(
        None, json_schema_extra=of("weights", widget="matrix", folded=True, when={"heads": list(range(2, MAX_HEADS + 1))})
    )
    """(heads d_k, d_model), of several heads; None: each number goes back to the feature that it may have been taken from."""

    def length(self) -> int:
        """A frame a stage."""
        return len(self.stages) - 1

    @property
    def stages(self) -> Sequence[str]:
        """What is computed, in order."""
        return STAGES if self.heads == 1 else (*STAGES, "projected")

    @property
    def given(self) -> Sequence[str]:
        """The words as typed."""
        return self.words.split()

    @property
    def places(self) -> Sequence[int]:
        """Which word (from 0) stands at each place."""
        return [int(part) - 1 for part in _parts(self.permutation)] or range(len(self.given))

    def embeddings(self) -> Matrix:
        """(n, d_model) in the given order."""
        typed = (self.embedding or [])[: len(self.given)]
        return _fitted(typed, len(typed), self.d_model) + [self._drawn(f"word {word}") for word in self.given[len(typed) :]]

    def learned(self) -> Matrix:
        """(n, d_model): a row a place."""
        typed = (self.table or [])[: len(self.given)]
        return _fitted(typed, len(typed), self.d_model) + [
            self._drawn(f"place {place}") for place in range(len(typed), len(self.given))
        ]

    def projections(self, name: Literal["w_q", "w_k", "w_v"]) -> list[Matrix]:
        """(heads, d_model, d_k)."""
        typed: Blocks = (getattr(self, name) or [])[: self.heads]
        return [_fitted(block, self.d_model, self.d_k) for block in typed] + [
            [[float(row == (h * self.d_k + column) % self.d_model) for column in range(self.d_k)] for row in range(self.d_model)]
            for h in range(len(typed), self.heads)
        ]

    def joined(self) -> Matrix:
        """W_O (heads d_k, d_model)."""
        rows = self.heads * self.d_k
        if self.w_o is not None:
            return _fitted(self.w_o, rows, self.d_model)
        return [[float(column == row % self.d_model) for column in range(self.d_model)] for row in range(rows)]

    def seen(self) -> list[list[bool]]:
        """(n, n): whether the query at place i sees the key at place j."""
        n = len(self.given)
        if self.mask == "causal":
            return [[j <= i for j in range(n)] for i in range(n)]
        typed = (self.visible or []) if self.mask == "cells" else []
        return [[bool(typed[i][j]) if i < len(typed) and j < len(typed[i]) else True for j in range(n)] for i in range(n)]

    def _drawn(self, what: str) -> list[float]:
        """A row that the seed and ``what`` decide, one digit after the point: it goes on paper."""
        random = Random(f"{self.seed} {what}")
        return [round(random.gauss(0, 1), 1) for _ in range(self.d_model)]

    @model_validator(mode="after")
    def _fits(self) -> ByHandParams:
        words = self.given
        if not 1 <= len(words) <= MAX_WORDS:
            raise _error("words", ("words",), got=len(words), most=MAX_WORDS)
        for word in words:
            if len(word) > MAX_LETTERS or not word.isprintable():
                raise _error("word", ("words",), got=word if word.isprintable() else ascii(word)[1:-1], most=MAX_LETTERS)
        parts = _parts(self.permutation)
        if parts and sorted(parts) != sorted(str(n + 1) for n in range(len(words))):
            raise _error("permutation", ("permutation",), got=self.permutation, last=len(words))
        return self


def _parts(permutation: str) -> list[str]:
    return permutation.replace(",", " ").split()


def _fitted(matrix: Sequence[Sequence[float]], rows: int, columns: int) -> Matrix:
    """rows x columns: what is too much is left out, what is missing is 0."""
    given = [[*row[:columns], *[0.0] * (columns - len(row))] for row in matrix[:rows]]
    return given + [[0.0] * columns for _ in range(rows - len(given))]


def _error(id: str, path: tuple[str | int, ...], **values: str | int) -> UserError:
    return UserError(Message(f"attention.by-hand.error.{id}", dict(values)), path)
