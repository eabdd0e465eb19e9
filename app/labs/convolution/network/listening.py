"""Tells who listens of every module and every torch function that is at work in this thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol
from weakref import WeakSet

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from app.labs.convolution.network import kinds


class Listener(Protocol):
    """Who is told; what ``leave`` and ``function`` return is what the network goes on with."""

    def enter(self, module: nn.Module) -> None:
        """A module begins."""

    def leave(self, module: nn.Module, args: list[Any], output: Any) -> Any:
        """It is done; None for its own output."""

    def inside(self) -> bool:
        """Whether functions are not told: they are within a module that is reported whole."""

    def writes(self, tensor: Any) -> None:
        """An operation is about to write into a tensor."""

    def function(self, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], output: Any) -> Any:
        """A function was called."""


class _Here(threading.local):
    """Who listens to this thread."""

    listener: Listener | None = None


_HERE = _Here()
_HOOKED: WeakSet[nn.Module] = WeakSet()
_HOOKING = threading.Lock()


@contextmanager
def listening(net: nn.Module, listener: Listener) -> Iterator[None]:
    """What this thread's modules and functions do meanwhile is told to the listener."""
    _hook(net)
    _HERE.listener = listener
    try:
        with _Functions(listener):
            yield
    finally:
        _HERE.listener = None


def _hook(net: nn.Module) -> None:
    """Hooks every module, once: they stay, for another run may be inside when one ends, and do nothing where nobody listens."""
    with _HOOKING:
        for module in net.modules():
            if module not in _HOOKED:
                _HOOKED.add(module)
                module.register_forward_pre_hook(_entering)
                module.register_forward_hook(_leaving, with_kwargs=True)


def _entering(module: nn.Module, args: Any) -> None:
    if _HERE.listener is not None:
        _HERE.listener.enter(module)


def _leaving(module: nn.Module, args: Any, kwargs: Any, output: Any) -> Any:
    return None if _HERE.listener is None else _HERE.listener.leave(module, [*args, *kwargs.values()], output)


class _Functions(TorchFunctionMode):
    """Tells of every torch function that is called outside torch's own modules, and of every write."""

    def __init__(self, listener: Listener) -> None:
        super().__init__()
        self._listener = listener

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None) -> Any:
        kwargs = kwargs or {}
        for tensor in flat(kinds.written(func, args, kwargs)):
            self._listener.writes(tensor)
        output = func(*args, **kwargs)
        return output if self._listener.inside() else self._listener.function(func, args, kwargs, output)


def flat(values: Any) -> Iterator[Tensor]:
    """The tensors among arguments, those in lists, tuples and dicts included."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from flat(value)
        elif isinstance(value, dict):
            yield from flat(value.values())


def numbers(values: Any) -> list[Tensor]:
    """Those that hold real numbers."""
    return [tensor for tensor in flat(values) if tensor.is_floating_point()]


def replaced(value: Any, old: Tensor, new: Tensor) -> Any:
    """``value`` with one tensor in it taken by another."""
    if value is old:
        return new
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(replaced(one, old, new) for one in value))
    if isinstance(value, list | tuple):
        return type(value)(replaced(one, old, new) for one in value)
    return value
