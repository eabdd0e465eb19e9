"""nn.RNNBase, what descends from it and what each can be asked, read out of torch itself."""

from __future__ import annotations

import inspect
import typing
from functools import cache

from torch import nn

from app.labs.contract import Plain


@cache
def family() -> dict[str, Plain]:
    """``base`` and ``subclasses``: each with its options; whether RNNBase has a forward, and what calling it raises."""
    base = nn.RNNBase
    children = [one for one in base.__subclasses__() if one.__module__ == base.__module__]  # others quantise: not for users
    return {
        "base": {"name": base.__name__, "parent": base.__mro__[1].__name__, "options": options(base), "forward": _own(base)},
        "raises": _raised(),
        "subclasses": [
            {"name": one.__name__, "options": options(one), "forward": _own(one), "answers": _answers(one)} for one in children
        ],
    }


def options(cls: type[nn.Module]) -> list[Plain]:
    """The constructor's parameters in their order: [name, default as code; None where one has to be given]."""
    said = _signature(cls.__init__)
    return [
        [name, None if one.default is one.empty else repr(one.default)] for name, one in said.parameters.items() if name != "self"
    ]


def _signature(function: typing.Any) -> inspect.Signature:
    """The first overload's where torch wrote some: the function itself takes anything then."""
    overloads = typing.get_overloads(function)
    return inspect.signature(overloads[0] if overloads else function)


def _own(cls: type[nn.Module]) -> bool:
    """Whether the class has a forward of its own."""
    return "forward" in vars(cls)


def _answers(cls: type[nn.Module]) -> str:
    """What forward takes and gives, without torch's long names."""
    text = str(_signature(cls.forward)).replace("(self, ", "(")
    return text.replace("torch.Tensor", "Tensor").replace(" -> ", " → ")


def _raised() -> str:
    """The name of what a call of a bare RNNBase raises."""
    try:
        nn.RNNBase("GRU", 1, 1)(None)
    except Exception as error:  # torch's own choice, and what is told
        return type(error).__name__
    return ""
