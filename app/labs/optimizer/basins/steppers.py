"""The two ways in which N paths take a step of one rule: together, or one by one.

Together: one torch optimizer over one parameter (2, height, width). Where a rule is elementwise, or sums over the first axis alone
(SWATS's projection), that is N independent paths, bit for bit. One by one: an optimizer each over its own two numbers, for rules
that look at the whole parameter.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from app.labs.optimizer.basins.plane import Plane
from app.labs.optimizer.basins.spread import Spread, Spreading
from app.labs.optimizer.passes import Part
from app.labs.optimizer.rules.build import is_switched, lookahead, recipe
from app.labs.optimizer.rules.catalogue import make
from app.labs.optimizer.rules.table import RULES
from app.labs.optimizer.schedules import Series


class Stepper(Protocol):
    """Steps the paths at ``p`` (2, height, width)."""

    def step(self, t: int, gradient: Tensor, gone: Tensor | None) -> None:
        """Step t = 1, 2, ... with ``gradient`` (2, height, width); those marked in ``gone`` (height, width) need not be stepped."""


def stepper(plane: Plane, part: Part, p: Tensor) -> Stepper:
    """The way that the params ask for."""
    return Together(plane, part, p) if plane.params.together() else OneByOne(plane, part, p)


class Together:
    """One optimizer; settings that differ from path to path are Spreads."""

    def __init__(self, plane: Plane, part: Part, p: Tensor) -> None:
        settings = plane.spread(part)
        spread = any(
            isinstance(value, Spread) for one in settings.values() for value in (one if isinstance(one, tuple) else (one,))
        )
        self._mode: Callable[[], AbstractContextManager[Any]] = (lambda: Spreading(p)) if spread else nullcontext
        self._p = p
        with self._mode():
            self._optimizer = optimizer_of(settings, p)
        self._step = bare(self._optimizer)
        self._rates = _Rates(plane, settings, self._optimizer)

    def step(self, t: int, gradient: Tensor, gone: Tensor | None) -> None:
        self._p.grad = gradient
        with self._mode():
            self._rates.set(t)
            self._step()


class OneByOne:
    """An optimizer for every path, over a column of the parameter."""

    def __init__(self, plane: Plane, part: Part, p: Tensor) -> None:
        columns = p.view(2, -1)
        self._paths: list[tuple[Tensor, Callable[[], Any], _Rates]] = []
        for i, row in enumerate(part.rows):
            for j, column in enumerate(part.columns):
                one = columns[:, i * part.width + j]
                one.grad = torch.zeros_like(one)
                settings = plane.race(row, column).racers[0].settings()
                optimizer = optimizer_of(settings, one)
                self._paths.append((one, bare(optimizer), _Rates(plane, settings, optimizer)))

    def step(self, t: int, gradient: Tensor, gone: Tensor | None) -> None:
        out = set() if gone is None else set(gone.flatten().nonzero().flatten().tolist())
        columns = gradient.reshape(2, -1)
        for i, (one, step, rates) in enumerate(self._paths):
            if i in out:
                continue
            assert one.grad is not None
            one.grad.copy_(columns[:, i])  # its own: some rules change it in place
            rates.set(t)
            try:
                step()
            except Exception:  # whatever a foreign rule raises, its path ends here
                one.fill_(float("nan"))


class _Rates:
    """Gives an optimizer the rate, and where the schedule cycles it the momentum, of every step."""

    def __init__(self, plane: Plane, settings: dict[str, Any], optimizer: torch.optim.Optimizer) -> None:
        self._group, racer = optimizer.param_groups[0], plane.params.racers[0]
        rate = self._group["lr"]
        many = isinstance(rate, Spread)
        self._shape = rate.values.shape if many else None
        values = rate.values.ravel().tolist() if many else [rate]
        constant = racer.schedule is None or racer.schedule.kind == "constant"
        self._series = [] if constant else [Series(racer.schedule, value, plane.params.steps) for value in values]

    def set(self, t: int) -> None:
        if not self._series:
            return
        now = [series.at(t) for series in self._series]
        rates, momentum = [rate for rate, _ in now], now[0][1]
        self._group["lr"] = rates[0] if self._shape is None else Spread(np.array(rates).reshape(self._shape))
        if momentum is not None and "betas" in self._group:
            self._group["betas"] = (momentum, self._group["betas"][1])
        elif momentum is not None:
            self._group["momentum"] = momentum


def optimizer_of(settings: dict[str, Any], p: Tensor) -> torch.optim.Optimizer:
    """The optimizer that a race would step these settings with."""
    if settings["rule"] not in RULES:
        return make(settings, p)
    if settings["rule"] == "lookahead":
        return lookahead(settings, p)
    cls, options = recipe(settings, is_switched(settings))
    if "decay" in options:  # SGDW's group calls it so, its constructor as torch does
        options["weight_decay"] = options.pop("decay")
    if cls.__module__.startswith("torch.optim"):
        options["foreach"] = False
    return cls([p], **options)


def bare(optimizer: torch.optim.Optimizer) -> Callable[[], Any]:
    """torch's own step without the profiler's and compiler's wrappers, as the race takes it."""
    step = inspect.unwrap(type(optimizer).step)
    return lambda: step(optimizer)
