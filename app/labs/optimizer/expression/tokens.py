"""The words of a typed f(x, y), and every way in which they can be put wrongly.

What leaves here is a line of Python arithmetic made of numbers, known names, brackets, commas and
``+ - * / **`` in an order that parses, so that ``ast.parse`` has only the precedence left to find. A mistake is
told where it stands (``position`` counts characters from 1) with the piece of the user's own text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NoReturn

from app.labs.contract import Message, Plain, UserError

LENGTH_LIMIT = 500
"""Characters. The longest surface of the table (Goldstein-Price) has 135."""

DEPTH_LIMIT = 80
"""Levels of the tree. Far under Python's own limits (200 brackets, 1,000 calls), so those are never met."""

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}  # （），＋－＊／＾ｘｙ０-９ and the rest
_SAME_MEANING = {"×": "*", "·": "*", "⋅": "*", "∗": "*", "÷": "/", "−": "-", "–": "-", "\u3000": " ", "\u00a0": " "}
_ONE_FOR_ONE = _FULL_WIDTH | {ord(typed): meant for typed, meant in _SAME_MEANING.items()}
_SUPERSCRIPTS = {"²": 2, "³": 3}
_SPELLED = {"π": "pi", "√": "sqrt"}

_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z]+[0-9]*|[π√])"
    r"|(?P<operator>\*\*|[-+*/^(),])"
    r"|(?P<superscript>[²³])"
    r"|(?P<space>\s+)"
)


@dataclass(frozen=True)
class Token:
    """A word: ``python`` is how Python writes it, ``start`` and ``end`` where it stands in the typed text."""

    kind: str  # "number", "name", "operator"
    python: str
    start: int
    end: int


@dataclass(frozen=True)
class Line:
    """Python arithmetic and, for each of its characters, the place in the typed text that it came from."""

    python: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    typed: str

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where ``python[start:end]`` stands in the typed text."""
        return self.starts[start], self.ends[end - 1]


def refuse(id: str, **values: Plain) -> NoReturn:
    """Tell the user: ``expression.ID`` with its values, at the field ``expression``."""
    raise UserError(Message(f"expression.{id}", values), path=("expression",))


def read(typed: str, names: Collection[str], functions: Collection[str]) -> Line:
    """The typed text as one line of Python arithmetic over ``names`` and ``functions``.

    Raises UserError with a sentence on the first thing that is wrong.
    """
    if len(typed) > LENGTH_LIMIT:
        refuse("long", length=len(typed), limit=LENGTH_LIMIT)
    tokens = _with_products(_split(typed), typed)
    if not tokens:
        refuse("empty")
    _check_names(tokens, typed, names, functions)
    _check_order(tokens, typed)
    python, starts, ends = "", [], []
    for token in tokens:
        python += token.python
        starts += [token.start] * len(token.python)
        ends += [token.end] * len(token.python)
    return Line(python, tuple(starts), tuple(ends), typed)


def _split(typed: str) -> list[Token]:
    text = typed.translate(_ONE_FOR_ONE)
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            id = "equation" if text[at] == "=" else "character"
            refuse(id, piece=typed[at], position=at + 1)
        kind, piece, end = match.lastgroup, match.group(), match.end()
        if kind == "number":
            if math.isinf(float(piece)):
                refuse("number", piece=_short(piece), position=at + 1)
            tokens.append(Token("number", repr(float(piece)), at, end))
        elif kind == "name":
            tokens.append(Token("name", _SPELLED.get(piece, piece).lower(), at, end))
        elif kind == "superscript":
            tokens += [Token("operator", "**", at, end), Token("number", str(_SUPERSCRIPTS[piece]), at, end)]
        elif kind == "operator":
            tokens.append(Token("operator", "**" if piece == "^" else piece, at, end))
        at = end
    return tokens


def _with_products(tokens: list[Token], typed: str) -> list[Token]:
    """``2x`` and ``2(x + y)`` mean a product, except where it could be read in two ways (``1/2x``, ``x^2y``)."""
    result: list[Token] = []
    for i, token in enumerate(tokens):
        previous = tokens[i - 1] if i else None
        if previous is not None and previous.kind == "number" and (token.kind == "name" or token.python == "("):
            if i > 1 and tokens[i - 2].python in ("/", "**"):
                whole = i > 2 and tokens[i - 3].kind != "operator"
                start = tokens[i - 3 if whole else i - 1].start
                refuse("ambiguous", piece=typed[start : token.end], position=start + 1)
            result.append(Token("operator", "*", token.start, token.start + 1))
        result.append(token)
    return result


def _check_names(tokens: list[Token], typed: str, names: Collection[str], functions: Collection[str]) -> None:
    for i, token in enumerate(tokens):
        if token.kind != "name":
            continue
        piece, position = _short(typed[token.start : token.end]), token.start + 1
        called = i + 1 < len(tokens) and tokens[i + 1].python == "("
        if token.python in functions:
            if not called:
                refuse("call", piece=piece, position=position)
        elif token.python in names:
            if called:
                refuse("product", piece=piece, position=position)
        else:
            suggestion = _meant(token.python, names, functions, called)
            if suggestion:
                refuse("name.suggest", piece=piece, position=position, suggestion=suggestion)
            refuse("name", piece=piece, position=position, known=", ".join(sorted(functions)))


def _meant(name: str, names: Collection[str], functions: Collection[str], called: bool) -> str | None:
    """What an unknown name was probably meant to be: ``xy`` x*y, ``x2`` x^2, ``sine`` sin."""
    letters, digits = name.rstrip("0123456789"), name.lstrip("abcdefghijklmnopqrstuvwxyz")
    if 0 < len(letters) <= 4 and all(letter in "xy" for letter in letters):
        return "*".join(letters) + (f"^{digits}" if digits else "")
    close = get_close_matches(name, list(functions) if called else [*names, *functions], n=1, cutoff=0.6)
    return close[0] if close else None


def _check_order(tokens: list[Token], typed: str) -> None:
    """An operand, an operator, an operand, ...; brackets in pairs; commas inside the brackets of a function."""
    operand_next = True
    brackets: list[tuple[Token, bool]] = []  # each open bracket, and whether a function's name stands before it
    for i, token in enumerate(tokens):
        piece, position = typed[token.start : token.end], token.start + 1
        if token.kind != "operator" or token.python == "(":
            if not operand_next and not (token.python == "(" and tokens[i - 1].kind == "name"):
                refuse("operator", piece=_short(piece), position=position)
            operand_next = token.python == "(" or (token.kind == "name" and _opens(tokens, i))
            if token.python == "(":
                brackets.append((token, i > 0 and tokens[i - 1].kind == "name"))
                if len(brackets) > DEPTH_LIMIT:
                    refuse("deep", limit=DEPTH_LIMIT)
        elif operand_next:
            if token.python not in ("+", "-"):
                refuse("operand", piece=piece, position=position)
        elif token.python == ")":
            if not brackets:
                refuse("bracket.close", position=position)
            brackets.pop()
        elif token.python == ",":
            if not brackets or not brackets[-1][1]:
                refuse("comma", position=position)
            operand_next = True
        else:
            operand_next = True
    if operand_next:
        refuse("operand.end", piece=_short(typed.strip()))
    if brackets:
        refuse("bracket.open", position=brackets[-1][0].start + 1)


def _opens(tokens: list[Token], i: int) -> bool:
    return i + 1 < len(tokens) and tokens[i + 1].python == "("


def _short(piece: str) -> str:
    """A piece of the text fit for a sentence."""
    return piece if len(piece) <= 24 else piece[:23] + "…"
