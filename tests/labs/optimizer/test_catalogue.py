"""The catalogue of further rules: its file is what the package says, and every one of them runs in a race."""

from __future__ import annotations

import json
import warnings
from typing import Any

import numpy as np
import pytest
import pytorch_optimizer
import torch

from app import labs
from app.labs.contract import UserError
from app.labs.optimizer.rules.catalogue import catalogue, describe
from tests.labs.optimizer.test_race import path, plain_loop, race

RULES = list(catalogue())


def test_the_file_is_what_the_package_says() -> None:
    """Where it is not: python -m app.labs.optimizer.rules.catalogue."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert json.loads(json.dumps(describe())) == catalogue()


def test_nothing_under_a_non_commercial_licence_and_nothing_twice() -> None:
    assert not {"fromage", "nero", "adam", "sgdw", "swats"} & set(RULES)
    assert "fadam" not in RULES  # steps in float32 only
    assert len(RULES) > 85


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("first", range(0, len(RULES), 15))
def test_every_rule_of_the_catalogue_races(first: int) -> None:
    """Twice the same bytes, beside an Adam that does not notice."""
    rules = RULES[first : first + 15]
    racers = [{"rule": rule} for rule in rules] + [{"rule": "adam"}]
    once, again = (race(racers=racers, steps=12) for _ in range(2))
    for a, b in zip(once, again, strict=True):
        assert {k: v.tobytes() for k, v in a.tensors.items()} == {k: v.tobytes() for k, v in b.tensors.items()}
    moved = path(once)[0] != np.array([frame.tensors["position"] for frame in once])[-1]
    assert moved.any(axis=1).sum() >= len(rules)
    assert np.array_equal(path(once, len(rules)), path(race(racers=[{"rule": "adam"}], steps=12)))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("rule", ["lamb", "adabelief", "yogi", "adan"])
def test_a_rule_of_the_catalogue_is_the_packages(rule: str) -> None:
    """Some of these change the gradient in place: the frame still shows the one that was handed out."""
    options: dict[str, Any] = {"lr": 0.02, "weight_decay": 0.01}
    expected = plain_loop(lambda p: pytorch_optimizer.load_optimizer(rule)(p, **options), 100)
    racer = {"rule": rule, "lr": 0.02, "options": {"weight_decay": 0.01}}
    frames = race(racers=[racer, {"rule": "sgd"}], steps=100, dtype="float64")
    np.testing.assert_allclose(path(frames), expected, rtol=0, atol=1e-12)
    x = torch.tensor(frames[4].tensors["position"], requires_grad=True)
    ((x[:, 0] ** 2 + x[:, 1] - 11) ** 2 + (x[:, 0] + x[:, 1] ** 2 - 7) ** 2).sum().backward()  # type: ignore[no-untyped-call]
    assert x.grad is not None
    np.testing.assert_allclose(frames[5].tensors["gradient"], x.grad.numpy(), rtol=1e-9)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("first", range(0, len(RULES), 15))
def test_every_rule_is_the_packages_with_its_defaults(first: int) -> None:
    """To the last bit, also where a rule makes another rate of the one it is given, and where it diverges with its own rate."""
    rules = RULES[first : first + 15]
    frames = race(racers=[{"rule": rule} for rule in rules], steps=40, dtype="float64")
    for r, rule in enumerate(rules):
        expected = plain_loop(lambda p, rule=rule: pytorch_optimizer.load_optimizer(rule)(p, lr=catalogue()[rule]["lr"]), 40)
        alive = np.array([frame.tensors["status"][r] for frame in frames]) == 0
        assert np.array_equal(path(frames, r)[alive], expected[alive]), rule


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("lr", [1e-9, 1000.0])
def test_whatever_a_rule_does_the_others_go_on(lr: float) -> None:
    """With a hopeless rate, huge noise and gradients of zero: no racer takes the race down, and all positions are numbers."""
    alone = path(race(racers=[{"rule": "adam"}], steps=30))
    for first in range(0, len(RULES), 15):
        racers = [*({"rule": rule, "lr": lr} for rule in RULES[first : first + 15]), {"rule": "adam"}]
        frames = race(racers=racers, steps=30)
        assert np.array_equal(path(frames, len(racers) - 1), alone)
        assert all(np.isfinite(frame.tensors["position"]).all() for frame in frames)
        gradients = {"kind": "gradients", "values": [[0, 0], [1e9, -1e9], [0, 0], [1e-9, 0]]}
        assert len(race(racers=racers, steps=10, source=gradients, noise=0.0)) == 11
        assert len(race(racers=racers, steps=10, noise=1e6)) == 11


@pytest.mark.filterwarnings("ignore")
def test_a_rule_that_raises_on_its_way_leaves_alone() -> None:
    """A power of 1e9 of the step's number overflows in the second step, inside the package."""
    racers = [{"rule": "schedulefreesgd", "options": {"r": 1e9}}, {"rule": "adam"}]
    frames = race(racers=racers, steps=20)
    (gone,) = [frame for frame in frames if "stopped" in frame.note]
    told: Any = gone.note["stopped"]
    assert told[0]["racer"] == 0
    assert told[0]["message"]["id"] == "race.raised"
    assert "out of range" in told[0]["message"]["values"]["why"]
    assert frames[-1].tensors["status"].tolist() == [3, 0]
    assert np.array_equal(path(frames, 1), path(race(racers=[{"rule": "adam"}], steps=20)))


@pytest.mark.parametrize(
    ("rule", "option", "value", "end", "message"),
    [
        ("lamb", "beta", 1, ("beta",), "error.option"),
        ("lamb", "betas", {"a": 1}, ("betas",), "error.list"),
        ("lamb", "betas", [0.9], ("betas",), "error.few"),
        ("lamb", "betas", [0.9, 0.9, 0.9], ("betas",), "error.long_list"),
        ("lamb", "betas", ["x", 0.9], ("betas", 0), "error.number"),
        ("lamb", "eps", float("nan"), ("eps",), "error.finite"),
        ("lamb", "eps", 10**400, ("eps",), "error.atmost"),
        ("lamb", "eps", True, ("eps",), "error.number"),
        ("lamb", "pre_norm", 1, ("pre_norm",), "error.switch"),
        ("srmm", "memory_length", 1.5, ("memory_length",), "error.integer"),
        ("srmm", "memory_length", 10**9, ("memory_length",), "error.atmost"),
        ("bcos", "mode", 3, ("mode",), "error.text"),
        ("bcos", "mode", "m" * 41, ("mode",), "error.long"),
    ],
)
def test_an_option_is_of_its_defaults_kind(rule: str, option: str, value: Any, end: tuple[str | int, ...], message: str) -> None:
    with pytest.raises(labs.ParamsError) as caught:
        labs.run("optimizer/race", racers=[{"rule": "sgd"}, {"rule": rule, "options": {option: value}}])
    ((where, told),) = caught.value.errors
    assert (where, told.id) == (("racers", 1, "options", *end), message)


def test_bad_settings_are_told() -> None:
    labs.params_from("optimizer/race", {"racers": [{"rule": "lamb", "options": {"betas": [0.5, 0.9], "pre_norm": True, "eps": 0}}]})
    with pytest.raises(UserError) as refused:
        list(labs.run("optimizer/race", racers=[{"rule": "sgd"}, {"rule": "lamb", "options": {"betas": [3, 4]}}]))
    assert refused.value.message.id == "error.refused"
    assert refused.value.path == ("racers", 1, "options")
