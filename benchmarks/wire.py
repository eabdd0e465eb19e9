"""The binary message: what a step costs in bytes and in time."""

from __future__ import annotations

import time

import numpy as np

from app.labs.contract import Frame
from app.wire.blocks import with_layout
from app.wire.frames import Packer, unpack
from benchmarks.report import Row

SHAPES: dict[str, tuple[int, ...]] = {
    "position": (8, 2),
    "loss": (8,),
    "gradient": (8, 2),
    "update": (8, 2),
    "lr": (8,),
    **{f"state/{i}/{name}": (2,) for i in range(8) for name in ("exp_avg", "exp_avg_sq")},
}
"""A race of 8 racers, two moments each: 384 bytes a step."""


def rows() -> list[Row]:
    rng = np.random.default_rng(0)
    frames = [Frame(i, {k: rng.normal(size=s).astype("f4") for k, s in SHAPES.items()}) for i in range(64 * 50)]
    raw = sum(a.nbytes for a in frames[0].tensors.values())
    start = time.perf_counter()
    packer = Packer("r-bench")
    blocks = [block for frame in frames for block in packer.add(frame)]
    packed = time.perf_counter() - start
    layouts: dict = {}
    messages = [with_layout(blocks[0].message, blocks[0].layout), *(block.message for block in blocks[1:])]
    start = time.perf_counter()
    for message in messages:
        unpack(message, layouts)
    unpacked = time.perf_counter() - start
    return [
        Row(
            "bytes a step, blocks of 64 (baseline: raw float32)",
            sum(map(len, messages)) / len(frames),
            "B",
            raw,
            goal="at most 1.2",
        ),
        Row("packing a step of 21 tensors", packed / len(frames) * 1e6, "µs"),
        Row("unpacking a step in Python", unpacked / len(frames) * 1e6, "µs"),
    ]
