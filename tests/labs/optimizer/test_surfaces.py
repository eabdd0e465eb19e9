"""Every surface of the table: its minima are minima, with the value that its source cites, wherever it is computed."""

from __future__ import annotations

import math
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import torch
from babel.messages.pofile import read_po
from hypothesis import given, settings
from hypothesis import strategies as st

from app.labs.optimizer import least_squares
from app.labs.optimizer.expression import TorchFunction, parse
from app.labs.optimizer.expression.grid import check_on_grid, mesh
from app.labs.optimizer.surfaces import SURFACES, Surface

CONDITION = {"condition": 25.0}
LOCALE = Path(__file__).parents[3] / "app" / "locale"


def function(surface: Surface) -> TorchFunction:
    return least_squares.full_loss if surface.data else parse(surface.expression, CONDITION).compile()


def value_gradient_hessian(surface: Surface, point: tuple[float, float]) -> tuple[float, torch.Tensor, torch.Tensor]:
    f = function(surface)
    at = torch.tensor(point, dtype=torch.float64, requires_grad=True)
    value = f(at[0], at[1])
    (gradient,) = torch.autograd.grad(value, at)
    hessian = torch.autograd.functional.hessian(lambda p: f(p[0], p[1]), at.detach())
    return value.item(), gradient, hessian


EVERY = pytest.mark.parametrize("surface", SURFACES.values(), ids=SURFACES)
MINIMA = pytest.mark.parametrize(
    ("surface", "point"),
    [
        pytest.param(surface, point, id=f"{surface.name}-{i}")
        for surface in SURFACES.values()
        for i, point in enumerate(surface.minima)
    ],
)


def test_the_table_has_what_the_lab_promises() -> None:
    promised = (
        "rosenbrock beale himmelblau rastrigin ackley booth matyas goldstein-price styblinski-tang levy easom three-hump-camel "
        "six-hump-camel mccormick sphere saddle monkey-saddle ravine plateau least-squares"
    )
    assert set(promised.split()) <= SURFACES.keys()
    assert len(SURFACES) >= 20
    for name, surface in SURFACES.items():
        assert name == surface.name
        assert name == name.lower()
        assert surface.citation


@MINIMA
def test_the_gradient_is_zero_at_every_minimum(surface: Surface, point: tuple[float, float]) -> None:
    _, gradient, hessian = value_gradient_hessian(surface, point)
    # A coordinate is a double: it may miss the minimum by half an ulp, which the curvature turns into slope; the
    # formula's own rounding adds some. Measured at most 6e-14 at curvature 134 (Himmelblau).
    tolerance = 4 * np.finfo(float).eps * (1 + float(torch.linalg.matrix_norm(hessian, 2))) * (1 + max(map(abs, point)))
    assert gradient.abs().max().item() <= tolerance


@MINIMA
def test_the_value_at_every_minimum_is_the_one_cited(surface: Surface, point: tuple[float, float]) -> None:
    value, _, _ = value_gradient_hessian(surface, point)
    assert value == pytest.approx(surface.minimum, abs=1e-15 * (1 + 20 * abs(surface.minimum or 0) + 20))
    if surface.cited:
        cited = Decimal(surface.cited)
        digits = -int(cited.as_tuple().exponent)
        assert round(value, digits) + 0.0 == float(cited)


@MINIMA
def test_every_way_from_a_minimum_leads_up(surface: Surface, point: tuple[float, float]) -> None:
    f, (x, y) = function(surface), point
    angle = torch.linspace(0, 2 * math.pi, 73, dtype=torch.float64)
    for radius in (1e-3, 1e-2):
        around = f(x + radius * torch.cos(angle), y + radius * torch.sin(angle))
        assert bool((around > surface.minimum + 1e-12).all())


@pytest.mark.parametrize("surface", [s for s in SURFACES.values() if s.minima], ids=lambda s: s.name)
def test_nothing_in_the_domain_lies_lower_and_every_lowest_place_is_listed(surface: Surface) -> None:
    f = function(surface)
    x, y = (side.expand(601, 601).contiguous() for side in mesh(surface.domain or surface.view, 601, torch.float64))
    z = f(x, y)
    assert z.min().item() >= surface.minimum - 1e-12
    # Wherever the grid comes within a hair of the minimum, one of the listed minima is near.
    low = z < surface.minimum + 1e-4 * min(1.0, (z.max() - z.min()).item())
    distance = torch.stack([torch.hypot(x - a, y - b) for a, b in surface.minima]).min(dim=0).values
    reach = 0.15 * (surface.view[1] - surface.view[0])
    assert bool((distance[low] < reach).all())


@EVERY
def test_minima_start_and_saddles_are_in_the_picture(surface: Surface) -> None:
    x0, x1, y0, y1 = surface.view
    for x, y in (surface.start, *surface.minima, *surface.saddles):
        assert x0 <= x <= x1
        assert y0 <= y <= y1


@EVERY
def test_the_start_is_no_minimum_and_has_a_slope(surface: Surface) -> None:
    value, gradient, _ = value_gradient_hessian(surface, surface.start)
    assert gradient.norm().item() > 1e-3
    assert surface.minimum is None or value > surface.minimum + 0.05


@EVERY
def test_it_is_finite_all_over_its_picture_in_float32(surface: Surface) -> None:
    if not surface.data:
        check_on_grid(parse(surface.expression, {"condition": 1e4}), surface.view, torch.float32)


@pytest.mark.parametrize(("surface", "point"), [pytest.param(s, p, id=s.name) for s in SURFACES.values() for p in s.saddles])
def test_a_saddle_is_level_and_goes_up_and_down(surface: Surface, point: tuple[float, float]) -> None:
    value, gradient, _ = value_gradient_hessian(surface, point)
    assert gradient.abs().max().item() < 1e-14
    angle = torch.linspace(0, 2 * math.pi, 73, dtype=torch.float64)
    around = function(surface)(point[0] + 1e-2 * torch.cos(angle), point[1] + 1e-2 * torch.sin(angle))
    assert around.min().item() < value < around.max().item()


def test_a_surface_without_a_minimum_goes_down_for_ever() -> None:
    for surface in SURFACES.values():
        if not surface.minima:
            assert surface.minimum is None
            angle = torch.linspace(0, 2 * math.pi, 73, dtype=torch.float64)
            f = function(surface)
            lows = [f(r * torch.cos(angle), r * torch.sin(angle)).min().item() for r in (1.0, 10.0, 100.0)]
            assert lows[0] > 10 * lows[1] > 100 * lows[2]


def test_ackley_has_a_corner_whose_slopes_hold_zero() -> None:
    surface = SURFACES["ackley"]
    assert surface.kinks == surface.minima
    _, gradient, _ = value_gradient_hessian(surface, (0.0, 0.0))
    assert gradient.tolist() == [0, 0]  # the subgradient chosen; torch's own sqrt would give NaN
    f = function(surface)
    angle = torch.linspace(0, 2 * math.pi, 73, dtype=torch.float64)[:-1]
    x, y = (1e-7 * torch.cos(angle)).requires_grad_(), (1e-7 * torch.sin(angle)).requires_grad_()
    slopes = torch.stack(torch.autograd.grad(f(x, y).sum(), (x, y)), dim=1)
    # Near the corner the slope points outwards with length 4 / sqrt(2) on every side: the subgradients are the disc
    # of that radius, and 0 is in it, which is what being a minimum means at a corner.
    torch.testing.assert_close(slopes.norm(dim=1), torch.full((72,), 4 / math.sqrt(2), dtype=torch.float64), rtol=1e-5, atol=0)
    outwards = torch.stack([torch.cos(angle), torch.sin(angle)], dim=1)
    torch.testing.assert_close(
        (slopes * outwards).sum(1) / slopes.norm(dim=1), torch.ones(72, dtype=torch.float64), rtol=1e-5, atol=0
    )


def test_the_condition_number_is_the_ratio_of_the_curvatures() -> None:
    for condition in (1.0, 25.0, 1e4):
        f = parse(SURFACES["ravine"].expression, {"condition": condition}).compile()
        hessian = torch.autograd.functional.hessian(lambda p, f=f: f(p[0], p[1]), torch.tensor([0.3, -0.2], dtype=torch.float64))
        low, high = torch.linalg.eigvalsh(hessian).tolist()
        assert high / low == pytest.approx(condition)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_surface_has_a_name_and_a_sentence(language: str) -> None:
    with (LOCALE / language / "surfaces.po").open("rb") as file:
        texts = {message.id: message.string for message in read_po(file)}
    for name in SURFACES:
        assert texts[f"optimizer.surface.{name}"]
        assert texts[f"optimizer.surface.{name}.about"]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@EVERY
def test_a_racer_has_the_same_bits_alone_as_among_sixteen(surface: Surface, dtype: torch.dtype) -> None:
    f = function(surface)
    generator = torch.Generator().manual_seed(11)
    x0, x1, y0, y1 = surface.view
    scale, shift = torch.tensor([x1 - x0, y1 - y0], dtype=torch.float64), torch.tensor([x0, y0], dtype=torch.float64)
    for count in range(1, 17):
        together = (shift + scale * torch.rand(count, 2, generator=generator, dtype=torch.float64)).to(dtype).requires_grad_()
        loss = f(together[:, 0], together[:, 1])
        (slopes,) = torch.autograd.grad(loss.sum(), together)
        for row in range(count):
            alone = together[row].detach().clone().requires_grad_()
            value = f(alone[0], alone[1])
            (slope,) = torch.autograd.grad(value, alone)
            assert torch.equal(value, loss[row])
            assert torch.equal(slope, slopes[row])


class TestLeastSquares:
    """The fit over 64 samples."""

    def test_the_samples_are_the_documented_numbers(self) -> None:
        assert least_squares.U[:3].tolist() == [0.8541, -0.2918, 1.5623]
        assert least_squares.V[:3].tolist() == [0.5998, -1.1096, 1.7757]
        assert least_squares.U.shape == least_squares.V.shape == (64,)
        noise = least_squares.V - 2 * least_squares.U + 1
        assert abs(noise.mean()) < 0.05
        assert noise.std() == pytest.approx(0.5, abs=0.05)

    def test_the_minimum_is_what_lstsq_finds(self) -> None:
        design = np.stack([least_squares.U, np.ones(least_squares.N)], axis=1)
        solution, residual, _, _ = np.linalg.lstsq(design, least_squares.V, rcond=None)
        w, b, loss = least_squares.minimum()
        np.testing.assert_allclose([w, b, loss], [*solution, residual[0] / least_squares.N], rtol=1e-13)
        assert SURFACES["least-squares"].minima == ((w, b),)
        assert SURFACES["least-squares"].minimum == loss

    @settings(max_examples=50, deadline=None)
    @given(st.floats(-5, 5), st.floats(-5, 5), st.lists(st.integers(0, 63), min_size=1, max_size=64, unique=True))
    def test_loss_and_gradient_of_a_batch_are_the_formula(self, w: float, b: float, samples: list[int]) -> None:
        u, v = least_squares.U[samples], least_squares.V[samples]
        r = w * u + b - v
        point = torch.tensor([w, b], dtype=torch.float64, requires_grad=True)
        loss = least_squares.batch_loss(point[0], point[1], torch.tensor(samples))
        (gradient,) = torch.autograd.grad(loss, point)
        np.testing.assert_allclose(loss.item(), np.mean(r**2), rtol=1e-12)
        np.testing.assert_allclose(gradient.numpy(), [np.mean(2 * r * u), np.mean(2 * r)], rtol=1e-10, atol=1e-12)

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    @pytest.mark.parametrize("size", [1, 3, 8, 13, 64])
    def test_a_batch_gives_a_racer_the_same_bits_alone_as_among_sixteen(self, dtype: torch.dtype, size: int) -> None:
        samples = torch.tensor(least_squares.batch(0, 1, size))
        together = torch.randn(16, 2, generator=torch.Generator().manual_seed(size)).to(dtype).requires_grad_()
        loss = least_squares.batch_loss(together[:, 0], together[:, 1], samples)
        (slopes,) = torch.autograd.grad(loss.sum(), together)
        for row in range(16):
            alone = together[row].detach().clone().requires_grad_()
            value = least_squares.batch_loss(alone[0], alone[1], samples)
            (slope,) = torch.autograd.grad(value, alone)
            assert torch.equal(value, loss[row])
            assert torch.equal(slope, slopes[row])

    @pytest.mark.parametrize("size", [1, 7, 8, 63, 64, 100])
    def test_an_epoch_visits_every_sample_once_and_the_next_in_another_order(self, size: int) -> None:
        steps = math.ceil(64 / size)
        epochs = [np.concatenate([least_squares.batch(5, e * steps + s, size) for s in range(1, steps + 1)]) for e in range(3)]
        for epoch in epochs:
            assert sorted(epoch.tolist()) == list(range(64))
        assert len({tuple(epoch) for epoch in epochs}) == 3
        assert all(len(least_squares.batch(5, step, size)) <= size for step in range(1, 3 * steps))

    def test_batches_depend_on_the_seed_and_the_step_only(self) -> None:
        first = [least_squares.batch(1, step, 8).tolist() for step in range(1, 40)]
        assert first == [least_squares.batch(1, step, 8).tolist() for step in range(1, 40)]
        assert first != [least_squares.batch(2, step, 8).tolist() for step in range(1, 40)]
