"""A forward pass whose numbers keep their gradients: what attributions and the backward view are made of.

It runs in the calling thread, to its end, on one picture or on several at once, and numbers its operations as
:class:`app.labs.convolution.network.seen.Seen` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from app.labs.convolution.network.listening import listening
from app.labs.convolution.network.seen import Edit, Operation, _Made, _Pass


class Live(_Pass):
    """``net`` on ``x`` (N, C, H, W). The edit is handed the live tensors; what it returns goes on in place of an output."""

    def __init__(self, net: nn.Module, x: Tensor, edit: Edit | None = None) -> None:
        super().__init__(net, x, True, edit, True)

    def run(self) -> Any:
        """What the network returns. Raises what it raises."""
        try:
            with torch.enable_grad(), listening(self._net, self):
                self._hand(Operation(0, "input", 0, "Input", "input", {}, False, [], [], self._x), [self._x])
                return self._net(self._x)
        finally:
            self._made.clear()

    def _kept(self, tensor: Tensor) -> Tensor:
        return tensor

    def _hand(self, operation: Operation, live: Sequence[Tensor]) -> None:
        for i, tensor in enumerate(live):
            self._made[tensor] = _Made(self._count, operation.output if i == 0 else tensor, tensor._version)
        self._count += 1
