r"""Sequence to sequence: an encoder reads a source into a state, a decoder says a target from it, character by character.

Encoder: h_j = cell(E[x_j], h_{j-1}); its last state is the decoder's first (Sutskever et al., arXiv 1409.3215; Cho et al.,
arXiv 1406.1078). Decoder: s_t = cell(F[y_{t-1}], s_{t-1}), p_t = softmax(V s_t + b). With attention (Luong et al.,
arXiv 1508.04025, where the new state asks) it also looks back at every h_j: e_{tj} = score(s_t, h_j), a_t = softmax(e_t),
k_t = \sum_j a_{tj} h_j and p_t = softmax(V [s_t; k_t] + b). An auto-encoder has no attention, and its target is its source.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from app.nn import weights
from app.nn.decoding import Step

MODULES = {"lstm": nn.LSTM, "gru": nn.GRU}
ATTENTIONS = ("none", "dot", "additive")

State: TypeAlias = Any
"""torch's own: h (1, N, H), of an LSTM (h, c)."""


@dataclass(frozen=True)
class Shape:
    """``kind``: lstm or gru; ``attention``: one of ATTENTIONS."""

    kind: str = "lstm"
    attention: str = "none"
    hidden: int = 96
    embedding: int = 24


@dataclass(frozen=True)
class Look:
    """What the decoder makes of the encoder's states at each step.

    ``e`` (N, T, S) the scores, -inf at padding; ``a`` (N, T, S) the weights; ``context`` (N, T, H). All None without attention.
    """

    e: Tensor | None = None
    a: Tensor | None = None
    context: Tensor | None = None


class Additive(nn.Module):
    r"""Bahdanau et al. (arXiv 1409.0473): e_{tj} = v \cdot \tanh(W s_t + U h_j)."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.of_state = nn.Linear(hidden, hidden, bias=False)
        self.of_memory = nn.Linear(hidden, hidden, bias=False)
        self.v = nn.Linear(hidden, 1, bias=False)

    def forward(self, s: Tensor, memory: Tensor) -> Tensor:
        """s (N, T, H), memory (N or 1, S, H) to (N, T, S)."""
        q = self.of_state(s)[:, :, None] + self.of_memory(memory)[:, None]  # (N, T, S, H)
        return cast(Tensor, self.v(torch.tanh(q)))[..., 0]


class Dot(nn.Module):
    r"""Luong et al.: e_{tj} = s_t \cdot h_j."""

    def forward(self, s: Tensor, memory: Tensor) -> Tensor:
        """s (N, T, H), memory (N or 1, S, H) to (N, T, S)."""
        return s @ memory.transpose(1, 2)


class Seq2Seq(nn.Module):
    """A recurrent encoder and a recurrent decoder of one layer each, with or without attention."""

    def __init__(self, sources: int, targets: int, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.source = nn.Embedding(sources, shape.embedding)
        self.target = nn.Embedding(targets, shape.embedding)
        self.encoder: nn.RNNBase = MODULES[shape.kind](shape.embedding, shape.hidden, batch_first=True)
        self.decoder: nn.RNNBase = MODULES[shape.kind](shape.embedding, shape.hidden, batch_first=True)
        self.attention: nn.Module | None = None
        if shape.attention != "none":
            self.attention = Dot() if shape.attention == "dot" else Additive(shape.hidden)
        self.head = nn.Linear(shape.hidden * (1 if self.attention is None else 2), targets)

    def encode(self, ids: Tensor, lengths: Sequence[int]) -> tuple[Tensor, State]:
        """ids (N, S), padded at the right, to every state h (N, S, H), padded steps 0, and the state after each one's last."""
        packed = pack_padded_sequence(self.source(ids), torch.tensor(lengths), batch_first=True, enforce_sorted=False)
        out, state = self.encoder(packed)
        return pad_packed_sequence(out, batch_first=True, total_length=ids.shape[1])[0], state

    def decode(self, ids: Tensor, state: State, memory: Tensor, lengths: Sequence[int] | None = None) -> tuple[Tensor, Look, State]:
        """ids (N, T), what the decoder is given, to the logits of what it says (N, T, V), where it looked, and its state."""
        s, state = self.decoder(self.target(ids), state)
        look = self.look(s, memory, lengths)
        return self.say(s, look), look, state

    def look(self, s: Tensor, memory: Tensor, lengths: Sequence[int] | None = None) -> Look:
        """s (N, T, H) asks memory (N or 1, S, H), of whose rows the first ``lengths`` are there (None: all)."""
        if self.attention is None:
            return Look()
        e = self.attention(s, memory)
        if lengths is not None:
            there = torch.arange(memory.shape[1], device=e.device) < torch.tensor(lengths, device=e.device)[:, None]
            e = e.masked_fill(~there[:, None], -torch.inf)
        a = e.softmax(-1)
        return Look(e, a, a @ memory)

    def say(self, s: Tensor, look: Look) -> Tensor:
        """The logits (N, T, V)."""
        return cast(Tensor, self.head(s if look.context is None else torch.cat([s, look.context], -1)))


@dataclass(frozen=True)
class _Rows:
    """The decoder's state of some hypotheses, as app.nn.decoding keeps and picks it."""

    state: State

    def rows(self, chosen: Tensor) -> _Rows:
        """Those of these hypotheses."""
        if isinstance(self.state, tuple):
            return _Rows(tuple(one[:, chosen] for one in self.state))
        return _Rows(self.state[:, chosen])


def saying(net: Seq2Seq, memory: Tensor, state: State, lengths: Sequence[int] | None = None) -> Step:
    """The step of this decoder for greedy, beam and sampled texts; ``state`` as ``encode`` left it."""

    def step(ids: Tensor, caches: Any) -> tuple[Tensor, Any]:
        past = state if caches is None else caches[0].state
        logits, _, after = net.decode(ids, past, memory, lengths)
        return logits[:, -1], (_Rows(after),)

    return cast(Step, step)


def load(name: str) -> Seq2Seq:
    """The shipped network at rest. Raises FileNotFoundError, WrongWeights."""
    card = weights.card(name)
    net = Seq2Seq(len(card["source_words"]), len(card["target_words"]), Shape(**card["shape"]))
    net.load_state_dict(weights.state(name))
    return net.eval()
