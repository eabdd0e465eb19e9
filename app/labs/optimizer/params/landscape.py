"""The params of ``optimizer/landscape``: a network, those who train it, the plane its loss is drawn on. No torch here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field, model_validator

from app.labs.contract import Message, UserError
from app.labs.optimizer.params.task import TaskParams, of
from app.labs.optimizer.passes import parts
from app.labs.optimizer.racers import AnyRacer, check_racers

MAX_RACERS = 6
MAX_STEPS = 100_000
"""Steps of all networks together."""
MAX_KEPT = 2**24
"""Numbers in all the weights that are kept on the way: 64 MB."""
MAX_WORK = 4e11
"""Multiply-adds of the map: some minutes of a core."""

Along: TypeAlias = Annotated[float, Field(ge=-1e6, le=1e6)]
_RANGE = of("plane", widget="point", axes=["min", "max"], folded=True)


class LandscapeParams(TaskParams):
    """The loss of a network on a plane through its weights, and the paths of the rules that trained it."""

    experiment: ClassVar[str] = "optimizer/landscape"

    data: Literal["moons", "spirals", "circles", "line", "digits", "cifar10"] = Field("digits", json_schema_extra=of("task"))
    samples: int = Field(1000, ge=10, le=5000, json_schema_extra=of("task"))
    hidden: str = Field("32", max_length=24, json_schema_extra=of("task", when={"model": ["mlp"]}, widget="code"))

    racers: list[AnyRacer] = Field(
        [{"rule": "sgd", "lr": 0.3}, {"rule": "sgdm", "lr": 0.1}, {"rule": "adam", "lr": 0.01}],
        min_length=1,
        max_length=MAX_RACERS,
        validate_default=True,
        json_schema_extra=of("racers", widget="racers"),
    )
    epochs: int = Field(10, ge=1, le=500, json_schema_extra=of("run"))
    batch_size: int = Field(50, ge=1, le=5000, json_schema_extra=of("run"))
    points: int = Field(40, ge=2, le=200, json_schema_extra=of("run", folded=True))
    """Of each path."""
    curvature: bool = Field(True, json_schema_extra=of("run"))
    """Whether the Hessian is looked at, at each point of the paths."""

    plane: Literal["pca", "random"] = Field("pca", json_schema_extra=of("plane"))
    centre: int = Field(0, ge=0, lt=MAX_RACERS, json_schema_extra=of("plane", folded=True))
    """The racer whose last weights are the plane's origin."""
    side: int = Field(51, ge=9, le=151, json_schema_extra=of("plane"))
    """Points of the map along each axis."""
    x_range: tuple[Along, Along] | None = Field(None, json_schema_extra=_RANGE)
    y_range: tuple[Along, Along] | None = Field(None, json_schema_extra=_RANGE)

    @property
    def kept(self) -> int:
        """Points of a path after the first."""
        return min(self.points, self.steps)

    def at_steps(self) -> list[int]:
        """The steps whose weights are kept, evenly apart, from 0 to the last."""
        return [round(k * self.steps / self.kept) for k in range(self.kept + 1)]

    def map_parts(self) -> int:
        """How many parts the map comes in; the paths' points follow."""
        return len(parts(self.side, self.most()))

    def most(self) -> int:
        """Points of a part of the map: the last passes are shared by the workers."""
        return max(64, self.side**2 // 8)

    def parts(self) -> int:
        """Of the map, and one a point of the paths."""
        return self.map_parts() + self.kept + 1

    def length(self) -> int:
        """The last part's number."""
        return self.parts() - 1

    def segments(self) -> Sequence[tuple[int, LandscapeParams]]:
        """Nothing changes on the way."""
        return ((1, self),)

    @model_validator(mode="after")
    def _check(self) -> LandscapeParams:
        check_racers(self.racers)
        if self.plane == "random" and self.data == "line" and self.model == "logistic":
            raise UserError(Message("optimizer.landscape.error.one_weight"), ("plane",))
        if self.centre >= len(self.racers):
            raise UserError(Message("error.atmost", {"got": str(self.centre), "high": len(self.racers) - 1}), ("centre",))
        for name, side in (("x_range", self.x_range), ("y_range", self.y_range)):
            if side is not None and side[0] >= side[1]:
                raise UserError(Message("error.range", {"low": side[0], "high": side[1]}), (name,))
        if (work := self.steps * len(self.racers)) > MAX_STEPS:
            raise UserError(Message("optimizer.landscape.error.steps", {"got": work, "most": MAX_STEPS}), ("epochs",))
        numbers, adds = self.size()
        if (kept := numbers * len(self.racers) * (self.kept + 1)) > MAX_KEPT:
            told = {"got": kept, "most": MAX_KEPT}
            raise UserError(Message("optimizer.landscape.error.kept", told), ("points",))
        if (work := adds * self.count * self.side**2) > MAX_WORK:
            adds_told = {"got": f"{work:.2g}", "most": f"{MAX_WORK:.0e}"}
            raise UserError(Message("optimizer.landscape.error.work", adds_told), ("side",))
        return self
