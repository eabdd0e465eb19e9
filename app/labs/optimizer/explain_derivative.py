"""The partial derivative of a formula, as a formula: what autograd computes, written for a reader.

Autograd works backwards through the operations and gives a number. The page shows a slope as a
formula of x and y; the two numbers agree, which is a check of both.
"""

from __future__ import annotations

import ast


def derivative(node: ast.expr, variable: str) -> ast.expr:
    """d(node)/d(variable), lightly simplified. ValueError for a function without a rule below."""
    match node:
        case ast.Constant():
            return _number(0)
        case ast.Name(id=name):
            return _number(1 if name == variable else 0)
        case ast.UnaryOp(op=ast.USub(), operand=u):
            return _neg(derivative(u, variable))
        case ast.UnaryOp(op=ast.UAdd(), operand=u):
            return derivative(u, variable)
        case ast.BinOp(left=u, op=op, right=v):
            return _binary(u, op, v, variable)
        case ast.Call(func=ast.Name(id=function), args=[u]):
            du = derivative(u, variable)
            return du if _is(du, 0) else _mul(_outer(function, u), du)
        case ast.Call(func=ast.Name(id="max" | "min" as function), args=[u, v]):
            # The larger (smaller) side's slope; where both are equal torch gives each one half.
            larger = _sub(u, v) if function == "max" else _sub(v, u)
            first, second = _call("half", larger), _call("half", _neg(larger))
            return _add(_mul(first, derivative(u, variable)), _mul(second, derivative(v, variable)))
    raise ValueError(f"no derivative of {ast.dump(node)}")


def _binary(u: ast.expr, op: ast.operator, v: ast.expr, variable: str) -> ast.expr:
    du, dv = derivative(u, variable), derivative(v, variable)
    match op:
        case ast.Add():
            return _add(du, dv)
        case ast.Sub():
            return _sub(du, dv)
        case ast.Mult():
            return _add(_mul(du, v), _mul(u, dv))
        case ast.Div() if _is(dv, 0):
            return _div(du, v)
        case ast.Div():
            return _div(_sub(_mul(du, v), _mul(u, dv)), _pow(v, _number(2)))
        case ast.Pow() if _is(dv, 0):
            return _mul(_mul(v, _pow(u, _lower(v))), du)
        case ast.Pow():
            # u^v = exp(v ln u)
            return _mul(_pow(u, v), _add(_mul(dv, _call("log", u)), _mul(v, _div(du, u))))
    raise ValueError(f"no derivative of {ast.dump(op)}")


def _lower(v: ast.expr) -> ast.expr:
    """v - 1"""
    if isinstance(v, ast.Constant) and isinstance(v.value, int | float):
        return _number(v.value - 1)
    return _sub(v, _number(1))


def _outer(function: str, u: ast.expr) -> ast.expr:
    """The derivative of a named function at u; at a kink, torch's choice: sign(0) = 0."""
    match function:
        case "sqrt":
            return _div(_number(1), _mul(_number(2), _call("sqrt", u)))
        case "exp":
            return _call("exp", u)
        case "log" | "ln":
            return _div(_number(1), u)
        case "log2" | "log10":
            return _div(_number(1), _mul(u, _call("ln", _number(int(function[3:])))))
        case "asin":
            return _div(_number(1), _call("sqrt", _sub(_number(1), _pow(u, _number(2)))))
        case "acos":
            return _neg(_div(_number(1), _call("sqrt", _sub(_number(1), _pow(u, _number(2))))))
        case "sigmoid":
            return _mul(_call("sigmoid", u), _sub(_number(1), _call("sigmoid", u)))
        case "relu":
            return _call("step", u)
        case "sin":
            return _call("cos", u)
        case "cos":
            return _neg(_call("sin", u))
        case "tan":
            return _div(_number(1), _pow(_call("cos", u), _number(2)))
        case "sinh":
            return _call("cosh", u)
        case "cosh":
            return _call("sinh", u)
        case "tanh":
            return _sub(_number(1), _pow(_call("tanh", u), _number(2)))
        case "atan":
            return _div(_number(1), _add(_number(1), _pow(u, _number(2))))
        case "abs":
            return _call("sign", u)
        case "sign" | "step" | "half" | "floor":  # flat but for their jumps
            return _number(0)
    raise ValueError(f"no derivative of {function}")


def _number(value: int | float) -> ast.expr:
    return ast.Constant(value=value) if value >= 0 else ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=-value))


def _is(node: ast.expr, value: float) -> bool:
    return isinstance(node, ast.Constant) and node.value == value


def _call(function: str, u: ast.expr) -> ast.expr:
    return ast.Call(func=ast.Name(id=function), args=[u], keywords=[])


def _neg(u: ast.expr) -> ast.expr:
    if _is(u, 0):
        return u
    if isinstance(u, ast.UnaryOp) and isinstance(u.op, ast.USub):
        return u.operand
    return ast.UnaryOp(op=ast.USub(), operand=u)


def _add(u: ast.expr, v: ast.expr) -> ast.expr:
    if _is(u, 0):
        return v
    if _is(v, 0):
        return u
    if isinstance(v, ast.UnaryOp) and isinstance(v.op, ast.USub):
        return _sub(u, v.operand)
    return ast.BinOp(left=u, op=ast.Add(), right=v)


def _sub(u: ast.expr, v: ast.expr) -> ast.expr:
    if _is(v, 0):
        return u
    if _is(u, 0):
        return _neg(v)
    if isinstance(v, ast.UnaryOp) and isinstance(v.op, ast.USub):
        return _add(u, v.operand)
    return ast.BinOp(left=u, op=ast.Sub(), right=v)


def _mul(u: ast.expr, v: ast.expr) -> ast.expr:
    if _is(u, 0) or _is(v, 0):
        return _number(0)
    if _is(u, 1):
        return v
    if _is(v, 1):
        return u
    if isinstance(u, ast.UnaryOp) and isinstance(u.op, ast.USub):
        return _neg(_mul(u.operand, v))
    if isinstance(v, ast.UnaryOp) and isinstance(v.op, ast.USub):
        return _neg(_mul(u, v.operand))
    if isinstance(v, ast.Constant) and not isinstance(u, ast.Constant):
        u, v = v, u
    return _fold(ast.BinOp(left=u, op=ast.Mult(), right=v))


def _fold(product: ast.BinOp) -> ast.expr:
    """2 (3 u) is 6 u."""
    u, v = product.left, product.right
    if isinstance(u, ast.Constant) and isinstance(v, ast.Constant):
        return ast.Constant(value=u.value * v.value)  # type: ignore[operator]
    if isinstance(u, ast.Constant) and isinstance(v, ast.BinOp) and isinstance(v.op, ast.Mult) and isinstance(v.left, ast.Constant):
        return _mul(ast.Constant(value=u.value * v.left.value), v.right)  # type: ignore[operator]
    return product


def _div(u: ast.expr, v: ast.expr) -> ast.expr:
    if _is(u, 0):
        return u
    if isinstance(u, ast.UnaryOp) and isinstance(u.op, ast.USub):
        return _neg(_div(u.operand, v))
    return u if _is(v, 1) else ast.BinOp(left=u, op=ast.Div(), right=v)


def _pow(u: ast.expr, v: ast.expr) -> ast.expr:
    if _is(v, 0):
        return _number(1)
    return u if _is(v, 1) else ast.BinOp(left=u, op=ast.Pow(), right=v)
