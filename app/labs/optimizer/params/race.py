"""The params of ``optimizer/race``: several rules from one start on one surface. No torch here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from app.labs.contract import Message, Params, UserError
from app.labs.optimizer.expression import parse
from app.labs.optimizer.params.changes import MAX_STEPS, Change, applied
from app.labs.optimizer.racers import AnyRacer, check_racers
from app.labs.optimizer.rare import Case, steps_before
from app.labs.optimizer.surfaces import SURFACES

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
    """Rare batches: Reddi et al.'s 1010 once in a hundred, a single spike, or one after 100,000 ones."""

    kind: Literal["rare"] = "rare"
    case: Case = "reddi"


AnySource: TypeAlias = Annotated[OfSurface | OfList | OfRare, Field(discriminator="kind")]


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

    @property
    def before(self) -> int:
        """How many steps the racers make at the start before the first that is shown."""
        return steps_before(self.source.case, self.steps) if isinstance(self.source, OfRare) else 0

    def segments(self) -> Sequence[tuple[int, RaceParams]]:
        """(first step, the params from it on), in order, the first from step 1. Params of a segment have no changes."""
        return self._segments or ((1, self),)

    def at(self, step: int) -> RaceParams:
        """The params that hold at a step, its changes applied."""
        return [params for first, params in self.segments() if first <= max(step, 1)][-1]

    @model_validator(mode="after")
    def _check(self) -> RaceParams:
        check_racers(self.racers)
        for name, side in (("x_range", self.x_range), ("y_range", self.y_range)):
            if side is not None and side[0] >= side[1]:
                raise UserError(Message("error.range", {"low": side[0], "high": side[1]}), (name,))
        if self.expression is not None:
            _check_expression(self.expression)
        if self.changes:
            self._segments = tuple(applied(self, self.changes, CHANGEABLE))
        return self


def _check_expression(text: str) -> None:
    """What cannot be read is told at its field, before anything runs."""
    try:
        parse(text)
    except UserError as error:
        raise UserError(error.message, ("expression",)) from error
