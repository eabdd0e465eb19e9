"""One network under one rule: it is the plain torch loop, and equal seeds meet equal batches."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch.nn import functional

from app.labs.optimizer.params import RaceParams
from app.labs.optimizer.racers import Racer
from app.labs.optimizer.rules.swats import SGD
from app.labs.optimizer.training.trainee import DIVERGED, RAISED, Trainee, batches
from app.nn.feedforward import mlp
from app.nn.tasks.supervised import DataSet, digits, made

DATA = made("moons", 50, 0.2, 0)


def racer(**settings: Any) -> Racer:
    return RaceParams.model_validate({"racers": [settings]}).racers[0]


def trainee(data: DataSet = DATA, seed: int = 0, hidden: tuple[int, ...] = (8,), **settings: Any) -> Trainee:
    inputs = math.prod(data.shape)
    return Trainee(racer(**settings), lambda: mlp(inputs, hidden, data.outputs), data, seed, 16, 40)


@pytest.mark.parametrize(
    ("settings", "make"),
    [
        ({"rule": "sgdm", "lr": 0.1, "weight_decay": 0.01}, lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, weight_decay=0.01)),
        ({"rule": "adam", "lr": 0.01}, lambda p: torch.optim.Adam(p, 0.01)),
        ({"rule": "adamw", "lr": 0.01}, lambda p: torch.optim.AdamW(p, 0.01, weight_decay=0.01)),
    ],
)
def test_training_is_torchs_loop_over_net_parameters(settings: dict[str, Any], make: Any) -> None:
    """The same loop without the one vector: a parameter a tensor, torch's usual way."""
    one = trainee(**settings)
    torch.manual_seed(0)
    net = mlp(2, (8,), 2)
    optimizer, stream = make(net.parameters()), batches(DATA.train, 16, 0)
    for _ in range(40):
        x, y = next(stream)
        optimizer.zero_grad()
        loss = functional.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        one.step()
        assert one.loss == pytest.approx(loss.item(), rel=1e-4)
    torch.testing.assert_close(one.theta, torch.cat([p.detach().flatten() for p in net.parameters()]), rtol=1e-4, atol=1e-6)


def test_an_epoch_is_every_example_once() -> None:
    stream = batches(DATA.train, 16, 5)
    for _ in range(2):
        epoch = [next(stream) for _ in range(4)]
        assert [len(y) for _, y in epoch] == [16, 16, 16, 2]
        seen = torch.cat([x for x, _ in epoch])
        assert sorted(map(tuple, seen.tolist())) == sorted(map(tuple, DATA.train.x.tolist()))


def test_rules_of_one_seed_begin_alike_and_meet_the_same_batches() -> None:
    adam, sgd, other = trainee(rule="adam", lr=0.01), trainee(rule="sgd", lr=0.1), trainee(rule="adam", lr=0.01, seed=1)
    assert torch.equal(adam.theta, sgd.theta)
    assert not torch.equal(adam.theta, other.theta)
    adam.step()
    sgd.step()
    assert adam.loss == sgd.loss  # the first batch, before either has moved
    assert torch.equal(adam.gradient, sgd.gradient)


def test_a_step_that_leaves_the_finite_numbers_is_undone() -> None:
    one = trainee(rule="sgd", lr=1000, hidden=(8, 8), data=made("line", 50, 0.1, 0))
    for _ in range(40):
        one.step()
    assert one.status == DIVERGED
    assert one.theta.isfinite().all()
    assert one.t < 40


def test_swats_hands_the_whole_network_over_at_once() -> None:
    """Its eps made so wide that it agrees at the second step: from the third on theta moves by SGD's rate."""
    one = trainee(rule="swats", lr=0.01, eps=1.0, form="paper")
    for _ in range(2):
        one.step()
    state = one.lane.inner.state[one.theta]
    assert state["phase"] == SGD
    before = one.theta.clone()
    one.step()
    torch.testing.assert_close(one.theta, before - 0.1 * state["rate"] * one.gradient)
    assert one.lr == pytest.approx(state["rate"])


def test_a_rule_of_the_catalogue_steps_layer_by_layer() -> None:
    import pytorch_optimizer

    one = trainee(digits(), rule="lamb", lr=0.01)
    torch.manual_seed(0)
    net = mlp(64, (8,), 10)
    optimizer, stream = pytorch_optimizer.load_optimizer("lamb")(net.parameters(), lr=0.01), batches(digits().train, 16, 0)
    for _ in range(5):
        x, y = next(stream)
        optimizer.zero_grad()
        functional.cross_entropy(net(x), y).backward()
        optimizer.step()
        one.step()
    torch.testing.assert_close(one.theta, torch.cat([p.detach().flatten() for p in net.parameters()]))


def test_a_foreign_rule_that_raises_ends_its_race_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    one = trainee(rule="lamb", lr=0.01)
    one.step()
    before = one.theta.clone()

    def broken() -> None:
        one.theta.fill_(7)
        raise RuntimeError("no")

    monkeypatch.setattr(one.lane.optimizer, "step", broken)
    one.step()
    assert (one.status, one.raised) == (RAISED, "no")
    assert torch.equal(one.theta, before)


def test_other_settings_keep_weights_and_memory() -> None:
    one, other = trainee(rule="sgdm", lr=0.1), trainee(rule="sgdm", lr=0.1)
    for each in (one, other):
        for _ in range(3):
            each.step()
    one.set(racer(rule="sgdm", lr=0.2))
    before = one.theta.clone()
    one.step()
    other.step()
    torch.testing.assert_close(one.theta - before, 2 * (other.theta - before))
    assert one.lr == 0.2


def test_lengths_are_each_parameters_own() -> None:
    one = trainee(rule="sgd", lr=0.1)
    one.step()
    assert one.lengths(one.gradient) == pytest.approx([float(p.grad.norm()) for p in one.net.parameters() if p.grad is not None])
    assert math.hypot(*one.lengths(one.gradient)) == pytest.approx(float(one.gradient.norm()))
