"""Training, a step at a time: Adam under a rate that rises and falls linearly, the gradient clipped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Recipe:
    """How a network is trained; goes into its card as it is."""

    steps: int = 2500
    batch: int = 64
    peak_lr: float = 2e-3
    warm_up: float = 0.1
    """Share of the steps in which the rate rises from 0; then it falls to 0, both linearly."""
    betas: tuple[float, float] = (0.9, 0.98)
    clip: float = 1.0
    """The gradient's norm at most."""
    held_out: int = 1000
    seed: int = 0


@dataclass(frozen=True)
class Step:
    """What one step was made of."""

    loss: float
    """Nats a token, before the step."""
    gradient: float
    """The gradient's norm, before it was clipped."""
    rate: float
    """Adam's learning rate."""


def steps(net: nn.Module, recipe: Recipe, next_loss: Callable[[], Tensor]) -> Iterator[Step]:
    """Trains ``net``: each ``next`` is one step of Adam on ``next_loss()``, the next batch's; ``recipe.steps`` of them."""
    optimizer = torch.optim.Adam(net.parameters(), lr=recipe.peak_lr, betas=recipe.betas, eps=1e-9)
    up = max(1, round(recipe.warm_up * recipe.steps))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda t: min((t + 1) / up, (recipe.steps - t) / max(1, recipe.steps - up))
    )
    for _ in range(recipe.steps):
        net.train()
        loss = next_loss()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        gradient = torch.nn.utils.clip_grad_norm_(net.parameters(), recipe.clip)
        rate = float(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
        net.eval()  # whoever looks between two steps sees no dropout
        yield Step(loss.item(), gradient.item(), rate)
