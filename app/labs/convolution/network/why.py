r"""Why this class: which pixels the score of a class rests on, as Captum works it out.

The score F(x) is the class's output before softmax. Three answers:

* Grad-CAM (Selvaraju et al., arXiv 1610.02391): the maps A_k of a layer, each weighed by its gradient's mean,
      L = relu(\sum_k \alpha_k A_k),    \alpha_k = mean over the places of dF / dA_k,
  stretched over the picture. Which layer, and its input or its output, decides what is seen.
* Integrated gradients (Sundararajan et al., arXiv 1703.01365): a_c = (x_c - x'_c) \int_0^1 dF/dx_c (x' + t (x - x')) dt for each
  channel of each pixel, added up over the channels. All of them together are F(x) - F(x').
* Occlusion (Zeiler and Fergus, arXiv 1311.2901): F(x) - F(x with a square of x' over it), for each pixel the mean over the
  squares that cover it; a square covers all channels.

x' is 0 after normalising: the training pictures' mean colour, black where nothing is normalised.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from app.labs.background import Background
from app.labs.contract import Frame, Message, Plain, Progress, UserError
from app.labs.convolution.network.frames import numpy
from app.labs.convolution.network.live import Live
from app.labs.convolution.network.seen import Edit, Operation
from app.labs.convolution.params.network import NetworkParams

STEPS = 48
"""Points of the Gauss-Legendre rule for the integral."""
SQUARES = 8
"""An occluding square's side is the picture's over this."""
TITLES = {"grad-cam": "Grad-CAM", "integrated-gradients": "IntegratedGradients", "occlusion": "Occlusion"}
"""The methods by the names that their papers and Captum give them."""

Done: TypeAlias = Callable[[int], None]
Answer: TypeAlias = "tuple[dict[str, Tensor], dict[str, Plain]]"
"""The tensors of the frame and what is told beside them."""


@dataclass(frozen=True)
class Asked:
    """The network with what is switched off in it, the picture (1, 3, S, S), and the class that is asked of."""

    net: nn.Module
    x: Tensor
    edit: Edit | None
    score: Callable[[Any], Tensor]
    """What the network returns, to (N, classes)."""
    number: int
    label: str

    def forward(self, x: Tensor, edit: Edit | None = None) -> Tensor:
        """(N, classes), with gradients where they are on. ``edit`` comes after the ablation."""
        if self.edit is None and edit is None:
            return self.score(self.net(x))
        return self.score(Live(self.net, x, _both(self.edit, edit)).run())


@dataclass(frozen=True)
class Met:
    """An operation of the forward pass without its numbers: ``shape`` is its output's, ``sources`` what its inputs came from."""

    index: int
    name: str
    kind: str
    shape: tuple[int, ...]
    sources: tuple[int, ...]


@dataclass(frozen=True)
class Place:
    """A layer as the forward pass met it: which operation's output it is."""

    layer: str
    side: str
    index: int


def attribution(params: NetworkParams, asked: Asked, operations: Sequence[Met], step: int) -> Generator[Progress, None, Frame]:
    """The frame of the attribution that the params ask for; Progress meanwhile.

    Raises UserError for a layer that the network does not have or that has no maps.
    """
    method = params.why
    place = Place("input", "input", 0)
    if method == "grad-cam":
        place = found(operations, params.why_layer, params.why_side)
    size = int(asked.x.shape[-1])
    total = {"grad-cam": 1, "integrated-gradients": STEPS}.get(method, _starts(size) ** 2)

    def work(done: Done) -> Answer:
        if method == "grad-cam":
            return _grad_cam(asked, place, done)
        return (_integrated if method == "integrated-gradients" else _occlusion)(asked, done)

    stage = Message("convolution.network.stage.why", {"method": TITLES[method]})
    tensors, note = yield from Background(work, total, stage).wait()
    layer: dict[str, Plain] = {
        "index": step,
        "name": place.layer,
        "call": 0,
        "type": TITLES[method],
        "kind": "attribution",
        "method": method,
        "class": asked.number,
        "label": asked.label,
        "layer": place.layer,
        "side": place.side,
        "shape": [size, size],
        "params": 0,
        "macs": 0,
        "receptive": None,
        "inputs": [place.index],
        "options": {},
        "functional": True,
        **note,
    }
    arrays = {name: numpy(tensor) for name, tensor in tensors.items()}
    return Frame(step, arrays, {"layer": layer}, tuple(name for name in arrays if name != "attribution"))


def found(operations: Sequence[Met], layer: str | None, side: str) -> Place:
    """The operation whose output is the asked side of a layer: a module, one that holds others, or a functional call.

    Without a name the last maps before they are pooled away. Raises UserError for what is not there.
    """
    if layer is None:
        maps = [one for one in operations if one.kind not in ("input", "pool", "flatten") and _spatial(one)]
        if not maps:
            raise UserError(Message("convolution.network.error.no_maps", {"got": operations[-1].name}), ("why_layer",))
        layer = maps[-1].name
    inside = [one for one in operations if one.name == layer or one.name.startswith(f"{layer}.")]
    if not inside:
        raise UserError(Message("convolution.network.error.why_layer", {"got": layer}), ("why_layer",))
    # Operation 0 is the picture, which has no inputs of its own.
    index = inside[-1].index if side == "output" else next(iter(inside[0].sources), 0)
    if len(operations[index].shape) != 4:
        raise UserError(Message("convolution.network.error.no_maps", {"got": layer}), ("why_layer",))
    return Place(layer, side, index)


def _spatial(operation: Met) -> bool:
    return len(operation.shape) == 4 and operation.shape[2] * operation.shape[3] > 1


class _Probe(nn.Module):
    """Lets a layer's output through, for Captum to hook: the same for modules, functional calls and reused modules."""

    def forward(self, x: Tensor) -> Tensor:
        return x.clone()  # whatever writes in place comes after


class _Watched(nn.Module):
    """The network with a probe behind one operation; nothing is hooked on the network itself, which other runs may use."""

    def __init__(self, asked: Asked, index: int) -> None:
        super().__init__()
        self.asked, self.index, self.probe = asked, index, _Probe()

    def forward(self, x: Tensor) -> Tensor:
        if self.index == 0:
            return self.asked.forward(self.probe(x))
        return self.asked.forward(x, lambda one: self.probe(one.output) if one.index == self.index else None)


def _grad_cam(asked: Asked, place: Place, done: Done) -> Answer:
    """``attribution`` (S, S); on demand ``layer`` (h, w), before it was stretched, and ``channels`` (K, h, w), its summands."""
    from captum.attr import LayerAttribution, LayerGradCam

    watched = _Watched(asked, place.index)
    method = LayerGradCam(watched, watched.probe)
    x = asked.x.clone().requires_grad_()
    each = method.attribute(x, asked.number, attr_dim_summation=False).detach()  # (1, K, h, w): alpha_k A_k
    done(0)
    cam = torch.relu(each.sum(1, keepdim=True))
    small = cam[0, 0]
    size = tuple(asked.x.shape[2:])
    large = LayerAttribution.interpolate(cam, size, interpolate_mode="bilinear") if cam.shape[2:] != size else cam
    done(1)
    note: dict[str, Plain] = {"factors": [size[0] / small.shape[0], size[1] / small.shape[1]], "channels_are": "weighed"}
    return {"attribution": large[0, 0], "layer": small, "channels": each[0]}, note


def _integrated(asked: Asked, done: Done) -> Answer:
    """``attribution`` (S, S); on demand ``channels`` (3, S, S)."""
    from captum.attr import IntegratedGradients

    def forward(x: Tensor) -> Tensor:
        done(len(x))
        return asked.forward(x)

    base = torch.zeros_like(asked.x)
    each = IntegratedGradients(forward).attribute(
        asked.x, base, target=asked.number, n_steps=STEPS, method="gausslegendre", internal_batch_size=_batch(asked.x)
    )
    each = each.detach().float()[0]
    with torch.no_grad():
        score, baseline = (float(asked.forward(x)[0, asked.number]) for x in (asked.x, base))
    total = float(each.double().sum())
    note: dict[str, Plain] = {
        "score": score,
        "baseline": baseline,
        "sum": total,
        "delta": total - (score - baseline),
        "steps": STEPS,
        "channels_are": "added",
    }
    return {"attribution": each.sum(0), "channels": each}, note


def _occlusion(asked: Asked, done: Done) -> Answer:
    """``attribution`` (S, S); on demand ``scores`` (rows, columns): the class's score with each square covered."""
    from captum.attr import Occlusion

    scores: list[Tensor] = []

    def forward(x: Tensor) -> Tensor:
        done(len(x))
        out = asked.forward(x)
        scores.append(out[:, asked.number].detach())
        return out

    size = int(asked.x.shape[-1])
    side, stride, count = _side(size), _stride(size), _starts(size)
    channels = int(asked.x.shape[1])
    each = Occlusion(forward).attribute(
        asked.x,
        (channels, side, side),
        strides=(channels, stride, stride),
        baselines=0,
        target=asked.number,
        perturbations_per_eval=_batch(asked.x),
    )
    first, *covered = torch.cat(scores).tolist()
    # Captum goes down the rows first.
    grid = torch.tensor(covered).reshape(count, count).T
    note: dict[str, Plain] = {"score": first, "square": side, "stride": stride, "channels_are": "together"}
    return {"attribution": each[0, 0].float(), "scores": grid}, note


def _side(size: int) -> int:
    return -(-size // SQUARES)


def _stride(size: int) -> int:
    """Squares overlap by half where passes are cheap."""
    return -(-_side(size) // 2) if size <= 64 else _side(size)


def _starts(size: int) -> int:
    return 1 + -(-(size - _side(size)) // _stride(size))


def _batch(x: Tensor) -> int:
    """Pictures that go through together: a run is told of the progress after each batch, and may end there."""
    return max(1, 8 * 32 * 32 // int(x.shape[-1]) ** 2)


def _both(first: Edit | None, second: Edit | None) -> Edit | None:
    """One edit after the other."""
    if first is None or second is None:
        return first or second

    def edit(operation: Operation) -> Tensor | None:
        changed = first(operation)
        if changed is not None:
            operation.output = changed
        again = second(operation)
        return changed if again is None else again

    return edit
