"""The encoder and the decoder one step at a time, every gate in the open, beside torch's own modules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from app.labs.contract import Plain
from app.nn import weights
from app.nn.decoding import Beam, beam
from app.nn.recurrent import from_torch
from app.nn.recurrent.seq2seq import Look, Seq2Seq, load, saying
from app.nn.tasks.pairs import BOS, EOS, SPECIAL, Ids

NOT_TAKEN = 2
"""So many continuations a depth are kept in the tree beside those that went on."""


@dataclass(frozen=True)
class Model:
    """``told`` is of its card; ``source`` and ``target`` are the characters by their numbers, the special ones first."""

    name: str
    net: Seq2Seq
    source: Sequence[str]
    target: Sequence[str]
    told: Mapping[str, Plain]

    @property
    def kind(self) -> str:
        """Of its cells."""
        return self.net.shape.kind

    def sources(self, tokens: Sequence[str]) -> Ids:
        """Their numbers. Raises ValueError for one that is unknown."""
        return [self.source.index(one, len(SPECIAL)) for one in tokens]

    def targets(self, tokens: Sequence[str]) -> Ids:
        """Their numbers. Raises ValueError for one that is unknown."""
        return [self.target.index(one, len(SPECIAL)) for one in tokens]


@lru_cache(maxsize=8)
def shipped(name: str, device: str = "cpu") -> Model:
    """A network of ``app/nn/weights``."""
    card = weights.card(f"seq2seq_{name}")
    told = {key: card[key] for key in ("parameters", "exact", "forced", "free", "kept_after", "seconds", "held_out")}
    return Model(name, load(f"seq2seq_{name}").to(device), card["source_words"], card["target_words"], told)


@dataclass(frozen=True)
class Made:
    """One step of one network. Vectors are (H,); ``x`` (E,) is what it read, ``before`` the state that it began with.

    ``given`` is the number of what it read. A decoder also has ``said``, the number of what it says, its ``look`` and ``p`` (V,).
    """

    given: int
    x: Tensor
    at: Mapping[str, Tensor]
    before: Mapping[str, Tensor]
    parity: float
    """The largest |difference| of h to torch's module so far."""
    said: int | None = None
    look: Look | None = None
    p: Tensor | None = None


class Walk:
    """A cell that goes step by step, and torch's module that reads the same."""

    def __init__(
        self, module: nn.RNNBase, embedding: nn.Embedding, state: Mapping[str, Tensor] | None = None, torchs: Any = None
    ) -> None:
        self.net, self.embedding, self.module = from_torch(module), embedding, module
        self.state: Mapping[str, Tensor] = self.net.start(1)[0] if state is None else state
        """By name (1, H)."""
        self.torchs = torchs
        self.worst = 0.0

    @torch.no_grad()
    def step(self, token: int) -> Made:
        """Reads a token."""
        x = self.embedding(torch.tensor([token], device=self.embedding.weight.device))  # (1, E)
        before = self.state
        (made,), out = self.net.step(x, [before])
        self.state = made.state
        theirs, self.torchs = self.module(x[:, None], self.torchs)
        self.worst = max(self.worst, float((theirs[:, 0] - out).abs().max()))
        flat = {name: value[0] for name, value in made.at.items()}
        return Made(token, x[0], flat, {name: value[0] for name, value in before.items()}, self.worst)


@dataclass(frozen=True)
class Heard:
    """What the encoder leaves: its steps, every h (1, S, H), and its last state, ours and torch's."""

    steps: Sequence[Made]
    memory: Tensor
    state: Mapping[str, Tensor]
    torchs: Any


def listen(model: Model, ids: Ids) -> Heard:
    """The encoder reads."""
    walk = Walk(model.net.encoder, model.net.source)
    steps = [walk.step(one) for one in ids]
    return Heard(steps, torch.stack([one.at["h"] for one in steps])[None], walk.state, walk.torchs)


@torch.no_grad()
def speak(model: Model, heard: Heard, most: int, given: Ids | None = None, says: Ids | None = None) -> Iterator[Made]:
    """The decoder speaks, one step a ``next``: until it says the end, ``most`` steps at most.

    ``given``: it is given these and goes on to their end, whatever it says (teacher forcing); None: what it said. ``says``: it says
    these, which a search found; None: the likeliest.
    """
    walk = Walk(model.net.decoder, model.net.target, heard.state, heard.torchs)
    walk.worst = heard.steps[-1].parity
    token = BOS
    for t in range(most if given is None else len(given)):
        made = walk.step(token if given is None else given[t])
        s = made.at["h"][None, None]
        look = model.net.look(s, heard.memory)
        p = model.net.say(s, look)[0, 0].softmax(-1)
        if says is not None and t >= len(says):
            return
        token = int(p.argmax()) if says is None else says[t]
        yield Made(made.given, made.x, made.at, made.before, made.parity, token, look, p)
        if given is None and token == EOS:
            return


@torch.no_grad()
def search(model: Model, heard: Heard, most: int, width: int, length_penalty: float) -> Beam:
    """The tree of hypotheses; torch's modules make its steps."""
    first = torch.tensor([[BOS]], device=heard.memory.device)
    return beam(saying(model.net, heard.memory, heard.torchs), first, EOS, most, width, length_penalty, shown=NOT_TAKEN)
