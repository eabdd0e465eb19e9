"""The paths of one part from their start to their end, all at once, by the race's own rules of what ends a path."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import torch
from torch import Tensor

from app.labs.optimizer.basins.plane import Plane
from app.labs.optimizer.basins.steppers import stepper
from app.labs.optimizer.field import DIVERGED, LIMIT, STOPPED
from app.labs.optimizer.passes import Part

NEVER = -1


@dataclass(frozen=True)
class Ends:
    """How the paths of a part ended: ``where`` (2, height, width), the others (height, width)."""

    where: Tensor
    loss: Tensor
    steps: Tensor
    """int32: the first step whose loss is within the tolerance of the least; NEVER."""
    minimum: Tensor
    """uint8: which minimum was reached, 255: none."""
    status: Tensor
    """uint8: 0 it went all steps, DIVERGED, STOPPED."""


def descend(plane: Plane, part: Part, device: str = "cpu") -> Generator[int, None, Ends]:
    """Takes one step at a time: yields its number after each, returns the ends."""
    params, source = plane.params, plane.source
    least = source.picture.minimum
    goal = float("nan") if least is None else least + params.tolerance
    with torch.no_grad():
        p = plane.starts(part, device)
        stepping = stepper(plane, part, p)
        status = torch.zeros(p.shape[1:], dtype=torch.uint8, device=device)
        seen = torch.zeros(p.shape[1:], dtype=torch.bool, device=device)
        unseen_steps = torch.zeros(p.shape[1:], dtype=torch.int32, device=device)
        gone: Tensor | None = None
        full = params.racers[0].rule == "gd"
    for t in range(1, params.steps + 1):
        with torch.no_grad():
            loss, gradient = source.slopes(p, t, full)
            seen.logical_or_(loss < goal)
            unseen_steps.add_(seen.logical_not())
            if not bool(loss.sum().isfinite()):
                gone = _leave(status, ~loss.isfinite(), None)
            if params.clip is not None:
                gradient = clipped(gradient, params.clip)
            before = p.clone()
            stepping.step(t, gradient, gone)
            if gone is not None:
                p.copy_(torch.where(gone, before, p))
            low, high = torch.aminmax(p)
            if not (float(low) >= -LIMIT and float(high) <= LIMIT):  # false for NaN
                out = ~(p.abs() <= LIMIT).all(dim=0)
                gone = _leave(status, out, (p.isnan() & gradient.isfinite()).any(dim=0))
                p.copy_(torch.where(gone, before, p))
        yield t
    with torch.no_grad():
        loss = source.losses.whole(p[0], p[1])
        seen.logical_or_(loss < goal)
        steps = torch.where(seen, unseen_steps, NEVER)
        return Ends(p, loss, steps, plane.reached(p), status)


def _leave(status: Tensor, out: Tensor, strange: Tensor | None) -> Tensor:
    """Marks who leaves now, as the race does: a NaN made of a finite gradient is the formula's. Returns all who left."""
    now = out & (status == 0)
    why = torch.full_like(status, DIVERGED) if strange is None else torch.where(strange, STOPPED, DIVERGED).to(torch.uint8)
    status.copy_(torch.where(now, why, status))
    return status != 0


def clipped(gradient: Tensor, most: float) -> Tensor:
    """Every path's gradient scaled down to the norm ``most`` where it is longer: the reduction is over its own two numbers."""
    norm = torch.linalg.vector_norm(gradient, dim=0, keepdim=True)
    return gradient * torch.clamp(most / (norm + 1e-6), max=1.0)
