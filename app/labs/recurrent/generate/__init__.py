"""A trained network writes, one character a frame, and reads what it wrote: ``recurrent/generate``, the shape one to many.

Frame t has written character t.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from app.labs.contract import Frame, Plain, Scene, Target
from app.labs.recurrent.generate.explain import explain
from app.labs.recurrent.generate.script import script
from app.labs.recurrent.params.generate import GenerateParams
from app.labs.recurrent.trained import NEVER, Model, Read, shipped
from app.labs.writing.drawing import Writer, before

__all__ = ["explain", "run", "scene", "script", "targets"]


def scene(params: GenerateParams, device: str = "cpu") -> Scene:
    """The model's card and the prompt as it is read. Raises UserError for a chosen character that the model does not have."""
    model = shipped(params.model)
    read = _read(params)
    _writer(params, model)
    note: dict[str, Plain] = {
        "model": model.name,
        "told": dict(model.told),
        "kind": model.recurrent.kind,
        "layers": len(model.recurrent.layers),
        "prompt": list(read.tokens),
        "unknown": list(read.unknown),
        "converted": read.converted,
        "vocabulary": list(model.vocabulary),
        "never": list(NEVER),
    }
    return Scene({}, note)


@torch.no_grad()
def run(params: GenerateParams, device: str = "cpu") -> Iterator[Frame]:
    """Frames 0, nothing written, to ``count``: as ``Writer.write`` tells.

    On demand ``h`` (H,) of the last layer and ``logits`` (V,), float64.
    """
    model = shipped(params.model)
    net = model.recurrent
    assert model.embed is not None
    writer = _writer(params, model)
    draws = writer.start()
    read = _read(params)
    states, x = net.start(1), read.x
    for number in range(1, params.count + 1):
        for t in range(len(x)):
            steps, out = net.step(x[t : t + 1], states)
            states = [dict(step.state) for step in steps]
        logits = model.logits(out, read)
        assert logits is not None
        frame = writer.write(number, logits[0].double(), draws)
        hidden = {"h": steps[-1].at["h"][0].double().numpy(), "logits": logits[0].double().numpy()}
        if number == 1:
            yield Frame(0, before(frame))
        yield Frame(number, {**frame.tensors, **hidden}, frame.note, tuple(hidden))
        x = model.embed(int(frame.note["id"]))  # type: ignore[arg-type]


def _writer(params: GenerateParams, model: Model) -> Writer:
    return Writer(params, model.vocabulary, NEVER, params.chosen, params.seed)


def _read(params: GenerateParams) -> Read:
    return shipped(params.model).read(params.prompt or "\n")


def targets(params: GenerateParams) -> Sequence[Target]:
    """The draw of a step, and the ways to the probability that was drawn from."""
    kinds = ["probability", "tempered", "drawn_from"] + (["logit"] if shipped(params.model).head is not None else [])
    found: list[Target] = [{"kind": "draw"}, {"kind": "surprise"}]
    return found + [{"kind": kind, "token": 1} for kind in kinds]
