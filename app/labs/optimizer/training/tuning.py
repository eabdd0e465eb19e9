"""The fair mode: before the race every rule tries equally many rates, each for the whole length of the race.

A rate is tried from a seed that nobody races with, and judged by the validation loss at the end: the test set is not looked at.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from app.labs.optimizer.params.training import TrainingParams
from app.labs.optimizer.racers import Racer
from app.labs.optimizer.training.data import network
from app.labs.optimizer.training.measure import tally
from app.labs.optimizer.training.trainee import TRAINING, Trainee
from app.nn.tasks.supervised import DataSet

TUNING_SEED = 1_000_003
"""Added to the run's seed."""


@dataclass(frozen=True)
class Tuned:
    """``rates`` and validation ``losses`` (R, trials), infinite where a network diverged; ``chosen`` (R,) is each racer's rate."""

    rates: np.ndarray
    losses: np.ndarray
    chosen: tuple[float, ...]


def tuning(params: TrainingParams, data: DataSet, device: str) -> Generator[int, None, Tuned]:
    """A yield after every step, the steps done; the result is returned. Without trials every racer keeps its own rate."""
    n = len(params.racers)
    losses = np.full((n, params.tuning), math.inf)
    done = 0
    for r in range(n):
        for k, rate in enumerate(params.rates(r)):
            one = trainee(params, r, rate, data, params.seed + TUNING_SEED, device)
            for _ in range(params.steps):
                one.step()
                done += 1
                yield done
            if one.status == TRAINING:
                loss = tally(one.net, data, data.validation).loss
                losses[r, k] = loss if math.isfinite(loss) else math.inf
    rates = np.array([list(params.rates(r)) for r in range(n)]).reshape(losses.shape)
    chosen = [best(params.racers[r], rates[r], losses[r]) for r in range(n)]
    return Tuned(rates, losses, tuple(chosen))


def best(racer: Racer, rates: np.ndarray, losses: np.ndarray) -> float:
    """The rate of the least loss; the racer's own where none was tried or all diverged."""
    return float(rates[losses.argmin()]) if np.isfinite(losses).any() else racer.lr


def trainee(params: TrainingParams, r: int, rate: float, data: DataSet, seed: int, device: str) -> Trainee:
    """Racer r at a rate."""
    switched = any(_switched(later, r) for _, later in params.segments())
    racer = params.segments()[0][1].racers[r].model_copy(update={"lr": rate})
    return Trainee(racer, lambda: network(params), data, seed, params.batch_size, params.steps, device, switched)


def _switched(params: TrainingParams, r: int) -> bool:
    from app.labs.optimizer.rules.build import is_switched

    return is_switched(params.racers[r].settings())
