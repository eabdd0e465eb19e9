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

    ``eps`` is also Adam's epsilon, as in the paper. The projection is over the whole of a parameter (D,): a vector is one decision.
    In a parameter (D, ...) every column is such a vector, and its decision its own. ``state["lambda"]`` is the mean,
    ``lambda_hat`` the same with its start corrected, ``rate`` the rate that SGD took over with: a number a vector.
    """

    def __init__(
        self, params: Any, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-6, weight_decay: float = 0
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    def begin(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        vectors = {name: torch.zeros_like(p) for name in ("exp_avg", "exp_avg_sq", "momentum_buffer")}
        numbers = {"lambda": 0.0, "lambda_hat": 0.0, "gamma": math.nan, "phase": ADAM, "rate": 0.0, "lr_then": 1.0}
        return {**vectors, **{name: torch.full_like(p[0], value) for name, value in numbers.items()}}

    def agrees(self, mean: Tensor, gamma: Tensor, eps: float) -> Tensor:
        """Whether the corrected mean of gamma and gamma_t are near enough."""
        return (mean > 0) & ((mean - gamma).abs() <= 1e-8 + gamma.abs() * eps)

    def update(self, p: Tensor, g: Tensor, t: int, group: dict[str, Any], state: dict[str, Any]) -> None:
        beta_1, beta_2 = group["betas"]
        sgd = state["phase"] == SGD
        if bool(sgd.any()):
            b_t = state["momentum_buffer"].mul_(beta_1).add_(torch.where(sgd, g, 0.0))
            p.sub_(b_t.mul(1 - beta_1).mul_(rate(group, state)))
        if bool(sgd.all()):
            return
        m_t = state["exp_avg"].lerp_(g, 1 - beta_1)
        v_t = state["exp_avg_sq"].mul_(beta_2).addcmul_(g, g, value=1 - beta_2)
        step_size = group["lr"] * math.sqrt(1 - beta_2**t) / (1 - beta_1**t)
        p_t = (m_t / (v_t.sqrt() + group["eps"])).mul_(-step_size).masked_fill_(sgd, 0.0)
        p.add_(p_t)
        p_g = (p_t * g).sum(0)
        told = p_g != 0  # the others keep what they knew
        gamma_t = torch.where(told, (p_t * p_t).sum(0) / -p_g, state["gamma"])
        lambda_t = torch.where(told, torch.lerp(state["lambda"], gamma_t, 1 - beta_2), state["lambda"])
        mean = torch.where(told, lambda_t / (1 - beta_2**t), state["lambda_hat"])
        state.update({"gamma": gamma_t, "lambda": lambda_t, "lambda_hat": mean})
        if t > 1:
            now = told & self.agrees(mean, gamma_t, group["eps"])
            new = {"phase": mean.new_tensor(SGD), "rate": mean, "lr_then": mean.new_tensor(group["lr"])}
            state.update({name: torch.where(now, value, state[name]) for name, value in new.items()})


def rate(group: dict[str, Any], state: dict[str, Any]) -> Tensor:
    """SGD's rate Lambda; a schedule goes on scaling it from where Adam left it."""
    then: Tensor = state["rate"]
    now: Tensor = then.new_tensor(group["lr"]) / state["lr_then"]  # tensor / tensor: x / x is 1
    return then * now


class PaperSWATS(SWATS):
    """The hand-over as the paper writes it: |lambda_t / (1 - beta_2^t) - gamma_t| < eps."""

    def agrees(self, mean: Tensor, gamma: Tensor, eps: float) -> Tensor:
        return (mean - gamma).abs() < eps
