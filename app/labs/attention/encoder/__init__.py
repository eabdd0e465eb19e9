"""A trained model reads a sentence, one layer a frame: ``attention/encoder``.

Frame 0 is the embeddings; each further frame has the states of one attention, all its heads at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.labs.attention.encoder.explain import explain
from app.labs.attention.encoder.models import Layer
from app.labs.attention.encoder.patterns import NAMED, PATTERNS, by_chance, masks, patterns, scores
from app.labs.attention.encoder.reading import Sentence, off, sees, sentence, told
from app.labs.attention.encoder.tiles import factor, tiles
from app.labs.attention.params.encoder import EncoderParams
from app.labs.contract import Frame, Message, Plain, Progress, Scene, Target
from app.nn.attention import Heads, beside_torch, masked, rolled
from app.nn.bert import sentence_embedding

__all__ = ["explain", "run", "scene", "script", "targets"]


@dataclass(frozen=True)
class Followed:
    """What heads are scored by where not every token sees every other."""

    p: Tensor
    """(K, T, T) of the patterns"""
    chance: Tensor
    """(K,)"""
    rows: int
    """Rows drawn that ask."""


def scene(params: EncoderParams, device: str = "cpu") -> Scene:
    """The sentence as it is read, and which model reads it. Raises UserError for what cannot be read, and without a model."""
    read = sentence(params)
    off(read, params)
    note: dict[str, Plain] = {
        **told(read),
        "factor": factor(len(read.shown)),
        "patterns": list(PATTERNS),
        "named": NAMED,
        "merge": params.merge,
        "special": params.special,
        "off": [[one.layer, one.head] for one in params.off],
    }
    return Scene({}, note)


def run(params: EncoderParams, device: str = "cpu") -> Iterator[Frame | Progress]:
    """Frame 0 and one for each attention. n: the units drawn, m = ceil(n / note.factor), T: the tokens, H: the heads.

    Streamed: ``tiles`` uint8 (H, m, m) with ``step`` (H,), ``rollout_tiles`` (1, m, m) with ``rollout_step``, ``scores`` (H, K) of
    the patterns and ``chance`` (K,), those of a head that spreads its attention evenly, ``received`` (H, n): the mean of each drawn
    column over the rows that ask, ``removed`` (H, n): what hiding took off each row, ``parity`` (2,): the largest |difference| of
    the heads' outputs to torch's scaled_dot_product_attention, and what rounding explains of it.
    On demand, exact: ``drawn`` (H, n, n) and ``rollout`` (n, n) as drawn; ``weights`` and ``logits`` (H, T, T), the logits being
    q k^T times the note's ``scale``, and ``mask`` (1 or H, T, T), which is added to them, where there is one; ``rolled`` (T, T);
    ``q``, ``k``, ``v`` (H, T, d_k); ``hidden`` (T, d_model) that leaves the layer.

    Where heads are off also ``change`` (H,), 0 to 1: half of sum |difference| to the untouched run, the mean over the rows drawn,
    its ``change_tiles`` with ``change_step``, and on demand ``untouched`` (H, n, n). The last frame has ``embedding`` (d_model,) of
    the sentence, of length 1, and then ``untouched_embedding``.
    """
    read = sentence(params)
    model, heads_off = read.model, off(read, params)
    before: Tensor | None = None
    count = len(read.read.tokens)
    everyone = _followed(read, np.ones((count, count), bool))  # the same in every layer without a mask
    untouched = _layers(model.walk(read.read, (), device)) if heads_off else None
    number = 0
    for layer in model.walk(read.read, heads_off, device):
        if isinstance(layer, Progress):
            yield layer
            continue
        if isinstance(layer, Tensor):
            yield Frame(0, {"hidden": _host(layer)}, {}, ("hidden",))
            continue
        number += 1
        # A layer of 512 tokens takes a tenth of a second, what is made of it half as long.
        yield Progress(number, len(read.parts), Message("attention.encoder.stage.layer", {"layer": number}))
        before = rolled(layer.heads.weights[0], before)
        streamed, asked = _drawn(read, layer, before, everyone)
        asked["hidden"] = _host(layer.hidden)
        last = number == len(read.parts)
        if last:
            streamed["embedding"] = _host(sentence_embedding(layer.hidden[None])[0])
        if untouched is not None:
            while isinstance(other := next(untouched), Progress):
                yield other
            more, exact = _changed(read, layer.heads, other.heads)
            streamed, asked = {**streamed, **more}, {**asked, **exact}
            if last:
                streamed["untouched_embedding"] = _host(sentence_embedding(other.hidden[None])[0])
        yield Frame(number, {**streamed, **asked}, {"scale": layer.scale}, tuple(asked))


def _layers(walk: Iterator[Tensor | Layer | Progress]) -> Iterator[Layer | Progress]:
    """Without what the first layer is given."""
    return (one for one in walk if not isinstance(one, Tensor))


def _followed(read: Sentence, sees: NDArray[np.bool_]) -> Followed:
    """Where token i sees token j, (T, T)."""
    p = patterns(read.read, sees)
    return Followed(p, by_chance(p, sees), max(1, read.rows(sees)))


def _drawn(read: Sentence, layer: Layer, rollout: Tensor, everyone: Followed) -> tuple[dict[str, Any], dict[str, Any]]:
    """(streamed, on demand) of one attention."""
    heads, weights = layer.heads, layer.heads.weights[0]
    found = everyone if heads.mask is None else _followed(read, sees(heads.mask))
    drawn, removed = read.drawn(weights)
    rolled_out = read.drawn(rollout[None])[0]
    small, step = tiles(drawn, rolled_out)
    streamed = {
        "tiles": small[:-1],
        "step": step[:-1],
        "rollout_tiles": small[-1:],
        "rollout_step": step[-1:],
        "scores": _host(scores(weights, found.p.to(weights.device))),
        "chance": _host(found.chance),
        "received": _host(drawn.sum(1) / found.rows),
        "removed": _host(removed),
        "parity": np.array(beside_torch(heads, layer.scale), np.float32),
    }
    exact = {"drawn": drawn, "rollout": rolled_out[0], "weights": weights, "logits": heads.scores[0], "rolled": rollout}
    exact |= {"q": heads.q[0], "k": heads.k[0], "v": heads.v[0]}
    if heads.mask is not None:
        exact["mask"] = masked(torch.zeros_like(weights[0]), heads.mask).flatten(0, -3)
    return streamed, {name: _host(tensor) for name, tensor in exact.items()}


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
    if read.model.linear(0, "q") is not None:
        found += [{"kind": name, "head": 0, "token": 1, "column": 3} for name in ("q", "k", "v")]
    count = len(read.read.tokens)
    looks = masks(read.read, np.ones((count, count), bool))
    found += [{"kind": "score", "head": 0, "pattern": name} for name, some in zip(PATTERNS, looks, strict=True) if some.any()]
    if params.off:
        found += [{"kind": "change", "head": 0}, {"kind": "embedding"}]
    return found


def script(params: EncoderParams) -> str:
    """Python source of the same run. Raises UserError as ``scene`` does."""
    read = sentence(params)
    return read.model.script(read.read, off(read, params))


def _host(tensor: Tensor) -> NDArray[Any]:
    """As numpy on the CPU, in C order."""
    return np.ascontiguousarray(tensor.cpu().numpy())
