r"""An expression as LaTeX: fractions, roots, powers, and only the brackets that it needs."""

from __future__ import annotations

from collections.abc import Mapping

from app.labs.optimizer.expression.tree import FUNCTIONS, Call, Name, Negative, Node, Number, Operation

NAMES: Mapping[str, str] = {"pi": r"\pi", "condition": r"\kappa"}
"""Names that have a symbol; x, y and e are their own, another is set upright."""

# How tightly each form binds on paper. A fraction, a root or a function's brackets hold together by themselves.
_SUM, _SIGN, _PRODUCT, _POWER, _ATOM = range(5)


def latex(node: Node) -> str:
    """The formula of a tree."""
    return _set(node)[0]


def _set(node: Node) -> tuple[str, int]:
    match node:
        case Number(value=float() as value):
            return _number(value)
        case Name(name=name):
            return (name if len(name) == 1 else NAMES.get(name, rf"\mathrm{{{name}}}")), _ATOM
        case Negative(operand=operand):
            return "-" + _bracketed(operand, _PRODUCT), _SIGN
        case Operation(symbol="*" | "/" as symbol, left=left, right=right):
            first, own = _set(left)
            sign = "-" if own == _SIGN else ""  # it goes in front of the whole
            first = first.removeprefix(sign)
            if symbol == "/":
                text = rf"\frac{{{first}}}{{{latex(right)}}}"
            else:
                text = _product(rf"\left({first}\right)" if own == _SUM else first, _bracketed(right, _PRODUCT))
            return sign + text, _SIGN if sign else _PRODUCT
        case Operation(symbol="^", left=left, right=right):
            return _power(left, latex(right))
        case Operation(symbol=symbol, left=left, right=right):
            second, own = _set(right)
            if second.startswith("-") or (symbol == "-" and own == _SUM):  # a + (-b), a - (b + c); but a + b + c needs none
                second = rf"\left({second}\right)"
            return f"{latex(left)} {symbol} {second}", _SUM
        case Call(function=name, arguments=arguments):
            return _call(name, arguments)
        case _:
            raise TypeError(f"no such node: {node!r}")


def _call(name: str, arguments: tuple[Node, ...]) -> tuple[str, int]:
    inner = ", ".join(map(latex, arguments))
    if name == "exp":
        return f"e^{{{inner}}}", _POWER
    if name == "sqrt":
        return rf"\sqrt{{{inner}}}", _ATOM
    if name == "abs":
        return rf"\left|{inner}\right|", _ATOM
    return rf"{FUNCTIONS[name].latex}\left({inner}\right)", _ATOM


def _power(base: Node, exponent: str) -> tuple[str, int]:
    match base:
        case Call(function=name, arguments=arguments) if (
            (command := FUNCTIONS[name].latex) and len(arguments) == 1 and "_" not in command
        ):
            if exponent != "-1":  # sin^{-1} would be read as the inverse
                return rf"{command}^{{{exponent}}}\left({latex(arguments[0])}\right)", _ATOM
    return f"{_bracketed(base, _ATOM)}^{{{exponent}}}", _POWER


def _product(left: str, right: str) -> str:
    """Side by side, with a dot where two numbers would run into one."""
    return (
        rf"{left} \cdot {right}" if right[0].isdigit() or (right.startswith(r"\frac") and left[-1].isdigit()) else f"{left} {right}"
    )


def _bracketed(node: Node, binding: int) -> str:
    text, own = _set(node)
    return text if own >= binding else rf"\left({text}\right)"


def _number(value: float) -> tuple[str, int]:
    text = f"{value:.15g}"
    if "e" not in text:
        return text, _ATOM
    mantissa, exponent = text.split("e")
    power = f"10^{{{int(exponent)}}}"
    return (power, _POWER) if mantissa == "1" else (rf"{mantissa} \cdot {power}", _PRODUCT)
