"""The decoder's steps with the cache, the same in one pass with the mask, and torch's own beside both."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import torch
from torch import Generator, Tensor

from app.labs.attention.translate.torchs import Torchs, torchs
from app.nn.attention import beside_torch
from app.nn.decoding import Beam, Caches, cut, growing, translating
from app.nn.tasks.pairs import BOS, EOS, Ids
from app.nn.tasks.shipped import load
from app.nn.tasks.translate import Translator
from app.nn.transformer import Shape, States, SubLayer, Transformer

NOT_TAKEN = 2
"""So many continuations a depth are kept in the tree beside those that went on."""


@lru_cache(maxsize=10)
def shipped(name: str, device: str = "cpu") -> tuple[Translator, Torchs]:
    """A translator and torch's modules with its weights."""
    translator = load(name)
    if device != "cpu":
        translator = copy.copy(translator)
        translator.net = copy.deepcopy(translator.net).to(device)
    return translator, torchs(translator.net)


@dataclass
class Parity:
    """The largest |difference| of this run so far."""

    attention: float = 0.0
    """Of a head's output to torch's scaled_dot_product_attention."""
    rounding: float = 0.0
    """What rounding explains of that."""
    stacks: float = 0.0
    """Of the encoder's states and the logits to torch's nn.TransformerEncoder and nn.TransformerDecoder."""
    cache: float = 0.0
    """Of logits and weights between the steps with the cache and one pass without it."""

    def attends(self, states: States) -> None:
        """Looks at every attention of a stack."""
        for layer in states.layers:
            self.attends_to(layer)

    def attends_to(self, layer: Iterable[SubLayer]) -> None:
        """Looks at a block's attentions."""
        for sub in layer:
            if sub.attended:
                difference, rounding = beside_torch(sub.attended.heads)
                self.attention, self.rounding = max(self.attention, difference), max(self.rounding, rounding)


def apart(one: Tensor, other: Tensor) -> float:
    """The largest |difference|."""
    return float((one - other).abs().max())


@dataclass
class Row:
    """A decoder that speaks: what it was given and said, and its states, a step each with the cache, then all in one pass."""

    given: Ids = field(default_factory=list)
    said: Ids = field(default_factory=list)
    logits: list[Tensor] = field(default_factory=list)
    """(V,) each."""
    steps: list[States] = field(default_factory=list)
    """N = T = 1."""
    whole: States | None = None
    """N = 1, T = len(given): with the causal mask."""


@torch.no_grad()
def speak(
    net: Transformer,
    memory: Tensor,
    row: Row,
    most: int,
    given: Ids | None = None,
    says: Ids | None = None,
    temperature: float | None = None,
    generator: Generator | None = None,
) -> Iterator[None]:
    """One step a ``next``, until it says the end, ``most`` steps at most; ``row`` has what came of it.

    ``given``: it is given these and goes on to their end, whatever it says (teacher forcing); None: what it said. ``says``: it
    says these, which a search found. ``temperature``: it draws; None: the likeliest.
    """
    caches: Caches | None = None
    token = BOS
    steps = len(given) if given is not None else len(says) if says is not None else most
    for t in range(steps):
        token = token if given is None else given[t]
        states = net.decode(torch.tensor([[token]], device=memory.device), memory, caches=caches)
        caches = states.caches
        logits = net.logits(states)[0, -1]
        row.given.append(token)
        if says is not None:
            token = says[t]
        elif temperature is None or given is not None:
            token = int(logits.argmax())
        else:
            token = int(torch.multinomial(cut(logits[None], temperature).drawn_from, 1, generator=generator))
        row.said.append(token)
        row.logits.append(logits)
        row.steps.append(states)
        yield
        if given is None and token == EOS:
            return


@torch.no_grad()
def check(net: Transformer, theirs: Torchs, memory: Tensor, row: Row, parity: Parity) -> None:
    """One pass over all that a row was given: the cache changes nothing, and torch's own modules say the same."""
    ids = torch.tensor([row.given], device=memory.device)
    row.whole = whole = net.decode(ids, memory)
    logits = net.logits(whole)
    parity.attends(whole)
    parity.stacks = max(parity.stacks, apart(theirs.logits(net, ids, memory), logits))
    parity.cache = max(parity.cache, apart(torch.stack(row.logits), logits[0]))
    for t, states in enumerate(row.steps):
        parity.attends(states)
        for kind in ("self", "cross"):
            for step, at_once in zip(states.weights(kind), whole.weights(kind), strict=True):
                seen = step.shape[-1]
                parity.cache = max(parity.cache, apart(step[0, :, 0], at_once[0, :, t, :seen]))


def search(net: Transformer, memory: Tensor, most: int, width: int, length_penalty: float) -> Iterator[Beam]:
    """The tree of hypotheses, depth by depth."""
    first = torch.tensor([[BOS]], device=memory.device)
    return growing(translating(net, memory), first, EOS, most, width, length_penalty, shown=NOT_TAKEN)


def multiply_adds(shape: Shape, new: int, past: int, source: int, memory_kept: bool) -> int:
    """What the decoder's blocks multiply and add for ``new`` tokens after ``past`` kept ones, ``source`` tokens being read."""
    d = shape.d_model
    own = 4 * new * d * d + 2 * new * (past + new) * d  # W_Q, W_K, W_V, W_O; q k^T, a v
    cross = 2 * new * d * d + 2 * new * source * d + (0 if memory_kept else 2 * source * d * d)
    return shape.layers * (own + cross + 2 * new * d * shape.d_ff)
