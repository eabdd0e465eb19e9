"""The Transformer's blocks and models against torch's own; masks, caches, states, positions."""

from __future__ import annotations

import math
import warnings
from typing import Literal

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from app.nn.attention import MultiHeadAttention, causal_mask, padding_mask
from app.nn.positions import PositionTable, sinusoidal
from app.nn.transformer import GPT, Block, MaskedEncoder, Shape, Transformer

SMALL = Shape(d_model=12, heads=3, d_ff=20, layers=2, most=16)
NORMS: tuple[Literal["pre", "post"], ...] = ("pre", "post")


def copy_attention(ours: MultiHeadAttention, theirs: nn.MultiheadAttention) -> None:
    for one, weight, bias in zip(
        (ours.W_q, ours.W_k, ours.W_v), theirs.in_proj_weight.chunk(3), theirs.in_proj_bias.chunk(3), strict=True
    ):
        one.weight.copy_(weight)
        one.bias.copy_(bias)
    ours.W_o.load_state_dict(theirs.out_proj.state_dict())


@torch.no_grad()
def copy_block(ours: Block, theirs: nn.TransformerEncoderLayer | nn.TransformerDecoderLayer) -> None:
    """torch's layer into our block: its norms are numbered in the order of the sub-layers."""
    for parameter in theirs.parameters():
        parameter.normal_(std=0.4)
    copy_attention(ours.self_attention, theirs.self_attn)
    norms = [ours.self_norm, ours.feed_forward_norm]
    if isinstance(theirs, nn.TransformerDecoderLayer):
        copy_attention(ours.cross_attention, theirs.multihead_attn)
        norms.insert(1, ours.cross_norm)
    ours.feed_forward.linear1.load_state_dict(theirs.linear1.state_dict())
    ours.feed_forward.linear2.load_state_dict(theirs.linear2.state_dict())
    for number, norm in enumerate(norms, 1):
        norm.load_state_dict(getattr(theirs, f"norm{number}").state_dict())


@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("norm", NORMS)
def test_stacks_are_torchs_transformer(norm: Literal["pre", "post"], activation: Literal["relu", "gelu"]) -> None:
    torch.manual_seed(0)
    shape = Shape(12, 3, 20, 2, norm=norm, activation=activation)
    made = {"d_model": 12, "nhead": 3, "dim_feedforward": 20, "activation": activation, "norm_first": norm == "pre"}
    rest = {"dropout": 0.0, "batch_first": True, "dtype": torch.float64}
    encoder_layers = nn.ModuleList(nn.TransformerEncoderLayer(**made, **rest) for _ in range(2)).eval()
    decoder_layers = nn.ModuleList(nn.TransformerDecoderLayer(**made, **rest) for _ in range(2)).eval()
    encoder, decoder = shape.stack().double(), shape.stack(cross=True).double()
    for stack, layers in ((encoder, encoder_layers), (decoder, decoder_layers)):
        for block, layer in zip(stack.blocks, layers, strict=True):
            copy_block(block, layer)
    last = nn.LayerNorm(12).double() if norm == "pre" else nn.Identity()
    source, target = torch.randn(4, 7, 12).double(), torch.randn(4, 5, 12).double()
    mask = padding_mask(torch.tensor([7, 3, 1, 5]), 7)
    hidden = ~mask[:, 0, 0]
    memory = source
    for layer in encoder_layers:
        memory = layer(memory, src_key_padding_mask=hidden)
    ours = encoder(source, mask)
    assert (ours.out - last(memory)).abs().max() <= 1e-12
    wanted = target
    for layer in decoder_layers:
        wanted = layer(wanted, last(memory), tgt_mask=~causal_mask(5), memory_key_padding_mask=hidden)
    states = decoder(target, causal_mask(5), ours.out, mask)
    assert (states.out - last(wanted)).abs().max() <= 1e-12
    assert [s.kind for s in states.layers[1]] == ["self", "cross", "feed_forward"]


def test_the_whole_is_torchs_nn_transformer() -> None:
    """nn.Transformer has a normalisation after each stack in both kinds; in ours only "pre" has."""
    torch.manual_seed(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch tells that its nested tensors do not go with norm_first
        theirs = nn.Transformer(12, 3, 2, 2, 20, 0.0, batch_first=True, norm_first=True, dtype=torch.float64).eval()
    ours = Transformer(11, 13, Shape(12, 3, 20, 2, norm="pre")).double()
    for block, layer in zip(
        [*ours.encoder.blocks, *ours.decoder.blocks], [*theirs.encoder.layers, *theirs.decoder.layers], strict=True
    ):
        copy_block(block, layer)
    source, target = torch.randint(11, (3, 6)), torch.randint(13, (3, 4))
    expected = theirs(ours.source(source), ours.target(target), tgt_mask=~causal_mask(4))
    assert (ours(source, target) - expected @ ours.target.tokens.weight.T).abs().max() <= 1e-12


@pytest.mark.parametrize("norm", NORMS)
def test_the_states_of_each_sub_layer_add_up(norm: Literal["pre", "post"]) -> None:
    torch.manual_seed(0)
    net = Transformer(9, 9, Shape(12, 3, 20, 2, norm=norm))
    ids = torch.randint(9, (2, 5))
    memory = net.encode(ids)
    states = net.decode(ids, memory.out)
    x = states.embedded
    for layer, block in zip(states.layers, net.decoder.blocks, strict=True):
        for sub, normalise in zip(layer, (block.self_norm, block.cross_norm, block.feed_forward_norm), strict=True):
            assert torch.equal(sub.x, x)
            total = sub.x + sub.branch
            assert torch.equal(sub.out, total if norm == "pre" else normalise(total))
            assert torch.equal(sub.normed, normalise(sub.x) if norm == "pre" else sub.out)
            if sub.attended:
                assert torch.equal(sub.attended.out, sub.branch)
            else:
                assert sub.hidden.shape == (2, 5, 20)
                assert torch.equal(block.feed_forward.linear2(sub.hidden), sub.branch)
            x = sub.out


@settings(max_examples=40)
@given(st.integers(1, 12), st.integers(1, 4), st.sampled_from(NORMS), st.integers(0, 2**31))
def test_the_decoder_with_its_cache_says_what_it_says_without(
    length: int, chunk: int, norm: Literal["pre", "post"], seed: int
) -> None:
    torch.manual_seed(seed)
    net = Transformer(9, 9, Shape(12, 3, 20, 2, most=16, norm=norm, positions="learned")).double()
    source, ids = torch.randint(9, (2, 6)), torch.randint(9, (2, length))
    mask = padding_mask(torch.tensor([6, 2]), 6)
    memory = net.encode(source, mask).out
    whole = net.logits(net.decode(ids, memory, mask))
    caches, parts = None, []
    for start in range(0, length, chunk):
        states = net.decode(ids[:, start : start + chunk], memory, mask, caches)
        caches = states.caches
        parts.append(net.logits(states))
    assert (torch.cat(parts, 1) - whole).abs().max() <= 1e-12
    assert caches[0].own.k.shape[2] == length
    assert caches[0].cross.k.shape[2] == 6


@settings(max_examples=40)
@given(st.integers(2, 10), st.integers(0, 2**31), st.sampled_from([0, 20]))
def test_what_comes_later_changes_nothing_before(length: int, seed: int, d_ff: int) -> None:
    torch.manual_seed(seed)
    net = GPT(9, Shape(12, 3, d_ff, 2, most=16, norm="pre", positions="learned", activation="gelu")).double()
    ids = torch.randint(9, (1, length))
    at = int(torch.randint(1, length, ()))
    other = ids.clone()
    other[0, at:] = (other[0, at:] + 1) % 9
    assert torch.equal(net(ids)[:, :at], net(other)[:, :at])
    assert not torch.equal(net(ids)[:, at:], net(other)[:, at:])
    for weights in net.states(ids).weights():
        assert (weights.triu(1) == 0).all()
    states = net.states(ids[:, :at])
    rest = net.states(ids[:, at:], states.caches)
    assert (net.logits(rest) - net(ids)[:, at:]).abs().max() <= 1e-12


def test_padding_of_the_source_changes_nothing() -> None:
    torch.manual_seed(0)
    net = Transformer(9, 9, SMALL).double()
    source, target = torch.randint(9, (1, 5)), torch.randint(9, (1, 4))
    longer = nn.functional.pad(source, (0, 3))
    assert (net(source, target) - net(longer, target, padding_mask(torch.tensor([5]), 8))).abs().max() <= 1e-12


def test_switching_a_head_off_reaches_the_named_one_only() -> None:
    torch.manual_seed(0)
    net = Transformer(9, 9, SMALL)
    ids = torch.randint(9, (1, 5))
    memory = net.encode(ids).out
    plain, off = net.decode(ids, memory), net.decode(ids, memory, off=[(1, "cross", 2)])
    assert torch.equal(plain.layers[1][0].out, off.layers[1][0].out)
    assert off.layers[1][1].attended.off == (2,)
    assert not torch.equal(plain.layers[1][1].out, off.layers[1][1].out)
    encoder = MaskedEncoder(9, SMALL)
    assert not torch.equal(encoder.logits(encoder.states(ids)), encoder.logits(encoder.states(ids, off=[(0, "self", 0)])))


def test_without_positions_the_order_of_words_is_not_seen() -> None:
    torch.manual_seed(0)
    order = torch.tensor([3, 1, 4, 0, 2])
    ids = torch.tensor([[5, 2, 7, 1, 8]])
    for kind, blind in (("none", True), ("sinusoidal", False), ("learned", False)):
        net = MaskedEncoder(9, Shape(12, 3, 20, 2, positions=kind)).double()
        if kind == "learned":
            nn.init.normal_(net.embedding.positions.table)
        difference = (net(ids)[:, order] - net(ids[:, order])).abs().max().item()
        assert (difference < 1e-12) == blind


def test_positions_are_the_papers_sines() -> None:
    table = sinusoidal(50, 8)
    for pos, i in ((0, 0), (3, 1), (49, 3)):
        angle = pos / 10_000 ** (2 * i / 8)
        assert table[pos, 2 * i].item() == pytest.approx(math.sin(angle), abs=1e-6)
        assert table[pos, 2 * i + 1].item() == pytest.approx(math.cos(angle), abs=1e-6)
    assert sinusoidal(4, 5).shape == (4, 5)
    # PE(pos + k) is a rotation of PE(pos): the product of two rows depends on their distance alone (section 3.5)
    table = table.double()
    assert (table[3] @ table[10]).item() == pytest.approx((table[30] @ table[37]).item(), abs=1e-5)


def test_past_the_last_position_is_an_error() -> None:
    table = PositionTable("learned", 8, 4)
    assert table(3, past=5).shape == (3, 4)
    with pytest.raises(ValueError, match=r"at most 8 positions \(got 9\)"):
        table(4, past=5)


def test_in_eval_mode_nothing_is_dropped_and_in_training_something_is() -> None:
    torch.manual_seed(0)
    net = GPT(9, Shape(12, 3, 20, 2, dropout=0.5, norm="pre"))
    ids: Tensor = torch.randint(9, (1, 6))
    assert not torch.equal(net(ids), net(ids))
    net.eval()
    assert torch.equal(net(ids), net(ids))
