"""One setting that differs from path to path, handed to a torch optimizer where it expects a number.

    with Spreading(like):
        optimizer.step()    # lr, betas, ... of its group may be Spreads

An optimizer's own arithmetic on its settings (1 - beta ** t, lr / correction) is done path by path in float64, as torch does it
for one; where torch is handed a Spread, the same operation is called with a tensor. So no rule is written a second time. Torch's
operations round alike for a number and for a tensor of it: a test compares with single runs, bit for bit.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode


class Spread(float):
    """A float that is many: ``values``, float64, broadcast against the paths (height, width). As one number it is NaN."""

    values: np.ndarray

    def __new__(cls, values: np.ndarray) -> Spread:
        self = super().__new__(cls, float("nan"))
        self.values = values
        return self

    def __bool__(self) -> bool:
        return self._all(self.values != 0)

    def __neg__(self) -> Spread:
        return Spread(-self.values)

    def __hash__(self) -> int:
        return id(self)

    def _all(self, true: np.ndarray) -> bool:
        """What holds for every path. Raises ValueError where the paths differ: they cannot step together."""
        if true.all() or not true.any():
            return bool(true.any())
        raise ValueError("the paths would take different branches of the rule")


def _arithmetic(act: Callable[[Any, Any], Any], swapped: bool) -> Callable[[Spread, Any], Any]:
    def method(self: Spread, other: Any) -> Any:
        if isinstance(other, Tensor):
            return NotImplemented  # torch's turn
        theirs = other.values if isinstance(other, Spread) else np.float64(other)
        return Spread(act(theirs, self.values) if swapped else act(self.values, theirs))

    return method


def _power(base: np.ndarray, exponent: np.ndarray) -> np.ndarray:
    """Python's own power: numpy's vector one differs in the last bit."""
    base, exponent = np.broadcast_arrays(base, exponent)
    powers = [b**e for b, e in zip(base.ravel().tolist(), exponent.ravel().tolist(), strict=True)]
    return np.array(powers).reshape(base.shape)


def _comparison(act: Callable[[Any, Any], Any]) -> Callable[[Spread, Any], bool]:
    def method(self: Spread, other: Any) -> bool:
        return self._all(act(self.values, other.values if isinstance(other, Spread) else other))

    return method


for _name, _act in {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
    "pow": _power,
}.items():
    setattr(Spread, f"__{_name}__", _arithmetic(_act, swapped=False))
    setattr(Spread, f"__r{_name}__", _arithmetic(_act, swapped=True))
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(Spread, f"__{_name}__", _comparison(getattr(operator, _name)))


class Spreading(TorchFunctionMode):
    """While it is on, torch takes Spreads for numbers; their tensors are of ``like``'s type and on its device."""

    def __init__(self, like: Tensor) -> None:
        super().__init__()
        self._like = like

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if not any(isinstance(one, Spread) for one in (*args, *kwargs.values())):
            return func(*args, **kwargs)
        alpha, value = kwargs.get("alpha"), kwargs.get("value")
        match func.__name__:
            case "add" | "add_" if isinstance(alpha, Spread):  # x + alpha y, rounded once
                x, y = args
                return (x.addcmul_ if func.__name__ == "add_" else x.addcmul)(y, self._tensor(alpha))
            case "addcmul_" if isinstance(value, Spread):  # x + (value a) b
                x, a, b = args
                return x.addcmul_(a * self._tensor(value), b)
            case "addcdiv_" if isinstance(value, Spread):  # x + (value a) / b
                x, a, b = args
                return x.add_((a * self._tensor(value)).div_(b))
            case "new_tensor":
                return self._tensor(args[1])
        return func(*(self._plain(one) for one in args), **{name: self._plain(one) for name, one in kwargs.items()})

    def _plain(self, one: Any) -> Any:
        return self._tensor(one) if isinstance(one, Spread) else one

    def _tensor(self, spread: Spread) -> Tensor:
        return torch.from_numpy(spread.values).to(self._like.device, self._like.dtype)
