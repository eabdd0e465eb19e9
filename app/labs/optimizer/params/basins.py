"""The params of ``optimizer/basins``: one rule from every pixel of a plane, of starts or of settings. No torch here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal, TypeAlias

from pydantic import Field, ValidationError, model_validator

from app.labs.contract import Message, Params, UserError
from app.labs.errors import field_errors
from app.labs.optimizer.params.race import Coordinate, RaceParams, SurfaceName
from app.labs.optimizer.passes import parts
from app.labs.optimizer.racers import AnyRacer

MOST_SIDE = 4096
MOST_STEPS = 5000
MOST_ALONE = 60_000_000
"""Steps of all paths where they step one by one: half an hour of two cores."""

TOGETHER: Mapping[str, frozenset[str]] = {
    "gd": frozenset({"lr"}),
    "sgd": frozenset({"lr", "weight_decay"}),
    "sgdm": frozenset({"lr", "momentum", "dampening", "weight_decay"}),
    "nesterov": frozenset({"lr", "momentum", "weight_decay"}),
    "sgdw": frozenset({"lr", "momentum", "weight_decay"}),
    "adagrad": frozenset({"lr", "lr_decay", "eps", "weight_decay"}),
    "rmsprop": frozenset({"lr", "alpha", "momentum", "eps", "weight_decay"}),
    "adadelta": frozenset({"lr", "rho", "eps", "weight_decay"}),
    "adam": frozenset({"lr", "beta1", "beta2", "eps", "weight_decay"}),
    "amsgrad": frozenset({"lr", "beta1", "beta2", "eps", "weight_decay"}),
    "adamw": frozenset({"lr", "beta1", "beta2", "eps", "weight_decay"}),
    "nadam": frozenset({"lr", "beta2", "eps", "weight_decay"}),
    "radam": frozenset({"lr", "beta1", "eps", "weight_decay"}),
    "adabound": frozenset({"lr", "beta1", "eps", "weight_decay", "final_lr", "gamma"}),
    "amsbound": frozenset({"lr", "beta1", "eps", "weight_decay", "final_lr", "gamma"}),
    "swats": frozenset({"lr", "beta1", "eps", "weight_decay"}),
    "lookahead": frozenset({"lr", "alpha", "momentum", "beta1", "beta2", "eps", "weight_decay"}),
    "lion": frozenset({"lr", "beta1", "beta2", "weight_decay"}),
}
"""Rules whose steps are elementwise, or reduce every path by itself, and the settings that may differ from pixel to pixel while all
paths step together: a test runs each against single runs. Every other rule or setting takes the paths one by one."""
REDUCING = frozenset({"swats"})
"""Those of them that are not elementwise."""

_BETAS = {"beta1": 0, "beta2": 1}
NAMES: dict[str, Any] = {
    "lr": "lr", "momentum": "momentum", "beta1": "β₁", "beta2": "β₂", "eps": "eps", "weight_decay": "weight_decay",
    "dampening": "dampening", "alpha": "alpha", "rho": "rho", "lr_decay": "lr_decay", "momentum_decay": "momentum_decay",
    "final_lr": "final_lr", "gamma": "gamma",
}  # fmt: skip
"""The settings that an axis may have, in torch's names, as the page writes them."""
SettingName: TypeAlias = Literal[tuple(NAMES)]  # type: ignore[valid-type]

Range: TypeAlias = "tuple[Coordinate, Coordinate] | None"
_MAP: dict[str, Any] = {"group": "map"}
_SETTINGS: dict[str, Any] = {**_MAP, "when": {"axes": ["settings"]}}
_RANGE: dict[str, Any] = {**_MAP, "widget": "point", "axes": ["≥", "≤"]}


class BasinsParams(Params):
    """Where one rule ends from every start of a plane, or with every pair of two settings from one start."""

    experiment: ClassVar[str] = "optimizer/basins"

    surface: SurfaceName = Field("himmelblau", json_schema_extra={"group": "surface"})
    expression: str | None = Field(None, max_length=500, json_schema_extra={"group": "surface", "widget": "text"})
    condition: float = Field(
        25.0, ge=1, le=1e4, json_schema_extra={"group": "surface", "log": True, "when": {"surface": ["ravine"]}}
    )
    axes: Literal["start", "settings"] = Field("start", json_schema_extra=_MAP)
    x_setting: SettingName = Field("lr", json_schema_extra={**_SETTINGS, "names": NAMES})
    y_setting: SettingName = Field("momentum", json_schema_extra={**_SETTINGS, "names": NAMES})
    x_range: tuple[Coordinate, Coordinate] | None = Field(None, json_schema_extra=_RANGE)
    y_range: tuple[Coordinate, Coordinate] | None = Field(None, json_schema_extra=_RANGE)
    x_log: bool = Field(False, json_schema_extra=_SETTINGS)
    y_log: bool = Field(False, json_schema_extra=_SETTINGS)
    start: tuple[Coordinate, Coordinate] | None = Field(None, json_schema_extra={**_SETTINGS, "widget": "point"})
    pixels: int = Field(256, ge=8, le=MOST_SIDE, json_schema_extra=_MAP)
    steps: int = Field(200, ge=1, le=MOST_STEPS, json_schema_extra=_MAP)
    racers: list[AnyRacer] = Field(
        [{"rule": "adam", "lr": 0.09}],
        min_length=1,
        max_length=1,
        validate_default=True,
        json_schema_extra={"group": "racers", "widget": "racers"},
    )
    batch_size: int = Field(
        8, ge=1, le=64, json_schema_extra={"group": "gradients", "folded": True, "when": {"surface": ["least-squares"]}}
    )
    noise: float = Field(0.0, ge=0, le=1e6, json_schema_extra={"group": "gradients", "folded": True})
    clip: float | None = Field(None, gt=0, le=1e9, json_schema_extra={"group": "gradients", "folded": True})
    tolerance: float = Field(1e-3, gt=0, le=1e6, json_schema_extra={"group": "run", "folded": True})
    dtype: Literal["float32", "float64"] = Field("float32", json_schema_extra={"group": "run", "folded": True})

    def length(self) -> int:
        """The last part's number."""
        return self.parts() - 1

    def parts(self) -> int:
        """How many parts the map is computed in."""
        return len(parts(self.pixels, self.most()))

    def together(self) -> bool:
        """Whether all paths of a part step at once, with one torch optimizer; else each has its own."""
        settings = TOGETHER.get(self.racers[0].rule)
        if settings is None:
            return False
        return self.axes == "start" or {self.x_setting, self.y_setting} <= settings

    def way(self) -> Literal["together", "reduced", "one_by_one"]:
        """How the paths step; "reduced": together, but something is summed over each path's own two numbers."""
        if not self.together():
            return "one_by_one"
        return "reduced" if self.racers[0].rule in REDUCING or self.clip is not None else "together"

    def most(self) -> int:
        """Pixels of a part. 32,768 paths and their memory fit a core's cache; one by one they take 60 us each a step."""
        return 32_768 if self.together() else 256

    def racer(self, values: Mapping[str, float]) -> dict[str, Any]:
        """The racer's settings with these in their places."""
        return placed(self.racers[0].model_dump(mode="python"), values)

    def race(self, start: tuple[float, float] | None, values: Mapping[str, float]) -> RaceParams:
        """The race of one pixel: from ``start``, its racer with these settings."""
        names = ("surface", "expression", "condition", "steps", "batch_size", "noise", "clip", "tolerance", "dtype", "seed")
        own = {name: getattr(self, name) for name in names}
        return RaceParams.model_validate({**own, "start": start, "racers": [self.racer(values)]})

    @model_validator(mode="after")
    def _check(self) -> BasinsParams:
        for side, at in ((self.x_range, "x_range"), (self.y_range, "y_range")):
            if side is not None and side[0] >= side[1]:
                raise UserError(Message("error.range", {"low": side[0], "high": side[1]}), (at,))
        _check_race(self, {}, ())
        if not self.together() and (work := self.pixels**2 * self.steps) > MOST_ALONE:
            raise UserError(Message("optimizer.basins.error.alone", {"got": work, "most": MOST_ALONE}), ("pixels",))
        if self.axes == "settings":
            for path, values in self._corners():
                _check_race(self, values, path)
        return self

    def _corners(self) -> Iterator[tuple[tuple[str], dict[str, float]]]:
        """The ends of both axes as settings, each with the field that is to blame if the racer cannot have it."""
        if self.x_setting == self.y_setting:
            raise UserError(Message("error.same_axes", {"setting": self.x_setting}), ("y_setting",))
        own = self.racers[0].model_dump(mode="python")
        for axis in ("x", "y"):
            name, low_high, log = getattr(self, f"{axis}_setting"), getattr(self, f"{axis}_range"), getattr(self, f"{axis}_log")
            if not has(own, name):
                known = ", ".join(one for one in NAMES if has(own, one))
                raise UserError(Message("error.no_setting", {"got": name, "known": known}), (f"{axis}_setting",))
            ends = low_high or default_range(name)
            if log and ends[0] <= 0:
                raise UserError(Message("error.log_range", {"got": ends[0]}), (f"{axis}_range",))
            inner = pixel_values(ends, log, self.pixels)
            yield from (((f"{axis}_range",), {name: value}) for value in (inner[0], inner[-1]))


def placed(racer: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """A racer's settings with others in their places; "beta1" and "beta2" are the two of ``betas``."""
    new = dict(racer)
    for name, value in values.items():
        if name in _BETAS:
            pair = list(new["betas"])
            pair[_BETAS[name]] = value
            new["betas"] = tuple(pair)
        else:
            new[name] = value
    return new


def has(racer: Mapping[str, Any], name: str) -> bool:
    """Whether a racer has the setting."""
    return "betas" in racer if name in _BETAS else name in racer


def default_range(name: str) -> tuple[float, float]:
    """What an axis of a setting spans when nothing is said."""
    return {"lr": (1e-3, 0.1), "beta2": (0.0, 1.0), "eps": (1e-10, 1e-2), "weight_decay": (0.0, 0.1)}.get(name, (0.0, 1.0))


def pixel_values(ends: tuple[float, float], log: bool, side: int) -> list[float]:
    """The axis's value at every pixel's middle."""
    low, high = ends
    shares = [(i + 0.5) / side for i in range(side)]
    if log:
        return [float(low * (high / low) ** share) for share in shares]
    return [low + (high - low) * share for share in shares]


def _check_race(params: BasinsParams, values: Mapping[str, float], path: tuple[str, ...]) -> None:
    """What a race refuses, told at the map's own field."""
    try:
        params.race(params.start, values)
    except ValidationError as error:
        where, message = field_errors(error)[0]
        raise UserError(message, path or where) from error
