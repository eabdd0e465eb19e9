"""Adam with its parts switched off one by one, so that one sees what each does: Adam = momentum + scaling + bias correction."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from app.labs.optimizer.rules.base import OwnRule


class SwitchedAdam(OwnRule):
    """Adam, AMSGrad or AdamW. With everything on it is torch's, to the last bit.

    ``use_momentum`` off: beta_1 = 0, the gradient itself is the direction. ``use_scaling`` off: no division by the root of v.
    ``bias_correction`` off: m and v are taken as they are. Without scaling and correction it is SGDM (with 1 - beta_1 before each
    gradient), without momentum and correction RMSProp.
    """

    decoupled = True  # handled in update, in torch's order

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        decoupled_weight_decay: bool = False,
        use_momentum: bool = True,
        use_scaling: bool = True,
        bias_correction: bool = True,
    ) -> None:
        kinds = {"amsgrad": amsgrad, "decoupled_weight_decay": decoupled_weight_decay}
        switches = {"use_momentum": use_momentum, "use_scaling": use_scaling, "bias_correction": bias_correction}
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, **kinds, **switches})

    def begin(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        names = ("exp_avg", "exp_avg_sq", *(("max_exp_avg_sq",) if group["amsgrad"] else ()))
        return {name: torch.zeros_like(p) for name in names}

    def update(self, p: Tensor, g: Tensor, t: int, group: dict[str, Any], state: dict[str, Any]) -> None:
        beta_1, beta_2 = group["betas"]
        eta, decay = group["lr"], group["weight_decay"]
        if not group["use_momentum"]:
            beta_1 = 0.0
        if decay and group["decoupled_weight_decay"]:
            p.mul_(1 - eta * decay)
        elif decay:
            g = g.add(p, alpha=decay)
        m_t = state["exp_avg"].lerp_(g, 1 - beta_1)
        v_t = state["exp_avg_sq"].mul_(beta_2).addcmul_(g, g, value=1 - beta_2)
        if group["amsgrad"]:
            v_hat = state["max_exp_avg_sq"]
            torch.maximum(v_hat, v_t, out=v_hat)
            v_t = v_hat
        correction_1, correction_2 = (1 - beta_1**t, 1 - beta_2**t) if group["bias_correction"] else (1.0, 1.0)
        if group["use_scaling"]:
            denominator = (v_t.sqrt() / math.sqrt(correction_2)).add_(group["eps"])
            p.addcdiv_(m_t, denominator, value=-(eta / correction_1))
        else:
            p.add_(m_t, alpha=-(eta / correction_1))
