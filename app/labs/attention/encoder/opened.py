"""A frame as its explanations read it: numbers in float64, symbols (which count from 1) and targets (from 0)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.labs.attention.encoder.reading import Sentence, Unit
from app.labs.contract import Frame, Message, Plain, Scene, Target, Term, UserError


class Weighed(Protocol):
    """Heads whose weights are opened."""

    @property
    def tokens(self) -> Sequence[str]: ...

    def vector(self, name: str, head: int, token: int) -> NDArray[np.float64]:
        """(d_k,): q of a token, or k."""
        ...

    def row(self, head: int, query: int) -> NDArray[np.float64]:
        """(S,): the logits of the keys that the query may see."""
        ...

    def letter(self, name: str, head: int) -> str: ...

    def target(self, kind: str, **at: int) -> Target | None: ...

    def mask(self, query: int) -> Message:
        """What the mask does to a key that the query may see."""
        ...


@dataclass(frozen=True)
class Opened:
    """A frame of layer ``layer``, the one before it, and the sentence."""

    sentence: Sentence
    scene: Scene
    previous: Frame | None
    frame: Frame

    @property
    def layer(self) -> int:
        return self.frame.step - 1

    @property
    def named(self) -> Plain | Message:
        """The layer as it is called: its number, or "decoder 2"."""
        part = self.sentence.parts[self.layer]
        if part.kind == "layer":
            return part.number
        return Message(f"attention.encoder.part.{part.kind}", {"number": part.number})

    @property
    def scale(self) -> float:
        """What q k^T is multiplied by."""
        return float(str(self.frame.note["scale"]))

    def masked(self, head: int, query: int) -> NDArray[np.float64]:
        """(T,): what is added to the scores of a query: 0 where it sees, -inf where it does not, or a bias."""
        if "mask" not in self.frame.tensors:
            return np.zeros(len(self.tokens))
        mask = self.frame.tensors["mask"]
        return np.asarray(mask[head if len(mask) > 1 else 0, query], dtype=np.float64)

    @property
    def heads(self) -> int:
        return len(self.frame.tensors["weights"])

    @property
    def tokens(self) -> Sequence[str]:
        return self.sentence.read.tokens

    @property
    def units(self) -> list[Unit]:
        """Those drawn."""
        return [self.sentence.units[number] for number in self.sentence.shown]

    def array(self, name: str) -> NDArray[np.float64]:
        return np.asarray(self.frame.tensors[name], dtype=np.float64)

    def vector(self, name: str, head: int, token: int) -> NDArray[np.float64]:
        return np.asarray(self.frame.tensors[name][head, token], dtype=np.float64)

    def row(self, head: int, query: int) -> NDArray[np.float64]:
        """(T,): what the softmax is given, -inf where nothing is seen."""
        return self.vector("logits", head, query) + self.masked(head, query)

    def target(self, kind: str, **at: int) -> Target | None:
        if kind in ("q", "k", "v") and self.sentence.model.linear(self.layer, kind) is None:
            return None
        return {"kind": kind, **at}

    def mask(self, query: int) -> Message:
        return line("seen" if "mask" in self.frame.tensors else "unmasked")

    def letter(self, name: str, head: int) -> str:
        """The symbol with its layer and head: a^{1,3}."""
        return f"{name}^{{{self.layer + 1},{head + 1}}}"

    def weight(self, head: int, query: int, key: int) -> Term:
        """a_ij, which opens."""
        value = float(self.frame.tensors["weights"][head, query, key])
        target: Target = {"kind": "weight", "head": head, "query": query, "key": key}
        return Term(f"{self.letter('a', head)}_{{{query + 1},{key + 1}}}", value, meaning("weight", self.pair(query, key)), target)

    def pair(self, query: int, key: int) -> dict[str, Plain | Message]:
        return pair(self, query, key)


def pair(o: Weighed, query: int, key: int) -> dict[str, Plain | Message]:
    return {"query": asking(o)[query], "key": o.tokens[key]}


def asking(o: Weighed) -> Sequence[str]:
    """The queries' tokens: of a cross-attention, which has ``queries``, others than the keys'."""
    queries: Sequence[str] = getattr(o, "queries", o.tokens)
    return queries


def meaning(name: str, values: dict[str, Plain | Message] | None = None) -> Message:
    return Message(f"attention.encoder.term.{name}", values or {})


def line(name: str, values: dict[str, Plain | Message] | None = None) -> Message:
    """What a line of arithmetic is about."""
    return Message(f"attention.encoder.line.{name}", values or {})


def index(target: Target, name: str, end: int) -> int:
    """A whole number of the target from 0 to end - 1. Raises UserError for anything else."""
    value = target.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < end:
        raise error("index", name=name, got=str(value), last=end - 1)
    return value


def error(id: str, **values: Plain | Message) -> UserError:
    return UserError(Message(f"attention.encoder.error.{id}", dict(values)))
