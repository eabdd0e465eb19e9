"""What hands gradients to the racers: fair, a pure function of (seed, step), and never touching a full-batch racer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from app.labs.contract import UserError
from app.labs.optimizer import least_squares, rare
from app.labs.optimizer.expression import parse
from app.labs.optimizer.params.race import RaceParams
from app.labs.optimizer.sources import Source, make_source
from app.labs.optimizer.surfaces import SURFACES
from app.labs.optimizer.valleys import find_minima

FULL = torch.tensor([True, False, False])
POSITIONS = torch.tensor([[-0.3, -0.7], [1.0, 0.5], [1.0, 0.5]], dtype=torch.float64)


def source(**params: Any) -> Source:
    """A source of these params, the others at rest, in float64 unless they say otherwise."""
    race = RaceParams(**({"dtype": "float64"} | params))
    return make_source(race, getattr(torch, race.dtype))


def typed(*values: tuple[float, float]) -> dict[str, Any]:
    return {"kind": "gradients", "values": values}


def rare_case(case: str) -> dict[str, Any]:
    return {"kind": "rare", "case": case}


@pytest.mark.parametrize("name", SURFACES)
def test_the_gradient_is_autograds_at_each_racers_own_position(name: str) -> None:
    race = source(surface=name)
    positions = torch.tensor(race.picture.start, dtype=torch.float64) + torch.linspace(0, 0.3, 10, dtype=torch.float64).reshape(
        5, 2
    )
    loss, gradient, raw, samples = race.evaluate(positions, 1, torch.ones(5, dtype=torch.bool))
    for row in range(5):
        point = positions[row].clone().requires_grad_()
        value = race.losses.whole(point[0], point[1])
        (slope,) = torch.autograd.grad(value, point)
        assert torch.equal(loss[row], value.detach())
        assert torch.equal(gradient[row], slope)
    assert torch.equal(gradient, raw)
    assert samples.tolist() == [64 if name == "least-squares" else 1] * 5
    assert torch.equal(race.loss(positions), loss)


def test_nothing_is_added_where_nothing_changes_the_gradient() -> None:
    evaluation = source().evaluate(POSITIONS, 1, FULL)
    assert evaluation.gradient is evaluation.raw_gradient
    assert not evaluation.gradient.requires_grad
    assert not evaluation.loss.requires_grad


def test_a_racer_that_left_for_infinity_does_not_disturb_the_others() -> None:
    race = source(noise=0.5)
    lost = torch.tensor([[math.nan, 0.0], [math.inf, 1e300], [1.0, 0.5]], dtype=torch.float64)
    assert torch.equal(race.evaluate(lost, 3, FULL).gradient[2], race.evaluate(POSITIONS, 3, FULL).gradient[2])


class TestNoise:
    def test_it_is_the_same_for_every_racer_and_spares_full_batch_descent(self) -> None:
        race, quiet = source(noise=0.3), source()
        for step in (1, 2, 77, 1024, 5000):
            loss, gradient, raw, _ = race.evaluate(POSITIONS, step, FULL)
            plain = quiet.evaluate(POSITIONS, step, FULL)
            assert torch.equal(gradient[0], plain.gradient[0])
            assert torch.equal(gradient[1], gradient[2])
            assert not torch.equal(gradient[1], plain.gradient[1])
            assert torch.equal(raw, plain.gradient)
            assert torch.equal(loss, plain.loss)

    def test_it_depends_on_the_seed_and_the_step_only(self) -> None:
        steps = [1, 1023, 1024, 1025, 1, 19_999]
        runs = [[source(noise=0.3, seed=seed).evaluate(POSITIONS, s, FULL).gradient for s in steps] for seed in (4, 4, 5)]
        assert all(torch.equal(a, b) for a, b in zip(runs[0], runs[1], strict=True))
        assert torch.equal(runs[0][0], runs[0][4])
        assert not any(torch.equal(a, b) for a, b in zip(runs[0], runs[2], strict=True))

    def test_its_standard_deviation_is_the_one_asked_for_in_each_coordinate(self) -> None:
        race = source(noise=2.5)
        noise = torch.stack([(e := race.evaluate(POSITIONS, s, FULL)).gradient[1] - e.raw_gradient[1] for s in range(1, 4001)])
        # 4,000 draws: the standard deviation is known to 1.1 %, the mean to 0.04, the correlation to 0.016.
        torch.testing.assert_close(noise.std(dim=0), torch.full((2,), 2.5, dtype=torch.float64), rtol=0.05, atol=0)
        assert noise.mean(dim=0).abs().max().item() < 0.16
        assert abs(torch.corrcoef(noise.T)[0, 1].item()) < 0.07
        lagged = torch.corrcoef(torch.stack([noise[:-1, 0], noise[1:, 0]]))[0, 1].item()
        assert abs(lagged) < 0.07


class TestFit:
    def test_full_batch_descent_uses_all_samples_and_the_others_one_batch(self) -> None:
        race = source(surface="least-squares", batch_size=10, seed=3)
        for step in (1, 6, 7, 8):
            _, gradient, raw, samples = race.evaluate(POSITIONS, step, FULL)
            chosen = least_squares.batch(3, step, 10)
            assert samples.tolist() == [64, len(chosen), len(chosen)]
            w, b = POSITIONS[1].tolist()
            r = w * least_squares.U[chosen] + b - least_squares.V[chosen]
            expected = [np.mean(2 * r * least_squares.U[chosen]), np.mean(2 * r)]
            np.testing.assert_allclose(gradient[1].numpy(), expected, rtol=1e-12)
            assert torch.equal(gradient[0], raw[0])
            assert not torch.equal(gradient[1], raw[1])

    def test_the_batches_of_an_epoch_average_to_the_whole_gradient(self) -> None:
        race = source(surface="least-squares", batch_size=8)
        epoch = torch.stack([race.evaluate(POSITIONS, step, FULL).gradient for step in range(9, 17)])
        torch.testing.assert_close(epoch.mean(dim=0), race.evaluate(POSITIONS, 1, FULL).raw_gradient, rtol=1e-12, atol=1e-12)

    def test_a_batch_of_everything_is_the_whole(self) -> None:
        _, gradient, raw, samples = source(surface="least-squares", batch_size=64).evaluate(POSITIONS, 1, FULL)
        torch.testing.assert_close(gradient, raw, rtol=1e-12, atol=1e-12)
        assert samples.tolist() == [64, 64, 64]


class TestLists:
    def test_a_typed_list_is_the_same_everywhere_and_for_all_and_then_zero(self) -> None:
        race = source(source=typed((1.0, -2.0), (0.5, 3.0)))
        for step, expected in ((1, [1.0, -2.0]), (2, [0.5, 3.0]), (3, [0.0, 0.0]), (9999, [0.0, 0.0])):
            loss, gradient, _, samples = race.evaluate(POSITIONS, step, FULL)
            assert gradient.tolist() == [expected] * 3
            assert samples.tolist() == [1, 1, 1]
            torch.testing.assert_close(loss, POSITIONS @ torch.tensor([0.75, 0.5], dtype=torch.float64))

    def test_reddis_rare_batch_comes_once_in_a_hundred_and_full_batch_descent_sees_the_mean(self) -> None:
        race = source(source=rare_case("reddi"))
        gradients = torch.stack([race.evaluate(POSITIONS, step, FULL).gradient for step in range(1, 20_001)])
        assert set(gradients[:, 1, 0].tolist()) == {1010.0, -10.0}
        count = int((gradients[:, 1, 0] == 1010).sum())
        assert 140 <= count <= 260  # 200 expected, standard deviation 14
        assert bool((gradients[:, :, 1] == 0).all())
        assert bool((gradients[:, 0, 0] == gradients[0, 0, 0]).all())
        assert gradients[0, 0, 0].item() == pytest.approx(0.01 * 1010 - 0.99 * 10)
        assert race.evaluate(POSITIONS, 1, FULL).samples.tolist() == [100, 1, 1]
        assert [rare.is_rare(7, s) for s in range(3000)] == [rare.is_rare(7, s) for s in range(3000)]

    def test_reddis_x_stays_between_minus_one_and_one_and_is_best_at_minus_one(self) -> None:
        race = source(source=rare_case("reddi"))
        outside = torch.tensor([[-3.0, 0.2], [0.4, 5.0], [2.0, -2.0]], dtype=torch.float64)
        assert race.project(outside).tolist() == [[-1.0, 0.2], [0.4, 1.0], [1.0, -1.0]]
        assert source().project(outside) is outside
        ((x, _, loss),) = race.picture.minima
        line = torch.stack([torch.linspace(-1, 1, 101, dtype=torch.float64), torch.zeros(101, dtype=torch.float64)], dim=1)
        losses = race.loss(line)
        assert line[losses.argmin(), 0].item() == x
        assert losses.min().item() == pytest.approx(loss)

    @settings(max_examples=30, deadline=None)
    @given(st.integers(0, 20_000))
    def test_the_spike_comes_once_in_any_run_and_leaves_steps_after_it(self, steps: int) -> None:
        race = source(source=rare_case("spike"), steps=steps)
        assert isinstance(race.losses.losses, rare.LinearLosses)
        values = [race.losses.losses.at(step)[0] for step in range(1, steps + 1)]
        assert sorted(set(values)) == sorted({1e5, 1.0} if steps > 1 else {1e5} if steps else set())
        assert values.count(1e5) == min(steps, 1)
        if steps >= 20:
            assert values[-1] == 1.0
            assert race.losses.losses.mean[0] == pytest.approx(np.mean(values))

    def test_the_spikes_step_is_31_6_rates_long_for_adam_and_amsgrad_alike(self) -> None:
        """beta1 = 0, beta2 = .999, no bias correction: the largest v ever is this step's own, so the maximum changes nothing."""
        race = source(source=rare_case("spike"), steps=20_000)
        v = v_max = 0.0
        for step in range(1, rare.spike_step(20_000) + 1):
            g = race.losses.losses.at(step)[0]
            v = 0.999 * v + 0.001 * g * g
            v_max = max(v_max, v)
        assert g / math.sqrt(v) == pytest.approx(31.6, abs=0.05)
        assert v_max == v

    def test_noise_joins_the_lists_too(self) -> None:
        _, gradient, raw, _ = source(source=typed((1.0, 1.0)), noise=0.1).evaluate(POSITIONS, 1, FULL)
        assert gradient[0].tolist() == raw[0].tolist() == [1.0, 1.0]
        assert gradient[1].tolist() == gradient[2].tolist() != [1.0, 1.0]


class TestPicture:
    @pytest.mark.parametrize(
        "params", [*({"surface": name} for name in SURFACES), {"expression": "x^2 + y^4"}, {"source": rare_case("reddi")}]
    )
    def test_the_grid_is_the_loss_with_rows_along_y(self, params: dict[str, Any]) -> None:
        race = source(**params)
        x, y, z = race.grid(21)
        assert (x.shape, y.shape, z.shape) == ((21,), (21,), (21, 21))
        assert x.dtype == y.dtype == z.dtype == np.float32
        assert [x[0], x[-1], y[0], y[-1]] == pytest.approx(race.picture.view)
        at = torch.tensor([[float(x[4]), float(y[15])]], dtype=torch.float64)
        assert z[15, 4] == pytest.approx(race.loss(at).item(), rel=1e-3, abs=1e-4)
        assert np.isfinite(z).all()

    def test_a_typed_expression_has_a_formula_and_the_minima_that_can_be_found(self) -> None:
        race = source(expression="(x - 1.23)^2 + abs(y + 2) + 5", surface="rosenbrock")
        assert race.picture.surface is None
        assert race.picture.latex == r"\left(x - 1.23\right)^{2} + \left|y + 2\right| + 5"
        ((x, y, loss),) = race.picture.minima
        assert (x, y, loss) == (pytest.approx(1.23, abs=1e-7), pytest.approx(-2, abs=1e-7), pytest.approx(5))

    def test_the_condition_reaches_the_ravine(self) -> None:
        assert source(surface="ravine", condition=400.0).loss(torch.tensor([[0.0, 1.0]])).item() == 200

    def test_a_typed_expression_that_breaks_is_refused_before_the_race(self) -> None:
        with pytest.raises(UserError) as caught:
            source(expression="log(x)")
        assert (caught.value.message.id, caught.value.path) == ("expression.grid", ("expression",))

    @pytest.mark.parametrize("start", [(1e6, 0.0), (-1e6, -1e6)])
    def test_a_start_without_a_finite_loss_is_refused(self, start: tuple[float, float]) -> None:
        with pytest.raises(UserError) as caught:
            source(surface="goldstein-price", dtype="float32", start=start)
        assert (caught.value.message.id, caught.value.path) == ("expression.start", ("start",))


class TestFoundMinima:
    """The search that serves typed expressions, against the table that was published."""

    @pytest.mark.parametrize("surface", [s for s in SURFACES.values() if not s.data], ids=lambda s: s.name)
    def test_it_finds_the_published_minima_and_claims_none_on_a_saddle(self, surface: Any) -> None:
        f = parse(surface.expression, {"condition": 25.0}).compile()
        found = find_minima(f, surface.view)
        assert len(found) == len(surface.minima)
        for x, y in surface.minima:
            near = min(found, key=lambda m: math.hypot(m[0] - x, m[1] - y))
            assert math.hypot(near[0] - x, near[1] - y) < 1e-6 * (1 + math.hypot(x, y))
            assert near[2] == pytest.approx(surface.minimum, abs=1e-12)

    @pytest.mark.parametrize("text", ["x", "x^2", "-x^2 - y^2", "x + y", "sin(x)*0 + y^3", "x^3 - 3x + y^2"])
    def test_it_claims_nothing_where_there_is_no_lowest_point(self, text: str) -> None:
        assert find_minima(parse(text).compile(), (-5, 5, -5, 5)) == ()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
@pytest.mark.parametrize(
    "params", [{}, {"noise": 0.3}, {"surface": "ackley"}, {"surface": "least-squares"}, {"source": rare_case("reddi")}]
)
def test_a_gpu_gives_the_same_gradients(params: dict[str, Any]) -> None:
    race = source(**params)
    for step in (1, 2, 50):
        here = race.evaluate(POSITIONS, step, FULL)
        there = race.evaluate(POSITIONS.cuda(), step, FULL.cuda())
        for a, b in zip(here, there, strict=True):
            torch.testing.assert_close(a, b.cpu(), rtol=1e-12, atol=1e-12)
