"""Path-steps a second of ``optimizer/basins``: 512 x 512 starts x 200 steps of Adam on Himmelblau's surface.

Against a Python loop over starts (a torch optimizer and a backward each), and against what the memory lets through: a step of Adam
must at least read and write the position and both moments and read the gradient, 7 x 2 float32 a path, at the speed of a copy.
Both cores work: worker processes as the server has them, parts dealt out in turn. Every figure is taken in turns in one run, so
that a busy machine slows all alike. Where there is a GPU, 4096 x 4096 starts at once on it are set against this CPU.
"""

from __future__ import annotations

import multiprocessing
import os
from itertools import islice
from statistics import median
from time import perf_counter

import torch

from app.labs.optimizer.basins import ON_GPU
from app.labs.optimizer.basins.descent import descend
from app.labs.optimizer.basins.plane import Plane
from app.labs.optimizer.expression import parse
from app.labs.optimizer.params.basins import BasinsParams
from app.labs.optimizer.passes import parts
from app.labs.optimizer.surfaces import SURFACES
from benchmarks.report import Row

SIDE, STEPS, TURNS = 512, 200, 3
LOOPED = 20
"""Starts of the Python loop; each takes all steps."""
GPU_SIDE = 4096
_NUMBERS = 7 * 2 * 4
"""Bytes that a path-step of Adam moves at the least."""


def share(work: tuple[int, int]) -> None:
    """Worker i of n takes the parts i, i + n, ..."""
    torch.set_num_threads(1)
    index, of = work
    params = BasinsParams(pixels=SIDE, steps=STEPS)
    plane = Plane(params)
    for part in islice(parts(SIDE, params.most()), index, None, of):
        for _ in descend(plane, part):
            pass


def loop() -> float:
    """Path-steps a second of a Python loop over starts."""
    f = parse(SURFACES["himmelblau"].expression).compile()
    begun = perf_counter()
    for i in range(LOOPED):
        theta = torch.tensor([i / LOOPED, -0.7], requires_grad=True)
        optimizer = torch.optim.Adam([theta], lr=0.09)
        for _ in range(STEPS):
            optimizer.zero_grad()
            f(theta[0], theta[1]).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    return LOOPED * STEPS / (perf_counter() - begun)


def bandwidth() -> float:
    """Bytes a second that a copy far larger than the caches reads and writes."""
    a = torch.zeros(2**25)
    b = torch.empty_like(a)
    b.copy_(a)
    begun = perf_counter()
    for _ in range(4):
        b.copy_(a)
    return 4 * 2 * 4 * a.numel() / (perf_counter() - begun)


def on_gpu() -> float:
    """Path-steps a second of a large map, as many paths at once as the run takes there."""
    plane = Plane(BasinsParams(pixels=GPU_SIDE, steps=STEPS), "cuda")
    seconds = []
    for _ in range(2):
        begun = perf_counter()
        for part in parts(GPU_SIDE, ON_GPU):
            for _ in descend(plane, part, "cuda"):
                pass
        torch.cuda.synchronize()
        seconds.append(perf_counter() - begun)
    return GPU_SIDE**2 * STEPS / min(seconds)


def rows() -> list[Row]:
    """The map's figures."""
    torch.set_num_threads(1)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    found: dict[str, list[float]] = {"map": [], "loop": [], "copy": []}
    with multiprocessing.get_context("spawn").Pool(cores) as pool:
        pool.map(share, [(10**6, cores)] * cores, chunksize=1)  # starts the processes: no part is so far
        for _ in range(TURNS):
            begun = perf_counter()
            pool.map(share, [(i, cores) for i in range(cores)], chunksize=1)
            found["map"].append(SIDE**2 * STEPS / (perf_counter() - begun))
            found["loop"].append(loop())
            found["copy"].append(bandwidth())
    speed, single, copied = (median(found[name]) for name in ("map", "loop", "copy"))
    unit, goal = "M path-steps/s", "60, better 200, on two idle cores"
    table = [
        Row(f"basins, 512 x 512 x 200 Adam, {cores} cores, against a loop over starts", speed / 1e6, unit, single / 1e6, goal=goal),
        Row("basins, the same, against the memory", speed / 1e6, unit, copied / _NUMBERS / 1e6, goal="1: nothing but the memory"),
    ]
    gpu = on_gpu() / 1e6 if torch.cuda.is_available() else None
    goal = "50 times this CPU" + ("" if gpu else ": no GPU here")
    return [*table, Row("basins, 4096 x 4096 x 200 Adam, GPU", gpu, "M path-steps/s", speed / 1e6, goal=goal)]
