"""A tree as Python source over torch tensors x and y: what a run executes is what a copied script shows.

A racer's numbers must not depend on how many racers there are. torch rounds + - * /, sqrt, exp, log, sin, cos, tan, tanh and their
like the same for one number and for sixteen; its general pow, sinh, cosh and sigmoid it does not (its vector and its scalar code
differ in the last bit, measured with torch 2.13 on AVX2 from 8 float64 numbers on), so those are built from the former here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from app.labs.optimizer.expression.tree import FUNCTIONS, Call, Name, Negative, Node, Operation

HELPERS: Mapping[str, str] = {
    # a step over Himmelblau's surface took 263 us with u ** 2 and 169 us with u * u, the same bits
    "square": """\
def square(u):
    return u * u
""",
    "root": '''\
def root(u):
    """sqrt(u); its slope at u = 0 is taken as 0, a subgradient of sqrt(x^2 + y^2) there, where torch has NaN."""
    zero = u == 0
    return torch.sqrt(u.masked_fill(zero, 1)).masked_fill(zero, 0)
''',
    "power": '''\
def power(u, p):
    """u^p: whole powers by repeated squares, others as exp(p log u), with the slope 0 at u = 0."""
    if p < 0:
        return 1 / power(u, -p)
    if p % 1:
        zero = u == 0
        return torch.exp(p * torch.log(u.masked_fill(zero, 1))).masked_fill(zero, 0)
    result = None
    while True:
        if p % 2:
            result = u if result is None else result * u
        p = p // 2
        if p == 0:
            return result
        u = u * u
''',
    "sinh": """\
def sinh(u):
    return (torch.expm1(u) - torch.expm1(-u)) / 2
""",
    "cosh": """\
def cosh(u):
    return (torch.exp(u) + torch.exp(-u)) / 2
""",
    "sigmoid": """\
def sigmoid(u):
    return 0.5 + 0.5 * torch.tanh(0.5 * u)
""",
}
"""Functions that the source may call, by name."""

# How tightly each form binds in Python; a looser one inside a tighter one needs brackets.
_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(5)
_BINDING = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT}
_LIMIT = {"min": "max", "max": "min"}  # min(u, 3) is u clamped to at most 3


def function_source(node: Node, name: str) -> str:
    """``def NAME(x, y)`` and before it the helpers that it calls; ``torch`` must be imported where it runs."""
    body = _source(node)[0]
    helpers = [text + "\n\n" for helper, text in HELPERS.items() if re.search(rf"\b(?<!\.){helper}\(", body)]
    return "".join(helpers) + f"def {name}(x, y):\n    return {body}\n"


def _source(node: Node) -> tuple[str, int]:
    """The node in the order in which it was typed, and how tightly it binds. Numbers stay Python's: the tensors give the dtype."""
    if node.value is not None:
        text = _number(node.value)
        return text, _SIGN if text.startswith("-") else _ATOM
    match node:
        case Name(name=name):
            return name, _ATOM
        case Negative(operand=operand):
            return "-" + _bracketed(operand, _SIGN), _SIGN
        case Operation(symbol="^", left=base, right=exponent):
            return _power(base, exponent)
        case Operation(symbol=symbol, left=left, right=right):
            binding = _BINDING[symbol]  # equal on the right still needs brackets: a + (b + c) rounds differently
            return f"{_bracketed(left, binding)} {symbol} {_bracketed(right, binding + 1)}", binding
        case Call(function="min" | "max" as name, arguments=(a, b)) if a.value is not None or b.value is not None:
            tensor, number = (b, a) if a.value is not None else (a, b)  # torch.minimum takes no Python number
            return f"torch.clamp({_source(tensor)[0]}, {_LIMIT[name]}={_source(number)[0]})", _ATOM
        case Call(function=name, arguments=arguments):
            return f"{FUNCTIONS[name].torch}({', '.join(_source(argument)[0] for argument in arguments)})", _ATOM
        case _:
            raise TypeError(f"no such node: {node!r}")


def _power(base: Node, exponent: Node) -> tuple[str, int]:
    p = exponent.value
    if p == 1:
        return _source(base)
    if p == 0:
        return f"{_bracketed(base, _ATOM)} ** 0", _POWER
    if p == 2:
        return (f"{base.name} * {base.name}", _PRODUCT) if isinstance(base, Name) else (f"square({_source(base)[0]})", _ATOM)
    if p == 0.5:
        return f"root({_source(base)[0]})", _ATOM
    if p is not None:
        return f"power({_source(base)[0]}, {_number(p)})", _ATOM
    if base.value == math.e:
        return f"torch.exp({_source(exponent)[0]})", _ATOM
    # u^v = exp(v log u); a constant base is positive, the tree has seen to it
    logarithm = f"torch.log({_source(base)[0]})" if base.value is None else _number(math.log(base.value))
    return f"torch.exp({_bracketed(exponent, _PRODUCT)} * {logarithm})", _ATOM


def _bracketed(node: Node, binding: int) -> str:
    text, own = _source(node)
    return text if own >= binding else f"({text})"


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
