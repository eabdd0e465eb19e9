"""Branches: settings of a run that change on the way, the state kept. No torch here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.labs.contract import Message, Params, UserError
from app.labs.errors import field_errors

MAX_STEPS = 20_000

FIXED_OF_RACER = ("rule", "form", "base", "k", "initial_accumulator_value", "options")
"""Settings of a racer that its memory depends on, so that they cannot change on the way."""

P = TypeVar("P", bound=Params)


class Change(BaseModel):
    """From the step after ``at`` on, these settings hold; names are paths, e.g. ``"racers.2.lr"`` or ``"noise"``."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    at: int = Field(ge=0, le=MAX_STEPS)
    set: dict[str, Any] = Field(min_length=1, max_length=64)


def applied(params: P, changes: Sequence[Change], changeable: Sequence[str]) -> list[tuple[int, P]]:
    """(first step, the params from it on) of every segment, each validated; ``changeable`` may be set besides the racers' own.

    Raises UserError at the change that is to blame.
    """
    cls = type(params)
    now = params.model_dump(mode="python", exclude={"changes"})
    plain = cls.model_validate(now)
    segments = [(1, plain)]
    for i, change in sorted(enumerate(changes), key=lambda one: one[1].at):
        for name, value in change.set.items():
            _set(now, name, value, ("changes", i, "set", name), changeable)
        try:
            plain = cls.model_validate(now)
        except ValidationError as error:
            path, message = field_errors(error)[0]
            raise UserError(message, ("changes", i, "set", _culprit(path, change.set))) from error
        if change.at + 1 == segments[-1][0]:
            segments.pop()
        segments.append((change.at + 1, plain))
    return segments


def _culprit(path: Sequence[str | int], names: Iterable[str]) -> str:
    """The setting of a change that an error at ``path`` belongs to; the last one, where none is at that very place."""
    *others, last = names
    at = ".".join(str(part) for part in path) + "."
    return next((name for name in others if at.startswith(f"{name}.")), last)


def _set(values: dict[str, Any], name: str, value: Any, path: tuple[str | int, ...], changeable: Sequence[str]) -> None:
    """Put a value where a dotted name says. Raises UserError for a place that is not there or must stay."""
    parts = name.split(".")
    known = ", ".join((*changeable, "racers.0.lr"))
    if not (parts[0] in changeable and len(parts) == 1) and not (parts[0] == "racers" and len(parts) >= 3):
        raise UserError(Message("error.change", {"got": name, "known": known}), path)
    if parts[0] == "racers" and parts[2] in FIXED_OF_RACER:
        raise UserError(Message("error.change_fixed", {"got": parts[2]}), path)
    here: Any = values
    for part in parts[:-1]:
        if isinstance(here, list) and part.isdecimal() and int(part) < len(here):
            here = here[int(part)]
        elif isinstance(here, dict) and part in here:
            here = here[part]
        else:
            raise UserError(Message("error.change", {"got": name, "known": known}), path)
    if not isinstance(here, dict):
        raise UserError(Message("error.change", {"got": name, "known": known}), path)
    here[parts[-1]] = value
