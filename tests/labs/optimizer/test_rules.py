"""Our own rules against pytorch_optimizer; the papers' and the notes' forms against their formulas in plain Python floats."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
import pytorch_optimizer
import torch

from app.labs.optimizer import rare
from app.labs.optimizer.rules import swats
from tests.labs.optimizer.test_race import path, plain_loop, race

B1, B2 = 0.9, 0.999


class AdaBound(pytorch_optimizer.AdaBound):  # type: ignore[misc]
    """Without the 1e-15 that pytorch_optimizer adds inside every root, and neither paper nor authors' code has."""

    apply_ams_bound = staticmethod(partial(pytorch_optimizer.AdaBound.apply_ams_bound, exp_avg_sq_eps=0.0))


class SWATS(pytorch_optimizer.SWATS):  # type: ignore[misc]
    """Likewise."""

    apply_ams_bound = staticmethod(partial(pytorch_optimizer.SWATS.apply_ams_bound, exp_avg_sq_eps=0.0))


def hooked(make: Any) -> tuple[Any, list[Any]]:
    made: list[Any] = []
    return lambda p: made.append(make(p)) or made[-1], made


@pytest.mark.parametrize(("surface", "lr"), [("himmelblau", 0.05), ("himmelblau", 1e-3), ("rosenbrock", 0.01), ("beale", 0.02)])
@pytest.mark.parametrize(("rule", "amsbound"), [("adabound", False), ("amsbound", True)])
def test_adabound_equals_pytorch_optimizer(surface: str, lr: float, rule: str, amsbound: bool) -> None:
    racer = {"rule": rule, "lr": lr, "final_lr": 0.02, "gamma": 0.01}
    expected = plain_loop(lambda p: AdaBound(p, lr=lr, final_lr=0.02, gamma=0.01, ams_bound=amsbound, foreach=False), 500, surface)
    np.testing.assert_allclose(
        path(race(racers=[racer], steps=500, surface=surface, dtype="float64")), expected, rtol=0, atol=1e-12
    )


@pytest.mark.parametrize(
    ("surface", "lr", "eps", "step"),
    [
        ("himmelblau", 0.05, 1e-2, 145),
        ("himmelblau", 1e-3, 1e-2, 41),
        ("sphere", 0.05, 1e-2, 102),
        ("rosenbrock", 0.05, 1e-6, None),
    ],
)
def test_swats_equals_pytorch_optimizer(surface: str, lr: float, eps: float, step: int | None) -> None:
    """Also after the hand-over; the last one never hands over."""
    make, made = hooked(lambda p: SWATS(p, lr=lr, eps=eps, foreach=False))
    expected = plain_loop(make, 500, surface)
    frames = race(racers=[{"rule": "swats", "lr": lr, "eps": eps}], steps=500, surface=surface, dtype="float64")
    np.testing.assert_allclose(path(frames), expected, rtol=0, atol=1e-12)
    assert (made[0].param_groups[0]["phase"] == "sgd") == (step is not None)
    when = next((f.step for f in frames if f.tensors["state/0/phase"] == 1), None)
    assert when == step
    if when is not None:
        assert frames[when].tensors["lr"][0] == lr
        rate = frames[when + 1].tensors["lr"][0]
        assert rate == pytest.approx(float(frames[when].tensors["state/0/lambda_hat"]), rel=1e-12)
        assert rate == pytest.approx(made[0].param_groups[0]["lr"], rel=1e-12)


def test_swats_scales_no_buffer_in_place() -> None:
    """The third point of the SGD phase, where a well-known public code goes wrong: its own recursion says where it must be."""
    p = torch.tensor([0.5, -0.25], dtype=torch.float64)
    p.grad = torch.ones(2, dtype=torch.float64)
    rule = swats.SWATS([p], lr=1e-3)
    rule.step()
    for name, value in {"phase": swats.SGD, "rate": 0.1, "lr_then": 1e-3}.items():
        rule.state[p][name].fill_(value)
    buffer, expected = 0.0, p.clone()
    for gradient in (1.0, -2.0, 0.5):
        p.grad.fill_(gradient)
        rule.step()
        buffer = B1 * buffer + gradient
        expected -= (1 - B1) * 0.1 * buffer
    assert torch.allclose(p, expected, rtol=0, atol=1e-15)


def test_swats_hands_every_column_over_by_itself() -> None:
    """Columns of one parameter, their gradients of many sizes, are as many vectors that step alone, to the last bit."""
    generator = torch.Generator().manual_seed(0)
    whole = torch.randn(2, 3, 4, generator=generator)
    alone = [whole[:, i, j].clone() for i in range(3) for j in range(4)]
    together, singly = swats.SWATS([whole], lr=0.05, eps=1e-2), swats.SWATS(alone, lr=0.05, eps=1e-2)
    phases = []
    for _ in range(60):
        whole.grad = whole * torch.linspace(0.1, 8, 12).view(3, 4)
        for k, p in enumerate(alone):
            p.grad = whole.grad[:, k // 4, k % 4].clone()
        together.step()
        singly.step()
        assert torch.equal(whole.flatten(1), torch.stack(alone, 1))
        phases.append(int((together.state[whole]["phase"] == swats.SGD).sum()))
    assert phases[0] == 0
    assert len(set(phases)) > 3
    assert phases[-1] == sum(int(singly.state[p]["phase"] == swats.SGD) for p in alone)


@pytest.mark.parametrize("base", ["sgd", "sgdm", "adam"])
def test_lookahead_equals_pytorch_optimizer(base: str) -> None:
    inner: dict[str, Callable[[Any], torch.optim.Optimizer]] = {
        "sgd": lambda p: torch.optim.SGD(p, lr=0.01),
        "sgdm": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9),
        "adam": lambda p: torch.optim.Adam(p, lr=0.01),
    }
    expected = plain_loop(lambda p: pytorch_optimizer.Lookahead(inner[base](p), k=5, alpha=0.5), 500)
    frames = race(racers=[{"rule": "lookahead", "base": base, "lr": 0.01}], steps=500, dtype="float64")
    np.testing.assert_allclose(path(frames), expected, rtol=0, atol=1e-12)


def test_lion_equals_pytorch_optimizer() -> None:
    expected = plain_loop(lambda p: pytorch_optimizer.Lion(p, lr=0.01, betas=(0.9, 0.99), weight_decay=0.0), 300)
    np.testing.assert_allclose(
        path(race(racers=[{"rule": "lion", "lr": 0.01}], steps=300, dtype="float64")), expected, rtol=0, atol=1e-12
    )


def test_sgdw_equals_pytorch_optimizer() -> None:
    expected = plain_loop(lambda p: pytorch_optimizer.SGDW(p, lr=0.002, momentum=0.9, weight_decay=0.01, weight_decouple=True), 300)
    frames = race(racers=[{"rule": "sgdw", "lr": 0.002, "weight_decay": 0.01}], steps=300, dtype="float64")
    np.testing.assert_allclose(path(frames), expected, rtol=0, atol=1e-12)


# The formulas in plain floats, one coordinate: theta, then the next gradient comes in, the next theta goes out.
Formula = Iterator[float]


def sgdm_paper(theta: float, gradients: list[float], eta: float) -> Formula:
    v = 0.0
    for g in gradients:
        v = 0.9 * v - eta * g
        theta = theta + v
        yield theta


def nesterov_paper(theta: float, gradients: list[float], eta: float) -> Formula:
    """Sutskever's two variables: the point looked ahead to is what the race shows."""
    v, place = 0.0, theta
    for g in gradients:
        v = 0.9 * v - eta * g
        place = place + v
        yield place + 0.9 * v


def sgdm_notes(theta: float, gradients: list[float], eta: float) -> Formula:
    before = 0.0
    for g in gradients:
        v = -eta * g
        theta = theta + v + 0.9 * before
        before = v
        yield theta


def adagrad_notes(theta: float, gradients: list[float], eta: float) -> Formula:
    for t in range(1, len(gradients) + 1):
        theta = theta - eta / math.sqrt(sum(g**2 for g in gradients[:t])) * gradients[t - 1]
        yield theta


def rmsprop(first: Callable[[float], float]) -> Callable[..., Formula]:
    def formula(theta: float, gradients: list[float], eta: float) -> Formula:
        v = 0.0
        for t, g in enumerate(gradients):
            v = first(g) if t == 0 else 0.99 * v + (1 - 0.99) * g**2
            theta = theta - eta / math.sqrt(v) * g
            yield theta

    return formula


def amsgrad_paper(theta: float, gradients: list[float], eta: float) -> Formula:
    m = v = v_hat = 0.0
    for g in gradients:
        m, v = B1 * m + (1 - B1) * g, B2 * v + (1 - B2) * g**2
        v_hat = max(v_hat, v)
        theta = theta - eta * m / math.sqrt(v_hat)
        yield theta


def adabound_paper(ams: bool) -> Callable[..., Formula]:
    def formula(theta: float, gradients: list[float], eta: float) -> Formula:
        m = v = v_hat = 0.0
        for t, g in enumerate(gradients, start=1):
            m, v = B1 * m + (1 - B1) * g, B2 * v + (1 - B2) * g**2
            v_hat = max(v_hat, v) if ams else v
            low, high = 0.1 - 0.1 / (0.001 * t + 1), 0.1 + 0.1 / (0.001 * t)
            theta = theta - min(max(eta / math.sqrt(v_hat), low), high) / math.sqrt(t) * m
            yield theta

    return formula


FORMS: list[tuple[str, str, Callable[..., Formula]]] = [
    ("sgdm", "paper", sgdm_paper),
    ("nesterov", "paper", nesterov_paper),
    ("rmsprop", "paper", rmsprop(lambda g: g**2)),
    ("amsgrad", "paper", amsgrad_paper),
    ("adabound", "paper", adabound_paper(False)),
    ("amsbound", "paper", adabound_paper(True)),
    ("sgd", "notes", lambda theta, gradients, eta: iter(theta - eta * np.cumsum(gradients))),
    ("sgdm", "notes", sgdm_notes),
    ("adagrad", "notes", adagrad_notes),
    ("rmsprop", "notes", rmsprop(lambda g: g)),
]


@pytest.mark.parametrize(("rule", "form", "formula"), FORMS, ids=[f"{rule}-{form}" for rule, form, _ in FORMS])
def test_forms_equal_their_formulas(rule: str, form: str, formula: Callable[..., Formula]) -> None:
    """200 steps with typed gradients, the first one positive so that the notes' root exists."""
    draws = np.random.default_rng(3).normal(size=(200, 2))
    draws[0] = np.abs(draws[0])
    source = {"kind": "gradients", "values": draws.tolist()}
    frames = race(racers=[{"rule": rule, "form": form, "lr": 0.01}], steps=200, source=source, start=[0.5, -0.5], dtype="float64")
    for coordinate, theta in ((0, 0.5), (1, -0.5)):
        expected = list(formula(theta, draws[:, coordinate].tolist(), 0.01))
        np.testing.assert_allclose(path(frames)[1:, coordinate], expected, rtol=0, atol=1e-12)


def test_the_notes_momentum_is_not_momentum() -> None:
    """Under a constant gradient it goes 1.9 times as far as SGD, momentum 10 times."""
    source = {"kind": "gradients", "values": [[1.0, 1.0]] * 400}
    racers = [{"rule": "sgd", "lr": 0.001}, *({"rule": "sgdm", "form": form, "lr": 0.001} for form in ("notes", "torch", "paper"))]
    last = race(racers=racers, steps=400, source=source, dtype="float64")[-1].tensors["update"][:, 0]
    assert last[1] / last[0] == pytest.approx(1.9, rel=1e-9)
    assert last[2] / last[0] == pytest.approx(10, rel=1e-9)
    assert last[3] / last[0] == pytest.approx(10, rel=1e-9)


def test_a_schedule_tells_torchs_momentum_from_the_papers() -> None:
    """Rosenbrock, a tenth of the rate after 50 of 100 steps: the rate outside the buffer acts at once, inside it lags."""
    schedule = {"kind": "step", "step_size": 50, "gamma": 0.1}
    racers = [{"rule": "sgdm", "lr": 1e-3, "form": form, "schedule": schedule} for form in ("torch", "paper")]
    paths = [path(race(racers=racers, steps=100, surface="rosenbrock", dtype="float64"), r) for r in range(2)]
    np.testing.assert_allclose(paths[0][:51], paths[1][:51], atol=1e-12)
    assert np.abs(paths[0][-1] - paths[1][-1]).max() > 0.01


def test_amsgrad_takes_the_rare_step_as_long_as_adam() -> None:
    """beta_1 = 0, no correction, ones and then 10^5: both step 31.6 lr."""
    racers = [{"rule": rule, "lr": 0.01, "betas": [0.0, 0.999], "bias_correction": False} for rule in ("adam", "amsgrad")]
    frames = race(racers=racers, steps=2000, source={"kind": "rare", "case": "spike"}, dtype="float64")
    spike = frames[1800].tensors
    assert spike["gradient"][0, 0] == 1e5
    np.testing.assert_allclose(-spike["update"][:, 0] / 0.01, 31.6, atol=0.05)
    later = frames[-1].tensors["update"][:, 0]
    assert abs(later[1]) < abs(later[0])


def test_the_steps_before_the_race_are_torchs_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """2,000 ones, 1,911 of them before the first step shown: memories and counts of steps are a plain loop's."""
    monkeypatch.setattr(rare, "ONES", 2_000)
    racers = [{"rule": rule, "lr": 0.01, "schedule": {"kind": "cosine"}} for rule in ("adam", "sgdm")]
    frames = race(racers=racers, steps=100, source={"kind": "rare", "case": "ones-then-spike"}, dtype="float64", start=[3, -2])
    assert [int(frame.tensors["gradient"][0, 0]) for frame in frames[89:92]] == [1, 100_000, 1]
    for r, (make, name) in enumerate(
        [(partial(torch.optim.Adam, lr=0.01), "exp_avg"), (partial(torch.optim.SGD, lr=0.01, momentum=0.9), "momentum_buffer")]
    ):
        p = torch.tensor([3.0, -2.0], dtype=torch.float64)
        optimizer = make([p])
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 100)
        for t in range(2_011):
            if t == 1_911:
                p.copy_(torch.tensor([3.0, -2.0], dtype=torch.float64))
            if t >= 1_911:
                shown = frames[t - 1_911].tensors
                assert shown["position"][r].tolist() == p.tolist()
                assert shown[f"state/{r}/{name}"].tolist() == optimizer.state[p][name].tolist()
            p.grad = torch.tensor([1e5 if t == 2_000 else 1.0, 0.0], dtype=torch.float64)
            optimizer.step()
            if t >= 1_911:
                schedule.step()


def test_adam_without_parts_is_the_others() -> None:
    """Without momentum and correction RMSProp; without scaling and correction SGDM with (1 - beta_1) g."""
    off = {"use_momentum": False, "bias_correction": False}
    racers = [{"rule": "adam", "lr": 0.01, **off}, {"rule": "rmsprop", "lr": 0.01, "alpha": 0.999}]
    racers += [
        {"rule": "adam", "lr": 0.02, "use_scaling": False, "bias_correction": False},
        {"rule": "sgdm", "lr": 0.002, "form": "paper"},
    ]
    frames = race(racers=racers, steps=200, dtype="float64")
    np.testing.assert_allclose(path(frames, 0), path(frames, 1), atol=1e-12)
    np.testing.assert_allclose(path(frames, 2), path(frames, 3), atol=1e-9)
