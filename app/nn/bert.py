"""Bert: an encoder whose every layer hands out q, k, v, scores, weights and hidden states.

Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding", arXiv 1810.04805: the
paper's encoder blocks (normalisation after each sub-layer), gelu, learned positions, and a type for each of two sentences.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from app.nn.transformer import Block, Off, Stack, States, SubLayer


@dataclass(frozen=True)
class BertShape:
    """The sizes of a Bert; these are MiniLM-L6-H384-uncased's."""

    words: int = 30_522
    d_model: int = 384
    layers: int = 6
    heads: int = 12
    d_ff: int = 1536
    most: int = 512
    types: int = 2
    eps: float = 1e-12


class BertEmbedding(nn.Module):
    """x = LayerNorm(word[token] + position[pos] + type[sentence])."""

    def __init__(self, shape: BertShape) -> None:
        super().__init__()
        self.words = nn.Embedding(shape.words, shape.d_model)
        self.positions = nn.Embedding(shape.most, shape.d_model)
        self.types = nn.Embedding(shape.types, shape.d_model)
        self.norm = nn.LayerNorm(shape.d_model, shape.eps)

    def forward(self, ids: Tensor, types: Tensor) -> Tensor:
        """(N, T) ids and sentence numbers 0 or 1 to (N, T, d)."""
        positions = torch.arange(ids.shape[1], device=ids.device)
        x: Tensor = self.norm(self.words(ids) + self.positions(positions) + self.types(types))
        return x


class Bert(nn.Module):
    """The encoder, without the pooler that its sentence embedding does not use."""

    def __init__(self, shape: BertShape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = BertEmbedding(shape)
        blocks = [
            Block(shape.d_model, shape.heads, shape.d_ff, norm="post", activation="gelu", eps=shape.eps)
            for _ in range(shape.layers)
        ]
        self.encoder = Stack(blocks, shape.d_model)

    def forward(self, ids: Tensor, types: Tensor | None = None, mask: Tensor | None = None, off: Off = ()) -> States:
        """(N, T), T at most ``shape.most``; ``mask`` as ``padding_mask`` makes it."""
        embedded = self.embedding(ids, torch.zeros_like(ids) if types is None else types)
        states: States = self.encoder(embedded, mask, off=off)
        return states

    def walk(self, ids: Tensor, types: Tensor, off: Off = ()) -> Iterator[tuple[SubLayer, ...]]:
        """Layer by layer, for one sentence without padding: each ``next`` computes one layer."""
        return self.encoder.walk(self.embedding(ids, types), off=off)


def sentence_embedding(out: Tensor, mask: Tensor | None = None) -> Tensor:
    """m / |m|, m the mean of the last hidden states over the tokens, [CLS] and [SEP] included, as all-MiniLM-L6-v2 is trained.

    (N, T, d) and a mask (N, 1, 1, T) of the padding to (N, d).
    """
    kept = torch.ones_like(out[..., :1]) if mask is None else mask[:, 0, 0, :, None].to(out.dtype)
    return functional.normalize((out * kept).sum(1) / kept.sum(1), dim=-1)


_NAMES: Mapping[str, str] = {
    "embedding.words": "embeddings.word_embeddings",
    "embedding.positions": "embeddings.position_embeddings",
    "embedding.types": "embeddings.token_type_embeddings",
    "embedding.norm": "embeddings.LayerNorm",
}
_NAMES_IN_A_LAYER: Mapping[str, str] = {
    "self_attention.W_q": "attention.self.query",
    "self_attention.W_k": "attention.self.key",
    "self_attention.W_v": "attention.self.value",
    "self_attention.W_o": "attention.output.dense",
    "self_norm": "attention.output.LayerNorm",
    "feed_forward.linear1": "intermediate.dense",
    "feed_forward.linear2": "output.dense",
    "feed_forward_norm": "output.LayerNorm",
}


def published(name: str) -> str:
    """The name that a parameter of ``Bert`` has in published Bert weights."""
    owner, _, kind = name.rpartition(".")
    if owner.startswith("encoder.blocks."):
        layer, _, part = owner.removeprefix("encoder.blocks.").partition(".")
        return f"encoder.layer.{layer}.{_NAMES_IN_A_LAYER[part]}.{kind}"
    return f"{_NAMES[owner]}.{kind}"


def from_published(tensors: Mapping[str, Tensor], shape: BertShape) -> Bert:
    """A Bert in eval mode with published weights. Raises KeyError, RuntimeError where they are not of that shape."""
    net = Bert(shape)
    net.load_state_dict({name: tensors[published(name)] for name in net.state_dict()})
    return net.eval()
