"""The racers together: one (R, 2) tensor of positions, a row each, and the optimizers that step the rows.

Racers of one class share one torch optimizer, a parameter group each: torch's overhead is paid once, and the arithmetic of each
group is as if it were alone (torch.optim steps group after group, foreach off). Every racer's parameter and its gradient are rows
of two tensors that stay, so that torch writes the positions where the frame reads them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from app.labs.contract import UserError
from app.labs.optimizer.lane import Lane, host
from app.labs.optimizer.params.race import RaceParams
from app.labs.optimizer.rules.build import is_switched, lookahead, recipe
from app.labs.optimizer.rules.catalogue import make
from app.labs.optimizer.rules.table import RULES

RACING, DIVERGED, STOPPED = 0, 2, 3
LIMIT = 1e6
"""A racer farther out than this in a coordinate has diverged; the widest surface is 40 across."""


class Field:
    """``positions`` (R, 2) and ``gradients`` (R, 2) on the device; ``where`` (R, 2) is the positions as numpy, always current."""

    def __init__(self, params: RaceParams, start: Sequence[float], dtype: torch.dtype, device: str) -> None:
        racers = params.racers
        self.positions = torch.tensor([start] * len(racers), dtype=dtype, device=device)
        self.gradients = torch.zeros_like(self.positions)
        self.full = torch.tensor([racer.rule == "gd" for racer in racers], device=device)
        self.status = np.zeros(len(racers), np.uint8)
        self._view = host(self.positions)
        self.lanes, optimizers = self._lanes(params)
        self._steps: list[Callable[[], Any]] = [_bare_step(optimizer) for optimizer in optimizers]
        self._guests = [lane for lane in self.lanes if lane.guest]

    def _lanes(self, params: RaceParams) -> tuple[list[Lane], list[torch.optim.Optimizer]]:
        """A lane for every racer, and the optimizers of our own rules, one a class (Lookahead: one a racer)."""
        lanes: dict[int, Lane] = {}
        groups: dict[type[torch.optim.Optimizer], list[dict[str, Any]]] = {}
        rows: dict[type[torch.optim.Optimizer], list[tuple[int, bool]]] = {}
        optimizers: list[torch.optim.Optimizer] = []
        for r, racer in enumerate(params.racers):
            p = self.positions[r]
            p.grad = self.gradients[r]
            if racer.rule not in RULES:
                p.grad = torch.zeros_like(p)  # its own: some of these rules change the gradient in place
                try:
                    strange = make(racer.settings(), p)
                except UserError as error:
                    raise UserError(error.message, ("racers", r, "options")) from error
                lanes[r] = Lane(r, racer, p, strange, strange.param_groups[0], params.steps, False)
                continue
            if racer.rule == "lookahead":
                optimizer: torch.optim.Optimizer = lookahead(racer.settings(), p)
                optimizers.append(optimizer)
                lanes[r] = Lane(r, racer, p, optimizer, optimizer.param_groups[0], params.steps, False)
                continue
            switched = any(is_switched(later.racers[r].settings()) for _, later in params.segments())
            cls, options = recipe(racer.settings(), switched)
            groups.setdefault(cls, []).append({"params": [p], **options})
            rows.setdefault(cls, []).append((r, switched))
        for cls in groups:
            one_by_one: dict[str, Any] = {"foreach": False} if cls.__module__.startswith("torch.optim") else {}
            optimizer = cls(groups[cls], **{"lr": 1e-3, **one_by_one})
            optimizers.append(optimizer)
            if cls is torch.optim.Adagrad:  # its constructor reads one value for all groups
                for group in optimizer.param_groups:
                    optimizer.state[group["params"][0]]["sum"].fill_(group["initial_accumulator_value"])
            for (r, switched), group in zip(rows[cls], optimizer.param_groups, strict=True):
                lanes[r] = Lane(r, params.racers[r], group["params"][0], optimizer, group, params.steps, switched)
        return [lanes[r] for r in sorted(lanes)], optimizers

    @property
    def where(self) -> np.ndarray:
        """The positions as numpy: a view on the CPU, a copy from a GPU."""
        return host(self.positions) if self.positions.is_cuda else self._view

    def set(self, params: RaceParams) -> None:
        """Settings of a new segment; positions and memories stay."""
        for lane, racer in zip(self.lanes, params.racers, strict=True):
            lane.set(racer, params.steps)

    def step(self, t: int, gradients: Tensor) -> None:
        """One step of every racer that still races, with its row of ``gradients``."""
        with torch.no_grad():
            self._hand_out(t, gradients)
            self._move()

    def hold(self, gradients: Tensor, steps: int) -> Iterator[int]:
        """So many steps with the same rows of ``gradients``, after each of which every racer is put back where it was: only what it
        remembers changes. The rate is the first step's. Yields how many are made."""
        start = self.positions.clone()
        with torch.no_grad():
            self._hand_out(1, gradients)
            for made in range(1, steps + 1):
                self._move()
                self.positions.copy_(start)
                yield made

    def _hand_out(self, t: int, gradients: Tensor) -> None:
        self.gradients.copy_(gradients)
        for lane in self.lanes:
            lane.prepare(t)

    def _move(self) -> None:
        for step in self._steps:
            step()
        for lane in self._guests:
            if self.status[lane.index] == RACING:
                lane.step(self.gradients[lane.index])

    def leave(self, gone: np.ndarray, back_to: np.ndarray) -> None:
        """Racers marked in ``gone`` (R,) that still race leave it, each at its row of ``back_to`` (R, 2).

        A NaN that the rule made of a finite gradient is the formula's, everything else is divergence.
        """
        if not gone.any():
            return
        for r in np.flatnonzero(gone & (self.status == RACING)):
            strange = np.isnan(self.where[r]) & np.isfinite(host(self.gradients)[r])
            self._stop(int(r), STOPPED if strange.any() else DIVERGED, back_to[r])

    def _stop(self, r: int, status: int, back_to: np.ndarray) -> None:
        """Without a gradient an optimizer passes over the racer; the others do not notice."""
        self.status[r] = status
        self.lanes[r].p.grad = None
        self.positions[r] = torch.as_tensor(back_to, device=self.positions.device)


def _bare_step(optimizer: torch.optim.Optimizer) -> Callable[[], Any]:
    """torch's own step without the profiler's and compiler's wrappers: the same arithmetic, 54 us in place of 158 for one SGD."""
    step = inspect.unwrap(type(optimizer).step)
    return lambda: step(optimizer)
