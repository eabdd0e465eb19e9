"""Lion (X. Chen et al., 2023, arXiv:2302.06675, algorithm 2): every coordinate goes the same length, only the sign is learned."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from app.labs.optimizer.rules.base import OwnRule


class Lion(OwnRule):
    """c_t = beta_1 m_{t-1} + (1 - beta_1) g_t, theta_t = (1 - eta w) theta_{t-1} - eta sign(c_t); m has the decay beta_2."""

    decoupled = True

    def __init__(self, params: Any, lr: float = 1e-4, betas: tuple[float, float] = (0.9, 0.99), weight_decay: float = 0) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    def begin(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        return {"exp_avg": torch.zeros_like(p)}

    def update(self, p: Tensor, g: Tensor, t: int, group: dict[str, Any], state: dict[str, Any]) -> None:
        beta_1, beta_2 = group["betas"]
        eta, m = group["lr"], state["exp_avg"]
        if group["weight_decay"]:
            p.mul_(1 - eta * group["weight_decay"])
        c_t = m.lerp(g, 1 - beta_1)
        p.sub_(eta * c_t.sign())
        m.lerp_(g, 1 - beta_2)
