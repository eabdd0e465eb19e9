"""What the frames of ``attention/translate`` carry: both stacks' states as numpy, what is streamed and what is asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.labs.attention.params.translate import TranslateParams
from app.labs.attention.translate.speaking import Parity, Row, apart, multiply_adds
from app.labs.contract import Frame, Plain
from app.labs.hypotheses import tree_depth, tree_note
from app.nn.decoding import Beam, cut
from app.nn.tasks.pairs import EOS, Ids
from app.nn.tasks.translate import PUNCTUATION, Translator
from app.nn.transformer import States, SubLayer, Transformer

__all__ = ["NORMS", "Decoded", "Encoded", "tree_depth"]

NORMS = ("x", "branch", "sum", "out")
"""Lengths along the residual stream: what comes into a sub-layer, what it gives, their sum, and that normalised."""
Arrays = dict[str, NDArray[Any]]
LEAST = 1e-38


@dataclass
class Encoded:
    """The encoder's layers as they are computed."""

    net: Transformer
    embedded: Tensor
    """(1, S, d)"""
    layers: list[tuple[SubLayer, ...]] = field(default_factory=list)

    @property
    def states(self) -> States:
        """Of all layers."""
        return States(self.embedded, tuple(self.layers), self.layers[-1][-1].out)

    def start(self) -> Frame:
        """Frame 0."""
        hidden = {"encoder/embedded": host(self.embedded[0])}
        return Frame(0, {**hidden, "parity": np.full(4, np.nan, np.float32)}, {"phase": "embed"}, tuple(hidden))

    def read(self, layer: tuple[SubLayer, ...], parity: Parity) -> Frame:
        """The frame of one more layer."""
        self.layers.append(layer)
        own, forward = layer
        assert own.attended is not None
        assert forward.hidden is not None
        streamed = {
            "encoder/map": host(own.attended.heads.weights[0]),
            "encoder/active": host(forward.hidden[0]),
            "encoder/norms": host(torch.stack([norms(sub)[0] for sub in layer], 1)),
            "parity": np.array([parity.attention, np.nan, np.nan, parity.rounding], np.float32),
        }
        asked = self._asked()
        return Frame(len(self.layers), {**streamed, **asked}, {"phase": "encode", "at": len(self.layers)}, tuple(asked))

    @cached_property
    def asked(self) -> Arrays:
        """The whole encoder, kept with each of the decoder's frames: the same arrays each time."""
        return self._asked()

    def _asked(self) -> Arrays:
        heads = [layer[0].attended.heads for layer in self.layers if layer[0].attended]
        found = {"q": [h.q for h in heads], "k": [h.k for h in heads], "v": [h.v for h in heads], "o": [h.output for h in heads]}
        found |= {"scores": [h.scores for h in heads], "weights": [h.weights for h in heads]}
        found |= {"hidden": [layer[-1].hidden for layer in self.layers if layer[-1].hidden is not None]}
        arrays = {name: host(torch.cat(tensors)) for name, tensors in found.items()}
        for name in ("x", "branch", "out"):
            arrays[name] = host(torch.stack([torch.cat([getattr(sub, name) for sub in layer]) for layer in self.layers]))
        return {f"encoder/{name}": array for name, array in arrays.items()} | {"encoder/embedded": host(self.embedded[0])}


@dataclass
class Decoded:
    """The rows that spoke, ready to be shown step by step."""

    params: TranslateParams
    translator: Translator
    encoded: Encoded
    rows: Mapping[str, Row]
    right: Ids | None
    gold: Sequence[frozenset[int]] | None
    tree: Beam | None
    hits: dict[str, list[NDArray[Any]]] = field(default_factory=dict)
    """Of each row's words that come from some source word: whose maps' largest weight is on one, (L, H + 1) each."""
    spared: dict[str, list[int]] = field(default_factory=dict)
    """Multiply-adds so far with the cache and without."""

    @property
    def last(self) -> int:
        """How many steps there are."""
        return max([*(len(row.given) for row in self.rows.values()), tree_depth(self.tree)])

    def frame(self, t: int, parity: Parity) -> Frame:
        """Step t, from 1."""
        step = len(self.encoded.layers) + t
        streamed: Arrays = {"parity": np.array([parity.attention, parity.stacks, parity.cache, parity.rounding], np.float32)}
        asked: Arrays = dict(self.encoded.asked)
        note: dict[str, Plain] = {"phase": "decode", "at": t}
        for name, row in self.rows.items():
            here = t <= len(row.given)
            at = t if here else len(row.given)  # for the shapes
            now, more = self._streamed(name, row, at), self._asked(name, row, at)
            if not here:
                now, more = ({key: np.full_like(array, np.nan) for key, array in one.items()} for one in (now, more))
            streamed |= {f"{name}/{key}": array for key, array in now.items()}
            asked |= {f"{name}/{key}": array for key, array in more.items()}
            note[name] = self._said(name, row, t) if here else None
        free, forced = self.rows.get("free"), self.rows.get("forced")
        if free and forced:
            both = t <= min(len(free.given), len(forced.given))
            value = apart(self._state(free, "free", t)[0], self._state(forced, "forced", t)[0]) if both else math.nan
            streamed["apart"] = np.array([value], np.float32)
        if free and self.right:
            wrong = [k for k, (one, other) in enumerate(zip(free.said[:t], self.right, strict=False), 1) if one != other]
            note["diverged"] = wrong[0] if wrong else None
        return Frame(step, {**streamed, **asked}, {**note, **tree_note(self.tree, t)}, tuple(asked))

    def _states(self, name: str, row: Row, t: int) -> tuple[States, int]:
        """Where step t's states lie: of the free row in its own step with the cache, of the forced one in the pass over all."""
        if name == "free":
            return row.steps[t - 1], 0
        assert row.whole is not None
        return row.whole, t - 1

    def _state(self, row: Row, name: str, t: int) -> Tensor:
        """(1, d): what the logits come from."""
        states, i = self._states(name, row, t)
        return states.out[:, i]

    def _streamed(self, name: str, row: Row, t: int) -> Arrays:
        states, i = self._states(name, row, t)
        logits = row.logits[t - 1]
        p = logits.softmax(-1)
        right = self.right[t - 1] if self.right and t <= len(self.right) else None
        cross = torch.stack([w[0, :, i] for w in states.weights("cross")])
        found = {
            "self": padded(torch.stack([w[0, :, i] for w in states.weights()]), 2, len(row.given)),
            "cross": host(cross),
            "active": host(torch.stack([layer[-1].hidden[0, i] for layer in states.layers if layer[-1].hidden is not None])),
            "norms": host(torch.stack([torch.stack([norms(sub)[0, i] for sub in layer]) for layer in states.layers])),
            "p": host(p),
            "loss": np.array([math.nan if right is None else -math.log(max(float(p[right]), LEAST)) + 0.0], np.float32),
            "gold": self._on_gold(name, row, t, cross),
        }
        if name == "free" and self.params.decoding == "sample":
            found["drawn"] = host(cut(logits[None], self.params.temperature).drawn_from[0])
        return found

    def _asked(self, name: str, row: Row, t: int) -> Arrays:
        states, i = self._states(name, row, t)
        length = len(row.given)
        found: Arrays = {}
        for kind, number in (("self", 0), ("cross", 1)):
            subs = [layer[number].attended for layer in states.layers]
            heads = [one.heads for one in subs if one]
            found[f"{kind}_q"] = host(torch.stack([h.q[0, :, i] for h in heads]))
            found[f"{kind}_o"] = host(torch.stack([h.output[0, :, i] for h in heads]))
            found[f"{kind}_scores"] = host(torch.stack([h.scores[0, :, i] for h in heads]))
            found[f"{kind}_k"] = host(torch.cat([h.k for h in heads]))
            found[f"{kind}_v"] = host(torch.cat([h.v for h in heads]))
        for key, axis in (("self_scores", 2), ("self_k", 2), ("self_v", 2)):
            found[key] = padded(torch.from_numpy(found[key]), axis, length)
        for what in ("x", "branch", "out"):
            found[what] = host(torch.stack([torch.stack([getattr(sub, what)[0, i] for sub in layer]) for layer in states.layers]))
        if name == "free":
            inputs = torch.stack([torch.stack([layer[0].x[0, 0] for layer in one.layers]) for one in row.steps[:t]], 1)
        else:
            inputs = torch.cat([layer[0].x for layer in states.layers])
        found["inputs"] = padded(inputs, 1, length)
        return found

    def _said(self, name: str, row: Row, t: int) -> Plain:
        """What the row was given and said, whether its words' sources are known, and what the cache kept and spared."""
        source, shape = self.encoded.embedded.shape[1], self.translator.net.shape
        now = multiply_adds(shape, 1, t - 1, source, t > 1)
        without = multiply_adds(shape, t, 0, source, False)
        total = self.spared.setdefault(name, [0, 0])
        total[0] += now
        total[1] += without
        tokens = self.translator.target.tokens([one for one in row.said[:t] if one != EOS])
        return {
            "given": row.given[t - 1],
            "said": row.said[t - 1],
            "text": self.translator.task.write(tokens) if tokens else "",
            "gold": self._counts(name, row, t),
            "counted": len(self.hits.get(name, ())),
            "givens": list(row.given[:t]),
            "cached": {"now": now, "without": without, "now_total": total[0], "without_total": total[1]},
        }

    def _counts(self, name: str, row: Row, t: int) -> bool:
        """Whether it is known where the word of step t comes from: it is what is right, or would be, and is no sign."""
        if self.gold is None or self.right is None or t > len(self.gold) or not self.gold[t - 1]:
            return False
        if self.translator.target.words[self.right[t - 1]] in PUNCTUATION:
            return False
        return name == "forced" or row.said[:t] == self.right[:t]

    def _on_gold(self, name: str, row: Row, t: int, cross: Tensor) -> NDArray[Any]:
        """(L, H + 1): the share until now; NaN before the first."""
        hits = self.hits.setdefault(name, [])
        if self.gold is not None and self._counts(name, row, t) and len(hits) < t:
            looked = torch.cat([cross, cross.mean(1, keepdim=True)], 1).argmax(-1).cpu().numpy()
            hits.append(np.isin(looked, sorted(self.gold[t - 1])))
        shape = (cross.shape[0], cross.shape[1] + 1)
        return np.asarray(np.mean(hits, 0), np.float32) if hits else np.full(shape, np.nan, np.float32)


def norms(sub: SubLayer) -> Tensor:
    """(N, T, 4): the lengths that NORMS names, of a block that normalises after."""
    return torch.stack([one.norm(dim=-1) for one in (sub.x, sub.branch, sub.x + sub.branch, sub.out)], -1)


def padded(tensor: Tensor, axis: int, length: int) -> NDArray[Any]:
    """Filled up with NaN to ``length`` along an axis: what does not exist yet."""
    short = list(tensor.shape)
    short[axis] = length - short[axis]
    return host(torch.cat([tensor.detach().cpu().float(), torch.full(short, math.nan)], axis))


def host(tensor: Tensor) -> NDArray[Any]:
    """As float32 numpy on the CPU, in C order."""
    return np.ascontiguousarray(tensor.detach().cpu().float().numpy())
