"""Scaled dot-product attention and its multi-head form, with everything in between kept to be looked at.

Vaswani et al., "Attention Is All You Need", arXiv 1706.03762, sections 3.2.1 and 3.2.2.
Letters in shapes: N sequences, H heads, L queries, S keys, d_k and d_v features a head.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


def scaled_scores(q: Tensor, k: Tensor, scale: float | None = None) -> Tensor:
    """scores = q k^T * scale, scale = 1 / sqrt(d_k) where none is given.

    (..., L, d_k) and (..., S, d_k) to (..., L, S).
    """
    scale = 1 / math.sqrt(q.shape[-1]) if scale is None else scale
    return (q @ k.transpose(-2, -1)) * scale


def masked(scores: Tensor, mask: Tensor | None) -> Tensor:
    """The scores that the softmax sees: -inf where a boolean ``mask`` is False; a float ``mask`` is added."""
    if mask is None:
        return scores
    return scores.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else scores + mask


def attention_weights(scores: Tensor, mask: Tensor | None = None) -> Tensor:
    """a_ij = exp(e_ij) / sum over j' of exp(e_ij'), e the masked scores; each row sums to 1.

    A row whose keys are all masked has no such quotient (0 / 0): its weights are zeros, as in torch's
    ``scaled_dot_product_attention``. What is masked weighs exactly 0.
    """
    e = masked(scores, mask)
    largest = e.amax(-1, keepdim=True)  # exp(e - largest) cannot overflow and the quotient is the same
    nothing = largest == -math.inf
    exp = (e - largest.masked_fill(nothing, 0)).exp()
    return exp / exp.sum(-1, keepdim=True).masked_fill(nothing, 1)


@dataclass(frozen=True)
class Heads:
    """One attention, before the heads are put together."""

    q: Tensor
    """(N, H, L, d_k)"""
    k: Tensor
    """(N, H, S, d_k): of the cache and of this call, in order."""
    v: Tensor
    """(N, H, S, d_v)"""
    scores: Tensor
    """(N, H, L, S), scaled, not yet masked."""
    mask: Tensor | None
    """What was given; it broadcasts to (N, H, L, S)."""
    weights: Tensor
    """(N, H, L, S)"""
    output: Tensor
    """(N, H, L, d_v): weights @ v."""


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None, scale: float | None = None) -> Heads:
    """Attention(Q, K, V) = softmax(Q K^T / sqrt(d_k)) V  (equation 1), every part kept.

    ``mask``: boolean, True where a query may see a key, or a float that is added to the scores.
    """
    scores = scaled_scores(q, k, scale)
    weights = attention_weights(scores, mask)
    return Heads(q, k, v, scores, mask, weights, weights @ v)


def beside_torch(heads: Heads, scale: float | None = None) -> tuple[float, float]:
    """The largest |difference| of the output to torch's ``scaled_dot_product_attention`` of the same q, k and v, and how much of it
    rounding explains: eps * max(8, max |e|) * max(1, max |v|), eps = 2^-23 in float32, so that it is 1e-6 at least.

    A score e is itself known to eps |e|, with it the weight, and an output is a mean of values. torch's own kernels, the fused one
    and the one in steps, are as far from each other.
    """
    theirs = functional.scaled_dot_product_attention(heads.q, heads.k, heads.v, heads.mask, scale=scale)
    mask = heads.mask
    e = heads.scores if mask is None or mask.dtype == torch.bool else masked(heads.scores, mask).nan_to_num(neginf=0)
    largest, value = (max(-float(low), float(high)) for low, high in (e.aminmax(), heads.v.aminmax()))
    rounding = torch.finfo(e.dtype).eps * max(8.0, largest) * max(1.0, value)
    return float((heads.output - theirs).abs().max()), rounding


def causal_mask(queries: int, keys: int | None = None, past: int = 0, device: torch.device | None = None) -> Tensor:
    """(L, S) boolean: query i, which stands at position past + i, sees the keys j <= past + i."""
    keys = past + queries if keys is None else keys
    return torch.ones(queries, keys, dtype=torch.bool, device=device).tril(past)


def padding_mask(lengths: Tensor, keys: int) -> Tensor:
    """(N, 1, 1, S) boolean from lengths (N,): sequence n's keys j < lengths[n] may be seen, the padding may not."""
    return (torch.arange(keys, device=lengths.device) < lengths[:, None])[:, None, None, :]


@dataclass(frozen=True)
class Cache:
    """Keys (N, H, S, d_k) and values (N, H, S, d_v) that are kept, so that a decoder's step computes only its own."""

    k: Tensor
    v: Tensor

    def rows(self, chosen: Tensor) -> Cache:
        """The cache of the sequences ``chosen`` (M,), as a beam search goes on with some of its hypotheses."""
        return Cache(self.k[chosen], self.v[chosen])


@dataclass(frozen=True)
class Attended:
    """A multi-head attention: its heads, and what they give together."""

    heads: Heads
    out: Tensor
    """(N, L, d_model)"""
    off: tuple[int, ...] = ()
    """Heads that were switched off: their output counted as 0; their weights are what they would have been."""

    @property
    def cache(self) -> Cache:
        """What the next step need not compute again."""
        return Cache(self.heads.k, self.heads.v)


class MultiHeadAttention(nn.Module):
    """MultiHead(Q, K, V) = Concat(head_1, ..., head_H) W_O,  head_i = Attention(Q W_Q_i, K W_K_i, V W_V_i)."""

    def __init__(self, d_model: int, heads: int, bias: bool = True) -> None:
        super().__init__()
        if d_model % heads:
            raise ValueError(f"d_model must be a multiple of heads (got {d_model} and {heads})")
        self.heads = heads
        self.W_q = nn.Linear(d_model, d_model, bias)
        self.W_k = nn.Linear(d_model, d_model, bias)
        self.W_v = nn.Linear(d_model, d_model, bias)
        self.W_o = nn.Linear(d_model, d_model, bias)

    def forward(
        self,
        x: Tensor,
        memory: Tensor | None = None,
        mask: Tensor | None = None,
        cache: Cache | None = None,
        off: Collection[int] = (),
        fixed: bool = False,
    ) -> Attended:
        """Queries from ``x`` (N, L, d_model); keys and values from ``memory`` (N, S, d_model), or from ``x`` itself.

        ``cache``: keys and values to put before these; with ``fixed`` there are no others, as in a decoder's
        attention to the encoder, which computes them once. ``off``: heads whose output is set to 0 before W_O.
        """
        q = self.split(self.W_q(x))
        if fixed and cache is not None:
            k, v = cache.k, cache.v
        else:
            source = x if memory is None else memory
            k, v = self.split(self.W_k(source)), self.split(self.W_v(source))
            if cache is not None:
                k, v = torch.cat([cache.k, k], 2), torch.cat([cache.v, v], 2)
        heads = attend(q, k, v, mask)
        output = heads.output
        if off:
            on = torch.ones(self.heads, dtype=output.dtype, device=output.device)
            on[list(off)] = 0
            output = output * on.view(1, -1, 1, 1)
        return Attended(heads, self.W_o(self.join(output)), tuple(sorted(off)))

    def split(self, x: Tensor) -> Tensor:
        """(N, T, H * d) to (N, H, T, d): head i has the features i d to (i + 1) d."""
        n, length, d_model = x.shape
        return x.view(n, length, self.heads, d_model // self.heads).transpose(1, 2)

    def join(self, heads: Tensor) -> Tensor:
        """(N, H, T, d) to (N, T, H * d): the heads one beside the other."""
        return heads.transpose(1, 2).flatten(2)


def rollout(weights: Sequence[Tensor]) -> Tensor:
    """R_l = A_l R_{l-1},  A_l = (mean over heads of W_l + I) / its row sums,  R_0 = A_0.

    Each layer's weights (H, T, T) to (layers, T, T); rows sum to 1. Abnar and Zuidema, "Quantifying Attention Flow
    in Transformers", arXiv 2005.00928, section 3: the share of each input token in each position, if every layer
    added its attention to an equal part of what was there, and nothing else happened.
    """
    joined: list[Tensor] = []
    for layer in weights:
        joined.append(rolled(layer, joined[-1] if joined else None))
    return torch.stack(joined)


def rolled(weights: Tensor, before: Tensor | None) -> Tensor:
    """One layer of ``rollout``: its weights (H, T, T) and the layers before (T, T), None where it is the first, to (T, T)."""
    mean = weights.mean(0)
    a = mean + torch.eye(mean.shape[-1], dtype=mean.dtype, device=mean.device)
    a = a / a.sum(-1, keepdim=True)
    return a if before is None else a @ before
