"""Attention small enough for paper, one stage of the computation a frame: ``attention/by-hand``.

Frame 0 is what goes in: embeddings and positions. Each further frame has computed one more stage, for all words and heads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from app.labs.attention.by_hand.explain import explain
from app.labs.attention.by_hand.heads import Given, compute, difference, given
from app.labs.attention.by_hand.saturation import MEASURES, measured
from app.labs.attention.by_hand.script import script
from app.labs.attention.params.by_hand import ByHandParams
from app.labs.contract import Frame, Plain, Scene, Target

__all__ = ["explain", "run", "scene", "script", "targets"]


def scene(params: ByHandParams, device: str = "cpu") -> Scene:
    """What goes in, and what the run is compared with. Rows stand in the order of the places.

    Tensors: ``embedding`` and ``place`` (n, d_model), ``w_q``, ``w_k``, ``w_v`` (H, d_model, d_k), of several heads ``w_o``
    (H d_k, d_model), ``seen`` (n, n). ``saturation`` (2, H, n, 3): of every row of weights with the scale, then without, the
    measures of ``note["measures"]``. Of a changed order ``given`` (n, ...): the result of the same words in the order given, at
    this run's places, and ``moved`` (n,): the largest |difference| to it at each place.
    """
    of = given(params, device)
    stages = compute(of)
    tensors = {
        "embedding": of.embedding,
        "place": of.place,
        "w_q": of.w_q,
        "w_k": of.w_k,
        "w_v": of.w_v,
        "seen": of.seen.to(torch.uint8),
        "saturation": saturation(of),
    }
    if of.w_o is not None:
        tensors["w_o"] = of.w_o
    places: list[Plain] = [word + 1 for word in params.places]
    reordered = list(params.places) != list(range(len(places)))
    if reordered:
        tensors["given"] = in_given_order(params, device)
        tensors["moved"] = (stages.result - tensors["given"]).abs().amax(-1)
    note: dict[str, Plain] = {
        "words": [params.given[word] for word in params.places],
        "places": places,
        "reordered": reordered,
        "stages": list(params.stages),
        "heads": params.heads,
        "sizes": {"d_model": params.d_model, "d_k": params.d_k},
        "scale": of.scale,
        "scaled": params.scale,
        "mask": params.mask,
        "positions": params.positions,
        "blind": [int(i) + 1 for i in (~of.seen.any(-1)).nonzero().flatten()],
        "measures": list(MEASURES),
        "parity": {"difference": difference(of, stages), "dtype": params.dtype},
        "range": {name: _range(getattr(stages, name)) for name in params.stages if name not in ("masked", "weights")},
    }
    return Scene({name: host(tensor) for name, tensor in tensors.items()}, note)


def run(params: ByHandParams, device: str = "cpu") -> Iterator[Frame]:
    """A frame a stage, its tensor under its name, NaN in those that are still to come; ``concat`` comes with ``projected``.

    The note's ``stage`` names it; the last frame's ``parity`` is the largest |difference| to torch's function in this run.
    """
    of = given(params, device)
    stages = compute(of)
    whole = {name: host(getattr(stages, name)) for name in params.stages}
    if stages.concat is not None:
        whole["concat"] = host(stages.concat)
    for step, stage in enumerate(params.stages):
        known = {*params.stages[: step + 1], *(("concat",) if stage == "projected" else ())}
        tensors = {name: value if name in known else np.full_like(value, np.nan) for name, value in whole.items()}
        note: dict[str, Plain] = {"stage": stage}
        if step == params.length():
            note["parity"] = difference(of, stages)
        yield Frame(step, tensors, note)


def targets(params: ByHandParams) -> Sequence[Target]:
    """A value of every stage, of every head; a weight of every matrix; both sides of the scale; a word that moved."""
    found: list[Target] = [{"kind": "value", "name": "x", "row": 0, "column": 0}]
    for head in range(params.heads):
        for name in params.stages[1:]:
            if name != "projected":
                found.append({"kind": "value", "name": name, "head": head, "row": len(params.given) - 1, "column": 0})
        for matrix in ("w_q", "w_k", "w_v"):
            found.append({"kind": "weight", "matrix": matrix, "head": head, "row": 0, "column": 0})
    if params.heads > 1:
        found += [{"kind": "value", "name": name, "row": 0, "column": 0} for name in ("concat", "projected")]
        found.append({"kind": "weight", "matrix": "w_o", "row": 0, "column": 0})
    for measure in MEASURES:
        found += [{"kind": "saturation", "measure": measure, "scaled": scaled, "head": 0, "row": 0} for scaled in (True, False)]
    if list(params.places) != sorted(params.places):
        found.append({"kind": "order", "row": 0, "column": 0})
    return found


def saturation(of: Given) -> Tensor:
    """(2, H, n, 3): with the scale and without it."""
    scale = of.w_q.shape[-1] ** -0.5
    return torch.stack([measured(compute(replace(of, scale=one)).weights) for one in (scale, 1.0)])


def in_given_order(params: ByHandParams, device: str = "cpu") -> Tensor:
    """The result of the same words in the order given, its rows brought to this run's places: (n, d)."""
    unmoved = compute(given(params, device, range(len(params.places)))).result
    return unmoved[list(params.places)]


def host(tensor: Tensor) -> np.ndarray:
    """A tensor as numpy on the CPU."""
    return np.ascontiguousarray(tensor.detach().cpu().numpy())


def _range(tensor: Tensor) -> list[Plain]:
    return [float(tensor.min()), float(tensor.max())]
