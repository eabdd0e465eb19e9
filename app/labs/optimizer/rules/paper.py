"""The papers' forms where they differ from torch's. None has an epsilon; a schedule reaches the rate inside the velocity."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from app.labs.optimizer.rules.base import OwnRule


class PaperMomentum(OwnRule):
    """v_t = mu v_{t-1} - eta g_t, theta_t = theta_{t-1} + v_t: the rate is inside the velocity (Polyak 1964).

    With ``nesterov``, theta_t = theta_{t-1} + mu v_t - eta g_t (Y. Bengio et al. 2012, arXiv:1212.0901, eq. 7): the parameter is
    then the point looked ahead to of I. Sutskever et al. 2013, at which the gradient is made.
    """

    def __init__(self, params: Any, lr: float, momentum: float = 0.9, nesterov: bool = False, weight_decay: float = 0) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "nesterov": nesterov, "weight_decay": weight_decay})

    def begin(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        return {"velocity": torch.zeros_like(p)}

    def update(self, p: Tensor, g: Tensor, t: int, group: dict[str, Any], state: dict[str, Any]) -> None:
        mu, eta, v_t = group["momentum"], group["lr"], state["velocity"]
        v_t.mul_(mu).sub_(eta * g)
        p.add_(mu * v_t - eta * g if group["nesterov"] else v_t)


class PaperRMSprop(OwnRule):
    """v_1 = g_1^2, v_t = alpha v_{t-1} + (1 - alpha) g_t^2, theta_t = theta_{t-1} - eta g_t / sqrt(v_t) (Tieleman and Hinton 2012).

    A gradient that is zero from the start gives 0/0.
    """

    def __init__(self, params: Any, lr: float, alpha: float = 0.99, weight_decay: float = 0) -> None:
        super().__init__(params, {"lr": lr, "alpha": alpha, "weight_decay": weight_decay})

    def begin(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        return {"square_avg": torch.zeros_like(p)}

    def update(self, p: Tensor, g: Tensor, t: int, group: dict[str, Any], state: dict[str, Any]) -> None:
        alpha, v_t = group["alpha"], state["square_avg"]
        if t == 1:
            v_t.copy_(g * g)
        else:
            v_t.mul_(alpha).add_((1 - alpha) * g * g)
        p.sub_(group["lr"] * g / v_t.sqrt())


class PaperAMSGrad(OwnRule):
    """m, v as Adam's, v_hat_t = max(v_hat_{t-1}, v_t), theta_t = theta_{t-1} - eta m_t / sqrt(v_hat_t), no bias correction.

    S. J. Reddi, S. Kale and S. Kumar, On the convergence of Adam and beyond, 2018, algorithm 2.
    """

    def __init__(self, params: Any, lr: float, betas: tuple[float, float] = (0.9, 0.999), weight_decay: float = 0) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    def begin(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        return {name: torch.zeros_like(p) for name in ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")}

    def update(self, p: Tensor, g: Tensor, t: int, group: dict[str, Any], state: dict[str, Any]) -> None:
        beta_1, beta_2 = group["betas"]
        m_t, v_t, v_hat = state["exp_avg"], state["exp_avg_sq"], state["max_exp_avg_sq"]
        m_t.mul_(beta_1).add_((1 - beta_1) * g)
        v_t.mul_(beta_2).add_((1 - beta_2) * g * g)
        torch.maximum(v_hat, v_t, out=v_hat)
        p.sub_(group["lr"] * m_t / v_hat.sqrt())
