"""SGDW (I. Loshchilov and F. Hutter, 2019, arXiv:1711.05101): SGD with momentum whose weight decay goes past the buffer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch


class SGDW(torch.optim.SGD):
    """theta_t = (1 - eta lambda) theta_{t-1} - eta b_t: the weights shrink first, then torch's SGD takes its step."""

    def __init__(
        self, params: Any, lr: float = 1e-3, momentum: float = 0.9, dampening: float = 0, weight_decay: float = 1e-2
    ) -> None:
        super().__init__(params, lr=lr, momentum=momentum, dampening=dampening, foreach=False)
        self.defaults["decay"] = weight_decay
        for group in self.param_groups:
            group.setdefault("decay", weight_decay)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Shrink the weights that have a gradient, then step."""
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.mul_(1 - group["lr"] * group["decay"])
        return super().step(closure)
