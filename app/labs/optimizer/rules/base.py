"""What our own rules share: a torch.optim.Optimizer whose whole arithmetic is one function, ``update``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


class OwnRule(torch.optim.Optimizer):
    """A rule that torch lacks. A subclass writes ``begin`` (the memory before step 1) and ``update`` (one step, in place).

    ``state["step"]`` is t, a Python number. A coupled ``weight_decay`` is added to the gradient before ``update`` sees it,
    unless the class says ``decoupled``.
    """

    decoupled = False

    def begin(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """The memory of one parameter before its first step."""
        raise NotImplementedError

    def update(self, p: Tensor, g: Tensor, t: int, group: dict[str, Any], state: dict[str, Any]) -> None:
        """Step t: change ``p`` and ``state`` in place."""
        raise NotImplementedError

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Step every parameter that has a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            decay = group.get("weight_decay", 0)
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if not state:
                    state.update(step=0, **self.begin(p, group))
                state["step"] += 1
                g = p.grad.add(p, alpha=decay) if decay and not self.decoupled else p.grad
                self.update(p, g, state["step"], group, state)
        return loss
