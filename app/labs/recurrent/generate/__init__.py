"""A trained network writes, one character a frame, and reads what it wrote: ``recurrent/generate``, the shape one to many.

Frame t has written character t. One uniform number u a step decides: the probabilities stand in a row from the likeliest on,
and the character drawn is the one in whose piece u falls.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from app.labs.contract import Frame, Message, Plain, Scene, Target, UserError
from app.labs.recurrent.generate.drawing import distributions, drawn
from app.labs.recurrent.generate.explain import explain
from app.labs.recurrent.generate.script import script
from app.labs.recurrent.params.generate import GenerateParams
from app.labs.recurrent.trained import Model, Read, shipped
from app.nn.decoding import Cut

__all__ = ["explain", "run", "scene", "script", "targets"]

SHOWN = 24
"""So many of the likeliest characters travel with each frame."""


def scene(params: GenerateParams, device: str = "cpu") -> Scene:
    """The model's card and the prompt as it is read. Raises UserError for a chosen character that the model does not have."""
    model = shipped(params.model)
    read = _read(params)
    for k, one in enumerate(params.chosen):
        if one.token >= len(model.vocabulary):
            told: dict[str, Plain | Message] = {"token": one.token, "count": len(model.vocabulary)}
            raise UserError(Message("recurrent.generate.error.no_character", told), ("chosen", k))
    note: dict[str, Plain] = {
        "model": model.name,
        "told": dict(model.told),
        "kind": model.recurrent.kind,
        "layers": len(model.recurrent.layers),
        "prompt": list(read.tokens),
        "unknown": list(read.unknown),
        "converted": read.converted,
        "vocabulary": list(model.vocabulary),
    }
    return Scene({}, note)


@torch.no_grad()
def run(params: GenerateParams, device: str = "cpu") -> Iterator[Frame]:
    """Frames 0, nothing written, to ``count``.

    The likeliest SHOWN characters' numbers ``ids``, and of each what the model says (``probabilities``), that at the temperature
    (``tempered``) and what is drawn from (``drawn_from``, 0: cut); of the character written the same three (``written``), where
    in [0, 1) its piece begins (``below``), and ``u``, NaN where it was chosen; ``surprise`` and ``entropy`` (1,), nats of the
    model's own distribution; ``kept`` (1,) how many can be drawn.

    On demand ``h`` (H,) of the last layer and ``logits`` (V,), float64.
    """
    model = shipped(params.model)
    net = model.recurrent
    assert model.embed is not None
    draws = torch.Generator().manual_seed(params.seed)
    chosen = {one.at: one.token for one in params.chosen}
    read = _read(params)
    states, x = net.start(1), read.x
    for number in range(1, params.count + 1):
        for t in range(len(x)):
            steps, out = net.step(x[t : t + 1], states)
            states = [dict(step.state) for step in steps]
        logits = model.logits(out, read)
        assert logits is not None
        p, made = distributions(logits[0].double(), params)
        order = p.argsort(descending=True, stable=True)
        # One number a step, also where a character is chosen: those after it are drawn with the same numbers as before.
        u = float(torch.rand((), generator=draws, dtype=torch.float64))
        k = chosen.get(number, int(order[drawn(made.drawn_from[0, order], u)]))
        frame = _frame(number, model, p, made, order, k, math.nan if number in chosen else u)
        hidden = {"h": steps[-1].at["h"][0].double().numpy(), "logits": logits[0].double().numpy()}
        if number == 1:
            yield _before(frame)
        yield Frame(number, {**frame.tensors, **hidden}, frame.note, tuple(hidden))
        x = model.embed(k)


def _frame(number: int, model: Model, p: Tensor, made: Cut, order: Tensor, k: int, u: float) -> Frame:
    """What is streamed of a step; ``order`` (V,): the characters from the likeliest on."""
    ids = order[:SHOWN]
    roads = {"probabilities": p, "tempered": made.tempered[0], "drawn_from": made.drawn_from[0]}
    rank = int((order == k).nonzero()[0, 0])
    tensors = {
        "ids": ids.int().numpy(),
        **{name: road[ids].float().numpy() for name, road in roads.items()},
        "written": torch.stack([road[k] for road in roads.values()]).numpy(),
        "below": made.drawn_from[0, order[:rank]].sum()[None].numpy(),
        "u": np.array([u]),
        "surprise": np.array([-math.log(max(float(p[k]), 1e-300))]),
        "entropy": torch.special.entr(p).sum()[None].numpy(),
        "kept": made.kept[0].sum().int()[None].numpy(),
    }
    return Frame(number, tensors, {"token": model.vocabulary[k], "id": k, "rank": rank})


def _before(first: Frame) -> Frame:
    """Frame 0: nothing is written, and nothing said."""
    return Frame(0, {name: np.full_like(value, np.nan if value.dtype.kind == "f" else -1) for name, value in first.tensors.items()})


def _read(params: GenerateParams) -> Read:
    return shipped(params.model).read(params.prompt or "\n")


def targets(params: GenerateParams) -> Sequence[Target]:
    """The draw of a step, and the ways to the probability that was drawn from."""
    kinds = ["probability", "tempered", "drawn_from"] + (["logit"] if shipped(params.model).head is not None else [])
    found: list[Target] = [{"kind": "draw"}, {"kind": "surprise"}]
    return found + [{"kind": kind, "token": 1} for kind in kinds]
