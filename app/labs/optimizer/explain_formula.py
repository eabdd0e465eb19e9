r"""A formula written once and read three ways: as typeset symbols, as numbers put in, as a value.

An explanation must not show one formula and compute another. So each line is one text in Python's
own arithmetic, ``"m_t = beta_1 * m + (1 - beta_1) * g"``, and everything on the page is derived from
its syntax tree:

* the formula        ``m_t = \beta_1 m_{t-1} + \left(1 - \beta_1\right) g_t``
* the substitution   ``\num{beta_1} \cdot \num{m} + \left(1 - \num{beta_1}\right) \cdot \num{g}``
* the value          computed here in float64

The texts are constants of this package or a surface's own formula, never code: only the nodes and
functions named below are read.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

Name = Callable[[str], str]
"""How a name is written: as its symbol or as ``\num{NAME}``."""

_ONE: dict[str, Callable[[np.float64], Any]] = {
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "ln": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "sigmoid": lambda v: 1 / (1 + np.exp(-v)),
    "relu": lambda v: np.maximum(v, 0),
    "abs": np.abs,
    "sign": np.sign,
    "step": lambda v: np.heaviside(v, 0),
    "half": lambda v: np.heaviside(v, 0.5),
    "floor": np.floor,
}
_MANY: dict[str, Callable[..., Any]] = {
    "max": np.maximum,
    "min": np.minimum,
    "atan2": np.arctan2,
    "clip": lambda v, low, high: np.minimum(np.maximum(v, low), high),
}
_CONSTANTS = {"pi": np.pi, "e": np.e}
_BINARY: dict[type[ast.operator], Callable[[np.float64, np.float64], Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
}
_RANK: dict[type[ast.operator], int] = {ast.Add: 1, ast.Sub: 1, ast.Mult: 2, ast.Div: 5, ast.Pow: 4}


@functools.lru_cache(maxsize=512)
def parse(text: str) -> ast.expr:
    """The tree of a formula; ``^`` means power, as in a typed f(x, y)."""
    return ast.parse(text.replace("^", "**").strip(), mode="eval").body


def names(node: ast.expr) -> Iterator[str]:
    """Every name that stands for a number, once each, in the order it is read."""
    seen: dict[str, None] = {}
    functions = {id(n.func) for n in ast.walk(node) if isinstance(n, ast.Call)}
    for n in ast.walk(node):
        if isinstance(n, ast.Name) and id(n) not in functions and n.id not in _CONSTANTS:
            seen.setdefault(n.id)
    return iter(seen)


def evaluate(node: ast.expr, values: Mapping[str, float]) -> float:
    """The value in float64. 0/0, log(-1) and overflow give NaN or infinity, as they do in torch."""
    with np.errstate(all="ignore"):
        return float(_evaluate(node, values))


def _evaluate(node: ast.expr, values: Mapping[str, float]) -> Any:
    match node:
        case ast.Constant(value=int() | float() as number):
            return np.float64(number)
        case ast.Name(id=name):
            return np.float64(_CONSTANTS[name] if name in _CONSTANTS else values[name])
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return np.negative(_evaluate(operand, values))
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _evaluate(operand, values)
        case ast.BinOp(left=left, op=op, right=right):
            return _BINARY[type(op)](_evaluate(left, values), _evaluate(right, values))
        case ast.Call(func=ast.Name(id=function), args=[argument]) if function in _ONE:
            return _ONE[function](_evaluate(argument, values))
        case ast.Call(func=ast.Name(id=function), args=arguments) if function in _MANY:
            return _MANY[function](*(_evaluate(a, values) for a in arguments))
    raise ValueError(f"not a part of a formula: {ast.dump(node)}")


def typeset(node: ast.expr, name: Name) -> str:
    """LaTeX of a formula in symbols."""
    return _Writer(name, None).write(node)[0]


def substitute(node: ast.expr, values: Mapping[str, float]) -> str:
    r"""LaTeX of a formula with ``\num{NAME}`` for every name; negative numbers get the parentheses they need."""
    return _Writer(lambda name: rf"\num{{{name}}}", values).write(node)[0]


class _Writer:
    """Writes a tree as LaTeX; each part comes with its rank: 1 sum, 2 product, 3 sign, 4 power, 5 closed."""

    def __init__(self, name: Name, values: Mapping[str, float] | None) -> None:
        self.name = name
        self.values = values or {}
        self.dots = values is not None

    def write(self, node: ast.expr) -> tuple[str, int]:
        match node:
            case ast.Constant(value=int() | float() as number):
                return (f"{number:g}" if abs(number) >= 1e-4 or number == 0 else _power_of_ten(number)), 5 if number >= 0 else 3
            case ast.Name(id="pi"):
                return r"\pi", 5
            case ast.Name(id="e"):
                return "e", 5
            case ast.Name(id=name):
                return self.name(name), 3 if self.values.get(name, 0) < 0 else 5
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return "-" + self.after(operand), 3
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.write(operand)
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right):
                sign = "+" if isinstance(op, ast.Add) else "-"
                least = 1 if isinstance(op, ast.Add) else 2
                return f"{self.write(left)[0]} {sign} {self.after(right, least)}", 1
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return self.product(left, right), 3 if self.write(left)[1] == 3 else 2
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return rf"\frac{{{self.write(left)[0]}}}{{{self.write(right)[0]}}}", 5
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                return f"{self.base(left)}^{{{self.write(right)[0]}}}", 4
            case ast.Call(func=ast.Name(id=function), args=arguments):
                return self.call(function, [self.write(a)[0] for a in arguments]), 5
        raise ValueError(f"not a part of a formula: {ast.dump(node)}")

    def after(self, node: ast.expr, least: int = 2) -> str:
        """A part that follows an operator: a sign there needs parentheses."""
        text, rank = self.write(node)
        return text if rank >= least and rank != 3 else rf"\left({text}\right)"

    def base(self, node: ast.expr) -> str:
        text, own = self.write(node)
        closed = own == 5 and not (isinstance(node, ast.BinOp) or (self.dots and isinstance(node, ast.Name)))
        return text if closed else rf"\left({text}\right)"

    def product(self, left: ast.expr, right: ast.expr) -> str:
        a, rank = self.write(left)
        a = a if rank >= 2 else rf"\left({a}\right)"
        b = self.after(right)
        digits = isinstance(right, ast.Constant) or (b[:1].isdigit())
        joint = r" \cdot " if self.dots or digits else " "
        return f"{a}{joint}{b}"

    def call(self, function: str, arguments: list[str]) -> str:
        match function:
            case "sqrt":
                return rf"\sqrt{{{arguments[0]}}}"
            case "abs":
                return rf"\left|{arguments[0]}\right|"
            case "exp":
                return rf"e^{{{arguments[0]}}}"
            case "floor":
                return rf"\left\lfloor {arguments[0]} \right\rfloor"
            case "sign" | "clip" | "atan2":
                head = rf"\operatorname{{{function}}}"
            case "step" | "half":
                head = "H"
            case "relu":
                head = r"\operatorname{ReLU}"
            case "sigmoid":
                head = r"\sigma"
            case "log":
                head = r"\ln"
            case "log2" | "log10":
                head = rf"\log_{{{function[3:]}}}"
            case "asin" | "acos" | "atan":
                head = rf"\arc{function[1:]}"
            case _:
                head = rf"\{function}"
        return rf"{head}\left({', '.join(arguments)}\right)"


def _power_of_ten(number: float) -> str:
    mantissa, exponent = f"{number:e}".split("e")
    factor = f"{float(mantissa):g}"
    return f"10^{{{int(exponent)}}}" if factor == "1" else rf"{factor} \cdot 10^{{{int(exponent)}}}"
