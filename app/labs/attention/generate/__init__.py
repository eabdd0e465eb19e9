"""A trained decoder writes, one token a frame: ``attention/generate``. Each step looks at all that was read and written before.

Frame 0 has read the prompt; frame t has written token t, which is read in frame t + 1. A step computes its own token only: keys
and values of those before are kept. Beside it the whole text goes through the decoder at once, and both must say the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from app.labs.attention.generate.explain import explain
from app.labs.attention.generate.models import Model, prompt, shipped, writer
from app.labs.attention.generate.patterns import PATTERNS, by_chance, given, looks, scores
from app.labs.attention.generate.script import script
from app.labs.attention.params.generate import GenerateParams
from app.labs.contract import Frame, Plain, Scene, Target
from app.labs.writing.drawing import before
from app.nn.attention import Heads, beside_torch
from app.nn.transformer import Norm, States, SubLayer

__all__ = ["explain", "run", "scene", "script", "targets"]


def scene(params: GenerateParams, device: str = "cpu") -> Scene:
    """The model's card and the prompt as it is read. Raises UserError for what cannot be read, written or chosen."""
    model, read = shipped(params.model), prompt(params)
    writer(params)
    shape = model.net.shape
    note: dict[str, Plain] = {
        "model": params.model,
        "told": dict(model.told),
        "layers": shape.layers,
        "heads": shape.heads,
        "d_k": shape.d_model // shape.heads,
        "positions": shape.most,
        "size": len(read.ids) + params.count - 1,
        "prompt": list(read.tokens),
        "unknown": list(read.unknown),
        "converted": read.converted,
        "left_out": read.left_out,
        "vocabulary": list(model.vocabulary),
        "never": list(model.never),
        "patterns": list(PATTERNS),
    }
    return Scene({}, note)


@torch.no_grad()
def run(params: GenerateParams, device: str = "cpu") -> Iterator[Frame]:
    """Frames 0 to ``count``, on the CPU: a step is too small for a GPU. L: layers, H: heads, S: tokens read, n: note.size of the
    scene, R: rows computed in this frame, those of the prompt in frame 0 and one in each other.

    Streamed: ``rows`` (L, H, R, n), the weights of the tokens S - R to S - 1, 0 where nothing has been read, and ``o`` (L, H, R,
    d_k), the values that they mix; ``scores`` (L, H, K) of the patterns over all rows so far and their ``chance`` (K,); ``cached``
    (1,): the largest |difference| of logits and weights to the whole text at once; ``parity`` (2,): of the heads' outputs to
    torch's scaled_dot_product_attention, and what rounding explains of it; ``above`` (1,): the largest weight of the whole text on
    a later token; what ``Writer.write`` tells.
    On demand: ``q`` (L, H, R, d_k), ``k`` and ``v`` (L, H, S, d_k) and ``x`` (L, S, d_model), what they are made of; ``read``
    (S,), the tokens' numbers; ``given`` (L, H, K, S), what each token gives to each pattern; and from frame 1 on ``h`` (d_model,),
    the last state, and ``logits`` (V,), float64.
    """
    model, read, author = shipped(params.model), prompt(params), writer(params)
    draws = author.start()
    size = len(read.ids) + params.count - 1
    ids = list(read.ids)
    states = model.net.states(torch.tensor([ids]))
    first = _Step(model, states, ids, size)
    for number in range(1, params.count + 1):
        step = first if number == 1 else _Step(model, states, ids, size)
        frame = author.write(number, step.logits, draws)
        if number == 1:
            streamed, asked = first.tensors(len(ids))
            yield Frame(0, {**before(frame), **streamed, **asked}, {}, tuple(asked))
        streamed, asked = step.tensors(1)
        asked |= {"h": _host(states.out[0, -1]), "logits": step.logits.numpy()}
        yield Frame(number, {**frame.tensors, **streamed, **asked}, frame.note, tuple(asked))
        if number < params.count:
            ids.append(int(frame.note["id"]))  # type: ignore[arg-type]
            states = model.net.states(torch.tensor([ids[-1:]]), states.caches)


@dataclass(frozen=True)
class _Step:
    """One step's ``states`` of the newest tokens, and the whole text ``ids`` read anew."""

    model: Model
    states: States
    ids: Sequence[int]
    size: int

    @property
    def logits(self) -> Tensor:
        """(V,) float64, of what comes next."""
        return self.model.net.logits(self.states)[0, -1].double()

    def tensors(self, count: int) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
        """(streamed, on demand), of the newest ``count`` rows."""
        whole = self.model.net.states(torch.tensor([self.ids]))
        places = looks(self.ids)
        heads, others = _heads(self.states), _heads(whole)
        rows = torch.stack([one.weights[0, :, -count:] for one in heads])  # (L, H, R, S)
        maps = torch.stack([one.weights[0] for one in others])  # (L, H, S, S)
        shares = given(maps, places)
        cached = max(
            float((self.model.net.logits(whole)[0, -1] - self.logits).abs().max()),
            float((maps[:, :, -count:] - rows).abs().max()),
        )
        streamed = {
            "rows": _host(functional.pad(rows, (0, self.size - rows.shape[-1]))),
            "scores": _host(scores(shares)),
            "chance": _host(by_chance(places)),
            "cached": np.array([cached], np.float32),
            "parity": np.max([beside_torch(one) for one in (*heads, *others)], 0).astype(np.float32),
            "above": _host(maps.triu(1).max()[None]),
            "o": _host(torch.stack([one.output[0, :, -count:] for one in heads])),
        }
        asked = {
            "q": [one.q[0, :, -count:] for one in heads],
            "k": [one.k[0] for one in heads],
            "v": [one.v[0] for one in heads],
            "x": [_input(layer[0], self.model.net.shape.norm)[0] for layer in whole.layers],
        }
        exact = {name: _host(torch.stack(each)) for name, each in asked.items()}
        return streamed, {**exact, "given": _host(shares), "read": np.array(self.ids, np.int32)}


def _heads(states: States) -> list[Heads]:
    """Each layer's attention."""
    return [layer[0].attended.heads for layer in states.layers if layer[0].attended]


def _input(attention: SubLayer, norm: Norm) -> Tensor:
    """What q, k and v are made of (1, S, d_model)."""
    return attention.normed if norm == "pre" else attention.x


def targets(params: GenerateParams) -> Sequence[Target]:
    """A weight of the newest token, a number that it is made of, patterns, the draw and the ways to the probability drawn from."""
    model = shipped(params.model)
    layer, head = model.net.shape.layers - 1, model.net.shape.heads - 1
    found: list[Target] = [
        {"kind": "weight", "layer": layer, "head": head, "key": 0},
        {"kind": "scaled", "layer": layer, "head": head, "key": 0},
        {"kind": "q", "layer": layer, "head": head, "column": 0},
        {"kind": "k", "layer": 0, "head": 0, "token": 0, "column": 1},
        {"kind": "v", "layer": 0, "head": 1, "token": 0, "column": 2},
        {"kind": "output", "layer": layer, "head": head, "column": 0},
        {"kind": "pattern", "layer": layer, "head": head, "pattern": "previous"},
        {"kind": "draw"},
        {"kind": "surprise"},
    ]
    return found + [{"kind": kind, "token": 5} for kind in ("logit", "probability", "tempered", "drawn_from")]


def _host(tensor: Tensor) -> NDArray[Any]:
    """As numpy, in C order."""
    return np.ascontiguousarray(tensor.numpy())
