r"""SWATS (N. S. Keskar and R. Socher, 2017, arXiv:1712.07628, algorithm 1): Adam that hands over to SGD and finds SGD's rate.

Adam's step p_t is projected on the gradient's direction: SGD would need the rate gamma_t = (p.p) / (-p.g) to go as far. When the
mean of gamma, corrected for its start, agrees with gamma_t, SGD takes over with that rate.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from app.labs.optimizer.rules.base import OwnRule

ADAM, SGD = 0.0, 1.0


class SWATS(OwnRule):
    """The hand-over as ``pytorch_optimizer`` tests it: the mean is positive and within 1e-8 + eps gamma_t of gamma_t.

    ``eps`` is also Adam's epsilon, as in the paper. The projection is over the whole parameter: one 2-vector is one decision.
    ``state["lambda"]`` is the mean, ``lambda_hat`` the same with its start corrected, ``rate`` the rate that SGD took over with.
    """

    def __init__(
        self, params: Any, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-6, weight_decay: float = 0
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    def begin(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        vectors = {name: torch.zeros_like(p) for name in ("exp_avg", "exp_avg_sq", "momentum_buffer")}
        return {
            **vectors,
            "lambda": torch.zeros(1, dtype=p.dtype, device=p.device),
            "lambda_hat": 0.0,
            "gamma": math.nan,
            "phase": ADAM,
        }

    def agrees(self, mean: Tensor, gamma: Tensor, eps: float) -> bool:
        """Whether the corrected mean of gamma and gamma_t are near enough."""
        return bool(mean > 0) and torch.allclose(mean, gamma, rtol=eps, atol=1e-8)

    def update(self, p: Tensor, g: Tensor, t: int, group: dict[str, Any], state: dict[str, Any]) -> None:
        beta_1, beta_2 = group["betas"]
        if state["phase"] == SGD:
            b_t = state["momentum_buffer"].mul_(beta_1).add_(g)
            p.sub_(b_t.mul(1 - beta_1).mul_(rate(group, state)))
            return
        m_t = state["exp_avg"].lerp_(g, 1 - beta_1)
        v_t = state["exp_avg_sq"].mul_(beta_2).addcmul_(g, g, value=1 - beta_2)
        step_size = group["lr"] * math.sqrt(1 - beta_2**t) / (1 - beta_1**t)
        p_t = (m_t / (v_t.sqrt() + group["eps"])).mul_(-step_size)
        p.add_(p_t)
        p_g = p_t.flatten().dot(g.flatten())
        if p_g == 0:
            return
        gamma_t = p_t.flatten().dot(p_t.flatten()) / -p_g
        lambda_t = state["lambda"].lerp_(gamma_t, 1 - beta_2)
        state["gamma"] = float(gamma_t)
        mean = lambda_t / (1 - beta_2**t)
        state["lambda_hat"] = float(mean)
        if t > 1 and self.agrees(mean, gamma_t, group["eps"]):
            state.update(phase=SGD, rate=float(mean), lr_then=group["lr"])


def rate(group: dict[str, Any], state: dict[str, Any]) -> float:
    """SGD's rate Lambda; a schedule goes on scaling it from where Adam left it."""
    factor = group["lr"] / state["lr_then"]
    return float(state["rate"] * factor)


class PaperSWATS(SWATS):
    """The hand-over as the paper writes it: |lambda_t / (1 - beta_2^t) - gamma_t| < eps."""

    def agrees(self, mean: Tensor, gamma: Tensor, eps: float) -> bool:
        return bool((mean - gamma).abs() < eps)
