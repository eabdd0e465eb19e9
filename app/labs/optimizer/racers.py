"""The settings of one racer: a flat model a rule, made from the table, so that each has its own names, defaults and bounds.

``Racer`` is what they have in common; ``AnyRacer`` tells them apart by ``rule``. No torch here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, TypeAlias, Union

from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator

from app.labs.contract import Message, UserError
from app.labs.optimizer.options import Options, check_options
from app.labs.optimizer.rules.catalogue import catalogue
from app.labs.optimizer.rules.table import RULES, SWITCH_NAMES, Form, Hyper, Rule
from app.labs.optimizer.schedule_kinds import Schedule


class Racer(BaseModel):
    """What every racer has; the settings of its rule are further fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    rule: str
    lr: float = Field(gt=0, le=1000, json_schema_extra={"log": True})

    if TYPE_CHECKING:  # declared by every rule's model, after the rule's own settings
        form: Form = "torch"
        schedule: Schedule | None = None

    def settings(self) -> dict[str, Any]:
        """Every setting by name, the schedule as a mapping."""
        return self.model_dump(mode="python")


def _field(hyper: Hyper) -> Any:
    bounds = {"gt": hyper.above, "ge": hyper.least, "lt": hyper.below, "le": hyper.most}
    bounded: dict[str, Any] = {name: bound for name, bound in bounds.items() if bound is not None}
    extra: dict[str, Any] = {"folded": True} if hyper.folded else {}
    default: Any = hyper.default
    match hyper.kind:
        case "switch":
            return bool, Field(default, json_schema_extra=extra)
        case "choice":
            return Literal[hyper.choices], Field(default, json_schema_extra=extra)
        case "whole":
            return int, Field(default, json_schema_extra=extra, **bounded)
        case "pair":
            number = Annotated[float, Field(**bounded)]
            return tuple[number, number], Field(default, json_schema_extra={**extra, "widget": "point", "axes": ["β₁", "β₂"]})
        case _:
            return float, Field(default, json_schema_extra=extra, **bounded)


def _model(rule: Rule) -> type[Racer]:
    fields: dict[str, Any] = {
        "rule": (Literal[rule.name], Field(rule.name)),
        "lr": (float, Field(rule.lr, gt=0, le=1000, json_schema_extra={"log": True})),
        **{hyper.name: _field(hyper) for hyper in rule.hyper},
        "form": (Literal[rule.forms], Field("torch")),
        "schedule": (Schedule | None, Field(None, json_schema_extra={"folded": True})),
    }
    return create_model(f"Racer_{rule.name}", __base__=Racer, __module__=__name__, **fields)


NAMES: dict[str, Any] = {name: rule["title"] for name, rule in catalogue().items()}
"""What the catalogue's rules are called in every language: their classes' names."""


class CatalogueRacer(Racer):
    """A rule of the package ``pytorch_optimizer``, see ``rules.catalogue``. An ``lr`` left out becomes the rule's own default."""

    rule: Literal[tuple(catalogue())] = Field(json_schema_extra={"names": NAMES})  # type: ignore[valid-type]
    lr: float | None = Field(None, gt=0, le=1000, json_schema_extra={"log": True})  # type: ignore[assignment]
    options: Options = Field({}, json_schema_extra={"group": "catalogue", "folded": True})
    form: Literal["torch"] = "torch"
    schedule: Schedule | None = Field(None, json_schema_extra={"folded": True})

    @model_validator(mode="before")
    @classmethod
    def _own_rate(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("lr") is None and values.get("rule") in catalogue():
            return {**values, "lr": catalogue()[values["rule"]]["lr"]}
        return values

    @model_validator(mode="after")
    def _check(self) -> CatalogueRacer:
        check_options(self.rule, self.options, catalogue()[self.rule]["options"])
        return self


MODELS = {name: _model(rule) for name, rule in RULES.items()}
"""The model of every rule's racer, by the rule's name."""

if TYPE_CHECKING:
    AnyRacer: TypeAlias = Racer
else:
    AnyRacer = Annotated[Union[(*MODELS.values(), CatalogueRacer)], Field(discriminator="rule")]


class Raced(Protocol):
    """Params of any experiment in which racers run."""

    @property
    def racers(self) -> list[AnyRacer]: ...

    @property
    def steps(self) -> int: ...

    def segments(self) -> Sequence[tuple[int, Raced]]: ...


def check_racers(racers: Sequence[Any]) -> None:
    """What a racer's rule and its schedule, or its form and its switches, cannot be together. Raises UserError at the racer."""
    for r, racer in enumerate(racers):
        _check_momentum(racer, r)
        _check_switches(racer, r)


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
