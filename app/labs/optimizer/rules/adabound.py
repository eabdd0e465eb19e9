r"""AdaBound and AMSBound (L. Luo et al., 2019, arXiv:1902.09843): Adam whose rate is clipped into a band that narrows to one rate.

The authors' code and their algorithm 2 differ: the code corrects the bias, the paper divides the step by sqrt(t).
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from app.labs.optimizer.rules.base import OwnRule


class AdaBound(OwnRule):
    """As the authors' code. ``final_lr`` is the rate that the band closes on, ``gamma`` how fast.

    A schedule scales the band: it is ``final_lr * lr / base_lr``, where ``base_lr`` is the rate that the optimizer was made with.
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        final_lr: float = 0.1,
        gamma: float = 1e-3,
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsbound: bool = False,
    ) -> None:
        settings = {"final_lr": final_lr, "gamma": gamma, "eps": eps, "weight_decay": weight_decay, "amsbound": amsbound}
        super().__init__(params, {"lr": lr, "betas": betas, **settings})
        for group in self.param_groups:
            group["base_lr"] = group["lr"]

    def begin(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        names = ("exp_avg", "exp_avg_sq", *(("max_exp_avg_sq",) if group["amsbound"] else ()))
        return {name: torch.zeros_like(p) for name in names}

    def moments(self, g: Tensor, group: dict[str, Any], state: dict[str, Any]) -> tuple[Tensor, Tensor]:
        """m_t and v_t, or for AMSBound the largest v so far."""
        beta_1, beta_2 = group["betas"]
        m_t = state["exp_avg"].lerp_(g, 1 - beta_1)
        v_t = state["exp_avg_sq"].mul_(beta_2).addcmul_(g, g, value=1 - beta_2)
        if not group["amsbound"]:
            return m_t, v_t
        v_hat = state["max_exp_avg_sq"]
        torch.maximum(v_hat, v_t, out=v_hat)
        return m_t, v_hat

    def update(self, p: Tensor, g: Tensor, t: int, group: dict[str, Any], state: dict[str, Any]) -> None:
        beta_1, beta_2 = group["betas"]
        eta, gamma = group["lr"], group["gamma"]
        m_t, v_t = self.moments(g, group, state)
        alpha_final = group["final_lr"] * eta / group["base_lr"]
        eta_l = state["lower_bound"] = alpha_final * (1 - 1 / (gamma * t + 1))
        eta_u = state["upper_bound"] = alpha_final * (1 + 1 / (gamma * t))
        step_size = eta * math.sqrt(1 - beta_2**t) / (1 - beta_1**t)
        # a number / a tensor is a reciprocal and a product in torch: a true division rounds once
        eta_t = (p.new_tensor(step_size) / (v_t.sqrt() + group["eps"])).clamp_(eta_l, eta_u)
        p.sub_(eta_t * m_t)


class PaperAdaBound(AdaBound):
    """As algorithm 2 (3 for AMSBound): no bias correction, no epsilon, eta_t = clip(eta / sqrt(v_t), eta_l, eta_u) / sqrt(t)."""

    def update(self, p: Tensor, g: Tensor, t: int, group: dict[str, Any], state: dict[str, Any]) -> None:
        gamma, alpha_final = group["gamma"], group["final_lr"]
        m_t, v_t = self.moments(g, group, state)
        eta_l = state["lower_bound"] = alpha_final - alpha_final / (gamma * t + 1)
        eta_u = state["upper_bound"] = alpha_final + alpha_final / (gamma * t)
        eta_hat = (group["lr"] / v_t.sqrt()).clamp_(eta_l, eta_u)
        p.sub_(eta_hat / math.sqrt(t) * m_t)
