"""How a decoder's next-token scores become a text: greedy, beam search with its tree, sampling.

A decoder is a function ``step(ids, caches)``: the newest tokens (N, 1) and what was kept of those before, to logits (N, V) and
what to keep; each step computes one position only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import torch
from torch import Tensor

from app.nn.transformer import GPT, LayerCache, Transformer

Caches: TypeAlias = "tuple[LayerCache, ...]"
Step: TypeAlias = Callable[[Tensor, "Caches | None"], "tuple[Tensor, Caches]"]


def translating(net: Transformer, memory: Tensor, memory_mask: Tensor | None = None) -> Step:
    """The step of an encoder-decoder that reads ``memory`` (N, S, d); one memory serves any number of hypotheses."""

    def step(ids: Tensor, caches: Caches | None) -> tuple[Tensor, Caches]:
        states = net.decode(ids, memory, memory_mask, caches)
        return net.logits(states)[:, -1], states.caches

    return step


def continuing(net: GPT) -> Step:
    """The step of a decoder-only model."""

    def step(ids: Tensor, caches: Caches | None) -> tuple[Tensor, Caches]:
        states = net.states(ids, caches)
        return net.logits(states)[:, -1], states.caches

    return step


@torch.no_grad()
def greedy(step: Step, first: Tensor, end: int, most: int) -> list[list[int]]:
    """The likeliest token each time, from ``first`` (N, T) on; each sequence up to and without ``end``, at most ``most``."""
    ids, caches = first, None
    texts: list[list[int]] = [[] for _ in range(len(first))]
    done = torch.zeros(len(first), dtype=torch.bool)
    for _ in range(most):
        logits, caches = step(ids, caches)
        ids = logits.argmax(-1, keepdim=True)
        done |= ids[:, 0].cpu() == end
        if done.all():
            break
        for text, token, over in zip(texts, ids[:, 0].tolist(), done.tolist(), strict=True):
            if not over:
                text.append(token)
    return texts


@dataclass(frozen=True)
class Node:
    """One hypothesis of a beam: its last token and where it grew from."""

    parent: int
    """Index into the tree; -1: the start."""
    token: int
    log_p: float
    """The sum over its tokens of log p(token | those before)."""
    depth: int
    """Tokens from the start."""
    ended: bool
    kept: bool
    """Among the best at its depth; the others are shown and go no further."""


@dataclass(frozen=True)
class Beam:
    """Everything that the search looked at, and the texts that it ended with, best first."""

    nodes: list[Node] = field(default_factory=list)
    best: list[int] = field(default_factory=list)
    """Indices of nodes; scores fall."""
    length_penalty: float = 0.0

    def score(self, index: int) -> float:
        """log p / length^penalty."""
        node = self.nodes[index]
        return float(node.log_p / node.depth**self.length_penalty)

    def text(self, index: int) -> list[int]:
        """Its tokens, the end token included where it ended."""
        tokens = []
        while index >= 0:
            tokens.append(self.nodes[index].token)
            index = self.nodes[index].parent
        return tokens[::-1]


def beam(step: Step, first: Tensor, end: int, most: int, width: int = 4, length_penalty: float = 0.0, shown: int = 0) -> Beam:
    """The whole search: ``growing`` to its end."""
    return list(growing(step, first, end, most, width, length_penalty, shown))[-1]


@torch.no_grad()
def growing(
    step: Step, first: Tensor, end: int, most: int, width: int = 4, length_penalty: float = 0.0, shown: int = 0
) -> Iterator[Beam]:
    """The tree after each depth, with ``best`` at last: the ``width`` likeliest of all continuations of those not ended go on.

    ``first`` (1, T). ``length_penalty`` alpha ranks ended texts by log p / length^alpha (0: by log p). ``shown``: so many more
    candidates a depth are kept in the tree as not taken. With width 1 it is the greedy text.
    """
    tree = Beam(length_penalty=length_penalty)
    live: list[int] = [-1]
    ended: list[int] = []
    ids, caches = first, None
    for depth in range(1, most + 1):
        logits, caches = step(ids, caches)
        before = logits.new_tensor([tree.nodes[i].log_p if i >= 0 else 0.0 for i in live])
        totals = before[:, None] + logits.log_softmax(-1)  # (live, V)
        wanted = width - len(ended)
        words = totals.shape[1]
        values, places = totals.flatten().topk(min(wanted + shown, totals.numel()))
        rows: list[int] = []
        grown: list[int] = []
        for rank, (value, place) in enumerate(zip(values.tolist(), places.tolist(), strict=True)):
            row, token = divmod(place, words)
            kept = rank < wanted
            tree.nodes.append(Node(live[row], token, value, depth, token == end, kept))
            if kept and token == end:
                ended.append(len(tree.nodes) - 1)
            elif kept:
                rows.append(row)
                grown.append(len(tree.nodes) - 1)
        live = grown
        yield tree
        if not live:
            break
        chosen = torch.tensor(rows, device=logits.device)
        caches = tuple(one.rows(chosen) for one in caches)
        ids = torch.tensor([[tree.nodes[i].token] for i in live], device=logits.device)
    tree.best.extend(sorted([*ended, *live], key=tree.score, reverse=True))
    yield tree


@dataclass(frozen=True)
class Cut:
    """What temperature, top-k and top-p make of one distribution, each (N, V)."""

    plain: Tensor
    """softmax(logits)"""
    tempered: Tensor
    """softmax(logits / temperature)"""
    kept: Tensor
    """boolean: what may be drawn"""
    drawn_from: Tensor
    """tempered where kept, renormalised"""


def cut(logits: Tensor, temperature: float = 1.0, top_k: int | None = None, top_p: float = 1.0) -> Cut:
    """p_i proportional to exp(logit_i / temperature) over the kept tokens.

    ``top_k``: the k likeliest are kept. ``top_p``: the fewest of the likeliest whose probabilities reach p (Holtzman et al.,
    arXiv 1904.09751); the likeliest always is. ``temperature`` 0: the likeliest alone. Raises ValueError out of their ranges.
    """
    if temperature < 0 or (top_k is not None and top_k < 1) or not 0 < top_p <= 1:
        raise ValueError(f"temperature >= 0, top_k >= 1, 0 < top_p <= 1 (got {temperature}, {top_k}, {top_p})")
    plain = logits.softmax(-1)
    if temperature == 0:
        tempered = torch.zeros_like(plain).scatter_(-1, logits.argmax(-1, keepdim=True), 1.0)
    else:
        tempered = (logits / temperature).softmax(-1)
    falling, order = tempered.sort(dim=-1, descending=True)
    above = falling.cumsum(-1) - falling  # the mass of the likelier ones
    kept_sorted = (above < top_p) & (falling > 0)
    if top_k is not None:
        kept_sorted &= torch.arange(logits.shape[-1], device=logits.device) < top_k
    kept = torch.zeros_like(kept_sorted).scatter(-1, order, kept_sorted)
    left = tempered * kept
    return Cut(plain, tempered, kept, left / left.sum(-1, keepdim=True))


@torch.no_grad()
def sample(
    step: Step,
    first: Tensor,
    most: int,
    generator: torch.Generator,
    end: int | None = None,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float = 1.0,
) -> Sequence[int]:
    """Tokens drawn one after the other, from ``first`` (1, T) on, up to and without ``end``, at most ``most``."""
    ids, caches = first, None
    text: list[int] = []
    for _ in range(most):
        logits, caches = step(ids, caches)
        probabilities = cut(logits, temperature, top_k, top_p).drawn_from
        ids = torch.multinomial(probabilities, 1, generator=generator)
        if end is not None and ids.item() == end:
            break
        text.append(int(ids.item()))
    return text
