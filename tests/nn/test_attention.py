"""Attention against torch's own over a search of shapes and masks, its known numbers, its caches, rollout."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from app.nn.attention import (
    MultiHeadAttention,
    attend,
    attention_weights,
    beside_torch,
    causal_mask,
    padding_mask,
    rollout,
    scaled_scores,
)

SIZES = st.integers(1, 9)
LARGE = 30.0
"""Scores in the hundreds, values in the dozens: what a trained model may have and more."""
WITHIN = {torch.float32: 1e-6, torch.float64: 1e-12}


Asked: TypeAlias = tuple[Tensor, Tensor, Tensor, Tensor | None]


@st.composite
def asked(draw: st.DrawFn, q_sizes: Sequence[float] = (0.1, 1.0), v_size: float = 1.0) -> Asked:
    """q, k, v and a mask: none, causal, padding, any boolean (rows without a key included), all hidden, or a float that is added.

    In float32 a score of 40 is itself known to 2e-6 only, and a value of 9 to 5e-7, in torch's kernels as here: 1e-6 is a fact of
    scores under ten and values up to 1, ``beside_torch`` says what it is of others.
    """
    dtype = draw(st.sampled_from(sorted(WITHIN, key=str)))
    n, h, queries, keys, d_k, d_v = (draw(SIZES) for _ in range(6))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    size = draw(st.sampled_from(q_sizes))
    q = torch.randn(n, h, queries, d_k, generator=generator, dtype=dtype) * size
    k = torch.randn(n, h, keys, d_k, generator=generator, dtype=dtype) * size
    v = torch.randn(n, h, keys, d_v, generator=generator, dtype=dtype).clamp(-1, 1) * v_size
    match draw(st.sampled_from(["none", "causal", "padding", "boolean", "hidden", "float"])):
        case "causal":
            mask: Tensor | None = causal_mask(queries, keys)
        case "padding":
            mask = padding_mask(torch.randint(0, keys + 1, (n,), generator=generator), keys)
        case "boolean":
            mask = torch.rand(n, h, queries, keys, generator=generator) < draw(st.sampled_from([0.1, 0.5, 0.9]))
        case "hidden":
            mask = torch.zeros(queries, keys, dtype=torch.bool)
        case "float":
            mask = torch.randn(n, 1, queries, keys, generator=generator, dtype=dtype)
            mask = mask.masked_fill(torch.rand(mask.shape, generator=generator) < 0.5, -math.inf)
        case _:
            mask = None
    return q, k, v, mask


@given(asked())
def test_attention_is_torchs_for_every_shape_and_mask(case: Asked) -> None:
    q, k, v, mask = case
    ours = attend(q, k, v, mask)
    theirs = functional.scaled_dot_product_attention(q, k, v, mask)
    assert (ours.output - theirs).abs().max() <= WITHIN[q.dtype]
    assert beside_torch(ours)[0] == (ours.output - theirs).abs().max()
    assert torch.equal(ours.output, ours.weights @ v)


@given(asked(q_sizes=(1.0, 3.0, 9.0), v_size=LARGE))
def test_large_scores_and_values_differ_from_torchs_by_rounding_alone(case: Asked) -> None:
    ours = attend(*case)
    difference, rounding = beside_torch(ours)
    assert difference <= rounding
    assert rounding >= 8 * torch.finfo(ours.q.dtype).eps


def test_what_is_no_rounding_is_told_from_it() -> None:
    q, k, v = torch.randn(3, 1, 2, 5, 4, generator=torch.Generator().manual_seed(0))
    ours = attend(q, k, v)
    difference, rounding = beside_torch(replace(ours, output=ours.output + 1e-5))
    assert difference > rounding
    assert attend(q, k, v, torch.zeros(5, 5, dtype=torch.bool)).output.eq(0).all()


@given(asked())
def test_rows_sum_to_one_or_have_no_key_and_then_are_zeros(case: Asked) -> None:
    q, k, v, mask = case
    weights = attend(q, k, v, mask).weights
    seen = torch.ones_like(weights, dtype=torch.bool)
    if mask is not None:
        seen &= mask if mask.dtype == torch.bool else mask > -math.inf
    assert (weights[~seen] == 0).all()
    expected = seen.any(-1).to(weights.dtype)
    assert (weights.sum(-1) - expected).abs().max() <= 2 * WITHIN[q.dtype]
    assert not weights.isnan().any()


@given(SIZES, SIZES, st.integers(0, 2**31))
def test_a_causal_map_is_exactly_zero_above_its_diagonal(heads: int, length: int, seed: int) -> None:
    q, k, v = torch.randn(3, 1, heads, length, 4, generator=torch.Generator().manual_seed(seed))
    weights = attend(q, k, v, causal_mask(length)).weights
    assert (weights.triu(1) == 0).all()
    assert (weights.diagonal(dim1=-2, dim2=-1) > 0).all()
    theirs = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    assert (attend(q, k, v, causal_mask(length)).output - theirs).abs().max() <= 1e-6


def test_the_example_on_paper() -> None:
    q, k, v = (torch.tensor(m, dtype=torch.float64) for m in ([[1, 0], [0, 1]], [[0, 1], [1, 0]], [[1, 2], [3, 4]]))
    unscaled = attend(q, k, v, scale=1.0)
    # softmax(0, 1) = 1 / (1 + e), e / (1 + e)
    a, b = 1 / (1 + math.e), math.e / (1 + math.e)
    assert torch.allclose(unscaled.weights, torch.tensor([[a, b], [b, a]], dtype=torch.float64), atol=1e-15)
    assert unscaled.output.flatten().tolist() == pytest.approx([2.462, 3.462, 1.538, 2.538], abs=5e-4)
    assert attend(q, k, v).weights.flatten().tolist() == pytest.approx([0.3302, 0.6698, 0.6698, 0.3302], abs=5e-5)


def test_large_scores_do_not_overflow() -> None:
    weights = attention_weights(torch.tensor([[1e30, 0.0], [-1e30, -1e30]]))
    assert weights.tolist() == [[1.0, 0.0], [0.5, 0.5]]


def ours_of(theirs: nn.MultiheadAttention) -> MultiHeadAttention:
    """Our module with the weights of torch's, whose three first matrices are stored as one."""
    ours = MultiHeadAttention(theirs.embed_dim, theirs.num_heads).to(theirs.in_proj_weight.dtype)
    with torch.no_grad():
        for one, weight, bias in zip(
            (ours.W_q, ours.W_k, ours.W_v), theirs.in_proj_weight.chunk(3), theirs.in_proj_bias.chunk(3), strict=True
        ):
            one.weight.copy_(weight)
            one.bias.copy_(bias)
    ours.W_o.load_state_dict(theirs.out_proj.state_dict())
    return ours


@given(st.integers(1, 4), st.integers(1, 4), SIZES, SIZES, st.booleans(), st.integers(0, 2**31))
def test_heads_together_are_torchs_multihead_attention(
    n: int, heads: int, queries: int, keys: int, causal: bool, seed: int
) -> None:
    torch.manual_seed(seed)
    theirs = nn.MultiheadAttention(heads * 3, heads, batch_first=True, dtype=torch.float64).eval()
    nn.init.normal_(theirs.in_proj_bias)
    x, memory = torch.randn(n, queries, heads * 3).double(), torch.randn(n, keys, heads * 3).double()
    mask = causal_mask(queries, keys) if causal else None
    out, weights = theirs(x, memory, memory, attn_mask=None if mask is None else ~mask, average_attn_weights=False)
    ours = ours_of(theirs)(x, memory, mask)
    assert (ours.out - out).abs().max() <= 1e-12
    assert (ours.heads.weights - weights).abs().max() <= 1e-12
    assert torch.equal(ours.heads.scores, scaled_scores(ours.heads.q, ours.heads.k))


def test_a_head_switched_off_adds_nothing_and_its_map_stays() -> None:
    torch.manual_seed(0)
    net, x = MultiHeadAttention(12, 3), torch.randn(2, 5, 12)
    whole, without = net(x), net(x, off=[1])
    assert torch.equal(whole.heads.weights, without.heads.weights)
    part = whole.heads.output[:, 1] @ net.W_o.weight[:, 4:8].T  # head 1's four columns of W_O
    assert torch.allclose(whole.out - without.out, part, atol=1e-6)
    assert part.abs().max() > 0.01
    assert torch.allclose(net(x, off=[0, 1, 2]).out, net.W_o.bias.expand(2, 5, 12), atol=1e-7)


@given(st.integers(1, 12), st.integers(1, 5), st.integers(0, 2**31))
def test_with_the_cache_each_step_gives_what_the_whole_gives(length: int, chunk: int, seed: int) -> None:
    torch.manual_seed(seed)
    net, x = MultiHeadAttention(8, 2).double(), torch.randn(2, length, 8).double()
    whole = net(x, mask=causal_mask(length))
    cache, outs, maps = None, [], []
    for start in range(0, length, chunk):
        part = x[:, start : start + chunk]
        attended = net(part, mask=causal_mask(part.shape[1], past=start), cache=cache)
        cache = attended.cache
        outs.append(attended.out)
        maps.append(functional.pad(attended.heads.weights, (0, length - attended.heads.weights.shape[-1])))
    assert (torch.cat(outs, 1) - whole.out).abs().max() <= 1e-12
    assert (torch.cat(maps, 2) - whole.heads.weights).abs().max() <= 1e-12


def test_a_fixed_cache_is_the_memory() -> None:
    torch.manual_seed(0)
    net, x, memory = MultiHeadAttention(8, 2), torch.randn(3, 4, 8), torch.randn(3, 6, 8)
    first = net(x, memory)
    assert torch.equal(net(x, cache=first.cache, fixed=True).out, first.out)
    picked = net(x[[2, 2, 0]], cache=first.cache.rows(torch.tensor([2, 2, 0])), fixed=True)
    assert torch.allclose(picked.out, first.out[[2, 2, 0]], atol=1e-6)


@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 8), st.booleans(), st.integers(0, 2**31))
def test_rollout_shares_one_whole_among_the_tokens(layers: int, heads: int, length: int, causal: bool, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    mask = causal_mask(length) if causal else None
    weights = [attention_weights(torch.randn(heads, length, length, generator=generator).double(), mask) for _ in range(layers)]
    rolled = rollout(weights)
    assert (rolled.sum(-1) - 1).abs().max() <= 1e-12
    # the product written out from the definition
    product = torch.eye(length).double()
    for layer, w in enumerate(weights):
        product = (w.mean(0) + torch.eye(length)) / 2 @ product  # rows of w sum to 1, so those of w + I sum to 2
        assert (rolled[layer] - product).abs().max() <= 1e-12


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(ValueError, match=r"got 10 and 4"):
        MultiHeadAttention(10, 4)
