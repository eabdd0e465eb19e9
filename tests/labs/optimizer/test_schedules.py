"""Every schedule against torch's own scheduler in a plain loop, and against its formula where we wrote one."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
from torch import optim
from torch.optim import lr_scheduler

from app.labs.contract import Frame
from app.labs.optimizer.schedule_kinds import KINDS
from tests.labs.optimizer.test_race import path, plain_loop, race

LR, STEPS = 0.004, 120

TORCH: list[tuple[dict[str, Any], Any]] = [
    ({"kind": "constant"}, lambda o: lr_scheduler.ConstantLR(o, factor=1.0)),
    ({"kind": "step", "step_size": 40, "gamma": 0.5}, lambda o: lr_scheduler.StepLR(o, 40, 0.5)),
    ({"kind": "exponential", "gamma": 0.97}, lambda o: lr_scheduler.ExponentialLR(o, 0.97)),
    ({"kind": "cosine"}, lambda o: lr_scheduler.CosineAnnealingLR(o, STEPS)),
    ({"kind": "cosine", "T_max": 30, "eta_min": 0.001}, lambda o: lr_scheduler.CosineAnnealingLR(o, 30, 0.001)),
    (
        {"kind": "cyclical", "step_size_up": 10},
        lambda o: lr_scheduler.CyclicLR(o, base_lr=LR / 10, max_lr=LR, step_size_up=10, cycle_momentum=False),
    ),
    (
        {"kind": "cyclical", "mode": "triangular2", "base_lr": 0.001, "cycle_momentum": True},
        lambda o: lr_scheduler.CyclicLR(o, 0.001, LR, 20, mode="triangular2", cycle_momentum=True),
    ),
    ({"kind": "sgdr", "T_0": 15}, lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 15, 2)),
    ({"kind": "one-cycle"}, lambda o: lr_scheduler.OneCycleLR(o, LR, STEPS, cycle_momentum=False)),
    ({"kind": "one-cycle", "cycle_momentum": True}, lambda o: lr_scheduler.OneCycleLR(o, LR, STEPS)),
]


@pytest.mark.parametrize(("schedule", "make"), TORCH, ids=[f"{i}-{schedule['kind']}" for i, (schedule, _) in enumerate(TORCH)])
@pytest.mark.parametrize("rule", ["sgdm", "adam"])
def test_a_schedule_is_torchs_to_the_last_bit(rule: str, schedule: dict[str, Any], make: Any) -> None:
    def made(o: Any) -> Any:
        scheduler = make(o)
        if schedule["kind"] == "one-cycle":  # torch's raises when it is asked once more after the end
            return type(
                "Until",
                (),
                {"left": STEPS - 1, "step": lambda self: self.left and (scheduler.step(), setattr(self, "left", self.left - 1))},
            )()
        return scheduler

    optimizer = (lambda p: optim.SGD(p, lr=LR, momentum=0.9)) if rule == "sgdm" else (lambda p: optim.Adam(p, lr=LR))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = plain_loop(optimizer, STEPS, schedule=made)
    frames = race(racers=[{"rule": rule, "lr": LR, "schedule": schedule}], steps=STEPS, dtype="float64")
    assert np.array_equal(path(frames), expected)
    momentum = {float(frame.tensors["momentum"][0]) for frame in frames[1:]}
    assert (len(momentum) > 1) == schedule.get("cycle_momentum", False)


def rates(frames: list[Frame]) -> list[float]:
    return [float(frame.tensors["lr"][0]) for frame in frames[1:]]


def scheduled(**schedule: Any) -> list[float]:
    return rates(race(racers=[{"rule": "sgd", "lr": 0.01, "schedule": schedule}], steps=100, dtype="float64", surface="sphere"))


def test_the_transformers_schedule() -> None:
    """Vaswani et al., eq. 3: d_model^-0.5 min(t^-0.5, t warmup^-1.5), which peaks at (d_model warmup)^-0.5 = lr."""
    warmup, d_model = 16, 1 / (0.01**2 * 16)
    expected = [d_model**-0.5 * min(t**-0.5, t * warmup**-1.5) for t in range(1, 101)]
    np.testing.assert_allclose(scheduled(kind="inverse-sqrt", warmup=16), expected, rtol=1e-12)


def test_linear_up_and_down() -> None:
    expected = [0.01 * t / 20 if t <= 20 else 0.01 * (101 - t) / 80 for t in range(1, 101)]
    np.testing.assert_allclose(scheduled(kind="warmup", warmup=20), expected, rtol=1e-12)


def test_the_range_test_ends_at_its_end() -> None:
    grown = scheduled(kind="range-test", end_lr=1.0)
    np.testing.assert_allclose(grown, np.geomspace(0.01, 1.0, 100), rtol=1e-9)
    np.testing.assert_allclose(scheduled(kind="range-test", end_lr=1.0, mode="linear"), np.linspace(0.01, 1.0, 100), rtol=1e-9)
    assert math.isclose(grown[-1], 1.0)


def test_every_kind_runs() -> None:
    racers = [{"rule": "sgdm", "schedule": {"kind": kind}} for kind in KINDS if kind != "range-test"]
    frames = race(racers=racers, steps=300)
    assert (frames[-1].tensors["status"] == 0).all()


def test_a_branch_takes_the_schedule_up_where_it_is() -> None:
    """With half the rate from step 50 on, the rates are half of what the schedule would have given."""
    racer = {"rule": "sgd", "lr": 0.004, "schedule": {"kind": "cosine"}}
    whole = rates(race(racers=[racer], steps=100, dtype="float64"))
    half = rates(race(racers=[racer], steps=100, dtype="float64", changes=[{"at": 50, "set": {"racers.0.lr": 0.002}}]))
    assert half[:50] == whole[:50]
    np.testing.assert_allclose(half[50:], np.array(whole[50:]) / 2, atol=1e-15)
