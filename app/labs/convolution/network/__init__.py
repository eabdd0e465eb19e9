"""``convolution/network``: a picture goes through a network, one operation a frame.

Frame 0 is the picture; each further frame is one operation, told in ``note.layer``: index, name, call (which use of a module
used again), type, kind, side, shape, params, macs, receptive field, inputs (the frames its inputs come from), options.

Streamed are ``mosaic`` uint8 (C, h, w) with ``low`` and ``step`` (C): value = low + step byte, ``factor`` in the note saying how
many pixels of a side one of them averages; and ``stats`` (C, 5): least, greatest, mean, deviation, share of zeros. A vector
streams as ``maps`` (N). On demand, all exact: ``maps`` (C, H, W), ``input/0``, ``input/1``, ..., ``weights/NAME``.

After the last operation a frame of kind softmax has ``probabilities`` (classes) and, where something is switched off,
``baseline`` (classes) of the untouched network. Then come, where asked for, a frame of kind attribution
(``attribution`` (S, S); app/labs/convolution/network/why.py) and one of kind gradient for each pooling, from the last to
the first (as maps; on demand ``output_gradient``; app/labs/convolution/network/backward.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from app import images
from app.labs.contract import Explanation, Frame, Message, Plain, Progress, Scene, Target, UserError
from app.labs.convolution.network import preprocess
from app.labs.convolution.network.backward import gradients
from app.labs.convolution.network.explain import explain as _explain
from app.labs.convolution.network.frames import Framer, numpy, probabilities, top
from app.labs.convolution.network.models import Model, model
from app.labs.convolution.network.seen import Edit, Operation, Seen
from app.labs.convolution.network.why import Asked, Met, attribution
from app.labs.convolution.params.network import NetworkParams

MOST_NAMES = 1000
"""Classes that are suggested to ask about, and modules as Grad-CAM's layer."""

__all__ = ["explain", "run", "scene", "targets"]


def scene(params: NetworkParams, device: str = "cpu") -> Scene:
    """The picture, every step from it to the network's input, and what the network is."""
    it = model(params)
    picture = images.load(params.image)
    ready = preprocess.prepared(picture, params.size, params.fit, it)
    steps, pictures = preprocess.told(picture, ready, it)
    note: dict[str, Plain] = {
        "network": params.network,
        "title": it.title,
        "classes": list(it.classes),
        "mean": [] if it.preprocess else list(it.mean),
        "std": [] if it.preprocess else list(it.std),
        "source": it.card,
        "model": it.hash,
        "preprocess": steps,
        "why_class": list(it.classes[:MOST_NAMES]),
        "why_layer": [name for name, _ in islice(it.net.named_modules(), 1, MOST_NAMES)],
    }
    return Scene({**pictures, "rgb": ready.pixels, "input": numpy(ready.x)}, note)


def run(params: NetworkParams, device: str = "cpu") -> Iterator[Frame | Progress]:
    """The picture and every operation of the forward pass; then the classes. Raises UserError for what cannot run."""
    it = model(params)
    x = _input(params, it).to(device)
    net = it.net.to(device)
    off: dict[str, list[int]] = {}
    for one in params.ablate:
        off.setdefault(one.layer, []).append(one.channel)
    edit = _switch_off(off) if off else None
    seen = Seen(net, x, edit=edit)
    framer, met = Framer(it, off), list[Met]()
    try:
        for operation in seen.watched():
            if operation is None:
                yield Progress(len(met), 0, Message("convolution.network.stage.forward"))
                continue
            met.append(
                Met(operation.index, operation.name, operation.kind, tuple(operation.output.shape), tuple(operation.sources))
            )
            yield framer.frame(operation)
        logits = _logits(seen.result)
        found = {one.name for one in met}
        if missing := [name for name in off if name not in found]:
            raise UserError(Message("convolution.network.error.no_layer", {"got": missing[0]}), ("ablate",))
        step = len(met)
        if logits is not None and it.classes:
            yield _classes(it, logits, step - 1, net, x, bool(off))
            step += 1
        if params.why == "none" and not params.backward:
            return
        asked = _asked(params, it, net, x, edit, logits)
        if params.why != "none":
            yield (yield from attribution(params, asked, met, step))
            step += 1
        if params.backward:
            yield from gradients(asked, framer, step)
    except UserError:
        raise
    except Exception as error:  # the operator's model may raise anything
        raise UserError(
            Message("convolution.network.error.forward", {"problem": f"{type(error).__name__}: {error}"[:300]}), ("network",)
        ) from error


def _asked(params: NetworkParams, it: Model, net: torch.nn.Module, x: Tensor, edit: Edit | None, logits: Tensor | None) -> Asked:
    """Whose score is asked about. Raises UserError where the network gives none, or has no such class."""
    if logits is None:
        raise UserError(Message("convolution.network.error.no_score"), ("why" if params.why != "none" else "backward",))
    number = int(logits[0].argmax()) if params.why_class is None else _number(params.why_class, it.classes, logits.shape[1])
    label = it.classes[number] if number < len(it.classes) else str(number)

    def score(result: Any) -> Tensor:
        found = _scores(result)
        assert found is not None
        return found

    return Asked(net, x, edit, score, number, label)


def _number(named: str, classes: tuple[str, ...], count: int) -> int:
    """Of a class, by its name or as it stands. Raises UserError where the network has no such class."""
    if named in classes[:count]:
        return classes.index(named)
    if not named.isdecimal() or int(named) >= count:
        raise UserError(Message("convolution.network.error.no_class", {"got": named, "last": count - 1}), ("why_class",))
    return int(named)


def _input(params: NetworkParams, it: Model) -> Tensor:
    """(1, 3, S, S), normalised."""
    return preprocess.prepared(images.load(params.image), params.size, params.fit, it).x[None]


def _switch_off(off: dict[str, list[int]]) -> Edit:
    """Sets the named channels of an operation's output to 0."""

    def edit(operation: Operation) -> Tensor | None:
        channels = off.get(operation.name)
        if channels is None:
            return None
        output = operation.output.clone()
        if output.dim() < 2 or max(channels) >= output.shape[1]:
            have = output.shape[1] if output.dim() > 1 else 0
            told: dict[str, Plain] = {"layer": operation.name, "channel": max(channels), "channels": have}
            raise UserError(Message("convolution.network.error.no_channel", told), ("ablate",))
        output[:, channels] = 0
        return output

    return edit


def _logits(result: Any) -> Tensor | None:
    """(1, classes) where the network puts out such a thing."""
    found = _scores(result)
    return found.detach() if found is not None and found.shape[0] == 1 else None


def _scores(result: Any) -> Tensor | None:
    """(N, classes) where the network puts out such a thing: itself, or first in a tuple or a dict."""
    if isinstance(result, dict):
        result = next(iter(result.values()), None)
    if isinstance(result, tuple | list):
        result = result[0] if result else None
    return result if isinstance(result, Tensor) and result.dim() == 2 and result.is_floating_point() else None


def _classes(it: Model, logits: Tensor, last: int, net: torch.nn.Module, x: Tensor, ablated: bool) -> Frame:
    p = probabilities(logits)
    layer: dict[str, Plain] = {
        "index": last + 1,
        "name": "probabilities",
        "call": 0,
        "type": "softmax",
        "kind": "softmax",
        "side": "output",
        "shape": [len(p)],
        "params": 0,
        "macs": 0,
        "receptive": None,
        "inputs": [last],
        "options": {"dim": 1},
        "functional": True,
    }
    tensors = {"probabilities": numpy(p), "maps": numpy(p)}
    if ablated:
        with torch.no_grad():
            untouched = _logits(net(x))
        assert untouched is not None
        tensors["baseline"] = numpy(probabilities(untouched))
    asked = {"input/0": numpy(logits[0])}
    return Frame(last + 1, {**tensors, **asked}, {"layer": layer, "top": top(p, it.classes)}, tuple(asked))


def targets(params: NetworkParams) -> Sequence[Target]:
    """A value: without a place, the middle of the first map."""
    return [{"kind": "value"}]


def explain(params: NetworkParams, scene: Scene, previous: Frame | None, frame: Frame, target: Target) -> Explanation:
    """Opens a value of the frame's layer; see :mod:`app.labs.convolution.network.explain`."""
    return _explain(params, scene, frame, target)
