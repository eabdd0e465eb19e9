"""The race against plain torch.optim loops, and what every race promises: same seed, same bytes; branches; stops."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch

from app import labs
from app.labs.contract import Frame
from app.labs.optimizer.expression import parse
from app.labs.optimizer.params.race import RaceParams
from app.labs.optimizer.rules.table import RULES, states
from app.labs.optimizer.surfaces import SURFACES

torch.set_num_threads(1)


def race(**params: Any) -> list[Frame]:
    return list(labs.run("optimizer/race", **params))


def path(frames: list[Frame], racer: int = 0) -> np.ndarray:
    """(frames, 2)"""
    return np.array([frame.tensors["position"][racer] for frame in frames])


def plain_loop(
    make: Any, steps: int, surface: str = "himmelblau", schedule: Any = None, start: Any = None, clip: float | None = None
) -> np.ndarray:
    """What anyone would write: one parameter, one optimizer, its own backward."""
    f = parse(SURFACES[surface].expression).compile()
    theta = torch.tensor(start or SURFACES[surface].start, dtype=torch.float64, requires_grad=True)
    optimizer = make([theta])
    scheduler = schedule(optimizer) if schedule else None
    found = [theta.detach().clone().numpy()]
    for _ in range(steps):
        optimizer.zero_grad()
        f(theta[0:1], theta[1:2]).sum().backward()
        if clip is not None:
            torch.nn.utils.clip_grad_norm_([theta], clip)
        optimizer.step()
        if scheduler:
            scheduler.step()
        found.append(theta.detach().clone().numpy())
    return np.array(found)


TORCH: list[tuple[dict[str, Any], Any]] = [
    ({"rule": "gd", "lr": 0.004}, lambda p: torch.optim.SGD(p, lr=0.004)),
    ({"rule": "sgd", "lr": 0.004, "weight_decay": 0.1}, lambda p: torch.optim.SGD(p, lr=0.004, weight_decay=0.1)),
    ({"rule": "sgdm", "lr": 0.002}, lambda p: torch.optim.SGD(p, lr=0.002, momentum=0.9)),
    (
        {"rule": "sgdm", "lr": 0.002, "dampening": 0.3, "momentum": 0.8, "weight_decay": 0.01},
        lambda p: torch.optim.SGD(p, lr=0.002, momentum=0.8, dampening=0.3, weight_decay=0.01),
    ),
    ({"rule": "nesterov", "lr": 0.002}, lambda p: torch.optim.SGD(p, lr=0.002, momentum=0.9, nesterov=True)),
    ({"rule": "adagrad", "lr": 0.35}, lambda p: torch.optim.Adagrad(p, lr=0.35)),
    (
        {"rule": "adagrad", "lr": 0.35, "lr_decay": 0.01, "initial_accumulator_value": 2.0, "weight_decay": 0.01},
        lambda p: torch.optim.Adagrad(p, lr=0.35, lr_decay=0.01, initial_accumulator_value=2.0, weight_decay=0.01),
    ),
    ({"rule": "rmsprop", "lr": 0.03}, lambda p: torch.optim.RMSprop(p, lr=0.03)),
    (
        {"rule": "rmsprop", "lr": 0.003, "centered": True, "momentum": 0.5, "alpha": 0.9},
        lambda p: torch.optim.RMSprop(p, lr=0.003, centered=True, momentum=0.5, alpha=0.9),
    ),
    ({"rule": "adadelta"}, lambda p: torch.optim.Adadelta(p, lr=1.0)),
    ({"rule": "adam", "lr": 0.09}, lambda p: torch.optim.Adam(p, lr=0.09)),
    ({"rule": "adam", "lr": 0.09, "weight_decay": 0.1}, lambda p: torch.optim.Adam(p, lr=0.09, weight_decay=0.1)),
    ({"rule": "amsgrad", "lr": 0.05}, lambda p: torch.optim.Adam(p, lr=0.05, amsgrad=True)),
    ({"rule": "adamw", "lr": 0.09}, lambda p: torch.optim.AdamW(p, lr=0.09)),
    ({"rule": "nadam", "lr": 0.09}, lambda p: torch.optim.NAdam(p, lr=0.09)),
    ({"rule": "radam", "lr": 0.09}, lambda p: torch.optim.RAdam(p, lr=0.09)),
]


@pytest.mark.parametrize("surface", ["himmelblau", "rosenbrock", "rastrigin"])
def test_torch_rules_equal_plain_loops_to_the_last_bit(surface: str) -> None:
    """500 steps in float64, every rule of torch in races of 16: the neighbours change nothing."""
    frames = race(racers=[racer for racer, _ in TORCH], steps=500, surface=surface, dtype="float64")
    assert len(frames) == 501
    for r, (racer, make) in enumerate(TORCH):
        expected = plain_loop(make, 500, surface)
        alive = np.array([frame.tensors["status"][r] for frame in frames]) == 0
        assert np.array_equal(path(frames, r)[alive], expected[alive]), racer
        assert alive.sum() > 2, racer


@pytest.mark.parametrize("rule", ["adam", "adamw", "amsgrad"])
def test_switched_adam_with_everything_on_is_torch(rule: str) -> None:
    """A branch that switches a part off later makes the race use our own Adam from the start: no bit changes before."""
    whole = race(racers=[{"rule": rule}], steps=300, dtype="float64")
    changed = race(
        racers=[{"rule": rule}], steps=310, dtype="float64", changes=[{"at": 300, "set": {"racers.0.use_scaling": False}}]
    )
    for a, b in zip(whole, changed, strict=False):
        assert a.tensors.keys() == b.tensors.keys()
        for name in a.tensors:
            assert a.tensors[name].tobytes() == b.tensors[name].tobytes(), (a.step, name)
    assert not np.array_equal(changed[301].tensors["update"], whole[300].tensors["update"])


def test_clipping_is_torchs() -> None:
    frames = race(racers=[{"rule": "sgdm", "lr": 0.01}, {"rule": "adam"}], steps=200, dtype="float64", clip=3.0)
    assert np.array_equal(path(frames), plain_loop(lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9), 200, clip=3.0))
    for frame in frames[1:]:
        assert (np.linalg.norm(frame.tensors["gradient"], axis=1) <= 3.0).all()


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule not in ("gd",)])
def test_every_form_of_every_rule_runs_and_remembers(rule: str) -> None:
    for form in RULES[rule].forms:
        start = [0.5, 4.0] if form == "notes" else None  # where the first gradient is positive, see below
        frames = race(racers=[{"rule": rule, "form": form}, {"rule": "adam"}], steps=40, start=start)
        settings = RaceParams(racers=[{"rule": rule, "form": form}]).racers[0].settings()
        for state in states(settings):
            for frame in frames:
                assert frame.tensors[f"state/0/{state.name}"].shape == state.shape
                assert frame.tensors[f"state/0/{state.name}"].dtype == np.float32
        assert frames[-1].tensors["loss"][0] < frames[0].tensors["loss"][0]


def test_frames_say_what_happened() -> None:
    racers = [{"rule": "sgd"}, {"rule": "sgdm"}, {"rule": "adam"}, {"rule": "adabound"}, {"rule": "radam"}]
    frames = race(racers=racers, steps=50, dtype="float64")
    f = parse(SURFACES["himmelblau"].expression).compile()
    assert (frames[0].tensors["update"] == 0).all()
    assert np.isnan(frames[0].tensors["gradient"]).all()
    for before, now in itertools.pairwise(frames):
        x = torch.tensor(before.tensors["position"], requires_grad=True)
        loss = f(x[:, 0], x[:, 1])
        loss.sum().backward()
        assert np.array_equal(before.tensors["loss"], loss.detach().numpy())
        assert x.grad is not None
        assert np.array_equal(now.tensors["gradient"], x.grad.numpy())
        assert np.array_equal(now.tensors["update"], now.tensors["position"] - before.tensors["position"])
        assert (now.tensors["samples"] == now.step).all()
        u, g = now.tensors["update"], -now.tensors["gradient"]
        cosine = (u * g).sum(1) / np.linalg.norm(u, axis=1) / np.linalg.norm(g, axis=1)
        np.testing.assert_allclose(np.cos(np.radians(now.tensors["angle"])), cosine, atol=1e-7)
    last = frames[-1].tensors
    np.testing.assert_allclose(last["effective_lr"][0] * -last["gradient"][0], last["update"][0], rtol=1e-9)
    np.testing.assert_allclose(last["effective_lr"][1] * -last["state/1/momentum_buffer"], last["update"][1], rtol=1e-9)
    m_hat = last["state/2/exp_avg"] / (1 - 0.9**50)
    np.testing.assert_allclose(last["effective_lr"][2] * -m_hat, last["update"][2], rtol=1e-9)
    np.testing.assert_allclose(last["effective_lr"][3] * -last["state/3/exp_avg"], last["update"][3], rtol=1e-9)
    m_hat = last["state/4/exp_avg"] / (1 - 0.9**50)
    np.testing.assert_allclose(last["effective_lr"][4] * -m_hat, last["update"][4], rtol=1e-9)


@pytest.mark.parametrize("source", [{"kind": "surface"}, {"kind": "rare", "case": "reddi"}, {"kind": "rare", "case": "spike"}])
def test_the_same_seed_gives_the_same_bytes(source: dict[str, str]) -> None:
    params = {"racers": [{"rule": rule} for rule in list(RULES)[:16]], "steps": 60, "noise": 0.5, "seed": 7, "source": source}
    for a, b in zip(race(**params), race(**params), strict=True):
        assert {k: v.tobytes() for k, v in a.tensors.items()} == {k: v.tobytes() for k, v in b.tensors.items()}


def test_noise_and_batches_leave_gradient_descent_alone() -> None:
    quiet = race(racers=[{"rule": "gd"}, {"rule": "sgd"}], steps=50)
    noisy = race(racers=[{"rule": "gd"}, {"rule": "sgd"}], steps=50, noise=2.0)
    assert np.array_equal(path(quiet), path(noisy))
    assert not np.array_equal(path(quiet, 1), path(noisy, 1))
    frame = noisy[-1].tensors
    assert np.array_equal(frame["gradient"][0], frame["raw_gradient"][0])
    assert not np.array_equal(frame["gradient"][1], frame["raw_gradient"][1])
    fit = race(racers=[{"rule": "gd"}, {"rule": "sgd"}], surface="least-squares", batch_size=8, steps=10)
    assert fit[-1].tensors["samples"].tolist() == [640, 80]


def test_a_branch_keeps_what_was_and_what_is_remembered() -> None:
    """Frames up to ``at`` are the same bytes; from then on a plain loop whose rate is changed gives the same path."""
    changes = [{"at": 30, "set": {"racers.0.lr": 0.0005, "racers.0.momentum": 0.5}}]
    before = race(racers=[{"rule": "sgdm"}, {"rule": "adam"}], steps=60, dtype="float64")
    after = race(racers=[{"rule": "sgdm"}, {"rule": "adam"}], steps=60, dtype="float64", changes=changes)
    for a, b in zip(before[:31], after[:31], strict=True):
        assert {k: v.tobytes() for k, v in a.tensors.items()} == {k: v.tobytes() for k, v in b.tensors.items()}
    assert np.array_equal(path(before, 1), path(after, 1))

    class Changed(torch.optim.SGD):
        taken = 0

        def step(self, closure: Any = None) -> Any:
            if self.taken == 30:
                self.param_groups[0].update(lr=0.0005, momentum=0.5)
            self.taken += 1
            return super().step(closure)

    assert np.array_equal(path(after), plain_loop(lambda p: Changed(p, lr=0.002, momentum=0.9), 60))
    assert after[31].tensors["lr"][0] == 0.0005
    assert after[30].tensors["lr"][0] == 0.002


def test_who_diverges_leaves_and_nobody_notices() -> None:
    calm = [{"rule": "adam"}, {"rule": "sgdm"}]
    alone = race(racers=calm, steps=80)
    frames = race(racers=[calm[0], {"rule": "sgd", "lr": 5.0}, calm[1]], steps=80)
    assert np.array_equal(path(alone, 0), path(frames, 0))
    assert np.array_equal(path(alone, 1), path(frames, 2))
    status = [int(frame.tensors["status"][1]) for frame in frames]
    gone = status.index(2)
    assert set(status[gone:]) == {2}
    assert set(status[:gone]) == {0}
    told: Any = frames[gone].note["stopped"]
    assert told[0]["racer"] == 1
    assert told[0]["message"]["id"] == "race.diverged"
    assert np.isfinite(path(frames, 1)).all()
    assert (path(frames, 1)[gone:] == path(frames, 1)[gone - 1]).all()
    assert all("stopped" not in frame.note for i, frame in enumerate(frames) if i != gone)


def test_the_notes_rmsprop_stops_where_the_first_gradient_is_negative() -> None:
    frames = race(racers=[{"rule": "rmsprop", "form": "notes"}, {"rule": "rmsprop"}], steps=20)  # g_0 = (-45.6, -37.6)
    assert frames[1].tensors["status"].tolist() == [3, 0]
    told: Any = frames[1].note["stopped"]
    assert told == [{"racer": 0, "message": {"id": "race.negative_root", "values": {"rule": "rmsprop", "step": 1}}}]
    assert frames[-1].tensors["position"][0].tolist() == frames[0].tensors["position"][0].tolist()
    assert np.isfinite(frames[-1].tensors["position"]).all()


def test_a_race_of_no_steps_has_one_frame() -> None:
    (frame,) = race(steps=0)
    assert frame.step == 0
    assert np.isfinite(frame.tensors["loss"]).all()


def test_racers_of_one_rule_are_told_apart() -> None:
    scene = labs.scene("optimizer/race", racers=[{"rule": "adam"}, {"rule": "adam", "lr": 0.01}, {"rule": "sgdm", "form": "paper"}])
    racers: Any = scene.note["racers"]
    assert [racer["label"] for racer in racers] == ["Adam lr=0.09", "Adam lr=0.01", "SGDM (paper)"]
