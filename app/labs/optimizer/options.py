"""The settings of a catalogue racer: its default in ``catalogue.json`` tells the kind of each. No torch here."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeAlias

from pydantic import Field, WithJsonSchema

from app.labs.contract import Message, Plain, UserError
from app.labs.errors import shown

_LARGE = 1e9
_WHOLE = 1000  # whole numbers count inner steps, ranks and block sizes: 1e9 of them would hang a worker or fill its memory
_TEXT = 40

_KINDS: list[dict[str, Any]] = [
    {"type": "number", "minimum": -_LARGE, "maximum": _LARGE},
    {"type": "boolean"},
    {"type": "string", "maxLength": _TEXT},
]
_MOST = 32
_LIST = {"type": "array", "items": {"anyOf": _KINDS}, "maxItems": _MOST}
_SCHEMA = {"type": "object", "additionalProperties": {"anyOf": [*_KINDS, _LIST]}, "maxProperties": _MOST}

Options: TypeAlias = Annotated[dict[str, Any], Field(max_length=_MOST), WithJsonSchema(_SCHEMA)]
"""Name -> a number, a switch, a text or a list of them, see ``check_options``."""


def check_options(rule: str, options: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
    """Raises UserError, its path from ``options`` on, for a name that the rule lacks and for a value not of its default's kind."""
    for name, value in options.items():
        if name not in defaults:
            known = ", ".join(defaults)
            raise UserError(Message("error.option", {"got": name, "rule": rule, "known": known}), ("options", name))
        _check(value, defaults[name], ("options", name))


def _check(value: Any, default: Any, path: tuple[str | int, ...]) -> None:
    def refuse(what: str, **good: Plain) -> UserError:
        return UserError(Message(f"error.{what}", {"got": shown(value), **good}), path)

    match default:
        case bool():
            if not isinstance(value, bool):
                raise refuse("switch")
        case str():
            if not isinstance(value, str):
                raise refuse("text")
            if len(value) > _TEXT:
                raise refuse("long", low=None, high=_TEXT, length=len(value))
        case list():
            _check_list(value, default, path, refuse)
        case _:
            _check_number(value, default, refuse)


def _check_list(value: Any, default: Sequence[Any], path: tuple[str | int, ...], refuse: Any) -> None:
    if not isinstance(value, list | tuple):
        raise refuse("list")
    if len(value) != len(default):
        what = "few" if len(value) < len(default) else "long_list"
        raise refuse(what, low=len(default), high=len(default), length=len(value))
    for i, (one, its_default) in enumerate(zip(value, default, strict=True)):
        _check(one, its_default, (*path, i))


def _check_number(value: Any, default: int | float, refuse: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refuse("number")
    if isinstance(value, float) and not math.isfinite(value):
        raise refuse("finite")
    low, high = -_LARGE, _LARGE
    if isinstance(default, int):
        if not isinstance(value, int):
            raise refuse("integer")
        low, high = min(default, 0), max(_WHOLE, 10 * default)
    if value < low:
        raise refuse("atleast", low=low)
    if value > high:
        raise refuse("atmost", high=high)
