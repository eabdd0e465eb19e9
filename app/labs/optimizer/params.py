"""The params of ``optimizer/race``: several rules from one start on one surface. No torch here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from app.labs.contract import Message, Params, UserError
from app.labs.errors import field_errors
from app.labs.optimizer.expression import parse
from app.labs.optimizer.racers import AnyRacer
from app.labs.optimizer.rules.table import SWITCH_NAMES
from app.labs.optimizer.surfaces import SURFACES

MAX_STEPS = 20_000
MAX_RACERS = 16

Coordinate: TypeAlias = Annotated[float, Field(ge=-1e6, le=1e6)]
SurfaceName: TypeAlias = Literal[tuple(SURFACES)]  # type: ignore[valid-type]

DEFAULT_RACERS: list[dict[str, Any]] = [
    {"rule": "sgd", "lr": 0.004},
    {"rule": "sgdm", "lr": 0.002},
    {"rule": "adagrad", "lr": 0.35},
    {"rule": "rmsprop", "lr": 0.03},
    {"rule": "adam", "lr": 0.09},
    {"rule": "amsgrad", "lr": 0.05},
]

RANGE: dict[str, Any] = {"group": "surface", "folded": True, "widget": "point", "axes": ["min", "max"]}
"""A side of the picture; None: the surface's own."""

CHANGEABLE = ("noise", "batch_size", "clip", "tolerance")
"""What a change may set besides a racer's own settings."""
FIXED_OF_RACER = ("rule", "form", "base", "k", "initial_accumulator_value", "options")
"""Settings of a racer that its memory depends on, so that they cannot change on the way."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class OfSurface(_Part):
    """Gradients of the surface."""

    kind: Literal["surface"] = "surface"


class OfList(_Part):
    """A typed list of gradients, one a step, the same for every racer; after its end they are zero."""

    kind: Literal["gradients"] = "gradients"
    values: list[tuple[Annotated[float, Field(ge=-1e9, le=1e9)], Annotated[float, Field(ge=-1e9, le=1e9)]]] = Field(
        [(1.0, 1.0)] * 20, max_length=2000, json_schema_extra={"widget": "matrix"}
    )


class OfRare(_Part):
    """Rare batches: Reddi et al.'s 1010 once in a hundred, or a single spike."""

    kind: Literal["rare"] = "rare"
    case: Literal["reddi", "spike"] = "reddi"


AnySource: TypeAlias = Annotated[OfSurface | OfList | OfRare, Field(discriminator="kind")]


class Change(_Part):
    """From the step after ``at`` on, these settings hold; names are paths, e.g. ``"racers.2.lr"`` or ``"noise"``."""

    at: int = Field(ge=0, le=MAX_STEPS)
    set: dict[str, Any] = Field(min_length=1, max_length=64)


class RaceParams(Params):
    """Several optimizers race down one surface."""

    experiment: ClassVar[str] = "optimizer/race"

    surface: SurfaceName = Field("himmelblau", json_schema_extra={"group": "surface"})
    expression: str | None = Field(None, max_length=500, json_schema_extra={"group": "surface", "widget": "text"})
    condition: float = Field(
        25.0, ge=1, le=1e4, json_schema_extra={"group": "surface", "log": True, "when": {"surface": ["ravine"]}}
    )
    start: tuple[Coordinate, Coordinate] | None = Field(None, json_schema_extra={"group": "surface", "widget": "point"})
    x_range: tuple[Coordinate, Coordinate] | None = Field(None, json_schema_extra=RANGE)
    y_range: tuple[Coordinate, Coordinate] | None = Field(None, json_schema_extra=RANGE)
    racers: list[AnyRacer] = Field(
        DEFAULT_RACERS,
        min_length=1,
        max_length=MAX_RACERS,
        validate_default=True,
        json_schema_extra={"group": "racers", "widget": "racers"},
    )
    steps: int = Field(160, ge=0, le=MAX_STEPS, json_schema_extra={"group": "run"})
    source: AnySource = Field(OfSurface(), json_schema_extra={"group": "gradients"})
    batch_size: int = Field(8, ge=1, le=64, json_schema_extra={"group": "gradients", "when": {"surface": ["least-squares"]}})
    noise: float = Field(0.0, ge=0, le=1e6, json_schema_extra={"group": "gradients"})
    clip: float | None = Field(None, gt=0, le=1e9, json_schema_extra={"group": "gradients"})
    tolerance: float = Field(1e-3, gt=0, le=1e6, json_schema_extra={"group": "run", "folded": True})
    dtype: Literal["float32", "float64"] = Field("float32", json_schema_extra={"group": "run", "folded": True})
    changes: list[Change] = Field([], max_length=64, json_schema_extra={"group": "changes", "widget": "changes"})

    _segments: tuple[tuple[int, RaceParams], ...] = PrivateAttr(())

    def length(self) -> int:
        """The last step's number."""
        return self.steps

    def segments(self) -> Sequence[tuple[int, RaceParams]]:
        """(first step, the params from it on), in order, the first from step 1. Params of a segment have no changes."""
        return self._segments or ((1, self),)

    def at(self, step: int) -> RaceParams:
        """The params that hold at a step, its changes applied."""
        return [params for first, params in self.segments() if first <= max(step, 1)][-1]

    @model_validator(mode="after")
    def _check(self) -> RaceParams:
        for r, racer in enumerate(self.racers):
            _check_momentum(racer, r)
            _check_switches(racer, r)
        for name, side in (("x_range", self.x_range), ("y_range", self.y_range)):
            if side is not None and side[0] >= side[1]:
                raise UserError(Message("error.range", {"low": side[0], "high": side[1]}), (name,))
        if self.expression is not None:
            _check_expression(self.expression)
        if self.changes:
            self._segments = tuple(_apply(self))
        return self


def _check_momentum(racer: Any, r: int) -> None:
    """torch cycles the momentum of rules that have one; a schedule with ``cycle_momentum`` needs such a rule."""
    if not getattr(racer.schedule, "cycle_momentum", False):
        return
    if racer.rule == "lookahead":
        has_one = racer.base != "sgd"
    else:
        has_one = hasattr(racer, "betas") or bool(getattr(racer, "momentum", None))
    if not has_one:
        raise UserError(Message("error.cycle_momentum", {"rule": racer.rule}), ("racers", r, "schedule", "cycle_momentum"))


def _check_switches(racer: Any, r: int) -> None:
    """Parts of Adam are switched off in torch's form: the papers' own forms are whole."""
    off = [name for name in SWITCH_NAMES if not getattr(racer, name, True)]
    if off and racer.form != "torch":
        raise UserError(Message("error.switch_form", {"form": racer.form}), ("racers", r, off[0]))


def _check_expression(text: str) -> None:
    """What cannot be read is told at its field, before anything runs."""
    try:
        parse(text)
    except UserError as error:
        raise UserError(error.message, ("expression",)) from error


def _apply(params: RaceParams) -> list[tuple[int, RaceParams]]:
    """The params of every segment, each validated. Raises UserError at the change that is to blame."""
    now = params.model_dump(mode="python", exclude={"changes"})
    plain = RaceParams.model_validate(now)
    segments = [(1, plain)]
    for i, change in sorted(enumerate(params.changes), key=lambda one: one[1].at):
        for name, value in change.set.items():
            _set(now, name, value, ("changes", i, "set", name))
        try:
            plain = RaceParams.model_validate(now)
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


def _set(values: dict[str, Any], name: str, value: Any, path: tuple[str | int, ...]) -> None:
    """Put a value where a dotted name says. Raises UserError for a place that is not there or must stay."""
    parts = name.split(".")
    known = ", ".join((*CHANGEABLE, "racers.0.lr"))
    if not (parts[0] in CHANGEABLE and len(parts) == 1) and not (parts[0] == "racers" and len(parts) >= 3):
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
