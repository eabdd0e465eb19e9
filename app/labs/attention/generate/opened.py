"""A frame of ``attention/generate`` as its explanations read it: one layer's heads, numbers in float64, places from 0."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.labs.contract import Frame, Message, Plain, Target, UserError
from app.labs.writing.said import shown


@dataclass(frozen=True)
class Opened:
    """``read``: every token that stands in the text by this frame, of which the newest was written and not read yet."""

    frame: Frame
    layer: int
    read: Sequence[str]

    @property
    def tokens(self) -> list[str]:
        return [shown(token) for token in self.read]

    @property
    def size(self) -> int:
        """Tokens read."""
        return int(self.frame.tensors["k"].shape[2])

    @property
    def first(self) -> int:
        """The first token whose row was computed in this frame."""
        return self.size - int(self.frame.tensors["q"].shape[2])

    def vector(self, name: str, head: int, token: int) -> NDArray[np.float64]:
        """(d_k,)"""
        at = token - self.first if name == "q" else token
        return np.asarray(self.frame.tensors[name][self.layer, head, at], np.float64)

    def row(self, head: int, query: int) -> NDArray[np.float64]:
        """(query + 1,): the keys up to its own place; a causal mask shows no other."""
        q, k = self.vector("q", head, query), np.asarray(self.frame.tensors["k"][self.layer, head, : query + 1], np.float64)
        found: NDArray[np.float64] = k @ q / math.sqrt(len(q))
        return found

    def letter(self, name: str, head: int) -> str:
        """The symbol with its layer and head: a^{1,3}."""
        return f"{name}^{{{self.layer + 1},{head + 1}}}"

    def target(self, kind: str, **at: int) -> Target:
        """The newest token's row is named by nothing, so that it stays open from frame to frame."""
        name = {"logit": "scaled"}.get(kind, kind)  # "logit" is a token's here
        rest = {key: value for key, value in at.items() if key != "query" or value != self.size - 1}
        return {"kind": name, "layer": self.layer, **rest}

    def mask(self, query: int) -> Message:
        return Message("attention.generate.line.causal", {"query": self.tokens[query]})


def place(target: Target, name: str, first: int, end: int, default: int) -> int:
    """A whole number of the target from ``first`` to ``end`` - 1. Raises UserError for anything else."""
    value = target.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not first <= value < end:
        raise error("index", name=name, got=str(value), first=first, last=end - 1)
    return value


def error(id: str, **values: Plain | Message) -> UserError:
    return UserError(Message(f"attention.generate.error.{id}", dict(values)))
