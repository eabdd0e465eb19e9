"""Experiments are found, params are checked with sentences, and none of it imports torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po

from app import labs
from app.labs.contract import UserError
from app.labs.optimizer.params.race import RaceParams
from app.labs.optimizer.rules.table import RULES
from app.labs.optimizer.schedule_kinds import KINDS

ROOT = Path(__file__).parents[2]


def catalogue(language: str) -> dict[str, str]:
    with (ROOT / "app" / "locale" / language / "params.po").open("rb") as file:
        return {str(m.id): str(m.string) for m in read_po(file) if m.id}


def test_the_race_is_found_without_torch() -> None:
    code = (
        "import sys; from app import labs; P = labs.experiments()['optimizer/race']; P().model_dump(); P.model_json_schema();"
        "labs.presets('optimizer/race')\n"
        "try: labs.params_from('optimizer/race', {'steps': -1})\n"
        "except labs.ParamsError as e: assert e.errors\n"
        "assert not {'torch', 'pytorch_optimizer'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, timeout=60)


def test_an_unknown_experiment_names_the_known() -> None:
    with pytest.raises(UserError) as caught:
        labs.module("optimizer/rcae")
    assert caught.value.message.id == "error.experiment"
    assert "optimizer/race" in str(caught.value.message.values["known"])


BAD: list[tuple[dict[str, Any], tuple[str | int, ...], str]] = [
    ({"steps": -1}, ("steps",), "steps must be at least 0 (got -1)."),
    ({"steps": 20_001}, ("steps",), "steps must be at most 20000 (got 20001)."),
    ({"steps": 1.5}, ("steps",), "steps must be a whole number (got 1.5)."),
    ({"steps": "many"}, ("steps",), 'steps must be a whole number (got "many").'),
    ({"noise": float("nan")}, ("noise",), "noise must be a finite number (got NaN)."),
    ({"noise": float("inf")}, ("noise",), "noise must be a finite number (got ∞)."),
    (
        {"stepz": 3},
        ("stepz",),
        "There is no setting stepz; there are seed, surface, expression, condition, start, x_range, y_range, racers, steps, "
        "source, batch_size, noise, clip, tolerance, dtype, changes.",
    ),
    ({"racers": []}, ("racers",), "racers must have at least 1 entries (got 0)."),
    ({"racers": [{"rule": "sgd"}] * 17}, ("racers",), "racers may have at most 16 entries (got 17)."),
    ({"racers": [{"rule": "sgd"}, {"rule": "adam", "lr": 0}]}, ("racers", 1, "lr"), "racers.1.lr must be above 0 (got 0)."),
    ({"racers": [{"lr": 1}]}, ("racers", 0, "rule"), "racers.0.rule is missing."),
    (
        {"racers": [{"rule": "sgd", "momentum": 1}]},
        ("racers", 0, "momentum"),
        "There is no setting racers.0.momentum; there are rule, lr, weight_decay, form, schedule.",
    ),
    ({"racers": [{"rule": "adam", "betas": [0.9, 1]}]}, ("racers", 0, "betas", 1), "racers.0.betas.1 must be below 1 (got 1)."),
    (
        {"racers": [{"rule": "adam", "form": "notes"}]},
        ("racers", 0, "form"),
        'racers.0.form must be one of torch (got "notes").',
    ),
    (
        {"racers": [{"rule": "sgd", "schedule": {"kind": "cyclical", "cycle_momentum": True}}]},
        ("racers", 0, "schedule", "cycle_momentum"),
        "sgd has no momentum that a schedule could cycle; switch the cycling off, or give it a momentum.",
    ),
    ({"racers": [{"rule": "rmsporp"}]}, ("racers", 0, "rule"), 'racers.0.rule must be one of rmsprop, … (got "rmsporp").'),
    (
        {"racers": [{"rule": "lookahead", "base": "sgd", "schedule": {"kind": "one-cycle", "cycle_momentum": True}}]},
        ("racers", 0, "schedule", "cycle_momentum"),
        "lookahead has no momentum that a schedule could cycle; switch the cycling off, or give it a momentum.",
    ),
    (
        {"changes": [{"at": 3, "set": {"racers.0.options": {}}}]},
        ("changes", 0, "set", "racers.0.options"),
        "options cannot change during a run, because what the racer remembers depends on it.",
    ),
    (
        {"source": {"kind": "rare", "case": "x"}},
        ("source", "case"),
        'source.case must be one of reddi, spike, ones-then-spike (got "x").',
    ),
    ({"expression": 5}, ("expression",), "expression must be a text (got 5)."),
    ({"expression": "x" * 501}, ("expression",), "expression may have at most 500 characters (got 501)."),
    ({"start": [1]}, ("start", 1), "start.1 is missing."),
    (
        {"changes": [{"at": 3, "set": {"racers.0.lr": -1}}]},
        ("changes", 0, "set", "racers.0.lr"),
        "racers.0.lr must be above 0 (got -1).",
    ),
    (
        {"changes": [{"at": 3, "set": {"racers.0.rule": "adam"}}]},
        ("changes", 0, "set", "racers.0.rule"),
        "rule cannot change during a run, because what the racer remembers depends on it.",
    ),
]


@pytest.mark.parametrize(
    ("params", "path", "sentence"), BAD, ids=[".".join(map(str, path)) + str(i) for i, (_, path, _) in enumerate(BAD)]
)
def test_bad_params_get_one_sentence_at_their_field(params: dict[str, Any], path: tuple[str | int, ...], sentence: str) -> None:
    with pytest.raises(labs.ParamsError) as caught:
        labs.run("optimizer/race", **params)
    ((found, message),) = caught.value.errors
    assert found == path
    assert catalogue("en")[message.id].format(**message.values) == sentence
    assert catalogue("zh")[message.id].format(**message.values) != sentence


def test_several_errors_are_told_at_once() -> None:
    with pytest.raises(labs.ParamsError) as caught:
        labs.params_from("optimizer/race", {"steps": -1, "racers": [{"rule": "sgd", "lr": -1}], "tolerance": 0})
    assert {path for path, _ in caught.value.errors} == {("steps",), ("racers", 0, "lr"), ("tolerance",)}


def test_a_bad_expression_is_told_when_the_race_begins() -> None:
    with pytest.raises(UserError) as caught:
        next(labs.run("optimizer/race", expression="x +* y"))
    assert caught.value.message.id.startswith("expression.")


def test_params_survive_json() -> None:
    params = RaceParams(
        racers=[{"rule": rule, "schedule": {"kind": "cosine"}} for rule in list(RULES)[:16]],  # type: ignore[list-item]
        changes=[{"at": 3, "set": {"racers.2.lr": 0.5, "noise": 1.0}}],  # type: ignore[list-item]
        steps=50,
    )
    again = RaceParams.model_validate_json(params.model_dump_json())
    assert again == params
    assert (params.at(3).noise, params.at(4).noise, params.at(4).racers[2].lr) == (0.0, 1.0, 0.5)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_setting_has_its_words(language: str) -> None:
    words = catalogue(language)
    wanted = {f"optimizer.race.{name}{end}" for name in RaceParams.model_fields for end in ("", ".help")}
    hyper = {h.name for rule in RULES.values() for h in rule.hyper} | {"lr", "form", "schedule"}
    wanted |= {f"optimizer.hyper.{name}{end}" for name in hyper for end in ("", ".help")}
    wanted |= {f"optimizer.rule.{rule}{end}" for rule in RULES for end in ("", ".about")}
    wanted |= {f"optimizer.schedule.{kind}" for kind in KINDS}
    defs = RaceParams.model_json_schema()["$defs"]
    for kind in ("StepDecay", "Exponential", "Cosine", "Cyclical", "Restarts", "OneCycle", "Warmup", "InverseSqrt", "RangeTest"):
        wanted |= {
            f"optimizer.racers.schedule.{name}{end}" for name in defs[kind]["properties"] if name != "kind" for end in ("", ".help")
        }
    assert not wanted - words.keys()
    assert all(words.values())
