"""One racer at one step, as an explanation sees it: its settings then, and the numbers of the two frames.

Nothing is replayed: what the previous frame holds is the state before the step, what the frame holds is torch's answer.
The learning rate comes from the settings in full precision (a float32 frame has rounded it).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from app.labs.contract import Frame, Message, Plain, Scene, Target, UserError
from app.labs.optimizer import explain_schedules
from app.labs.optimizer.explain_adaptive import RULES as LINES
from app.labs.optimizer.explain_rules import Step, Work
from app.labs.optimizer.explain_sheet import Sheet
from app.labs.optimizer.explain_symbols import LATEX, NOTES, SETTINGS
from app.labs.optimizer.params.race import RaceParams

AXES = ("x", "y")


class View:
    """Racer ``r`` at ``frame``; ``before`` is the frame of the step before (None at the start).

    ``t`` counts the race's steps, ``made`` the rule's own: those that came before the race too.
    """

    def __init__(self, params: RaceParams, scene: Scene, before: Frame | None, frame: Frame, target: Target) -> None:
        self.params = params.at(frame.step)
        self.scene, self.before, self.frame, self.target = scene, before, frame, target
        self.t = frame.step
        self.made = params.before + frame.step
        self.r = _index(target, "racer", len(params.racers))
        self.h: dict[str, Any] = self.params.racers[self.r].settings()
        self.first_lr = params.racers[self.r].lr
        self.run = params

    @property
    def label(self) -> Plain:
        racers = self.scene.note.get("racers")
        entry = racers[self.r] if isinstance(racers, list) else None
        return entry["label"] if isinstance(entry, dict) else str(self.h["rule"])

    @cached_property
    def coordinate(self) -> int:
        """Which coordinate is asked about."""
        return _index(self.target, "coordinate", 2)

    def now(self, name: str, coordinate: int | None = None) -> float:
        """A number of this frame."""
        return _number(self.frame, name, self.r, coordinate)

    def past(self, name: str, coordinate: int | None = None) -> float:
        """A number of the frame before."""
        assert self.before is not None
        return _number(self.before, name, self.r, coordinate)

    def has(self, frame: Frame | None, state: str) -> bool:
        """Whether the racer's state is in a frame."""
        return frame is not None and f"state/{self.r}/{state}" in frame.tensors

    def state(self, frame: Frame, state: str, coordinate: int) -> float:
        """A number of the racer's memory; one that both coordinates share is given for either."""
        values = frame.tensors[f"state/{self.r}/{state}"]
        return float(values.reshape(-1)[coordinate if values.size > 1 else 0])

    @property
    def out(self) -> bool:
        """Whether the racer had left the race before this step."""
        return self.before is not None and int(self.before.tensors["status"][self.r]) != 0

    @property
    def leaves(self) -> bool:
        """Whether the racer left the race at this step."""
        return int(self.frame.tensors["status"][self.r]) != 0 and not self.out

    @property
    def switched(self) -> bool:
        """Whether SWATS had handed over to SGD before this step."""
        return self.has(self.before, "phase") and self.before is not None and self.state(self.before, "phase", 0) != 0

    @cached_property
    def step(self) -> Step:
        """What the rule's lines depend on."""
        fresh = self.made == 1 or not self.has(self.before, "momentum_buffer")
        return Step(self.h, self.made, str(self.h["form"]), fresh, self.switched)

    @cached_property
    def work(self) -> Work | None:
        """The rule's lines; None for a rule of the catalogue."""
        rule = LINES.get(str(self.h["rule"]))
        return rule(self.step) if rule else None

    def rate_lines(self) -> explain_schedules.Lines:
        """The learning rate's lines at this step."""
        return explain_schedules.rate(self.params.racers[self.r].schedule, float(self.h["lr"]), self.params.steps, self.t)

    def momentum_lines(self) -> explain_schedules.Lines | None:
        """The momentum's lines where the schedule cycles it."""
        return explain_schedules.momentum(self.params.racers[self.r].schedule, self.params.steps, self.t)

    @cached_property
    def eta(self) -> float:
        """The learning rate of this step, before SWATS's hand-over."""
        lines = self.rate_lines()
        return Sheet(lines.given, {}).lines(lines.text)

    def given(self, coordinate: int) -> dict[str, float]:
        """Every number that the rule's lines may start from."""
        assert self.before is not None
        numbers = {
            "theta": self.past("position", coordinate),
            "g": self.now("gradient", coordinate),
            "eta": self.eta,
            "eta_base": self.first_lr,
            "t": float(self.made),
        }
        for name, symbol in SETTINGS.items():
            if isinstance(self.h.get(name), float | int):
                numbers[symbol] = float(self.h[name])
        if self.h["rule"] == "lookahead":
            numbers["slow_alpha"] = numbers.pop("alpha")
        if "betas" in self.h:
            numbers["beta_1"], numbers["beta_2"] = map(float, self.h["betas"])
        cycled = self.momentum_lines()
        if cycled is not None:
            numbers["beta_1" if "betas" in self.h else "mu"] = Sheet(cycled.given, {}).lines(cycled.text)
        if self.switched:
            numbers["Lambda"] = self.now("lr")
        for symbol, state in (self.work.before if self.work else {}).items():
            # A buffer that a branch asks for first at this step starts from zero.
            numbers[symbol] = self.state(self.before, state, coordinate) if self.has(self.before, state) else 0.0
        return numbers

    def latex(self) -> Mapping[str, str]:
        """The symbols in the form that was run."""
        return {**LATEX, **NOTES} if self.h["form"] == "notes" else LATEX

    def targets(self, coordinate: int) -> dict[str, Target]:
        """Which symbols of the rule's lines can themselves be opened, in this frame."""
        here: Target = {"racer": self.r, "coordinate": coordinate}
        opened: dict[str, Target] = {
            "g": {"kind": "gradient", **here},
            "eta": {"kind": "lr", "racer": self.r},
            "Lambda": {"kind": "lr", "racer": self.r},
            "theta_t": {"kind": "position", **here},
        }
        for symbol, state in (self.work.after if self.work else {}).items():
            opened[symbol] = {"kind": "state", "name": state, **here}
        return opened

    def sheet(self, coordinate: int) -> Sheet:
        """An empty sheet with the rule's numbers in one coordinate."""
        return Sheet(self.given(coordinate), self.latex(), self.targets(coordinate))


def _index(target: Target, name: str, count: int) -> int:
    """The target's racer or coordinate. Raises UserError where there is none."""
    value = target.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < count:
        raise UserError(Message("explain.error.index", {"name": name, "got": str(value), "last": count - 1}))
    return value


def _number(frame: Frame, name: str, r: int, coordinate: int | None) -> float:
    row = frame.tensors[name][r]
    return float(row if coordinate is None else row[coordinate])
