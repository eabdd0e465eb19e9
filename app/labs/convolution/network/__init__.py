"""``convolution/network``: a picture goes through a network, one operation a frame.

Frame 0 is the picture; each further frame is one operation, told in ``note.layer``: index, name, call (which use of a module
used again), type, kind, side, shape, params, macs, receptive field, inputs (the frames its inputs come from), options.

Streamed are ``mosaic`` uint8 (C, h, w) with ``low`` and ``step`` (C): value = low + step byte, ``factor`` in the note saying how
many pixels of a side one of them averages; and ``stats`` (C, 5): least, greatest, mean, deviation, share of zeros. A vector
streams as ``maps`` (N). On demand, all exact: ``maps`` (C, H, W), ``input/0``, ``input/1``, ..., ``weights/NAME``.

After the last operation a frame of kind softmax has ``probabilities`` (classes) and, where something is switched off,
``baseline`` (classes) of the untouched network. Then come, where asked for, the attribution and the gradients.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from app import images
from app.labs.contract import Explanation, Frame, Message, Plain, Progress, Scene, Target, UserError
from app.labs.convolution.network import preprocess
from app.labs.convolution.network.explain import explain as _explain
from app.labs.convolution.network.frames import Framer, numpy, probabilities, top
from app.labs.convolution.network.models import Model, model
from app.labs.convolution.network.seen import Operation, Seen
from app.labs.convolution.params.network import NetworkParams

__all__ = ["explain", "run", "scene", "targets"]


def scene(params: NetworkParams, device: str = "cpu") -> Scene:
    """The picture, every step from it to the network's input, and what the network is."""
    it = model(params)
    picture = images.load(params.image)
    pixels, steps = preprocess.square(picture, params.size, params.fit)
    x = preprocess.normalised(pixels, it.mean, it.std)
    told: list[Plain] = []
    tensors: dict[str, Any] = {}
    all_steps = [(f"image.step.{one.id}", one.values, one.picture) for one in picture.steps]
    all_steps += [(one.id, one.values, one.picture) for one in steps]
    if (it.mean, it.std) != ((0.0,) * 3, (1.0,) * 3):
        values: dict[str, Plain] = {"mean": ", ".join(f"{v:g}" for v in it.mean), "std": ", ".join(f"{v:g}" for v in it.std)}
        all_steps.append(("convolution.network.step.normalise", values, preprocess.shown(x)))
    for i, (id, values, small) in enumerate(all_steps):
        told.append({"id": id, "values": values, "tensor": f"picture/{i}"})
        tensors[f"picture/{i}"] = small
    note: dict[str, Plain] = {
        "network": params.network,
        "title": it.title,
        "classes": list(it.classes),
        "mean": list(it.mean),
        "std": list(it.std),
        "source": it.card,
        "model": it.hash,
        "preprocess": told,
    }
    return Scene({**tensors, "rgb": pixels, "input": numpy(x)}, note)


def run(params: NetworkParams, device: str = "cpu") -> Iterator[Frame | Progress]:
    """The picture and every operation of the forward pass; then the classes. Raises UserError for what cannot run."""
    it = model(params)
    x = _input(params, it).to(device)
    net = it.net.to(device)
    off: dict[str, list[int]] = {}
    for one in params.ablate:
        off.setdefault(one.layer, []).append(one.channel)
    seen = Seen(net, x, edit=_switch_off(off) if off else None)
    framer, found = Framer(it, off), set()
    last = 0
    try:
        for operation in seen:
            found.add(operation.name)
            last = operation.index
            yield framer.frame(operation)
    except UserError:
        raise
    except Exception as error:  # the operator's model may raise anything
        raise UserError(
            Message("convolution.network.error.forward", {"problem": f"{type(error).__name__}: {error}"[:300]}), ("network",)
        ) from error
    if missing := [name for name in off if name not in found]:
        raise UserError(Message("convolution.network.error.no_layer", {"got": missing[0]}), ("ablate",))
    logits = _logits(seen.result)
    if logits is not None and it.classes:
        yield _classes(it, logits, last, net, x, bool(off))


def _input(params: NetworkParams, it: Model) -> Tensor:
    """(1, 3, S, S), normalised."""
    pixels, _ = preprocess.square(images.load(params.image), params.size, params.fit)
    return preprocess.normalised(pixels, it.mean, it.std)[None]


def _switch_off(off: dict[str, list[int]]) -> Any:
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
    """(1, classes) where the network puts out such a thing: itself, or first in a tuple or a dict."""
    if isinstance(result, dict):
        result = next(iter(result.values()), None)
    if isinstance(result, tuple | list):
        result = result[0] if result else None
    return (
        result if isinstance(result, Tensor) and result.dim() == 2 and result.shape[0] == 1 and result.is_floating_point() else None
    )


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
