"""The same stacks as torch builds them: nn.TransformerEncoder and nn.TransformerDecoder with our weights."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from app.nn.attention import MultiHeadAttention, causal_mask
from app.nn.transformer import Block, Transformer


@dataclass(frozen=True)
class Torchs:
    """``encoder`` and ``decoder`` go between our embeddings and our logits."""

    encoder: nn.TransformerEncoder
    decoder: nn.TransformerDecoder

    @torch.no_grad()
    def memory(self, net: Transformer, source: Tensor) -> Tensor:
        """(1, S) to (1, S, d)."""
        memory: Tensor = self.encoder(net.source(source))
        return memory

    @torch.no_grad()
    def logits(self, net: Transformer, target: Tensor, memory: Tensor) -> Tensor:
        """(1, T) to (1, T, V). torch's mask is True where nothing may be seen."""
        hidden = ~causal_mask(target.shape[1], device=target.device)
        return net.target.logits(self.decoder(net.target(target), memory, tgt_mask=hidden))


def torchs(net: Transformer) -> Torchs:
    """Copies the weights, for a network with the paper's normalisation and feed-forward sub-layers."""
    shape = net.shape
    if shape.norm != "post" or not shape.d_ff:
        raise ValueError(f"the norm must be post and d_ff above 0 (got {shape.norm} and {shape.d_ff})")
    sizes = {"d_model": shape.d_model, "nhead": shape.heads, "dim_feedforward": shape.d_ff}
    how = {"dropout": 0.0, "activation": shape.activation, "batch_first": True}
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(**sizes, **how), shape.layers, enable_nested_tensor=False)  # type: ignore[arg-type]
    decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(**sizes, **how), shape.layers)  # type: ignore[arg-type]
    like = net.target.tokens.weight
    for theirs, ours in ((encoder, net.encoder), (decoder, net.decoder)):
        for layer, block in zip(theirs.layers, ours.blocks, strict=True):
            layer.load_state_dict(_of(block))  # type: ignore[arg-type]
        theirs.to(like).eval()
    return Torchs(encoder, decoder)


def _of(block: Block) -> dict[str, Tensor]:
    """A block's weights by torch's names; its norms are numbered in order."""
    found: dict[str, Tensor] = {}
    norms = [block.self_norm]
    attentions: dict[str, MultiHeadAttention] = {"self_attn": block.self_attention}
    if block.cross_attention is not None and block.cross_norm is not None:
        attentions["multihead_attn"] = block.cross_attention
        norms.append(block.cross_norm)
    assert block.feed_forward is not None
    assert block.feed_forward_norm is not None
    for name, attention in attentions.items():
        three = (attention.W_q, attention.W_k, attention.W_v)
        for kind in ("weight", "bias"):
            found[f"{name}.in_proj_{kind}"] = torch.cat([getattr(one, kind) for one in three])
            found[f"{name}.out_proj.{kind}"] = getattr(attention.W_o, kind)
    for name in ("linear1", "linear2"):
        found |= {f"{name}.{kind}": getattr(getattr(block.feed_forward, name), kind) for kind in ("weight", "bias")}
    for number, norm in enumerate([*norms, block.feed_forward_norm], 1):
        found |= {f"norm{number}.{kind}": getattr(norm, kind) for kind in ("weight", "bias")}
    return found
