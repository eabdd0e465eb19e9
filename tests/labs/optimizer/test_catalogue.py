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


def test_bad_settings_are_told() -> None:
    with pytest.raises(labs.ParamsError) as caught:
        labs.run("optimizer/race", racers=[{"rule": "lamb", "options": {"beta": 1}}])
    assert caught.value.path == ("racers", 0, "options", "beta")
    with pytest.raises(UserError) as refused:
        list(labs.run("optimizer/race", racers=[{"rule": "sgd"}, {"rule": "lamb", "options": {"betas": [3, 4]}}]))
    assert refused.value.message.id == "error.refused"
    assert refused.value.path == ("racers", 1, "options")
