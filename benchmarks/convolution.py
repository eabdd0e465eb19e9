"""``convolution/network`` beside a bare forward pass: every map of the small ResNet at 224 pixels, packed for the wire.

The weights are drawn, for the numbers do not decide the time. Both are measured by turns, so that a busy machine is as busy
for both; the time is that of a run in this process, from the picture's tensor to the last binary message.
"""

from __future__ import annotations

import statistics
import time

import torch

from app.labs.convolution.network.frames import Framer
from app.labs.convolution.network.models import Model
from app.labs.convolution.network.seen import Seen
from app.nn.resnet import ResNet
from app.wire.frames import Packer
from benchmarks.report import Row

ROUNDS = 15
SIZES = (224, 32)


def rows() -> list[Row]:
    torch.set_num_threads(1)  # as in the workers
    torch.manual_seed(0)
    model = Model(ResNet().eval(), "resnet")
    return [_row(model, size) for size in SIZES]


def _row(model: Model, size: int) -> Row:
    x = torch.randn(1, 3, size, size)
    bare, streamed, nbytes = [], [], 0
    for _ in range(ROUNDS + 2):
        start = time.perf_counter()
        with torch.no_grad():
            model.net(x)
        bare.append(time.perf_counter() - start)
        start = time.perf_counter()
        nbytes = _stream(model, x)
        streamed.append(time.perf_counter() - start)
    goal = "at most 2, better 1.5" if size == 224 else ""
    name = f"all maps of the small ResNet at {size} px as messages, {nbytes / 2**20:.2f} MB (baseline: a bare forward pass)"
    # The first two rounds fill caches.
    return Row(name, 1e3 * statistics.median(streamed[2:]), "ms", 1e3 * statistics.median(bare[2:]), goal=goal)


def _stream(model: Model, x: torch.Tensor) -> int:
    """Bytes of all messages of one forward pass."""
    framer, packer = Framer(model, {}), Packer("run")
    blocks = []
    for operation in Seen(model.net, x):
        blocks += packer.add(framer.frame(operation))
    blocks += packer.flush()
    return sum(len(block.message) for block in blocks)
