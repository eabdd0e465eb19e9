"""The tree of a typed f(x, y): the only things that can be in one.

``ast`` finds the precedence; :func:`grow` then copies what is on the allow-list into these four nodes and refuses
the rest, so nothing but arithmetic can come out. A part without x and y is worked out here, in Python's floats.
"""

from __future__ import annotations

import ast
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
    torch: str  # a name without "torch." is one of source.HELPERS
    latex: str | None


FUNCTIONS: Mapping[str, Function] = {
    "sin": Function(1, math.sin, "torch.sin", r"\sin"),
    "cos": Function(1, math.cos, "torch.cos", r"\cos"),
    "tan": Function(1, math.tan, "torch.tan", r"\tan"),
    "asin": Function(1, math.asin, "torch.asin", r"\arcsin"),
    "acos": Function(1, math.acos, "torch.acos", r"\arccos"),
    "atan": Function(1, math.atan, "torch.atan", r"\arctan"),
    "sinh": Function(1, math.sinh, "sinh", r"\sinh"),
    "cosh": Function(1, math.cosh, "cosh", r"\cosh"),
    "tanh": Function(1, math.tanh, "torch.tanh", r"\tanh"),
    "exp": Function(1, math.exp, "torch.exp", None),
    "log": Function(1, math.log, "torch.log", r"\ln"),
    "ln": Function(1, math.log, "torch.log", r"\ln"),
    "log2": Function(1, math.log2, "torch.log2", r"\log_{2}"),
    "log10": Function(1, math.log10, "torch.log10", r"\log_{10}"),
    "sqrt": Function(1, math.sqrt, "root", None),
    "abs": Function(1, abs, "torch.abs", None),
    "sigmoid": Function(1, _sigmoid, "sigmoid", r"\sigma"),
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
            if symbol == "^" and right.value is None and left.value is not None and left.value <= 0:
                refuse("base", piece=_piece(span, line), position=span[0] + 1)
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
    if not math.isfinite(value):
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
