"""A branch is a run whose settings change on the way: up to there it is the same bytes, and what is remembered stays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from app import labs
from app.labs.contract import Frame
from tests.labs.optimizer.test_race import path, race

RACERS = [
    {"rule": "gd"},
    {"rule": "sgdm", "schedule": {"kind": "cosine"}},
    {"rule": "adam"},
    {"rule": "swats", "eps": 1e-2},
    {"rule": "lookahead"},
    {"rule": "yogi"},
    {"rule": "amsbound", "form": "paper"},
]
CHANGES: list[dict[str, Any]] = [
    {"noise": 0.5},
    {"clip": 2.0},
    {"batch_size": 32},
    {"racers.2.lr": 0.3, "racers.2.betas": [0.5, 0.9]},
    {"racers.2.use_momentum": False},
    {"racers.1.momentum": 0.0},
    {"racers.1.schedule": None},
    {"racers.1.schedule.eta_min": 0.001},
    {"racers.3.lr": 0.001},
    {"racers.4.alpha": 0.9, "racers.4.lr": 0.01},
    {"racers.5.lr": 0.5},
    {"racers.6.final_lr": 1.0},
]


def same(a: Frame, b: Frame) -> bool:
    return a.note == b.note and {k: v.tobytes() for k, v in a.tensors.items()} == {k: v.tobytes() for k, v in b.tensors.items()}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("change", CHANGES, ids=["-".join(change) for change in CHANGES])
def test_up_to_there_the_frames_are_the_same_bytes(change: dict[str, Any]) -> None:
    """Whatever changes, also which tensors a frame has; and from there on something is different."""
    surface = "least-squares" if "batch_size" in change else "himmelblau"
    before = race(racers=RACERS, steps=40, surface=surface)
    after = race(racers=RACERS, steps=40, surface=surface, changes=[{"at": 25, "set": change}])
    assert all(same(a, b) for a, b in zip(before[:26], after[:26], strict=True))
    assert not same(before[27], after[27])
    if "noise" in change or "clip" in change:
        assert [("raw_gradient" in frame.tensors) for frame in after[24:28]] == [False, False, True, True]
    touched = {int(name.split(".")[1]) for name in change if name.startswith("racers.")}
    touched = touched or set(range("clip" not in change, len(RACERS)))  # noise and batches never touch gradient descent
    for r in range(len(RACERS)):
        assert np.array_equal(path(before, r), path(after, r)) == (r not in touched), r


def test_a_change_back_in_the_same_place_changes_nothing() -> None:
    changes = [{"at": 10, "set": {"racers.0.lr": 0.5}}, {"at": 10, "set": {"racers.0.lr": 0.09}}]
    for a, b in zip(
        race(racers=[{"rule": "adam"}], steps=30), race(racers=[{"rule": "adam"}], steps=30, changes=changes), strict=True
    ):
        assert same(a, b)


def test_settings_that_are_good_together_only_are_taken_together() -> None:
    """A schedule that cycles the momentum, and the momentum that it cycles; whichever is named first."""
    cycles = {"kind": "cyclical", "cycle_momentum": True}
    for names in (["racers.0.schedule", "racers.0.momentum"], ["racers.0.momentum", "racers.0.schedule"]):
        change = {name: cycles if name.endswith("schedule") else 0.9 for name in names}
        labs.params_from(
            "optimizer/race", {"racers": [{"rule": "sgdm", "momentum": 0.0}], "changes": [{"at": 3, "set": change}], "steps": 9}
        )


def test_the_setting_to_blame_is_named_among_good_ones() -> None:
    change = {"noise": 1.0, "racers.1.lr": -1, "racers.0.lr": 0.01}
    with pytest.raises(labs.ParamsError) as caught:
        labs.params_from("optimizer/race", {"changes": [{"at": 2, "set": {"noise": 0.5}}, {"at": 3, "set": change}]})
    assert caught.value.path == ("changes", 1, "set", "racers.1.lr")


def test_where_the_loss_is_no_number_a_racer_leaves() -> None:
    """log(x) left of 0 has a slope, 1/x, but no value: a racer that is thrown there stops at once, alone."""
    racers = [{"rule": "sgd", "lr": 1.5}, {"rule": "sgd", "lr": 0.01}]
    frames = race(racers=racers, expression="log(x) + x + y^2", x_range=[0.5, 4], start=[1, 1], steps=20)
    losses = np.array([frame.tensors["loss"] for frame in frames])
    assert np.isnan(losses[1, 0])
    assert [int(frame.tensors["status"][0]) for frame in frames[:4]] == [0, 0, 2, 2]
    assert (path(frames)[1:] == path(frames)[1]).all()
    assert frames[2].note["stopped"]
    assert np.isfinite(losses[:, 1]).all()
    assert frames[-1].tensors["status"][1] == 0


@pytest.mark.parametrize("late", [{"momentum": 0.9}, {"centered": True}])
def test_a_buffer_that_rmsprop_asks_for_late_starts_from_zero(late: dict[str, Any]) -> None:
    """torch makes its buffers at the first step and fails where one is missing."""
    changes = [{"at": 5, "set": {f"racers.0.{name}": value for name, value in late.items()}}]
    frames = race(racers=[{"rule": "rmsprop"}], steps=12, dtype="float64", changes=changes)
    name = "momentum_buffer" if "momentum" in late else "grad_avg"
    g, v = (np.stack([frame.tensors[key] for frame in frames]) for key in ("gradient", "state/0/square_avg"))
    g = g[:, 0]
    b = np.zeros(2)
    for t in range(6, 13):
        b = 0.9 * b + g[t] / (np.sqrt(v[t]) + 1e-8) if "momentum" in late else 0.99 * b + 0.01 * g[t]
        np.testing.assert_allclose(frames[t].tensors[f"state/0/{name}"], b, rtol=1e-9)
    assert f"state/0/{name}" not in frames[5].tensors
