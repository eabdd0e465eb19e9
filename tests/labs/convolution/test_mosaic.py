"""The bytes and statistics of maps, against plain arithmetic in float64."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from app.labs.convolution.network.mosaic import LEVELS, MOST_SIDE, NAN, mosaic, shrunk, stats

SHAPES = st.tuples(st.integers(1, 5), st.integers(1, 150), st.integers(1, 150))


def maps_of(shape: tuple[int, int, int], seed: int, scale: float, offset: float) -> torch.Tensor:
    values = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    return values.relu() * scale + offset


@settings(deadline=None)
@given(SHAPES, st.integers(0, 99), st.sampled_from([1e-20, 1.0, 1e6]), st.sampled_from([0.0, -3.0, 1e4]))
def test_every_byte_is_within_half_a_step_of_the_mean_that_it_stands_for(
    shape: tuple[int, int, int], seed: int, scale: float, offset: float
) -> None:
    maps = maps_of(shape, seed, scale, offset)
    made, factor = mosaic(maps)
    assert factor == math.ceil(max(shape[1:]) / MOST_SIDE)
    exact = functional.avg_pool2d(maps.double()[None], factor, ceil_mode=True)[0].numpy()
    assert made["mosaic"].shape == exact.shape
    assert made["mosaic"].dtype == np.uint8
    assert max(exact.shape[1:]) <= MOST_SIDE
    low, step = (made[name][:, None, None].astype("f8") for name in ("low", "step"))
    error = np.abs(low + step * made["mosaic"] - exact)
    # Half a step, and float32's own roundings of the mean, of low and of step.
    assert (error <= 0.501 * step + 4e-7 * np.abs(exact).max()).all()


@settings(deadline=None)
@given(SHAPES, st.integers(0, 99), st.integers(2, 9))
def test_shrinking_is_averaging_with_what_is_left_at_the_edges(shape: tuple[int, int, int], seed: int, factor: int) -> None:
    maps = maps_of(shape, seed, 1.0, 0.0)
    assert torch.allclose(shrunk(maps, factor), functional.avg_pool2d(maps[None], factor, ceil_mode=True)[0], atol=1e-6)


@settings(deadline=None)
@given(SHAPES, st.integers(0, 99), st.sampled_from([1.0, 1e6]), st.sampled_from([0.0, 1e4]))
def test_statistics_are_those_of_the_exact_maps(shape: tuple[int, int, int], seed: int, scale: float, offset: float) -> None:
    maps = maps_of(shape, seed, scale, offset)
    exact = maps.double().flatten(1)
    wanted = torch.stack(
        [exact.amin(1), exact.amax(1), exact.mean(1), exact.std(1, correction=0), (exact == 0).double().mean(1)], dim=1
    ).numpy()
    assert stats(maps) == pytest.approx(wanted, rel=1e-4, abs=2e-6 * float(exact.abs().max()))


def test_the_least_and_greatest_and_the_share_of_zeros_are_exact() -> None:
    maps = maps_of((3, 224, 224), 0, 1.0, 0.0)
    told = stats(maps)
    assert (told[:, 0] == maps.amin((1, 2)).numpy()).all()
    assert (told[:, 1] == maps.amax((1, 2)).numpy()).all()
    zeros = (maps == 0).sum((1, 2)).numpy()
    assert (np.rint(told[:, 4] * 224 * 224) == zeros).all()


def test_an_even_map_has_no_deviation_and_one_byte() -> None:
    even = torch.full((1, 90, 90), 12345.678)
    made, _ = mosaic(even)
    assert made["step"] == [0]
    assert made["low"] == pytest.approx([12345.678])
    assert stats(even)[0, 3] <= 12345.678 * 1e-6


def test_what_is_no_number_is_marked_and_infinities_lie_at_the_ends() -> None:
    maps = torch.tensor([[[0.0, math.nan, math.inf, -math.inf, 2.0]], [[math.nan] * 5], [[1.0, 2.0, 3.0, 4.0, 5.0]]])
    made, _ = mosaic(maps)
    assert made["mosaic"][0].tolist() == [[0, NAN, LEVELS, 0, LEVELS]]
    assert made["mosaic"][1].tolist() == [[NAN] * 5]
    assert made["mosaic"][2, 0, [0, -1]].tolist() == [0, LEVELS]
    assert np.isfinite(made["low"]).all()
    assert np.isfinite(made["step"]).all()


def test_the_widest_range_of_float32_does_not_overflow() -> None:
    made, _ = mosaic(torch.tensor([[[3e38, -3e38]]]))
    assert made["mosaic"].tolist() == [[[LEVELS, 0]]]
    assert np.isfinite(made["step"]).all()
