"""The backward view: where each pooling sends the gradient of a class's score.

A pooling gets g = dF / d output, all that comes back from the layers behind it, and sends on
      dF / d input through this pooling = sum over the windows w that hold the cell of g_w d output_w / d cell:
all of g_w to the winner under a maximum, g_w / divisor to every cell under an average.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import torch
from torch import Tensor

from app.labs.background import Background
from app.labs.contract import Frame, Message, Plain, Progress
from app.labs.convolution.network import receptive
from app.labs.convolution.network.frames import Framer, numpy, plain, tensors
from app.labs.convolution.network.seen import Operation
from app.labs.convolution.network.why import Asked, Done


@dataclass(frozen=True)
class Sent:
    """A pooling, what came back to it and what it sent on, both without the batch."""

    operation: Operation
    output: Tensor
    input: Tensor


def gradients(asked: Asked, framer: Framer, step: int) -> Generator[Progress | Frame, None, None]:
    """A frame for each pooling of the network, from the last to the first. ``step`` is the first one's."""
    stage = Message("convolution.network.stage.backward")
    for sent in (yield from Background(lambda done: sent_on(asked, done), 2, stage).wait()):
        yield _frame(asked, framer, sent, step)
        step += 1


def sent_on(asked: Asked, done: Done) -> list[Sent]:
    """Of each pooling, from the last to the first, what it got and what it sent on."""
    pools: list[Operation] = []
    outputs: list[Tensor] = []

    def edit(operation: Operation) -> Tensor | None:
        if operation.kind != "pool" or not operation.inputs:
            return None
        pools.append(operation)
        outputs.append(operation.output)
        return operation.output.clone()  # what writes in place behind the pooling writes into the copy

    score = asked.forward(asked.x.clone().requires_grad_(), edit)[0, asked.number]
    done(1)
    if not pools:
        return []
    came = torch.autograd.grad(score, outputs, retain_graph=True, allow_unused=True)
    done(1)
    sent = []
    for operation, output, g in reversed(list(zip(pools, outputs, came, strict=True))):
        g = torch.zeros_like(output) if g is None else g  # a pooling that the class does not depend on
        (on,) = torch.autograd.grad(output, operation.inputs[0], g, retain_graph=True, allow_unused=True)
        on = torch.zeros_like(operation.inputs[0]) if on is None else on
        sent.append(Sent(operation, g[0].detach(), on[0].detach()))
        done(0)
    return sent


def _frame(asked: Asked, framer: Framer, sent: Sent, step: int) -> Frame:
    operation = sent.operation
    layer: dict[str, Plain] = {
        "index": step,
        "name": operation.name,
        "call": operation.call,
        "type": operation.type,
        "kind": "gradient",
        "class": asked.number,
        "label": asked.label,
        "side": "input",
        "shape": list(sent.input.shape),
        "params": 0,
        "macs": 0,
        "receptive": receptive.described(framer.field_of(operation.sources[0])),
        "inputs": [operation.index],
        "options": {key: plain(value) for key, value in operation.options.items()},
        "functional": operation.functional,
    }
    if off := framer.off(operation.name):
        layer["ablated"] = off
    streamed, asked_for = tensors(sent.input, layer)
    asked_for["output_gradient"] = numpy(sent.output)
    asked_for["input/0"] = numpy(operation.inputs[0][0])
    return Frame(step, {**streamed, **asked_for}, {"layer": layer}, tuple(asked_for))
