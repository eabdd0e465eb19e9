"""The data sets and the small networks: facts about both."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from app.nn.feedforward import cnn, flatten, mlp
from app.nn.tasks.supervised import HELD_OUT, MADE, digits, made


@pytest.mark.parametrize("name", MADE)
def test_a_seed_makes_the_same_points_and_no_part_holds_anothers(name: str) -> None:
    one, again, other = (made(name, 60, 0.1, seed) for seed in (3, 3, 4))
    for part in ("train", "validation", "test"):
        assert torch.equal(getattr(one, part).x, getattr(again, part).x)
        assert torch.equal(getattr(one, part).y, getattr(again, part).y)
    assert not torch.equal(one.train.x, other.train.x)
    assert (len(one.train), len(one.validation), len(one.test)) == (60, HELD_OUT, HELD_OUT)
    rows = [tuple(row) for part in (one.train, one.validation, one.test) for row in part.x.tolist()]
    assert len(set(rows)) == len(rows)


def test_without_noise_the_points_lie_on_their_curves() -> None:
    moons, circles, spirals, line = (made(name, 100, 0.0, 0).train for name in ("moons", "circles", "spirals", "line"))
    centre = torch.where(moons.y[:, None] == 0, torch.tensor([0.0, 0.0]), torch.tensor([1.0, 0.5]))
    torch.testing.assert_close((moons.x - centre).norm(dim=1), torch.ones(100))
    torch.testing.assert_close(circles.x.norm(dim=1), torch.where(circles.y == 0, 1.0, 0.5))
    r = spirals.x.norm(dim=1)
    angle = 2 * torch.pi * r + torch.pi * spirals.y
    torch.testing.assert_close(spirals.x, torch.stack([r * angle.cos(), r * angle.sin()], 1))
    torch.testing.assert_close(line.y, 2 * line.x[:, 0] - 1)


def test_the_digits_are_scikit_learns_each_once() -> None:
    from sklearn.datasets import load_digits

    data = digits()
    images = torch.cat([part.x for part in (data.train, data.validation, data.test)]).flatten(1).numpy() * 16
    labels = torch.cat([part.y for part in (data.train, data.validation, data.test)]).numpy()
    theirs, their_labels = load_digits(return_X_y=True)
    mine = np.column_stack([labels, images])
    assert sorted(map(tuple, mine)) == sorted(map(tuple, np.column_stack([their_labels, theirs])))
    assert (len(data.train), len(data.validation), len(data.test)) == (1078, 359, 360)
    assert data.shape == (1, 8, 8)


def test_losses_are_torchs() -> None:
    torch.manual_seed(0)
    out, y = torch.randn(9, 10), torch.arange(9)
    # To rounding: torch's own mean may add up in another order.
    torch.testing.assert_close(digits().losses(out, y).mean(), functional.cross_entropy(out, y))
    numbers = torch.randn(9)
    torch.testing.assert_close(made("line", 10, 0.1, 0).losses(out[:, :1], numbers).mean(), functional.mse_loss(out[:, 0], numbers))


@pytest.mark.parametrize("make", [lambda: mlp(64, (5, 4), 10), lambda: mlp(64, (), 10), lambda: cnn((1, 8, 8), 3, 10)])
def test_one_vector_holds_all_parameters_and_their_gradients(make: object) -> None:
    torch.manual_seed(0)
    net = make()  # type: ignore[operator]
    x, y = torch.rand(6, 1, 8, 8), torch.arange(6)
    expected = torch.autograd.grad(functional.cross_entropy(net(x), y), list(net.parameters()))
    theta, gradient = flatten(net)
    assert theta.numel() == sum(p.numel() for p in net.parameters())
    functional.cross_entropy(net(x), y).backward()
    torch.testing.assert_close(gradient, torch.cat([g.flatten() for g in expected]))
    theta.zero_()
    assert not net(x).any()
