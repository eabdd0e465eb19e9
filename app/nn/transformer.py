"""The Transformer's parts, and three models of them: encoder-decoder, decoder only, encoder only.

Vaswani et al., "Attention Is All You Need", arXiv 1706.03762, section 3. Each sub-layer hands out its states.
``norm`` says where the layer normalisation stands: "post" is the paper's LayerNorm(x + Sublayer(x)); "pre" is
x + Sublayer(LayerNorm(x)) with one more normalisation after the last block, as GPT-2 has it (Xiong et al.,
arXiv 2002.04745, compare them).
Letters in shapes: N sequences, T and S tokens, d = d_model, V words.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from torch import Tensor, nn
from torch.nn import functional

from app.nn.attention import Attended, Cache, MultiHeadAttention, causal_mask
from app.nn.positions import Positions, PositionTable

Norm: TypeAlias = Literal["pre", "post"]
Kind: TypeAlias = Literal["self", "cross", "feed_forward"]
Off: TypeAlias = Collection[tuple[int, Kind, int]]
"""Heads that are switched off: (layer, "self" or "cross", head)."""


@dataclass(frozen=True)
class SubLayer:
    """The states around one sub-layer, each (N, T, d)."""

    kind: Kind
    x: Tensor
    """The residual stream as it comes in."""
    normed: Tensor
    """What the layer normalisation gave: the branch's input (pre), or the stream that goes on (post)."""
    branch: Tensor
    """Sublayer(...): what is added to x."""
    out: Tensor
    """The residual stream as it goes on."""
    attended: Attended | None = None
    hidden: Tensor | None = None
    """(N, T, d_ff) after the activation, of a feed-forward sub-layer."""


@dataclass(frozen=True)
class LayerCache:
    """A decoder block's keys and values: of its own past, and of the encoder's memory."""

    own: Cache
    cross: Cache | None = None

    def rows(self, chosen: Tensor) -> LayerCache:
        """Those of the sequences ``chosen`` (M,)."""
        return LayerCache(self.own.rows(chosen), None if self.cross is None else self.cross.rows(chosen))


@dataclass(frozen=True)
class States:
    """What a stack of blocks computed: ``layers[l]`` has the sub-layers of block l in order."""

    embedded: Tensor
    """(N, T, d): what the first block was given."""
    layers: tuple[tuple[SubLayer, ...], ...]
    out: Tensor
    """(N, T, d)"""

    def weights(self, kind: Kind = "self") -> list[Tensor]:
        """Each layer's attention weights (N, H, T, S)."""
        return [s.attended.heads.weights for layer in self.layers for s in layer if s.kind == kind and s.attended]

    @property
    def caches(self) -> tuple[LayerCache, ...]:
        """What the next step goes on from."""
        kept = [{s.kind: s.attended.cache for s in layer if s.attended} for layer in self.layers]
        return tuple(LayerCache(one["self"], one.get("cross")) for one in kept)


class FeedForward(nn.Module):
    """FFN(x) = activation(x W_1 + b_1) W_2 + b_2  (equation 2, whose activation is relu)."""

    def __init__(self, d_model: int, d_ff: int, activation: Literal["relu", "gelu"] = "relu") -> None:
        super().__init__()
        self.linear1 = nn.Linear(d_model, d_ff)
        self.linear2 = nn.Linear(d_ff, d_model)
        self.activation = functional.relu if activation == "relu" else functional.gelu

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(N, T, d) to hidden (N, T, d_ff) and out (N, T, d)."""
        hidden = self.activation(self.linear1(x))
        return hidden, self.linear2(hidden)


class Block(nn.Module):
    """Self-attention, with ``cross`` attention to a memory, and (``d_ff`` > 0) a feed-forward sub-layer."""

    def __init__(
        self,
        d_model: int,
        heads: int,
        d_ff: int,
        norm: Norm = "post",
        cross: bool = False,
        activation: Literal["relu", "gelu"] = "relu",
        dropout: float = 0.0,
        eps: float = 1e-5,
    ) -> None:
        super().__init__()
        self.norm = norm
        self.self_attention = MultiHeadAttention(d_model, heads)
        self.self_norm = nn.LayerNorm(d_model, eps)
        self.cross_attention = MultiHeadAttention(d_model, heads) if cross else None
        self.cross_norm = nn.LayerNorm(d_model, eps) if cross else None
        self.feed_forward = FeedForward(d_model, d_ff, activation) if d_ff else None
        self.feed_forward_norm = nn.LayerNorm(d_model, eps) if d_ff else None
        self.dropout = nn.Dropout(dropout)  # of each branch, before it is added (section 5.4)

    def forward(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        memory: Tensor | None = None,
        memory_mask: Tensor | None = None,
        cache: LayerCache | None = None,
        off: Collection[tuple[Kind, int]] = (),
    ) -> tuple[SubLayer, ...]:
        """The sub-layers' states, in order; the last one's ``out`` is the block's."""
        off_self = [head for kind, head in off if kind == "self"]
        inner = self.self_norm(x) if self.norm == "pre" else x
        attended = self.self_attention(inner, mask=mask, cache=cache and cache.own, off=off_self)
        states = [self._added("self", x, inner, attended.out, self.self_norm, attended=attended)]
        if self.cross_attention is not None and self.cross_norm is not None:
            x = states[-1].out
            off_cross = [head for kind, head in off if kind == "cross"]
            inner = self.cross_norm(x) if self.norm == "pre" else x
            known = cache and cache.cross
            attended = self.cross_attention(inner, memory, memory_mask, known, off_cross, fixed=known is not None)
            states.append(self._added("cross", x, inner, attended.out, self.cross_norm, attended=attended))
        if self.feed_forward is not None and self.feed_forward_norm is not None:
            x = states[-1].out
            inner = self.feed_forward_norm(x) if self.norm == "pre" else x
            hidden, branch = self.feed_forward(inner)
            states.append(self._added("feed_forward", x, inner, branch, self.feed_forward_norm, hidden=hidden))
        return tuple(states)

    def _added(
        self,
        kind: Kind,
        x: Tensor,
        inner: Tensor,
        branch: Tensor,
        norm: nn.LayerNorm,
        attended: Attended | None = None,
        hidden: Tensor | None = None,
    ) -> SubLayer:
        """post: LayerNorm(x + branch);  pre: x + branch."""
        total = x + self.dropout(branch)
        if self.norm == "pre":
            return SubLayer(kind, x, inner, branch, total, attended, hidden)
        normed = norm(total)
        return SubLayer(kind, x, normed, branch, normed, attended, hidden)


class Stack(nn.Module):
    """Blocks one after the other; a last normalisation where the blocks' own stand before ("pre")."""

    def __init__(self, blocks: Sequence[Block], d_model: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.last_norm = nn.LayerNorm(d_model) if blocks[0].norm == "pre" else nn.Identity()

    def forward(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        memory: Tensor | None = None,
        memory_mask: Tensor | None = None,
        caches: Sequence[LayerCache] | None = None,
        off: Off = (),
    ) -> States:
        """(N, T, d) to the states of every sub-layer."""
        layers = tuple(self.walk(x, mask, memory, memory_mask, caches, off))
        return States(x, layers, self.last_norm(layers[-1][-1].out))

    def walk(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        memory: Tensor | None = None,
        memory_mask: Tensor | None = None,
        caches: Sequence[LayerCache] | None = None,
        off: Off = (),
    ) -> Iterator[tuple[SubLayer, ...]]:
        """The same block by block: each ``next`` computes one."""
        for number, block in enumerate(self.blocks):
            here = [(kind, head) for layer, kind, head in off if layer == number]
            states = block(x, mask, memory, memory_mask, caches[number] if caches else None, here)
            yield states
            x = states[-1].out


@dataclass(frozen=True)
class Shape:
    """The size and kind of a model; goes into its card as it is."""

    d_model: int = 64
    heads: int = 4
    d_ff: int = 256
    """0: attention only."""
    layers: int = 2
    """Of the encoder, and as many of the decoder."""
    most: int = 64
    """Positions."""
    norm: Norm = "post"
    positions: Positions = "sinusoidal"
    activation: Literal["relu", "gelu"] = "relu"
    dropout: float = 0.0

    def stack(self, cross: bool = False) -> Stack:
        """Blocks of this shape."""
        blocks = [
            Block(self.d_model, self.heads, self.d_ff, self.norm, cross, self.activation, self.dropout) for _ in range(self.layers)
        ]
        return Stack(blocks, self.d_model)


class Embedding(nn.Module):
    """token -> E[token] sqrt(d_model) + PE[pos]  (sections 3.4 and 3.5)."""

    def __init__(self, words: int, shape: Shape) -> None:
        super().__init__()
        self.tokens = nn.Embedding(words, shape.d_model)
        nn.init.normal_(self.tokens.weight, std=shape.d_model**-0.5)
        self.positions = PositionTable(shape.positions, shape.most, shape.d_model)
        self.scale = math.sqrt(shape.d_model)
        self.dropout = nn.Dropout(shape.dropout)

    def forward(self, ids: Tensor, past: int = 0) -> Tensor:
        """(N, T) int64 to (N, T, d); ``past`` tokens stood before. Raises ValueError past the last position."""
        x: Tensor = self.dropout(self.tokens(ids) * self.scale + self.positions(ids.shape[1], past))
        return x

    def logits(self, x: Tensor) -> Tensor:
        """(N, T, d) to (N, T, V): x E^T, the same matrix (section 3.4)."""
        return x @ self.tokens.weight.T


class Transformer(nn.Module):
    """The paper's encoder-decoder: the decoder's blocks attend to their past and to the encoder's last states."""

    def __init__(self, source_words: int, target_words: int, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.source = Embedding(source_words, shape)
        self.target = Embedding(target_words, shape)
        self.encoder = shape.stack()
        self.decoder = shape.stack(cross=True)

    def encode(self, ids: Tensor, mask: Tensor | None = None, off: Off = ()) -> States:
        """Source (N, S), ``mask`` as ``padding_mask`` makes it."""
        states: States = self.encoder(self.source(ids), mask, off=off)
        return states

    def decode(
        self,
        ids: Tensor,
        memory: Tensor,
        memory_mask: Tensor | None = None,
        caches: Sequence[LayerCache] | None = None,
        off: Off = (),
    ) -> States:
        """Target so far (N, T), from <bos> on; with ``caches`` only what they do not have yet. ``memory``: encode(...).out."""
        past = past_of(caches)
        mask = causal_mask(ids.shape[1], past=past, device=ids.device)
        states: States = self.decoder(self.target(ids, past), mask, memory, memory_mask, caches, off)
        return states

    def logits(self, states: States) -> Tensor:
        """(N, T, V): row t is of the word after the target's t-th."""
        return self.target.logits(states.out)

    def forward(self, source: Tensor, target: Tensor, source_mask: Tensor | None = None) -> Tensor:
        """Teacher forcing: logits (N, T, V)."""
        memory = self.encode(source, source_mask).out
        return self.logits(self.decode(target, memory, source_mask))


class GPT(nn.Module):
    """Decoder blocks without cross-attention: each token sees those before it, and the next one is predicted."""

    def __init__(self, words: int, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = Embedding(words, shape)
        self.decoder = shape.stack()

    def states(self, ids: Tensor, caches: Sequence[LayerCache] | None = None, off: Off = ()) -> States:
        """(N, T), with ``caches`` the tokens that they do not have yet."""
        past = past_of(caches)
        mask = causal_mask(ids.shape[1], past=past, device=ids.device)
        states: States = self.decoder(self.embedding(ids, past), mask, caches=caches, off=off)
        return states

    def logits(self, states: States) -> Tensor:
        """(N, T, V): row t is of the token after the t-th."""
        return self.embedding.logits(states.out)

    def forward(self, ids: Tensor) -> Tensor:
        """(N, T) to logits (N, T, V)."""
        return self.logits(self.states(ids))


class MaskedEncoder(nn.Module):
    """Encoder blocks; every token sees all, and what is hidden is predicted (Devlin et al., arXiv 1810.04805, section 3.1)."""

    def __init__(self, words: int, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = Embedding(words, shape)
        self.encoder = shape.stack()

    def states(self, ids: Tensor, mask: Tensor | None = None, off: Off = ()) -> States:
        """(N, T), ``mask`` as ``padding_mask`` makes it."""
        states: States = self.encoder(self.embedding(ids), mask, off=off)
        return states

    def logits(self, states: States) -> Tensor:
        """(N, T, V): row t is of the token at t."""
        return self.embedding.logits(states.out)

    def forward(self, ids: Tensor, mask: Tensor | None = None) -> Tensor:
        """(N, T) to logits (N, T, V)."""
        return self.logits(self.states(ids, mask))


def past_of(caches: Sequence[LayerCache] | None) -> int:
    """How many tokens the caches hold."""
    return caches[0].own.k.shape[2] if caches else 0
