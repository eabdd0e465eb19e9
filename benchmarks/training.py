"""``optimizer/training`` against a bare torch loop that trains the same networks, and the notes' claim from start to end.

The loop measures nothing: the ratio is what measuring at every epoch, the one vector of weights and the frames cost. Both train the
digits' perceptron with Adam and SGDM for three epochs, by turns in one process; the ratio is of the medians.
"""

from __future__ import annotations

from statistics import median
from time import perf_counter, process_time
from typing import Any

import torch
from torch.nn import functional

from app import labs
from app.labs.optimizer.presets.training import TRAINING
from app.labs.optimizer.training.trainee import batches
from app.nn.feedforward import mlp
from app.nn.tasks.supervised import DataSet, digits
from benchmarks.report import Row

PARAMS: dict[str, Any] = {
    "data": "digits",
    "samples": 1078,
    "hidden": "32",
    "activation": "relu",
    "batch_size": 32,
    "seeds": 2,
    "epochs": 3,
    "racers": [{"rule": "adam", "lr": 0.01}, {"rule": "sgdm", "lr": 0.1}],
}
ROUNDS = 5


def rows() -> list[Row]:
    """Steps a second of all networks together, and the seconds of the first preset."""
    torch.set_num_threads(1)  # as in the workers
    data = digits()
    steps = 2 * 2 * 3 * -(-len(data.train) // PARAMS["batch_size"])
    ours, bare = [], []
    for _ in range(ROUNDS + 1):
        start = perf_counter()
        for _ in labs.run("optimizer/training", **PARAMS):
            pass
        ours.append(perf_counter() - start)
        start = perf_counter()
        for seed in range(2):
            for make in (lambda p: torch.optim.Adam(p, 0.01), lambda p: torch.optim.SGD(p, 0.1, momentum=0.9)):
                _bare(data, make, seed, steps // 4)
        bare.append(perf_counter() - start)
    speed = Row(
        "training steps on digits, measured and framed (baseline: a bare torch loop)",
        steps / median(ours[1:]),
        "steps/s",
        steps / median(bare[1:]),
        goal="at least 0.7",
    )
    start, used = perf_counter(), process_time()
    for _ in labs.run("optimizer/training", **TRAINING[0].params):
        pass
    seconds, used = perf_counter() - start, process_time() - used
    claim = Row(
        "the notes' claim on digits, tuned, five seeds, one core", seconds, "s", 120, goal=f"at most 120 s; {used:.0f} s of CPU"
    )
    return [speed, claim]


def _bare(data: DataSet, make: Any, seed: int, steps: int) -> None:
    torch.manual_seed(seed)
    net, stream = mlp(64, (32,), 10, "relu"), batches(data.train, PARAMS["batch_size"], seed)
    optimizer = make(net.parameters())
    for _ in range(steps):
        x, y = next(stream)
        optimizer.zero_grad()
        loss = functional.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
