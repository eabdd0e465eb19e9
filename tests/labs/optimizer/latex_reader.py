r"""Reads the formulas of the expression language back into Python: an independent check of their brackets.

It knows what a reader of mathematics knows: things side by side are multiplied, ``\frac{a}{b}`` is a quotient, and a power
binds to the letter, number or bracket before it.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(r"\\left\||\\right\||\\left\(|\\right\)|\\operatorname\{\w+\}|\\[a-z]+|\d+(?:\.\d+)?|[a-z]|[-+^_{},()]")
_FUNCTIONS = {"arcsin": "asin", "arccos": "acos", "arctan": "atan", "ln": "log", "sigma": "sigmoid", "operatorname{ReLU}": "relu"}
_PLAIN = ["sin", "cos", "tan", "sinh", "cosh", "tanh", "min", "max"]


def read_latex(latex: str) -> str:
    """Python arithmetic, every part in brackets."""
    assert _TOKEN.sub("", latex).strip() == "", latex
    reader = _Reader(_TOKEN.findall(latex))
    result = reader.sum()
    assert not reader.tokens, (latex, reader.tokens)
    return result


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens

    def next(self) -> str:
        return self.tokens[0] if self.tokens else ""

    def take(self, expected: str | None = None) -> str:
        token = self.tokens.pop(0)
        assert expected is None or token == expected, (expected, token, self.tokens)
        return token

    def sum(self) -> str:
        sign = self.take() if self.next() == "-" else ""
        result = f"({sign}{self.product()})"
        while self.next() in ("+", "-"):
            result = f"({result}{self.take()}{self.product()})"
        return result

    def product(self) -> str:
        result = self.power()
        while self.next() not in ("", "+", "-", "}", ",", r"\right)", r"\right|"):
            if self.next() == r"\cdot":
                self.take()
            result = f"({result}*{self.power()})"
        return result

    def power(self) -> str:
        base = self.atom()
        if self.next() == "^":
            self.take()
            base = f"({base}**{self.braces()})"
            assert self.next() != "^", "a power of a power without brackets"
        return base

    def braces(self) -> str:
        self.take("{")
        inner = self.sum()
        self.take("}")
        return inner

    def atom(self) -> str:
        token = self.take()
        name = token.removeprefix("\\")
        if token == r"\frac":
            return f"({self.braces()}/{self.braces()})"
        if token == r"\sqrt":
            return f"sqrt({self.braces()})"
        if token == r"\left(":
            inner = self.sum()
            self.take(r"\right)")
            return inner
        if token == r"\left|":
            inner = self.sum()
            self.take(r"\right|")
            return f"abs({inner})"
        if token == r"\pi":
            return "pi"
        if token == r"\log":
            self.take("_")
            base = self.braces().strip("()")
            return self.call("log2" if base == "2" else "log10")
        if name in _PLAIN or name in _FUNCTIONS:
            return self.call(_FUNCTIONS.get(name, name))
        assert re.fullmatch(r"\d+(\.\d+)?|[xye]", token), token
        return token

    def call(self, function: str) -> str:
        exponent = ""
        if self.next() == "^":
            self.take()
            exponent = f"**{self.braces()}"
        self.take(r"\left(")
        arguments = [self.sum()]
        while self.next() == ",":
            self.take()
            arguments.append(self.sum())
        self.take(r"\right)")
        return f"({function}({', '.join(arguments)}){exponent})"
