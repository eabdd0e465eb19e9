r"""Character models: a recurrent network that reads a text and says after each character what comes next.

x_t = E[character t], h_t = cell(x_t, h_{t-1}), p_t = softmax(V h_t + b).
A Jordan network's own output is p_t, and p_t is what comes back to it: h_t = tanh(W x_t + U p_{t-1} + b).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from app.nn import weights
from app.nn.recurrent import Options, Recurrent, Unrolled, Weights, from_torch

UNKNOWN = "\N{REPLACEMENT CHARACTER}"
"""Stands in the vocabulary, first, for whatever else a text may hold."""
MODULES = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}

State: TypeAlias = Any
"""What a model goes on from: torch's own h (and c), or a Jordan network's s; None at the start."""


@dataclass(frozen=True)
class Shape:
    """``kind``: rnn, jordan, lstm or gru; a Jordan network has one layer."""

    kind: str
    layers: int = 1
    hidden: int = 128
    embedding: int = 64


class Jordan(nn.Module):
    """One layer whose output, a distribution over ``outputs`` things, comes back."""

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        bound = 1 / math.sqrt(hidden)
        shapes = {
            "w_ih": (hidden, inputs),
            "w_hh": (hidden, outputs),
            "b_ih": (hidden,),
            "w_hy": (outputs, hidden),
            "b_y": (outputs,),
        }
        for name, shape in shapes.items():
            self.register_parameter(name, nn.Parameter(torch.empty(shape).uniform_(-bound, bound)))

    def recurrent(self) -> Recurrent:
        """Its steps, written out."""
        return Recurrent("jordan", [[Weights(**dict(self.named_parameters()))]], Options(output="softmax"))


class Characters(nn.Module):
    """A model of ``characters``, whose first is UNKNOWN."""

    def __init__(self, characters: Sequence[str], shape: Shape) -> None:
        super().__init__()
        self.characters, self.shape = tuple(characters), shape
        self._ids = {character: i for i, character in enumerate(self.characters)}
        words = len(self.characters)
        self.embedding = nn.Embedding(words, shape.embedding)
        self.core: nn.Module
        if shape.kind == "jordan":
            self.core, self.head = Jordan(shape.embedding, shape.hidden, words), None
        else:
            self.core = MODULES[shape.kind](shape.embedding, shape.hidden, shape.layers)
            self.head = nn.Linear(shape.hidden, words)

    def ids(self, text: str) -> list[int]:
        """Its characters as numbers, 0 for those that the model does not know."""
        return [self._ids.get(character, 0) for character in text]

    def forward(self, ids: Tensor, state: State = None) -> tuple[Tensor, State]:
        """ids (T, N) to the logits of what comes next (T, N, V), and the state to go on from."""
        x = self.embedding(ids)
        if self.head is not None:
            out, state = self.core(x, state)
            return self.head(out), state
        initial = None if state is None else {"s": state[None]}
        unrolled = self.recurrent().unroll(x, initial=initial)
        return self.logits(unrolled), unrolled.final["s"][0]

    def recurrent(self) -> Recurrent:
        """The network with every gate in the open; its input is ``embedding(ids)``."""
        return self.core.recurrent() if isinstance(self.core, Jordan) else from_torch(self.core)  # type: ignore[arg-type]

    def logits(self, unrolled: Unrolled) -> Tensor:
        """(T, N, V) of a sequence that ``recurrent()`` unrolled."""
        return unrolled.pre["y"][:, 0] if self.head is None else self.head(unrolled.output)


def load(name: str) -> Characters:
    """The shipped model at rest. Raises FileNotFoundError, WrongWeights."""
    card: Mapping[str, Any] = weights.card(name)
    model = Characters(card["characters"], Shape(**card["shape"]))
    model.load_state_dict(weights.state(name))
    return model.eval()
