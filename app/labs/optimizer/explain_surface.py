"""The loss and its slope at a point, as arithmetic: the surface's formula with x and y put in.

A formula of the table or a typed one goes through ``app.labs.optimizer.expression``; its tree is copied into the
one that sheets read, and the slope is found by symbolic differentiation, so that autograd's number
has something to agree with. The least-squares surface is written with the means over its samples:

    L = mean (x u + y - v)^2,     dL/dx = 2 (x mean(u u) + y mean(u) - mean(u v)),     dL/dy = 2 (x mean(u) + y - mean(v))
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

import numpy as np

from app.labs.optimizer import least_squares
from app.labs.optimizer.explain_derivative import derivative
from app.labs.optimizer.expression import Expression
from app.labs.optimizer.expression.tree import Call, Name, Negative, Node, Number, Operation

_OPERATORS: Mapping[str, type[ast.operator]] = {"+": ast.Add, "-": ast.Sub, "*": ast.Mult, "/": ast.Div, "^": ast.Pow}
AXES = ("x", "y")


def loss_text(expression: Expression) -> str:
    """The formula in the language of sheets."""
    return ast.unparse(_tree(expression.root))


def slope_text(expression: Expression, coordinate: int) -> str:
    """df/dx (coordinate 0) or df/dy (1) in the language of sheets."""
    return ast.unparse(ast.fix_missing_locations(derivative(_tree(expression.root), AXES[coordinate])))


def _tree(node: Node) -> ast.expr:
    match node:
        case Number(value=float() as value):
            return ast.Constant(int(value) if value.is_integer() and abs(value) < 2**53 else value)
        case Name(name=name):
            return ast.Name(name)
        case Negative(operand=operand):
            return ast.UnaryOp(ast.USub(), _tree(operand))
        case Operation(symbol=symbol, left=left, right=right):
            return ast.BinOp(_tree(left), _OPERATORS[symbol](), _tree(right))
        case Call(function=function, arguments=arguments):
            return ast.Call(ast.Name(function), [_tree(a) for a in arguments], [])
    raise TypeError(f"no such node: {node!r}")


FIT_LOSS = "mean_uu * x**2 + 2 * mean_u * x * y + y**2 - 2 * mean_uv * x - 2 * mean_v * y + mean_vv"
"""mean (x u + y - v)^2 multiplied out."""

FIT_SLOPE = ("2 * (mean_uu * x + mean_u * y - mean_uv)", "2 * (mean_u * x + y - mean_v)")


def fit_means(samples: np.ndarray | None = None) -> dict[str, float]:
    """The means over the given samples (indices; None: all) that the fit's formulas use."""
    u = least_squares.U if samples is None else least_squares.U[samples]
    v = least_squares.V if samples is None else least_squares.V[samples]
    means = {"mean_u": u, "mean_v": v, "mean_uu": u * u, "mean_uv": u * v, "mean_vv": v * v}
    return {name: float(values.mean()) for name, values in means.items()}
