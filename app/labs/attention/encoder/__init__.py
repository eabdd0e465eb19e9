"""A trained encoder reads a sentence, one layer a frame: ``attention/encoder``.

Frame 0 is the embeddings; frame l has the states of layer l, all its heads at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from app.labs.attention.encoder.explain import explain
from app.labs.attention.encoder.patterns import NAMED, PATTERNS, by_chance, patterns, scores
from app.labs.attention.encoder.reading import Sentence, sentence, told
from app.labs.attention.encoder.script import script
from app.labs.attention.encoder.tiles import factor, tiles
from app.labs.attention.params.encoder import EncoderParams
from app.labs.contract import Frame, Message, Plain, Progress, Scene, Target
from app.nn import minilm
from app.nn.attention import Heads, rolled
from app.nn.bert import Bert, sentence_embedding
from app.nn.transformer import Off, SubLayer

__all__ = ["explain", "run", "scene", "script", "targets"]

Sub = tuple[SubLayer, ...]


def scene(params: EncoderParams, device: str = "cpu") -> Scene:
    """The sentence as it is read. ``chance`` (K,): each pattern's score of a head that spreads its attention evenly.

    Raises UserError for a text that cannot be read and where the model is not there.
    """
    read = sentence(params)
    shape = minilm.network().shape
    note: dict[str, Plain] = {
        **told(read),
        "layers": shape.layers,
        "heads": shape.heads,
        "d_k": shape.d_model // shape.heads,
        "d_model": shape.d_model,
        "parameters": sum(weight.numel() for weight in minilm.network().parameters()),
        "factor": factor(len(read.shown)),
        "patterns": list(PATTERNS),
        "named": NAMED,
        "merge": params.merge,
        "special": params.special,
        "off": [[one.layer, one.head] for one in params.off],
    }
    return Scene({"chance": _host(by_chance(patterns(read.read)))}, note)


def run(params: EncoderParams, device: str = "cpu") -> Iterator[Frame | Progress]:
    """Frames 0 to 6. n: the units drawn, m = ceil(n / note.factor), T: the tokens, H: the heads.

    Streamed: ``tiles`` uint8 (H, m, m) with ``step`` (H,), ``rollout_tiles`` (1, m, m) with ``rollout_step``, ``scores`` (H, K) of
    the patterns, ``received`` (H, n): the mean of each drawn column, ``removed`` (H, n): what hiding took off each row, ``parity``
    (1,): the largest |difference| of the heads' outputs to torch's scaled_dot_product_attention.
    On demand, exact: ``drawn`` (H, n, n) and ``rollout`` (n, n) as drawn; ``weights`` and ``logits`` (H, T, T), the logits being
    q k^T / sqrt(d_k); ``rolled`` (T, T); ``q``, ``k``, ``v`` (H, T, d_k); ``hidden`` (T, d_model) that leaves the layer.

    Where heads are off also ``change`` (H,), 0 to 1: half of sum |difference| to the untouched run, the mean over the rows drawn,
    its ``change_tiles`` with ``change_step``, and on demand ``untouched`` (H, n, n). The last frame has ``embedding`` (d_model,) of
    the sentence, of length 1, and then ``untouched_embedding``.
    """
    read = sentence(params)
    net = minilm.network().to(device)
    p = patterns(read.read).to(device)
    off: Off = [(one.layer, "self", one.head) for one in params.off]
    ids, types = (tensor.to(device) for tensor in read.read.tensors())
    with torch.no_grad():
        embedded = net.embedding(ids, types)
    yield Frame(0, {"hidden": _host(embedded[0])}, {}, ("hidden",))
    before: Tensor | None = None
    for number, (layer, other) in enumerate(_layers(net, embedded, off), 1):
        # A layer of 512 tokens takes a tenth of a second, what is made of it half as long.
        yield Progress(number, net.shape.layers, Message("attention.encoder.stage.layer", {"layer": number}))
        heads = _heads(layer)
        before = rolled(heads.weights[0], before)
        streamed, asked = _drawn(read, heads, before, p)
        asked["hidden"] = _host(layer[-1].out[0])
        if other is not None:
            more, exact = _changed(read, heads, _heads(other))
            streamed, asked = {**streamed, **more}, {**asked, **exact}
        if number == net.shape.layers:
            streamed["embedding"] = _host(sentence_embedding(layer[-1].out)[0])
            if other is not None:
                streamed["untouched_embedding"] = _host(sentence_embedding(other[-1].out)[0])
        yield Frame(number, {**streamed, **asked}, {}, tuple(asked))


def _layers(net: Bert, embedded: Tensor, off: Off) -> Iterator[tuple[Sub, Sub | None]]:
    """Layer by layer, where heads are off with the untouched run beside."""
    walks = [net.encoder.walk(embedded, off=off), *([net.encoder.walk(embedded)] if off else [])]
    while True:
        with torch.no_grad():
            states = [next(walk, None) for walk in walks]
        if states[0] is None:
            return
        yield states[0], states[1] if off else None


def _heads(layer: Sub) -> Heads:
    assert layer[0].attended is not None
    return layer[0].attended.heads


def _drawn(read: Sentence, heads: Heads, rollout: Tensor, p: Tensor) -> tuple[dict[str, Any], dict[str, Any]]:
    """(streamed, on demand) of one layer."""
    weights = heads.weights[0]
    drawn, removed = read.drawn(weights)
    small, step = tiles(drawn)
    rolled_out = read.drawn(rollout[None])[0]
    rollout_small, rollout_step = tiles(rolled_out)
    streamed = {
        "tiles": small,
        "step": step,
        "rollout_tiles": rollout_small,
        "rollout_step": rollout_step,
        "scores": _host(scores(weights, p)),
        "received": _host(drawn.mean(1)),
        "removed": _host(removed),
        "parity": _parity(heads),
    }
    exact = {"drawn": drawn, "rollout": rolled_out[0], "weights": weights, "logits": heads.scores[0], "rolled": rollout}
    exact |= {"q": heads.q[0], "k": heads.k[0], "v": heads.v[0]}
    return streamed, {name: _host(tensor) for name, tensor in exact.items()}


def _parity(heads: Heads) -> NDArray[np.float32]:
    theirs = functional.scaled_dot_product_attention(heads.q, heads.k, heads.v)
    return _host((theirs - heads.output).abs().max()[None])


def _changed(read: Sentence, heads: Heads, untouched: Heads) -> tuple[dict[str, Any], dict[str, Any]]:
    """(streamed, on demand): how far the maps as drawn are from those of the run without anything off."""
    now, then = (read.drawn(one.weights[0])[0] for one in (heads, untouched))
    apart = (now - then).abs()
    small, step = tiles(apart)
    change = apart.sum(-1).mean(-1) / 2
    return {"change": _host(change), "change_tiles": small, "change_step": step}, {"untouched": _host(then)}


def targets(params: EncoderParams) -> Sequence[Target]:
    """A weight, a cell as drawn, numbers of q, k and v, scores, a share of the rollout; what heads that are off change."""
    read = sentence(params)
    found: list[Target] = [
        {"kind": "weight", "head": 2, "query": 2, "key": 1},
        {"kind": "logit", "head": 1, "query": 1, "key": 2},
        {"kind": "cell", "head": 0, "row": 1, "column": 0},
        {"kind": "rollout", "row": 1, "column": 0},
    ]
    found += [{"kind": name, "head": 0, "token": 1, "column": 3} for name in ("q", "k", "v")]
    found += [{"kind": "score", "head": 0, "pattern": name} for name in PATTERNS if _asked(read, name)]
    if params.off:
        found += [{"kind": "change", "head": 0}, {"kind": "embedding"}]
    return found


def _asked(read: Sentence, name: str) -> bool:
    return not bool(patterns(read.read)[PATTERNS.index(name)].isnan().any())


def _host(tensor: Tensor) -> NDArray[Any]:
    """As numpy on the CPU, in C order."""
    return np.ascontiguousarray(tensor.detach().cpu().numpy())
