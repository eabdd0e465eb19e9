"""A small translator, or an induction model, learns while one looks on: ``attention/learning``. Each frame is a checkpoint.

Frame 0 is the network as it begins. At every checkpoint the same sentence is read, and its attention is filmed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from app.labs.attention.learning.explain import explain
from app.labs.attention.learning.learners import Learner, Part, learner, recipe
from app.labs.attention.learning.script import script
from app.labs.attention.params.learning import LearningParams
from app.labs.contract import Frame, Message, Plain, Progress, Scene, Target
from app.labs.pace import Pace
from app.nn.attention import Heads

__all__ = ["explain", "run", "scene", "script", "targets"]


def scene(params: LearningParams, device: str = "cpu") -> Scene:
    """The sentence, and where its maps should look. ``gold`` uint8 (T, S), ``chance`` (1,): the score of attention that is spread
    evenly. Raises UserError for a sentence that is not of the task."""
    one = learner(params)
    note: dict[str, Plain] = {
        "queries": list(one.queries),
        "keys": list(one.keys),
        "wanted": list(one.wanted),
        "asked": list(one.asked),
        "right": one.write([word for word in one.wanted if word != "<eos>"]),
        "causal": one.causal,
        "layers": params.layers,
        "heads": params.heads,
        "d_k": params.d_model // params.heads,
        "tested": one.tested,
        "parameters": sum(weight.numel() for weight in one.net.parameters()),
    }
    return Scene({"gold": _host(one.gold.to(torch.uint8)), "chance": _chance(one)}, note)


def _chance(one: Learner) -> NDArray[np.float64]:
    seen = torch.ones_like(one.gold).tril() if one.causal else torch.ones_like(one.gold)
    even = (one.gold / seen.sum(-1, keepdim=True)).sum(-1)
    return _host(even[one.gold.any(-1)].double().mean()[None])


def run(params: LearningParams, device: str = "cpu") -> Iterator[Frame | Progress]:
    """A frame a checkpoint. L: layers, H: heads, T: queries, S: keys, A: tokens asked, V: words.

    Streamed: ``loss`` (2,) nats a token, of the steps since the last checkpoint and of the test examples; ``accuracy`` (2,) of
    those: tokens, the ones before given, and whole examples; ``gradient`` (1,) the mean length before clipping, ``rate`` (1,) the
    last one; of the sentence ``maps`` (L, H, T, S), ``p`` (A,) of the right tokens and ``here`` (L, H), the score: the mean weight
    on gold of the rows that have gold; ``scores`` (L, H), the same of the test examples; ``parity`` (1,): the largest
    |difference| of the heads' outputs to torch's scaled_dot_product_attention. On demand ``logits`` (A, V), ``q`` (L, H, T, d_k),
    ``k`` (L, H, S, d_k) and ``scaled`` (L, H, T, S): q k^T / sqrt(d_k).
    The note has the steps trained and what is said. Small networks: on the CPU, whatever the device.
    """
    one = learner(params)
    steps = one.steps(recipe(params))
    losses: list[float] = []
    norms: list[float] = []
    rate, pace = 0.0, Pace()
    for trained in range(params.steps + 1):
        if trained:
            step = next(steps)
            losses.append(step.loss)
            norms.append(step.gradient)
            rate = step.rate
        if trained % params.every and trained < params.steps:
            if pace.due():
                yield Progress(trained, params.steps, Message("attention.learning.stage.training"))
            continue
        parts: list[Part] = []
        for part in one.parts():
            parts.append(part)
            yield Progress(trained, params.steps, Message("attention.learning.stage.testing"))
        streamed = {
            "loss": np.array([_mean(losses), sum(part.loss for part in parts) / sum(part.tokens for part in parts)]),
            "gradient": np.array([_mean(norms)]),
            "rate": np.array([rate]),
            **_tested(parts, one.tested),
        }
        yield _frame(-(-trained // params.every), trained, one, streamed)
        losses, norms = [], []
        pace.rest()


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def _tested(parts: Sequence[Part], tested: int) -> dict[str, NDArray[Any]]:
    tokens, rows = sum(part.tokens for part in parts), sum(part.rows for part in parts)
    right, exact = sum(part.right for part in parts), sum(part.exact for part in parts)
    weights = torch.stack([part.weights for part in parts]).sum(0)
    return {"accuracy": np.array([right / tokens, exact / tested]), "scores": _host((weights / rows).float())}


def _frame(number: int, trained: int, one: Learner, streamed: dict[str, NDArray[Any]]) -> Frame:
    look = one.look()
    weights = torch.stack([heads.weights[0] for heads in look.heads])  # (L, H, T, S)
    mass = (weights.double() * one.gold).sum(-1)[:, :, one.gold.any(-1)]
    p = look.logits.double().softmax(-1).gather(1, one.targets[:, None])[:, 0]
    exact = {
        "logits": look.logits,
        "q": torch.stack([heads.q[0] for heads in look.heads]),
        "k": torch.stack([heads.k[0] for heads in look.heads]),
        "scaled": torch.stack([heads.scores[0] for heads in look.heads]),
    }
    tensors = {
        **streamed,
        "maps": _host(weights),
        "p": _host(p),
        "here": _host(mass.mean(-1).float()),
        "parity": np.array([max(_parity(heads) for heads in look.heads)]),
        **{name: _host(tensor) for name, tensor in exact.items()},
    }
    note: dict[str, Plain] = {"trained": trained, "said": list(look.said), "text": one.write(look.said)}
    return Frame(number, tensors, note, tuple(exact))


def _parity(heads: Heads) -> float:
    theirs = functional.scaled_dot_product_attention(heads.q, heads.k, heads.v, attn_mask=heads.mask)
    return float((theirs - heads.output).abs().max())


def targets(params: LearningParams) -> Sequence[Target]:
    """A weight and what its softmax was given, a score, a loss."""
    one = learner(params)
    row = int(one.gold.any(-1).nonzero()[0])
    key = int(one.gold[row].nonzero()[0])
    last = {"layer": params.layers - 1, "head": params.heads - 1}
    found: list[Target] = [{"kind": kind, **last, "query": row, "key": key} for kind in ("weight", "logit")]
    return [*found, {"kind": "score", **last}, {"kind": "loss", "at": 0}, {"kind": "loss", "at": len(one.wanted) - 1}]


def _host(tensor: Tensor) -> NDArray[Any]:
    return np.ascontiguousarray(tensor.detach().numpy())
