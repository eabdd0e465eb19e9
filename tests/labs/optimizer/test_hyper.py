"""Settings: the table's defaults are torch's, and with any settings a race is still the plain torch loop to the last bit."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.labs.optimizer.rules.table import RULES
from tests.labs.optimizer.test_race import path, plain_loop, race

OURS = {"momentum": 0.9, ("nesterov", "momentum"): 0.9, ("rmsprop", "momentum"): 0.0}
CLASSES: dict[str, tuple[type[torch.optim.Optimizer], dict[str, Any]]] = {
    "sgd": (torch.optim.SGD, {}),
    "sgdm": (torch.optim.SGD, {}),
    "nesterov": (torch.optim.SGD, {"nesterov": True}),
    "adagrad": (torch.optim.Adagrad, {}),
    "rmsprop": (torch.optim.RMSprop, {}),
    "adadelta": (torch.optim.Adadelta, {}),
    "adam": (torch.optim.Adam, {}),
    "amsgrad": (torch.optim.Adam, {"amsgrad": True}),
    "adamw": (torch.optim.AdamW, {}),
    "nadam": (torch.optim.NAdam, {}),
    "radam": (torch.optim.RAdam, {}),
}
SURFACES = ("himmelblau", "rosenbrock", "beale", "ackley", "levy", "booth", "three-hump-camel", "styblinski-tang")


def own(rule: str) -> list[Any]:
    """The rule's settings that torch's class has too."""
    return [h for h in RULES[rule].hyper if h.name in inspect.signature(CLASSES[rule][0].__init__).parameters]


@pytest.mark.parametrize("rule", CLASSES)
def test_defaults_are_torchs(rule: str) -> None:
    """But for the momentum of the rules that are named after it: 0.9."""
    torchs = inspect.signature(CLASSES[rule][0].__init__).parameters
    for hyper in own(rule):
        expected = OURS.get((rule, hyper.name), OURS.get(hyper.name, torchs[hyper.name].default))
        assert hyper.default == expected, (rule, hyper.name)


@st.composite
def racers(draw: st.DrawFn) -> dict[str, Any]:
    """A rule that torch has and settings within their bounds, near enough to use that most paths go somewhere."""
    rule = draw(st.sampled_from(sorted(CLASSES)))
    racer: dict[str, Any] = {"rule": rule, "lr": draw(st.floats(1e-5, 0.2))}
    for hyper in own(rule):
        match hyper.kind, hyper.name:
            case "switch", _:
                racer[hyper.name] = draw(st.booleans())
            case "pair", _:
                racer[hyper.name] = [draw(st.floats(0, 0.99)), draw(st.floats(0, 0.9999))]
            case _, "eps":
                racer[hyper.name] = draw(st.sampled_from([0.0, 1e-12, 1e-8, 1e-3, 1.0]))
            case _, "weight_decay" | "lr_decay" | "momentum_decay" | "initial_accumulator_value":
                racer[hyper.name] = draw(st.sampled_from([0.0, 1e-3, 0.3]))
            case _, "momentum":
                racer[hyper.name] = draw(st.sampled_from([0.5, 0.9, 0.99]))
            case _:
                racer[hyper.name] = draw(st.floats(0, 0.99))
    return racer


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(racers(), min_size=1, max_size=3), st.sampled_from(SURFACES))
def test_any_settings_give_the_plain_loop_to_the_last_bit(field: list[dict[str, Any]], surface: str) -> None:
    """Racers of one class share an optimizer, a parameter group each: nothing leaks from one to the next."""
    frames = race(racers=field, steps=60, surface=surface, dtype="float64")
    for r, racer in enumerate(field):
        cls, more = CLASSES[racer["rule"]]
        options = {name: tuple(v) if isinstance(v, list) else v for name, v in racer.items() if name != "rule"}
        expected = plain_loop(lambda p, cls=cls, options={**options, **more}: cls(p, **options), 60, surface)
        alive = np.array([frame.tensors["status"][r] for frame in frames]) == 0
        assert np.array_equal(path(frames, r)[alive], expected[alive]), racer
