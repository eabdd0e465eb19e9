"""Lookahead (M. R. Zhang et al., 2019, arXiv:1907.08610): k steps forward with any rule, then one step back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch


class Lookahead(torch.optim.Optimizer):
    """Fast weights theta go ``k`` steps by ``inner``; then phi = phi + alpha (theta - phi), and theta starts again from phi.

    ``state[p]["slow"]`` is phi; the inner rule keeps its own state.
    """

    def __init__(self, inner: torch.optim.Optimizer, k: int = 5, alpha: float = 0.5) -> None:
        super().__init__(inner.param_groups, {"k": k, "alpha": alpha})
        self.inner = inner
        self.param_groups = inner.param_groups  # one lr for both
        self.steps = 0
        for group in self.param_groups:
            for p in group["params"]:
                self.state[p]["slow"] = p.detach().clone()

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One inner step, and after every k-th the step back."""
        loss = self.inner.step(closure)
        self.steps += 1
        for group in self.param_groups:
            if self.steps % group["k"]:
                continue
            for p in group["params"]:
                if p.grad is not None:
                    slow = self.state[p]["slow"]
                    slow.lerp_(p, group["alpha"])
                    p.copy_(slow)
        return loss
