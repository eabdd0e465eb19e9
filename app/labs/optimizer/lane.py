"""One racer on its way: its row of the positions, the group of its optimizer, its schedule, and what it remembers as numpy.

torch changes its state in place, so each state's numpy view is made once and a frame costs one copy of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from app.labs.optimizer.racers import Racer
from app.labs.optimizer.rules.build import recipe
from app.labs.optimizer.rules.rates import Rate, rate_of
from app.labs.optimizer.rules.swats import SGD, rate
from app.labs.optimizer.rules.table import RULES, State, states
from app.labs.optimizer.schedules import Series


def host(t: Tensor) -> np.ndarray:
    """A tensor as numpy: a view of the same memory on the CPU, a copy from a GPU."""
    view: np.ndarray = t.detach().cpu().numpy()
    return view


def _number(value: Any) -> float:
    """A setting of a rule that nobody knows, which may be anything."""
    return float(value) if isinstance(value, int | float) else float("nan")


class Lane:
    """Racer ``index``; ``p`` is its parameter (2,), ``group`` its group in ``optimizer``."""

    def __init__(
        self,
        index: int,
        racer: Racer,
        p: Tensor,
        optimizer: torch.optim.Optimizer,
        group: dict[str, Any],
        steps: int,
        switched: bool,
    ) -> None:
        self.index, self.p, self.optimizer, self.group = index, p, optimizer, group
        self.switched = switched
        self.dtype = host(p).dtype
        self.inner = getattr(optimizer, "inner", optimizer)
        self.guest = racer.rule not in RULES
        self.raised = ""
        self._kept: dict[str, tuple[Tensor, np.ndarray]] = {}
        self.states: tuple[State, ...] = ()
        self._asked, self._made = racer.lr, group["lr"]  # some rules of the catalogue scale their rate when they are made
        self.set(racer, steps)

    def set(self, racer: Racer, steps: int) -> None:
        """Take these settings from the next step on; what is remembered stays."""
        self.racer = racer
        self.settings = settings = racer.settings()
        if self.guest:
            options = {"lr": self._made if racer.lr == self._asked else self._made / self._asked * racer.lr}
        elif self.inner is self.optimizer:
            options = recipe(settings, self.switched)[1]
        else:
            options = {name: settings[name] for name in self.group if name in settings}
            if settings["base"] == "sgd":
                options.pop("momentum", None)
        self.group.update({name: value for name, value in options.items() if name != "initial_accumulator_value"})
        self.series = Series(racer.schedule, self.group["lr"], steps)
        self.states = (*states(settings), *self._dormant(settings))
        if settings["rule"] == "rmsprop":
            self._begin_late()
        self.keys = [(state.name, f"state/{self.index}/{state.name}") for state in self.states]
        self.rate: Rate = rate_of(settings)

    def _dormant(self, settings: Mapping[str, object]) -> Iterator[State]:
        """What these settings do not use but torch still remembers: a momentum switched off and on again goes on from there."""
        used = {state.name for state in states(settings)}
        remembered = self.inner.state[self.p]
        return (state for state in self.states if state.name not in used and remembered.get(state.name) is not None)

    def _begin_late(self) -> None:
        """torch's RMSprop makes its buffers at the first step only: one that a branch asks for starts from zero like the others."""
        remembered = self.inner.state[self.p]
        for state in self.states:
            if remembered and state.name not in remembered:
                remembered[state.name] = torch.zeros_like(self.p)

    def prepare(self, t: int) -> None:
        """Give the optimizer the rate and the momentum of step t."""
        if self.series.constant:
            return
        self.group["lr"], momentum = self.series.at(t)
        if momentum is not None and "betas" in self.group:
            self.group["betas"] = (momentum, self.group["betas"][1])
        elif momentum is not None:
            self.group["momentum"] = momentum

    def step(self, gradient: Tensor) -> None:
        """A step of a rule whose inside nobody knows. Where it raises, ``raised`` says why and the position becomes NaN."""
        assert self.p.grad is not None
        self.p.grad.copy_(gradient)  # its own: some of these rules change it in place
        try:
            self.optimizer.step()
        except Exception as error:
            self.raised = str(error)[:200] or type(error).__name__
            self.p.fill_(float("nan"))

    def used(self, before: Mapping[str, np.ndarray]) -> tuple[float, float]:
        """(rate, momentum) of the step just made, ``before`` being what it remembered: Adam's momentum is beta_1, SWATS's rate
        after the hand-over is SGD's."""
        group = self.group
        betas = group.get("betas")
        if self.rate is None:
            return _number(group.get("lr")), _number(betas[0] if betas else group.get("momentum", 0.0))
        momentum = group.get("momentum", 0.0) if betas is None or not group.get("use_momentum", True) else betas[0]
        if "phase" in before and before["phase"] == SGD:
            return float(rate(group, self.inner.state[self.p])), momentum
        return group["lr"], momentum

    def memory(self) -> dict[str, np.ndarray]:
        """Copies of its state by name, in the run's dtype."""
        found: dict[str, np.ndarray] = {}
        own, inner = self.optimizer.state[self.p], self.inner.state[self.p]
        for state in self.states:
            name = state.name
            value = inner.get(name)
            if value is None and own is not inner:
                value = own.get(name)
            if isinstance(value, Tensor) and self.rate is None:  # whatever its type is, and it may change places
                found[name] = host(value.to(self.p.dtype)).reshape(state.shape).copy()
            elif isinstance(value, Tensor):
                kept = self._kept.get(name)
                if kept is None or kept[0] is not value:
                    kept = self._kept[name] = (value, host(value).reshape(state.shape))
                view = kept[1] if not value.is_cuda else host(value).reshape(state.shape)
                found[name] = view.copy()
            else:
                found[name] = np.full(state.shape, state.initial if value is None else value, self.dtype)
        return found
