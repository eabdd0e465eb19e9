"""Schedules by torch's own schedulers: the rate, and where asked the momentum, of every step.

A scheduler runs beside the race on an optimizer of its own that holds nothing, a step ahead as far as it is asked, so that the rate
of step t is a pure function of (the racer's settings, t) and a race can be taken up at any step.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch.optim import lr_scheduler

from app.labs.optimizer.schedule_kinds import (
    Cosine,
    Cyclical,
    Exponential,
    InverseSqrt,
    OneCycle,
    RangeTest,
    Restarts,
    StepDecay,
    Warmup,
)

Scheduler = lr_scheduler.LRScheduler


class Series:
    """``at(t)`` is (rate, momentum) of step t = 1, 2, ...; the momentum is None where the schedule leaves it alone."""

    def __init__(self, schedule: Any, lr: float, steps: int) -> None:
        self.constant = schedule is None or schedule.kind == "constant"
        self.lr = lr
        if self.constant:
            return
        self.optimizer = torch.optim.SGD([torch.zeros(())], lr=lr, momentum=0.9)
        self.scheduler = _scheduler(self.optimizer, schedule, lr, max(steps, 1))
        self.cycles = getattr(schedule, "cycle_momentum", False)
        self.last = getattr(schedule, "total_steps", None) or max(steps, 1) if schedule.kind == "one-cycle" else None
        self.known = [self._now()]

    def at(self, t: int) -> tuple[float, float | None]:
        """Rate and momentum of step t."""
        if self.constant:
            return self.lr, None
        if self.last is not None:
            t = min(t, self.last)  # torch's one-cycle ends with an error; here its last rate stays
        while len(self.known) < t:
            with warnings.catch_warnings():  # torch wants optimizer.step() before; the race's own has made it
                warnings.simplefilter("ignore")
                self.scheduler.step()
            self.known.append(self._now())
        return self.known[t - 1]

    def _now(self) -> tuple[float, float | None]:
        group = self.optimizer.param_groups[0]
        return float(group["lr"]), float(group["momentum"]) if self.cycles else None


def _scheduler(optimizer: torch.optim.Optimizer, schedule: Any, lr: float, steps: int) -> Scheduler:
    """torch's scheduler for a schedule's settings. ``steps`` is the run's length, for what lasts the whole run."""
    match schedule:
        case StepDecay():
            return lr_scheduler.StepLR(optimizer, schedule.step_size, schedule.gamma)
        case Exponential():
            return lr_scheduler.ExponentialLR(optimizer, schedule.gamma)
        case Cosine():
            return lr_scheduler.CosineAnnealingLR(optimizer, schedule.T_max or steps, schedule.eta_min)
        case Restarts():
            return lr_scheduler.CosineAnnealingWarmRestarts(optimizer, schedule.T_0, schedule.T_mult, schedule.eta_min)
        case Cyclical():
            return lr_scheduler.CyclicLR(
                optimizer,
                base_lr=lr / 10 if schedule.base_lr is None else schedule.base_lr,
                max_lr=lr,
                step_size_up=schedule.step_size_up,
                step_size_down=schedule.step_size_down,
                mode=schedule.mode,
                gamma=schedule.gamma,
                cycle_momentum=schedule.cycle_momentum,
                base_momentum=schedule.base_momentum,
                max_momentum=schedule.max_momentum,
            )
        case OneCycle():
            return lr_scheduler.OneCycleLR(
                optimizer,
                max_lr=lr,
                total_steps=schedule.total_steps or steps,
                pct_start=schedule.pct_start,
                anneal_strategy=schedule.anneal_strategy,
                div_factor=schedule.div_factor,
                final_div_factor=schedule.final_div_factor,
                three_phase=schedule.three_phase,
                cycle_momentum=schedule.cycle_momentum,
                base_momentum=schedule.base_momentum,
                max_momentum=schedule.max_momentum,
            )
        case _:
            return lr_scheduler.LambdaLR(optimizer, factor(schedule, lr, steps))


def factor(schedule: Warmup | InverseSqrt | RangeTest, lr: float, steps: int) -> Callable[[int], float]:
    """What multiplies ``lr`` at step t = epoch + 1, for torch's LambdaLR, whose epochs count from 0."""
    match schedule:
        case Warmup():
            up, end = schedule.warmup, schedule.total_steps or steps
            return lambda epoch: (epoch + 1) / up if epoch < up else max(0.0, (end - epoch) / max(1, end - up))
        case InverseSqrt():
            up = schedule.warmup
            return lambda epoch: min((epoch + 1) / up, (up / (epoch + 1)) ** 0.5)
        case _:
            ratio, n = schedule.end_lr / lr, max(1, (schedule.num_steps or steps) - 1)
            if schedule.mode == "linear":
                return lambda epoch: 1 + (ratio - 1) * min(1.0, epoch / n)
            return lambda epoch: float(ratio ** min(1.0, epoch / n))
