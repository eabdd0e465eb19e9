"""The computation of ``attention/by-hand``: every stage from the params, and the same by torch's own function."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from app.labs.attention.params.by_hand import ByHandParams
from app.nn.attention import attend, masked, scaled_scores
from app.nn.positions import sinusoidal

DTYPES = {"float64": torch.float64, "float32": torch.float32}


@dataclass(frozen=True)
class Given:
    """What the computation starts from, rows in the order of the places.

    ``embedding`` and ``place`` (n, d_model), ``w_q``, ``w_k`` and ``w_v`` (H, d_model, d_k), ``w_o`` (H d_k, d_model) or None,
    ``seen`` (n, n) boolean, ``scale``: what the scores are multiplied by.
    """

    embedding: Tensor
    place: Tensor
    w_q: Tensor
    w_k: Tensor
    w_v: Tensor
    w_o: Tensor | None
    seen: Tensor
    scale: float

    @property
    def x(self) -> Tensor:
        """(n, d_model): x = e + p."""
        return self.embedding + self.place


@dataclass(frozen=True)
class Stages:
    """Every stage: ``x`` (n, d_model); ``q``, ``k``, ``v``, ``output`` (H, n, d_k); the four between them (H, n, n).

    ``concat`` (n, H d_k) and ``projected`` (n, d_model) of several heads, else None.
    """

    x: Tensor
    q: Tensor
    k: Tensor
    v: Tensor
    scores: Tensor
    scaled: Tensor
    masked: Tensor
    weights: Tensor
    output: Tensor
    concat: Tensor | None
    projected: Tensor | None

    @property
    def result(self) -> Tensor:
        """What leaves the attention: (n, d_model), of one head (n, d_k)."""
        return self.output[0] if self.projected is None else self.projected


def given(params: ByHandParams, device: str = "cpu", order: Sequence[int] | None = None) -> Given:
    """The params as tensors; ``order``: another one than theirs."""
    dtype = DTYPES[params.dtype]

    def tensor(numbers: object) -> Tensor:
        return torch.tensor(numbers, dtype=dtype, device=device)

    words = tensor(params.embeddings())[list(params.places if order is None else order)]
    place = torch.zeros_like(words)
    if params.positions == "sinusoidal":
        place = sinusoidal(len(words), params.d_model, dtype).to(device)
    elif params.positions == "learned":
        place = tensor(params.learned())
    return Given(
        words,
        place,
        tensor(params.projections("w_q")),
        tensor(params.projections("w_k")),
        tensor(params.projections("w_v")),
        tensor(params.joined()) if params.heads > 1 else None,
        torch.tensor(params.seen(), device=device),
        1 / math.sqrt(params.d_k) if params.scale else 1.0,
    )


def compute(of: Given) -> Stages:
    """head_h = softmax(q k^T * scale) v,  q = x W_Q,  k = x W_K,  v = x W_V;  of several heads Concat(head_1, ...) W_O."""
    x = of.x
    q, k, v = x @ of.w_q, x @ of.w_k, x @ of.w_v
    heads = attend(q, k, v, of.seen, of.scale)
    concat = projected = None
    if of.w_o is not None:
        concat = heads.output.transpose(0, 1).flatten(1)
        projected = concat @ of.w_o
    unscaled = scaled_scores(q, k, 1.0)
    hidden = masked(heads.scores, of.seen)
    return Stages(x, q, k, v, unscaled, heads.scores, hidden, heads.weights, heads.output, concat, projected)


def by_torch(of: Given) -> tuple[Tensor, Tensor, Tensor]:
    """torch's own weights (H, n, n), outputs (H, n, d_k) and result: its function with the identity for v gives the weights."""
    x = of.x
    q, k, v = (torch.stack([functional.linear(x, w.T) for w in every])[None] for every in (of.w_q, of.w_k, of.w_v))
    identity = torch.eye(len(x), dtype=x.dtype, device=x.device).expand(1, len(of.w_q), -1, -1)
    weights, output = (
        functional.scaled_dot_product_attention(q, k, value, attn_mask=of.seen, scale=of.scale)[0] for value in (identity, v)
    )
    joined = output[0] if of.w_o is None else functional.linear(output.transpose(0, 1).flatten(1), of.w_o.T)
    return weights, output, joined


def difference(of: Given, stages: Stages) -> float:
    """The largest |difference| of weights, outputs and result to torch's own."""
    ours = stages.weights, stages.output, stages.result
    return max(float((a - b).abs().max()) for a, b in zip(ours, by_torch(of), strict=True))
