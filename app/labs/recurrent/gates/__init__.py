"""A trained recurrent network reads a typed text, one character a frame: ``recurrent/gates``.

Frame 0 is the state before the first character; frame t has read t characters. The last one also tells what the whole text showed:
what each unit follows, how long it remembers, and the path of h.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from app.labs.contract import Frame, Message, Plain, Progress, Scene, Target, UserError
from app.labs.recurrent.arithmetic import NAMES
from app.labs.recurrent.gates.explain import explain
from app.labs.recurrent.gates.follow import Watch
from app.labs.recurrent.gates.models import model_of
from app.labs.recurrent.gates.reading import Piece, pieces
from app.labs.recurrent.gates.script import script
from app.labs.recurrent.params.gates import GatesParams, Held
from app.labs.recurrent.trained import Model, Read
from app.nn import tagger
from app.nn.recurrent.graph import graph

__all__ = ["explain", "run", "scene", "script", "targets"]

SHOWN = {"rnn": ("h",), "jordan": ("s", "h", "y"), "lstm": ("i", "f", "g", "o", "c", "h"), "gru": ("r", "z", "n", "h")}
"""What streams of each kind of cell."""
STATES = {"rnn": ("h",), "jordan": ("s",), "lstm": ("h", "c"), "gru": ("h",)}


def scene(params: GatesParams, device: str = "cpu") -> Scene:
    """The text as it is read, and the model's card. Raises UserError for a text or a model that cannot be read."""
    model = model_of(params)
    read = model.read(params.text)
    net = model.recurrent
    _check(model, params.held, len(read.tokens))
    weights = net.layers[0][0]
    note: dict[str, Plain] = {
        "model": model.name,
        "told": dict(model.told),
        "kind": net.kind,
        "names": list(SHOWN[net.kind]),
        "layers": len(net.layers),
        "directions": net.directions,
        "hidden": weights.w_hh.shape[0] // {"lstm": 4, "gru": 3}.get(net.kind, 1),
        "inputs": weights.w_ih.shape[1],
        "tokens": list(read.tokens),
        "wanted": list(read.wanted),
        "says": model.says,
        "one": model.one,
        "unknown": list(read.unknown),
        "converted": read.converted,
        "cut": read.cut,
        "vocabulary": list(model.vocabulary),
        "predicts": bool(model.vocabulary),
        "torch": type(model.module).__name__ if model.module is not None else None,
        "diagram": [[name, what, list(of)] for name, (what, of) in graph(net.kind, net.options).nodes.items()],
    }
    return Scene({}, note)


def run(params: GatesParams, device: str = "cpu") -> Iterator[Frame | Progress]:
    """Frames 0 to T. Tensors: every gate and state by the equations' names (L D, size), ``probabilities`` (V,) of what comes next,
    ``loss`` (1,) nats of what did, ``parity`` (1,) the largest |difference| of h to torch's module so far (NaN: torch has none).

    On demand ``pre/NAME``, what each gate's function is applied to, ``before/NAME``, the states that the step began with, ``x``.
    Where something is held, ``untouched/h``, ``untouched/c`` and ``untouched/probabilities`` of the run without it.
    The last frame adds ``follows`` (features, L D, H), ``path`` (T, 2), ``explained`` (2,) and ``half_life`` (L D, H), and where a
    text has one tag ``answer`` (V,), what the whole says.
    """
    model = model_of(params)
    read = model.read(params.text)
    _check(model, params.held, len(read.tokens))
    x = read.x.to(device)
    count = len(x)
    watch = Watch(model, read, params.mark)
    said: list[Tensor] = []
    parity = _Parity(model, x)
    waiting: Frame | None = None
    for one in _beside(model, x, params.held):
        if isinstance(one, int):
            yield Progress(one, count, Message("recurrent.gates.stage.reading"))
            continue
        for frame in _frames(model, read, *one, parity):
            yield waiting or _start(model, frame)
            waiting = frame
        watch.add(one[0])
        if model.one and (logits := model.logits(one[0].out, read)) is not None:
            said.append(logits)
    assert waiting is not None
    extra: Mapping[str, np.ndarray] = {}
    note: dict[str, Plain] = {}
    for told in watch.whole():
        if isinstance(told, Message):
            yield Progress(count, count, told)
        else:
            extra, note = told
    answer = {"answer": _host(tagger.whole(torch.cat(said)))} if model.one else {}
    yield Frame(waiting.step, {**waiting.tensors, **extra, **answer}, note, waiting.on_demand)


def _beside(model: Model, x: Tensor, held: Sequence[Held]) -> Iterator[int | tuple[Piece, Piece | None]]:
    """The run and, where something is held, the same piece of the run without it; a number while neither can be shown."""
    free = pieces(model.recurrent, x, whole=model.whole) if held else None
    for one in pieces(model.recurrent, x, held, model.whole):
        if isinstance(one, int) or free is None:
            yield one if isinstance(one, int) else (one, None)
            continue
        for other in free:
            if isinstance(other, Piece):
                yield one, other
                break
            yield other


def _frames(model: Model, read: Read, piece: Piece, other: Piece | None, parity: _Parity) -> Iterator[Frame]:
    """A frame a step of the piece."""
    tensors = {name: _host(piece.at[name]) for name in SHOWN[model.recurrent.kind]}
    tensors |= _said(model, read, piece)
    tensors["parity"] = parity.of(piece if other is None else other)
    hidden = {f"pre/{name}": _host(value) for name, value in piece.pre.items()}
    hidden |= {f"before/{name}": _host(value) for name, value in piece.before.items()}
    hidden["x"] = _host(read.x[piece.first : piece.first + len(piece.out)])
    if other is not None:
        tensors |= {f"untouched/{name}": _host(other.at[name]) for name in ("h", "c") if name in other.at}
        said = _said(model, read, other)
        tensors |= {f"untouched/{name}": said[name] for name in said}
    every = {**tensors, **hidden}
    for k in range(len(piece.out)):
        yield Frame(piece.first + k + 1, {name: value[k] for name, value in every.items()}, {}, hidden)


def _said(model: Model, read: Read, piece: Piece) -> dict[str, np.ndarray]:
    """``probabilities`` (n, V) and ``loss`` (n, 1), NaN where nobody knows what is right; {} where it says none."""
    logits = model.logits(piece.out, read)
    if logits is None:
        return {}
    logs = logits.log_softmax(-1)
    wanted = torch.tensor(read.wanted[piece.first : piece.first + len(logs)])
    loss = -logs.gather(1, wanted.clamp_min(0)[:, None]).where(wanted[:, None] >= 0, math.nan)
    return {"probabilities": _host(logs.exp()), "loss": _host(loss)}


def _start(model: Model, first: Frame) -> Frame:
    """Frame 0: states of 0; all else is still to come."""
    states = STATES[model.recurrent.kind]
    tensors = {
        name: np.full_like(value, 0 if name.removeprefix("untouched/") in states else np.nan)
        for name, value in first.tensors.items()
    }
    return Frame(0, {name: value for name, value in tensors.items() if name not in first.on_demand})


class _Parity:
    """How far the steps in the open are from torch's module on the same text."""

    def __init__(self, model: Model, x: Tensor) -> None:
        self.module, self.x = model.module, x
        self.state: Any = None
        self.worst = 0.0

    @torch.no_grad()
    def of(self, piece: Piece) -> np.ndarray:
        """(n, 1): the largest so far at each step of a run in which nothing is held."""
        if self.module is None:
            return np.full((len(piece.out), 1), np.nan, np.float32)
        part = self.x[piece.first : piece.first + len(piece.out)]
        batched = part[None] if self.module.batch_first else part[:, None]
        out, self.state = self.module(batched, self.state)
        off = (out.reshape(piece.out.shape) - piece.out).abs().amax(-1).cpu().numpy()
        found = np.maximum.accumulate(np.maximum(off, self.worst))
        self.worst = float(found[-1])
        return found[:, None].astype(np.float32)


def _check(model: Model, held: Sequence[Held], steps: int) -> None:
    """Raises UserError for a value that this model does not have."""
    net = model.recurrent
    for k, one in enumerate(held):
        told: dict[str, Plain | Message] = {"name": one.name, "layer": one.layer}
        known = NAMES[net.kind] + ("y" if net.kind == "jordan" else "")
        if one.name not in known:
            raise UserError(Message("recurrent.gates.error.no_gate", {**told, "known": ", ".join(known)}), ("held", k))
        if one.layer > len(net.layers) or (one.direction == "reverse" and net.directions == 1):
            raise UserError(Message("recurrent.gates.error.no_layer", {**told, "layers": len(net.layers)}), ("held", k))
        weights = net.layers[0][0]
        size = len(weights.w_hy) if one.name == "y" and weights.w_hy is not None else weights.w_hh.shape[0] // _BLOCKS[net.kind]
        if one.unit is not None and one.unit >= size:
            raise UserError(Message("recurrent.gates.error.no_unit", {**told, "unit": one.unit + 1, "units": size}), ("held", k))


_BLOCKS = {"rnn": 1, "jordan": 1, "lstm": 4, "gru": 3}


def targets(params: GatesParams) -> Sequence[Target]:
    """Every gate and state of the first and the last layer; the likeliest token and the loss."""
    model = model_of(params)
    net = model.recurrent
    found: list[Target] = []
    for name in NAMES[net.kind]:
        for layer in sorted({1, len(net.layers)}):
            found.append({"kind": "value", "name": name, "layer": layer, "direction": "forward", "unit": 0})
    if model.head is not None:
        found += [{"kind": "logit", "token": 1}]
    return [*found, {"kind": "probability", "token": 1}] if model.vocabulary else found


def _host(tensor: Tensor) -> np.ndarray:
    return np.ascontiguousarray(tensor.detach().cpu().float().numpy())
