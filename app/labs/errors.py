"""What is wrong with params, told so that the page can show it beside the field and the command line in one sentence.

pydantic finds the errors; here each becomes a path into the params and a Message (``error.*`` in ``params.po``) whose values are
``field`` (the path as text), ``got`` and what would be good.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Any, TypeAlias

from pydantic import ValidationError

from app.labs.contract import Message, Plain, UserError

Path: TypeAlias = "tuple[str | int, ...]"

_GOT = 80  # characters of a bad value that are told
_CHOICES, _FIRST = 40, 20  # so many choices are all told; of more, so many are


class ParamsError(UserError):
    """Params that are refused. ``errors`` has every bad field's path and sentence; as a UserError it is the first of them."""

    def __init__(self, errors: Sequence[tuple[Path, Message]]) -> None:
        path, message = errors[0]
        super().__init__(message, path)
        self.errors = list(errors)


def field_errors(error: ValidationError) -> list[tuple[Path, Message]]:
    """Every error of a ValidationError as (path, Message); a path has names and indices only, e.g. ("racers", 2, "lr")."""
    return [_told(one, error.title) for one in error.errors(include_url=False)]


def _told(one: Mapping[str, Any], title: str) -> tuple[Path, Message]:
    kind, told = one["type"], one.get("ctx", {})
    path = _path(one["loc"], title)
    if kind == "value_error" and isinstance(told.get("error"), UserError):
        mistake: UserError = told["error"]
        path = (*path, *mistake.path)
        return path, Message(mistake.message.id, {"field": _field(path), **mistake.message.values})
    if kind.startswith("union_tag"):
        path = (*path, str(told.get("discriminator", "")).strip("'"))
    values: dict[str, Plain | Message] = {"field": _field(path), "got": shown(told.get("tag", one["input"]))}
    name = _SENTENCES.get(kind, "value")
    match name:
        case "above" | "atleast":
            values["low"] = _bound(told.get("gt", told.get("ge")))
        case "below" | "atmost":
            values["high"] = _bound(told.get("lt", told.get("le")))
        case "few" | "long_list":
            values |= {"low": told.get("min_length"), "high": told.get("max_length"), "length": told.get("actual_length")}
        case "short" | "long":
            values |= {"low": told.get("min_length"), "high": told.get("max_length"), "length": len(str(one["input"]))}
        case "choice":
            known = str(told.get("expected", told.get("expected_tags", ""))).replace("'", "").replace(" or ", ", ")
            values["choices"] = _near(str(told.get("tag", one["input"])), known)
        case "missing":
            del values["got"]
        case "unknown":
            values |= {"got": str(path[-1]), "known": _near(str(path[-1]), ", ".join(_names(one["loc"], title)))}
    return path, Message(f"error.{name}", values)


_SENTENCES: Mapping[str, str] = {
    "greater_than": "above",
    "greater_than_equal": "atleast",
    "less_than": "below",
    "less_than_equal": "atmost",
    "finite_number": "finite",
    "float_type": "number",
    "float_parsing": "number",
    "int_type": "integer",
    "int_parsing": "integer",
    "int_parsing_size": "integer",
    "int_from_float": "integer",
    "bool_type": "switch",
    "bool_parsing": "switch",
    "string_type": "text",
    "string_too_short": "short",
    "string_too_long": "long",
    "list_type": "list",
    "tuple_type": "list",
    "too_short": "few",
    "too_long": "long_list",
    "dict_type": "object",
    "model_type": "object",
    "model_attributes_type": "object",
    "literal_error": "choice",
    "enum": "choice",
    "union_tag_invalid": "choice",
    "union_tag_not_found": "missing",
    "missing": "missing",
    "extra_forbidden": "unknown",
}
"""pydantic's kinds of error and our sentences, ``error.NAME``. Any other kind is ``error.value``."""


def _bound(value: float) -> float:
    """0 rather than 0.0."""
    return int(value) if float(value).is_integer() else value


def _field(path: Path) -> str:
    return ".".join(str(part) for part in path) or "params"


def _near(got: str, known: str) -> str:
    """The choices; of very many, those that read like what was typed, or the first."""
    names = known.split(", ")
    if len(names) <= _CHOICES:
        return known
    return ", ".join([*(get_close_matches(got[:_GOT].lower(), names, n=5) or names[:_FIRST]), "…"])


def shown(value: Any) -> str:
    """A bad value as JSON would write it, cut where it is long."""
    if isinstance(value, float) and not math.isfinite(value):
        text = "NaN" if math.isnan(value) else "∞" if value > 0 else "−∞"
    else:
        try:
            text = json.dumps(value, ensure_ascii=False)
        except (TypeError, ValueError):
            text = repr(value)
    return text if len(text) <= _GOT else text[: _GOT - 1] + "…"


def _path(loc: Sequence[str | int], title: str) -> Path:
    """pydantic's location without the tags of tagged unions, which are no part of the params."""
    return _walk(loc, title)[0]


def _names(loc: Sequence[str | int], title: str) -> Sequence[str]:
    """The settings that there are where pydantic found one that there is not."""
    return list(_walk(loc[:-1], title)[1].get("properties", {}))


def _walk(loc: Sequence[str | int], title: str) -> tuple[Path, Mapping[str, Any]]:
    """The path into the params, and what the JSON schema says there."""
    schema = _schemas().get(title)
    if schema is None:
        return tuple(loc), {}
    here: Mapping[str, Any] = schema
    path: list[str | int] = []
    for part in loc:
        here = _open(here, schema)
        tags = here.get("discriminator", {}).get("mapping", {})
        if part in tags:
            here = {"$ref": tags[part]}
            continue
        path.append(part)
        if isinstance(part, int):
            prefix = here.get("prefixItems", [])
            here = prefix[part] if part < len(prefix) else here.get("items", {})
        else:
            here = here.get("properties", {}).get(part, {})
    return tuple(path), _open(here, schema)


def _open(here: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow references, and step into the one choice of ``anyOf`` that is not null."""
    while True:
        if "$ref" in here:
            here = root["$defs"][here["$ref"].rsplit("/", 1)[-1]]
        elif len(some := [one for one in here.get("anyOf", ()) if one.get("type") != "null"]) == 1:
            here = some[0]
        else:
            return here


@cache
def _schemas() -> dict[str, dict[str, Any]]:
    from app.labs.registry import experiments

    return {cls.__name__: cls.model_json_schema() for cls in experiments().values()}
