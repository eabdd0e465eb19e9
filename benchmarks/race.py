"""Steps a second of the race with 8 racers, frames built, against a bare loop of the same 8 torch optimizers.

The bare loop does what the race must do at the least: for every racer a forward, a backward and a step, nothing kept. Both are
measured in turns of a few hundred steps in one process, so that a busy machine slows both; the ratio is of the medians.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import median
from time import perf_counter
from typing import Any

import torch

from app.labs.optimizer.expression import parse
from app.labs.optimizer.params.race import RaceParams
from app.labs.optimizer.race import run
from app.labs.optimizer.surfaces import SURFACES
from benchmarks.report import Row

RACERS: list[dict[str, Any]] = [
    {"rule": "sgd", "lr": 0.004},
    {"rule": "sgdm", "lr": 0.002},
    {"rule": "nesterov", "lr": 0.002},
    {"rule": "adagrad", "lr": 0.35},
    {"rule": "rmsprop", "lr": 0.03},
    {"rule": "adam", "lr": 0.09},
    {"rule": "amsgrad", "lr": 0.05},
    {"rule": "adamw", "lr": 0.09},
]
OPTIMIZERS: list[Callable[[Any], torch.optim.Optimizer]] = [
    lambda p: torch.optim.SGD(p, lr=0.004),
    lambda p: torch.optim.SGD(p, lr=0.002, momentum=0.9),
    lambda p: torch.optim.SGD(p, lr=0.002, momentum=0.9, nesterov=True),
    lambda p: torch.optim.Adagrad(p, lr=0.35),
    lambda p: torch.optim.RMSprop(p, lr=0.03),
    lambda p: torch.optim.Adam(p, lr=0.09),
    lambda p: torch.optim.Adam(p, lr=0.05, amsgrad=True),
    lambda p: torch.optim.AdamW(p, lr=0.09),
]
TURN, TURNS = 200, 9


def bare() -> Iterator[None]:
    """One step of all eight at every ``next``."""
    f = parse(SURFACES["himmelblau"].expression).compile()
    thetas = [torch.tensor([-0.3, -0.7], requires_grad=True) for _ in OPTIMIZERS]
    optimizers = [make([theta]) for make, theta in zip(OPTIMIZERS, thetas, strict=True)]
    while True:
        for theta, optimizer in zip(thetas, optimizers, strict=True):
            optimizer.zero_grad()
            f(theta[0], theta[1]).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        yield


def rows() -> list[Row]:
    """The race's figures."""
    torch.set_num_threads(1)
    runners: dict[str, Iterator[Any]] = {
        "race": run(RaceParams.model_validate({"racers": RACERS, "steps": 20_000})),
        "bare": bare(),
    }
    seconds: dict[str, list[float]] = {name: [] for name in runners}
    for _ in range(TURNS + 1):
        for name, runner in runners.items():
            start = perf_counter()
            for _ in range(TURN):
                next(runner)
            seconds[name].append((perf_counter() - start) / TURN)
    race, alone = (1 / median(seconds[name][1:]) for name in ("race", "bare"))  # the first turn warms up
    return [Row("race, 8 racers, frames built", race, "steps/s", alone, goal="1.5 times the bare loop, better 2")]
