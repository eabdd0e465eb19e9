"""The lecture notes' formulas to the letter, mistakes included: what they do is there to be seen.

The notes count gradients from 0: g_{t-1} is the gradient made at theta_{t-1}, which the frames call g_t.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from app.labs.optimizer.rules.base import OwnRule


class NotesMomentum(OwnRule):
    """v_t = -eta g_{t-1}, theta_t = theta_{t-1} + v_t + m v_{t-1}, v_0 = 0: two gradients, no recursion."""

    def __init__(self, params: Any, lr: float, momentum: float = 0.9, weight_decay: float = 0) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    def begin(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        return {"velocity": torch.zeros_like(p)}

    def update(self, p: Tensor, g: Tensor, t: int, group: dict[str, Any], state: dict[str, Any]) -> None:
        v = state["velocity"]
        v_t = -group["lr"] * g
        p.add_(v_t + group["momentum"] * v)
        v.copy_(v_t)


class NotesAdagrad(OwnRule):
    """theta_t = theta_{t-1} - eta g_{t-1} / sqrt(g_0^2 + ... + g_{t-1}^2): 0/0 while the gradients are zero."""

    def __init__(self, params: Any, lr: float, weight_decay: float = 0) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    def begin(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        return {"sum": torch.zeros_like(p)}

    def update(self, p: Tensor, g: Tensor, t: int, group: dict[str, Any], state: dict[str, Any]) -> None:
        s_t = state["sum"].add_(g * g)
        p.sub_(group["lr"] / s_t.sqrt() * g)


class NotesRMSprop(OwnRule):
    """v_1 = g_0, v_t = alpha v_{t-1} + (1 - alpha) g_{t-1}^2, theta_t = theta_{t-1} - eta g_{t-1} / sqrt(v_t).

    The first gradient enters without its square, so where it is negative the root does not exist.
    """

    def __init__(self, params: Any, lr: float, alpha: float = 0.99, weight_decay: float = 0) -> None:
        super().__init__(params, {"lr": lr, "alpha": alpha, "weight_decay": weight_decay})

    def begin(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        return {"square_avg": torch.zeros_like(p)}

    def update(self, p: Tensor, g: Tensor, t: int, group: dict[str, Any], state: dict[str, Any]) -> None:
        alpha, v_t = group["alpha"], state["square_avg"]
        if t == 1:
            v_t.copy_(g)
        else:
            v_t.mul_(alpha).add_((1 - alpha) * g * g)
        p.sub_(group["lr"] / v_t.sqrt() * g)
