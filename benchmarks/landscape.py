"""``optimizer/landscape``: the loss at every point of a plane, beside a loop of forward passes over the same points.

The perceptron of the page's default, 1,000 digits. The run's own parts are shared by two processes, as its workers do; the loop is
the usual one in one process, with torch's threads left as they come. By turns, so that a busy machine is as busy for both.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import time
from multiprocessing.connection import Connection

import torch
from torch import nn

from app.labs.optimizer.landscape.plane_loss import Flat, PlaneLoss
from app.nn.feedforward import mlp
from app.nn.tasks.supervised import digits
from benchmarks.report import Row

SIDE = 51
ROUNDS = 5
WORKERS = 2


def _task() -> tuple[nn.Sequential, Flat, PlaneLoss, torch.Tensor]:
    data = digits()
    torch.manual_seed(0)
    net = mlp(64, (32,), 10)
    flat = Flat(net, data, data.train.first(1000))
    centre = torch.cat([p.detach().flatten() for p in net.parameters()])
    plane = PlaneLoss(flat, centre, torch.randn(2, len(centre)) / 8)
    axis = torch.linspace(-1, 1, SIDE)
    return net, flat, plane, torch.cartesian_prod(axis, axis)


def _work(line: Connection, index: int) -> None:
    """Answers each call with the losses of every WORKERS-th block of points."""
    torch.set_num_threads(1)  # as in the workers
    *_, plane, points = _task()
    mine = torch.cat(torch.tensor_split(points, 16)[index::WORKERS])
    while line.recv():
        line.send(plane.at(mine).numpy())


def _loop(net: nn.Sequential, flat: Flat, plane: PlaneLoss, points: torch.Tensor) -> torch.Tensor:
    found = []
    x, y = flat.part.x, flat.part.y
    with torch.no_grad():
        for a, b in points:
            nn.utils.vector_to_parameters(plane.centre + a * plane.directions[0] + b * plane.directions[1], net.parameters())
            found.append(nn.functional.cross_entropy(net(x), y))
    return torch.stack(found)


def rows() -> list[Row]:
    net, flat, plane, points = _task()
    spawn = multiprocessing.get_context("spawn")
    lines, processes = [], []
    for index in range(WORKERS):
        here, there = spawn.Pipe()
        process = spawn.Process(target=_work, args=(there, index), daemon=True)
        process.start()
        lines.append(here)
        processes.append(process)
    ours, loop = [], []
    apart = 0.0
    for _ in range(ROUNDS + 1):
        start = time.perf_counter()
        for line in lines:
            line.send(True)
        parts = [torch.from_numpy(line.recv()) for line in lines]
        ours.append(time.perf_counter() - start)
        threads = torch.get_num_threads()
        torch.set_num_threads(min(threads, os.cpu_count() or 1))
        start = time.perf_counter()
        expected = _loop(net, flat, plane, points)
        loop.append(time.perf_counter() - start)
        for index, part in enumerate(parts):
            mine = torch.cat(torch.tensor_split(expected, 16)[index::WORKERS]).double()
            apart = max(apart, float(((part - mine).abs() / mine.abs().clamp(min=1)).max()))
    for line, process in zip(lines, processes, strict=True):
        line.send(False)
        process.join(10)
    name = f"{SIDE} x {SIDE} losses of an MLP on 1,000 digits, apart {apart:.0e} at most (baseline: a loop of forward passes)"
    quick, slow = statistics.median(ours[1:]), statistics.median(loop[1:])
    return [Row(name, quick, "s", slow, ratio=slow / quick, goal="at least 3 times the loop, same to 1e-6")]
