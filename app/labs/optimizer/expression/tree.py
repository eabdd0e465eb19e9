"""The tree of a typed f(x, y): the only things that can be in one, and how each is written for torch.

``ast`` finds the precedence; :func:`grow` then copies what is on the allow-list into these four nodes and refuses
the rest, so nothing but arithmetic can come out. A part without x and y is worked out here, in Python's floats.
"""

from __future__ import annotations

import ast
import cmath
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from app.labs.optimizer.expression.tokens import DEPTH_LIMIT, Line, refuse

NODE_LIMIT = 250
EXPONENT_LIMIT = 100
"""|exponent| where it is a number. x^100 already leaves float32 (3.4e38) at x = 2.5."""


def _sigmoid(u: float) -> float:
    return 0.5 * (1.0 + math.tanh(0.5 * u))


@dataclass(frozen=True)
class Function:
    """A function of the language: how many arguments, in Python's floats, in torch, and in LaTeX (None: special)."""

    arity: int
    fold: Callable[..., float]
    torch: str
    latex: str | None


FUNCTIONS: Mapping[str, Function] = {
    "sin": Function(1, math.sin, "torch.sin", r"\sin"),
    "cos": Function(1, math.cos, "torch.cos", r"\cos"),
    "tan": Function(1, math.tan, "torch.tan", r"\tan"),
    "asin": Function(1, math.asin, "torch.asin", r"\arcsin"),
    "acos": Function(1, math.acos, "torch.acos", r"\arccos"),
    "atan": Function(1, math.atan, "torch.atan", r"\arctan"),
    "sinh": Function(1, math.sinh, "torch.sinh", r"\sinh"),
    "cosh": Function(1, math.cosh, "torch.cosh", r"\cosh"),
    "tanh": Function(1, math.tanh, "torch.tanh", r"\tanh"),
    "exp": Function(1, math.exp, "torch.exp", None),
    "log": Function(1, math.log, "torch.log", r"\ln"),
    "ln": Function(1, math.log, "torch.log", r"\ln"),
    "log2": Function(1, math.log2, "torch.log2", r"\log_{2}"),
    "log10": Function(1, math.log10, "torch.log10", r"\log_{10}"),
    "sqrt": Function(1, math.sqrt, "root", None),
    "abs": Function(1, abs, "torch.abs", None),
    "sigmoid": Function(1, _sigmoid, "torch.sigmoid", r"\sigma"),
    "relu": Function(1, lambda u: max(u, 0.0), "torch.relu", r"\operatorname{ReLU}"),
    "min": Function(2, min, "torch.minimum", r"\min"),
    "max": Function(2, max, "torch.maximum", r"\max"),
}

NAMES: Mapping[str, float | None] = {"x": None, "y": None, "pi": math.pi, "e": math.e}


@dataclass(frozen=True)
class Node:
    """A part of the expression: its number where it holds neither x nor y, and its place in the typed text."""

    value: float | None
    span: tuple[int, int]


@dataclass(frozen=True)
class Number(Node):
    pass


@dataclass(frozen=True)
class Name(Node):
    name: str


@dataclass(frozen=True)
class Negative(Node):
    operand: Node


@dataclass(frozen=True)
class Operation(Node):
    symbol: str  # one of + - * / ^
    left: Node
    right: Node


@dataclass(frozen=True)
class Call(Node):
    function: str
    arguments: tuple[Node, ...]


_SYMBOLS: Mapping[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "^"}


def grow(line: Line, names: Mapping[str, float | None]) -> Node:
    """The tree of a line of arithmetic; ``names`` gives each name's number (None for x and y)."""
    try:
        parsed = ast.parse(line.python, mode="eval").body
    except (SyntaxError, RecursionError, MemoryError, ValueError):
        refuse("deep", limit=DEPTH_LIMIT)  # the order of the words is right, so only the nesting can be wrong
    count = sum(isinstance(node, ast.expr) for node in ast.walk(parsed))
    if count > NODE_LIMIT:
        refuse("large", nodes=count, limit=NODE_LIMIT)
    return _copy(parsed, line, names, DEPTH_LIMIT)


def _copy(node: ast.expr, line: Line, names: Mapping[str, float | None], depth: int) -> Node:
    if depth == 0:
        refuse("deep", limit=DEPTH_LIMIT)
    span = line.span(node.col_offset, node.end_col_offset or len(line.python))
    match node:
        case ast.Constant(value=float() | int() as number) if not isinstance(number, bool):
            return Number(float(number), span)
        case ast.Name(id=name) if name in names:
            return Name(names[name], span, name)
        case ast.UnaryOp(op=ast.UAdd(), operand=inner):
            return _copy(inner, line, names, depth - 1)
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            operand = _copy(inner, line, names, depth - 1)
            return Negative(None if operand.value is None else -operand.value, span, operand)
        case ast.BinOp(left=a, op=op, right=b) if type(op) in _SYMBOLS:
            left, right = _copy(a, line, names, depth - 1), _copy(b, line, names, depth - 1)
            symbol = _SYMBOLS[type(op)]
            if symbol == "^" and right.value is not None and abs(right.value) > EXPONENT_LIMIT:
                refuse("exponent", piece=_piece(right.span, line), position=right.span[0] + 1, limit=EXPONENT_LIMIT)
            return Operation(_fold(_ARITHMETIC[symbol], (left, right), span, line), span, symbol, left, right)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
            function = FUNCTIONS[name]
            if len(args) != function.arity:
                refuse("arguments", function=name, expected=function.arity, got=len(args), position=span[0] + 1)
            arguments = tuple(_copy(argument, line, names, depth - 1) for argument in args)
            return Call(_fold(function.fold, arguments, span, line), span, name, arguments)
        case _:  # the words were checked, so this is a bug of ours; it is refused all the same
            refuse("character", piece=_piece(span, line), position=span[0] + 1)


def _divide(a: float, b: float) -> float:
    return a / b


def _power(a: float, b: float) -> float:
    result = a**b
    return math.nan if isinstance(result, complex) else float(result)  # (-8)^(1/3) is complex to Python


_ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _divide,
    "^": _power,
}


def _fold(function: Callable[..., float], parts: tuple[Node, ...], span: tuple[int, int], line: Line) -> float | None:
    values = [part.value for part in parts if part.value is not None]
    if len(values) < len(parts):
        return None
    try:
        value = float(function(*values))
    except (ArithmeticError, ValueError):
        value = math.nan
    if not cmath.isfinite(value):
        refuse("undefined", piece=_piece(span, line), position=span[0] + 1)
    return value


def _piece(span: tuple[int, int], line: Line) -> str:
    piece = line.typed[span[0] : span[1]]
    return piece if len(piece) <= 40 else piece[:39] + "…"


def parts(node: Node) -> Iterator[Node]:
    """Every part of the tree, inner parts before the parts that hold them."""
    match node:
        case Negative(operand=operand):
            yield from parts(operand)
        case Operation(left=left, right=right):
            yield from parts(left)
            yield from parts(right)
        case Call(arguments=arguments):
            for argument in arguments:
                yield from parts(argument)
    yield node


# How tightly each form binds in Python; a looser one inside a tighter one needs brackets.
_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(5)
_BINDING = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "^": _POWER}


def torch_source(node: Node) -> str:
    """The tree as a Python expression over tensors x and y, in the order in which it was typed.

    ``root(u, p)`` in it is :data:`ROOT`. Numbers stay Python scalars: torch then keeps the tensors' dtype.
    """
    return _source(node)[0]


def _source(node: Node) -> tuple[str, int]:
    if node.value is not None:
        text = _number(node.value)
        return text, _SIGN if text.startswith("-") else _ATOM
    match node:
        case Name(name=name):
            return name, _ATOM
        case Negative(operand=operand):
            return "-" + _bracketed(operand, _SIGN), _SIGN
        case Operation(symbol="^", left=left, right=right):
            if right.value is not None and 0 < right.value < 1:
                return f"root({torch_source(left)}, {_number(right.value)})", _ATOM
            return f"{_bracketed(left, _ATOM)} ** {_bracketed(right, _SIGN)}", _POWER
        case Operation(symbol=symbol, left=left, right=right):
            binding = _BINDING[symbol]  # equal on the right still needs brackets: a + (b + c) rounds differently
            return f"{_bracketed(left, binding)} {symbol} {_bracketed(right, binding + 1)}", binding
        case Call(function="min" | "max" as name, arguments=(a, b)) if a.value is not None or b.value is not None:
            tensor, number = (b, a) if a.value is not None else (a, b)  # torch.minimum takes no Python number
            return f"torch.clamp({torch_source(tensor)}, {_LIMIT[name]}={_source(number)[0]})", _ATOM
        case Call(function=name, arguments=arguments):
            return f"{FUNCTIONS[name].torch}({', '.join(map(torch_source, arguments))})", _ATOM
        case _:
            raise TypeError(f"no such node: {node!r}")


_LIMIT = {"min": "max", "max": "min"}  # min(u, 3) is u clamped to at most 3


def _bracketed(node: Node, binding: int) -> str:
    text, own = _source(node)
    return text if own >= binding else f"({text})"


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


ROOT = '''\
def root(u, p=0.5):
    """u^p for 0 < p < 1, its derivative at u = 0 taken as 0: sqrt(x^2 + y^2) has 0 among its slopes there, torch has NaN."""
    zero = u == 0
    return (u.masked_fill(zero, 1) ** p).masked_fill(zero, 0)
'''
"""The one helper that the generated torch code may call, as source: the run and a copied script execute this text."""
