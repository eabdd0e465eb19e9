"""A frame as its explanations read it: one sub-layer of one token, in float64, with its symbols (from 1) and targets (from 0)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from app.labs.attention.encoder.weights import Query
from app.labs.attention.encoder.weights import line as weights_line
from app.labs.attention.translate.speaking import shipped
from app.labs.contract import Frame, Message, Plain, Scene, Target, UserError
from app.labs.hypotheses import shown
from app.nn.attention import MultiHeadAttention
from app.nn.tasks.translate import Translator
from app.nn.transformer import Block

ROWS = ("free", "forced")
MAPS = ("encoder", "self", "cross")
SUBS = {"encoder": ("self", "feed_forward"), "decoder": ("self", "cross", "feed_forward")}
F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Opened:
    """A stack's ``layer`` and ``token``: the encoder, or the row of the decoder that is asked, whose token is its step's."""

    task: str
    scene: Scene
    frame: Frame
    row: str
    """encoder, free or forced."""
    map: str
    layer: int
    token: int
    sub: int

    @property
    def translator(self) -> Translator:
        return shipped(self.task)[0]

    @property
    def encodes(self) -> bool:
        return self.row == "encoder"

    @property
    def block(self) -> Block:
        """Its weights."""
        net = self.translator.net
        found: Any = (net.encoder if self.encodes else net.decoder).blocks[self.layer]
        return found  # type: ignore[no-any-return]

    @property
    def attention(self) -> MultiHeadAttention:
        """The map's."""
        block = self.block
        if self.map != "cross":
            return block.self_attention
        assert block.cross_attention is not None
        return block.cross_attention

    @property
    def heads(self) -> int:
        return self.translator.net.shape.heads

    @property
    def t(self) -> int:
        """The decoder's step, from 1."""
        return int(self.frame.note["at"])  # type: ignore[arg-type]

    def of(self, name: str) -> F64:
        """A tensor of the stack at this layer; of the encoder all tokens, of the decoder the step's."""
        return np.asarray(self.frame.tensors[f"{self.row}/{name}"][self.layer], dtype=np.float64)

    def sublayer(self, name: str) -> F64:
        """x, branch or out of the sub-layer and token, (d,)."""
        every = self.of(name)[self.sub]
        return np.asarray(every[self.token] if self.encodes else every)

    @property
    def memory(self) -> F64:
        """(S, d): what the encoder hands on."""
        return np.asarray(self.frame.tensors["encoder/out"][-1, -1], dtype=np.float64)

    def inputs(self) -> F64:
        """(keys, d): what the map's keys and values are made of."""
        if self.encodes:
            return np.asarray(self.of("x")[0])
        return self.memory if self.map == "cross" else self.of("inputs")

    def heads_of(self, name: str) -> F64:
        """q, k, v, o or scores of the map at this layer: (H, ...)."""
        return self.of(name if self.encodes else f"{self.map}_{name}")

    def asks(self, name: str, head: int) -> F64:
        """The asking token's row of q, o or scores."""
        found = self.heads_of(name)[head]
        return np.asarray(found[self.token] if self.encodes else found)

    @property
    def keys(self) -> list[str]:
        """The words of the map's columns: of the decoder's own what it was given until now, of a whole pass all."""
        if self.map != "self":
            return self.sources
        return [self.given(t) for t in range(len(self.heads_of("k")[0])) if not np.isnan(self.heads_of("k")[0, t, 0])]

    @property
    def sources(self) -> list[str]:
        tokens: Any = self.scene.note["tokens"]
        return [shown(str(token)) for token in tokens]

    def given(self, t: int) -> str:
        """What stands at place t of the decoder's text, from 0, ▸ first; in teacher forcing also what is to come."""
        said: Any = self.frame.note[self.row]
        if t < len(said["givens"]):
            return self.target(int(said["givens"][t]))
        wanted: Any = self.scene.note["wanted"]
        return self.target(int(wanted[t - 1]))

    def target(self, k: int) -> str:
        """A word of the target's vocabulary."""
        return shown(self.translator.target.words[k])

    @property
    def word(self) -> str:
        """The token that is looked at."""
        if self.encodes:
            return self.sources[self.token]
        said: Any = self.frame.note[self.row]
        return self.target(int(said["given"]))

    def letter(self, name: str, head: int) -> str:
        """The symbol with its layer and head: a^{1,3}."""
        return f"{name}^{{{self.layer + 1},{head + 1}}}"

    def opens(self, kind: str, **more: Plain) -> Target:
        """Where another value of this stack and layer opens."""
        where: Target = {"row": self.row} if not self.encodes else {}
        return {"kind": kind, "map": self.map, "layer": self.layer, **where, **more}

    def titled(self, id: str, **values: Plain | Message) -> Message:
        """Whose, which layer and which token are in every title; of the cross map also what the token comes to say."""
        who = Message(f"attention.translate.who.{self.row}")
        token = self.word
        if self.map == "cross":
            said: Any = self.frame.note[self.row]
            token = f"{token} → {self.target(int(said['said']))}"
        return Message(f"attention.translate.title.{id}", {"who": who, "layer": self.layer + 1, "token": token, **values})

    def query(self, head: int) -> Query:
        """The asking token among the map's keys."""
        keys = self.keys
        n = len(keys)
        seen = np.ones(n, np.bool_)
        if self.map == "self":
            seen = np.arange(n) <= self.token
        more: Target = {"query": self.token} if self.encodes else {}

        def number(name: str, token: int, column: int) -> Target:
            return self.opens(name, head=head, token=token, column=column)

        return Query(
            self.asks("q", head),
            np.asarray(self.heads_of("k")[head][:n]),
            np.asarray(self.asks("scores", head)[:n]),
            seen,
            self.token,
            lambda name: self.letter(name, head),
            self.word,
            keys,
            lambda at: self.opens("score", head=head, key=at, **more),
            number,
            weights_line("seen" if self.map == "self" else "unmasked"),
        )


def opened(task: str, scene: Scene, frame: Frame, target: Target) -> Opened:
    """The place that a target names. Raises UserError for one that does not exist at this frame."""
    if frame.note["phase"] == "embed":
        raise error("embedded")
    name = str(target.get("map", "encoder"))
    if name not in MAPS:
        raise error("map", got=name, known=", ".join(MAPS))
    if name == "encoder":
        layer = index(target, "layer", len(frame.tensors["encoder/q"]))
        end = frame.tensors["encoder/q"].shape[2]
        token = index(target, "query" if "query" in target else "token", end)
        return Opened(task, scene, frame, "encoder", name, layer, token, index(target, "sub", 2))
    row = row_of(frame, target)
    layer = index(target, "layer", frame.tensors[f"{row}/self"].shape[0])
    at = int(frame.note["at"]) - 1  # type: ignore[arg-type]
    return Opened(task, scene, frame, row, name, layer, at, index(target, "sub", 3))


def row_of(frame: Frame, target: Target) -> str:
    """The row that is asked, without a word the first that still speaks. Raises UserError for one that does not."""
    if frame.note["phase"] != "decode":
        raise error("still_reads")
    live = [row for row in ROWS if frame.note.get(row)]
    row = str(target.get("row", live[0] if live else "free"))
    if row not in ROWS:
        raise error("row", got=row)
    if row not in live:
        raise error("row_over", row=Message(f"attention.translate.who.{row}"))
    return row


def meaning(name: str, **values: Plain | Message) -> Message:
    return Message(f"attention.translate.term.{name}", values)


def line(name: str, **values: Plain | Message) -> Message:
    """What a line of arithmetic is about."""
    return Message(f"attention.translate.line.{name}", values)


def index(target: Target, name: str, end: int) -> int:
    """A whole number of the target from 0 to end - 1, 0 without. Raises UserError for anything else."""
    value = target.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < end:
        raise error("index", name=name, got=str(value), last=end - 1)
    return value


def error(id: str, **values: Plain | Message) -> UserError:
    return UserError(Message(f"attention.translate.error.{id}", dict(values)))


def f64(tensor: Tensor) -> F64:
    """A weight as numpy in float64."""
    return tensor.detach().double().cpu().numpy()
