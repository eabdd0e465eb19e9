"""The language of f(x, y): what is typed becomes a torch function and a formula.

    f = parse("(1 - x)^2 + 100(y - x^2)^2")
    f.compile()(x, y)       # tensors in, a tensor of losses out; autograd gives the exact gradient
    f.latex()               # \\left(1 - x\\right)^{2} + 100 \\left(y - x^{2}\\right)^{2}

Operators + - * / ^ (or **), brackets, numbers, x, y, pi, e, the functions of ``tree.FUNCTIONS``, and the named
constants handed in. Nothing else has a meaning, so nothing else can run. Full-width characters are read as what
they stand for. No torch is imported to parse or typeset.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from app.labs.optimizer.expression.source import function_source
from app.labs.optimizer.expression.tokens import read, refuse
from app.labs.optimizer.expression.tree import FUNCTIONS, NAMES, Node, grow
from app.labs.optimizer.expression.typeset import latex

if TYPE_CHECKING:
    from torch import Tensor

TorchFunction: TypeAlias = "Callable[[Tensor, Tensor], Tensor]"


@dataclass(frozen=True)
class Expression:
    """A parsed f(x, y): ``text`` as typed, ``root`` its tree."""

    text: str
    root: Node

    def source(self, name: str = "f") -> str:
        """Python source that defines ``NAME(x, y)`` over torch tensors; ``torch`` must be imported where it runs."""
        return function_source(self.root, name)

    def compile(self) -> TorchFunction:
        """f over tensors x and y of one shape, elementwise: exactly the code that ``source`` shows."""
        return _compiled(self.source())

    def latex(self) -> str:
        """The formula for readers, with as few brackets as it needs."""
        return latex(self.root)


def parse(text: str, constants: Mapping[str, float] | None = None) -> Expression:
    """Read a typed f(x, y). ``constants`` are further names and their numbers, e.g. ``{"condition": 25.0}``.

    Raises UserError (ids ``expression.*``, values with the position and the piece) for anything that is not one.
    """
    names = {**NAMES, **(constants or {})}
    root = grow(read(text, names, FUNCTIONS), names)
    if root.value is not None:
        refuse("constant", value=root.value)
    return Expression(text, root)


@lru_cache(maxsize=256)
def _compiled(source: str) -> TorchFunction:
    import torch

    # The source was written by function_source from the tree: names of FUNCTIONS, x, y and numbers, nothing typed.
    scope: dict[str, object] = {"torch": torch}
    exec(compile(source, "<expression>", "exec"), scope)
    function = scope["f"]
    assert callable(function)
    return function
