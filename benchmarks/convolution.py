"""What seeing every layer costs: all maps of the ResNet at 224 pixels as packed messages, beside a bare forward pass.

One thread of torch each, interleaved, so that a busy machine is as busy for both. The weights' values do not matter.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch

from app.labs.convolution.network.frames import Framer
from app.labs.convolution.network.models import Model
from app.labs.convolution.network.seen import Seen
from app.nn.resnet import ResNet
from app.wire.frames import Packer
from benchmarks.report import Row

SIDES = (32, 224)
ROUNDS = 15


def rows() -> list[Row]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as in the workers
    try:
        return [row for side in SIDES for row in _rows(side)]
    finally:
        torch.set_num_threads(threads)


def _rows(side: int) -> list[Row]:
    torch.manual_seed(0)
    net = ResNet().eval()
    x = torch.randn(1, 3, side, side)
    model = Model(net, "resnet")
    bare: list[float] = []
    seen: list[float] = []
    nbytes = 0
    for _ in range(ROUNDS + 1):
        bare.append(_seconds(lambda: _bare(net, x)))
        seen.append(_seconds(lambda: _streamed(model, x)))
        nbytes = _streamed(model, x)
    return [
        Row(
            f"all maps of the ResNet at {side} px, mosaics and statistics packed (baseline: its bare forward pass)",
            statistics.median(seen[1:]) * 1e3,
            "ms",
            statistics.median(bare[1:]) * 1e3,
            goal="at most 2, better 1.5" if side == 224 else "",
        ),
        Row(f"the same, bytes on the wire at {side} px", nbytes, "B"),
    ]


def _bare(net: torch.nn.Module, x: torch.Tensor) -> None:
    with torch.no_grad():
        net(x)


def _streamed(model: Model, x: torch.Tensor) -> int:
    """Bytes of all messages of a run, its scene and last frame left out."""
    framer, packer = Framer(model, {}), Packer("r-bench")
    blocks = [block for operation in Seen(model.net, x) for block in packer.add(framer.frame(operation))]
    return sum(len(block.message) for block in [*blocks, *packer.flush()])


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
