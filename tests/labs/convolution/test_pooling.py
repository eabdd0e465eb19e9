"""Every pool is torch's, over a search of options; and the facts that the lab's notes and captions state."""

from __future__ import annotations

import itertools
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from app import labs
from app.labs.contract import UserError
from app.labs.convolution.params.pooling import POOLS
from app.labs.convolution.pooling.measure import FIELD, change, morph, nadaraya_watson, receptive
from app.labs.convolution.pooling.pools import maximum
from app.labs.convolution.pooling.windows import INSIDE, Options, adaptive, cut, places, sliding
from app.labs.convolution.pooling.work import asked, common_grid, work
from app.web import languages

torch.set_num_threads(1)
NAME = "convolution/pooling"
EXACT = ("max", "global_max", "adaptive_max")
EVERY = dict.fromkeys(POOLS, True)


def pair(low: int, high: int) -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(st.integers(low, high), st.integers(low, high))


@st.composite
def options(draw: st.DrawFn) -> Options:
    """Any options at all; torch refuses some."""
    kernel = draw(pair(1, 5))
    return Options(
        kernel=kernel,
        stride=draw(pair(1, 4)),
        padding=draw(pair(0, 2)),
        dilation=draw(pair(1, 3)),
        ceil_mode=draw(st.booleans()),
        count_include_pad=draw(st.booleans()),
        divisor_override=draw(st.none() | st.integers(-3, 12)),
        power=draw(st.sampled_from([0.5, 1.0, 2.0, 3.0, 7.5])),
        norm=draw(st.sampled_from([1.0, 2.0, 2.5, 3.0])),
        adaptive=draw(pair(1, 12)),
        temperature=draw(st.sampled_from([1e-3, 0.3, 1.0, 50.0, 1e3])),
    )


@st.composite
def inputs(draw: st.DrawFn) -> torch.Tensor:
    """(C, H, W); whole numbers among them, so that there are ties."""
    shape = (draw(st.integers(1, 3)), draw(st.integers(1, 9)), draw(st.integers(1, 9)))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    x = 3 * torch.randn(shape, generator=generator, dtype=torch.float64)
    return x.round() if draw(st.booleans()) else x


def torchs(name: str, x: torch.Tensor, o: Options) -> torch.Tensor:
    """torch's own answer; RuntimeError where it refuses."""
    if name == "max":
        return F.max_pool2d(x, o.kernel, o.stride, o.padding, o.dilation, o.ceil_mode)
    if name == "average":
        return F.avg_pool2d(x, o.kernel, o.stride, o.padding, o.ceil_mode, o.count_include_pad, o.divisor_override)
    shape = (1, 1) if name.startswith("global") else o.adaptive
    return F.adaptive_max_pool2d(x, shape) if name.endswith("max") else F.adaptive_avg_pool2d(x, shape)


def rounding(x: torch.Tensor, q: torch.Tensor, o: Options) -> float:
    """What one rounding of the largest score makes of e^score: cold scores run into the thousands."""
    largest = float((q[:, None, None] * x).abs().sum(0).max()) / o.temperature
    return 4 * torch.finfo(x.dtype).eps * largest * float(x.abs().max())


@given(inputs(), options())
@settings(max_examples=400, deadline=None)
def test_every_pool_is_torchs(x: torch.Tensor, o: Options) -> None:
    q = torch.arange(1.0, 1 + len(x), dtype=torch.float64)
    for name in POOLS:
        try:
            expected = torchs(name, x, o) if name.rpartition("_")[2] in ("max", "average") else None
            torchs("average", x, o)
        except RuntimeError:
            with pytest.raises(UserError) as refused:
                work(x, o, q, [name])
            assert refused.value.path in {("padding",), ("kernel",), ("divisor_override",)}
            assert "torch" in refused.value.message.values
            continue
        pool = work(x, o, q, [name])[name]
        if expected is not None:
            assert torch.equal(pool.output, expected)
            assert pool.grid.shape == expected.shape[1:]
        if name in EXACT:
            assert torch.equal(pool.ours, pool.torch), name
        else:
            near = max(1e-12, rounding(x, q, o)) if name == "attention" else 1e-12
            torch.testing.assert_close(pool.ours, pool.torch, rtol=near, atol=near, equal_nan=True)


@given(inputs(), options())
@settings(max_examples=200, deadline=None)
def test_the_weights_make_the_output(x: torch.Tensor, o: Options) -> None:
    q = torch.linspace(-1, 1, len(x), dtype=torch.float64)
    for name in POOLS:
        try:
            pool = work(x, o, q, [name])[name]
        except UserError:
            continue
        window, place = cut(x, pool.grid)
        if name == "mean":
            window = window.clamp(min=1e-6)
        made = (pool.weights * window).sum((-2, -1))
        finite = pool.ours.isfinite()
        torch.testing.assert_close(made[finite], pool.ours[finite], rtol=1e-9, atol=1e-9)
        if name in ("attention", "softpool"):
            torch.testing.assert_close(pool.weights.sum((-2, -1)), torch.ones_like(pool.weights.sum((-2, -1))))
        if name != "average":
            assert not pool.weights.masked_select(place != INSIDE).any()


@given(inputs(), options())
@settings(max_examples=150, deadline=None)
def test_the_weights_of_mean_and_lp_are_torchs_gradients(x: torch.Tensor, o: Options) -> None:
    x = x.abs() + 0.1
    for name in ("mean", "lp", "max", "average"):
        leaf = x.clone().requires_grad_()
        try:
            pool = work(leaf, o, torch.ones(len(x), dtype=torch.float64), [name])[name]
        except UserError:
            continue
        middle = (pool.grid.shape[0] // 2, pool.grid.shape[1] // 2)
        if not pool.ours[0][middle].isfinite():
            continue
        (gradient,) = torch.autograd.grad(pool.torch[0][middle], leaf)
        rows, cols = pool.grid.rows[middle[0]], pool.grid.cols[middle[1]]
        spread = torch.zeros_like(gradient[0])
        for i, j in itertools.product(range(rows.taps), range(cols.taps)):
            if places(pool.grid)[(*middle, i, j)] == INSIDE:
                spread[rows.start + i * rows.step, cols.start + j * cols.step] += pool.weights[0][(*middle, i, j)].detach()
        torch.testing.assert_close(gradient[0], spread, rtol=1e-9, atol=1e-12)


# Max: ties, NaN, padding


def test_of_equal_cells_the_first_wins_and_takes_all() -> None:
    x = torch.ones(1, 4, 4, dtype=torch.float64)
    pool = work(x, Options(kernel=(3, 3), stride=(1, 1), padding=(1, 1)), torch.ones(1), ["max"])["max"]
    assert pool.weights[0, 0, 0].tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
    assert pool.weights[0, 1, 1].tolist() == [[1, 0, 0], [0, 0, 0], [0, 0, 0]]


def test_nan_propagates_as_in_torch() -> None:
    x = torch.arange(9.0).reshape(1, 3, 3)
    x[0, 0, 1] = torch.nan
    expected, winner = F.max_pool2d(x, 2, 1, return_indices=True)
    grid = sliding((3, 3), (2, 2), (2, 2), (1, 1), (0, 0))
    ours, weights = maximum(*cut(x, grid), winner, grid)
    assert torch.equal(ours.isnan(), expected.isnan())
    assert ours.isnan().tolist() == [[[True, True], [False, False]]]
    assert weights[0, 0, 0].tolist() == [[0, 1], [0, 0]]


def last(**params: Any) -> dict[str, np.ndarray]:
    """The outputs of a run's last frame, by pool."""
    frame = list(labs.run(NAME, **params))[-1]
    return {name.partition("/")[2]: tensor for name, tensor in frame.tensors.items() if name.startswith("output/")}


ONES = {"pattern": "ones", "channels": 1, "size": [4, 4], "kernel": [3, 3], "stride": [2, 2], "padding": [1, 1]}


def test_the_padding_of_max_is_never_zero() -> None:
    outputs = last(**{**ONES, "pattern": "minus-ones"})
    assert (outputs["max"] == -1).all()
    assert outputs["average"][0, 0, 0] == pytest.approx(-4 / 9)


# Average: real divisors


def test_ceil_mode_has_odd_divisors() -> None:
    expected = [[4 / 9, 6 / 9, 2 / 6], [6 / 9, 1, 3 / 6], [2 / 6, 3 / 6, 1 / 4]]
    np.testing.assert_allclose(last(**ONES, ceil_mode=True)["average"][0], expected, rtol=1e-15)
    frames = list(labs.run(NAME, **ONES, ceil_mode=True))
    assert [float(frame.tensors["divisor"][0]) for frame in frames[1:]] == [9, 9, 6, 9, 9, 6, 6, 6, 4]
    assert frames[9].tensors["place"].tolist() == [[0, 1, 2], [1, 1, 2], [2, 2, 2]]


def test_without_the_padding_counted_ones_stay_ones() -> None:
    assert (last(**ONES, count_include_pad=False)["average"] == 1).all()


def test_the_override_replaces_the_divisor() -> None:
    outputs = last(**ONES, divisor_override=2)
    assert outputs["average"][0].tolist() == [[2, 3], [3, 4.5]]


def test_ceil_mode_drops_a_window_that_would_start_in_the_right_padding() -> None:
    shape = last(pattern="ones", channels=1, size=[2, 2], kernel=[1, 1], stride=[2, 2], ceil_mode=True)["average"].shape
    assert shape == (1, 1, 1)
    one = Options(kernel=(2, 2), stride=(2, 2), padding=(1, 1), ceil_mode=True)
    assert common_grid(torch.ones(1, 3, 3), one).shape == (2, 2)  # (3 + 2 - 2) / 2 + 1 rounded up is 3


# Adaptive and Lp


def test_adaptive_bins_overlap() -> None:
    x = [[[0.0, 1.0, 2.0, 3.0, 4.0]]]
    outputs = last(source="matrix", input=x, kernel=[1, 1], adaptive=[1, 3], adaptive_average=True)
    assert outputs["adaptive_average"].tolist() == [[[0.5, 2.0, 3.5]]]
    grid = adaptive((1, 5), (1, 3))
    assert [(span.start, span.taps) for span in grid.cols] == [(0, 2), (1, 3), (3, 2)]


def test_lp_sums_and_the_generalised_mean_averages() -> None:
    x = [[[3.0, 4.0], [0.0, 0.0]]]
    outputs = last(source="matrix", input=x, lp=True, mean=True, norm=2, power=2)
    assert outputs["lp"].tolist() == [[[5.0]]]
    assert outputs["mean"][0, 0, 0] == pytest.approx(2.5, abs=1e-9)
    assert last(source="matrix", input=x, lp=True, norm=1)["lp"].tolist() == [[[7.0]]]


def test_lp_fills_up_a_window_that_hangs_over() -> None:
    """torch averages the four cells that are there and multiplies by all nine."""
    params = {"pattern": "ones", "channels": 1, "size": [4, 4], "kernel": [3, 3], "stride": [2, 2], "ceil_mode": True, "lp": True}
    assert last(**params)["lp"].tolist() == [[[3.0, 3.0], [3.0, 3.0]]]


def test_the_generalised_mean_goes_from_the_average_to_the_maximum() -> None:
    x = {"source": "matrix", "input": [[[1.0, 2.0], [3.0, 8.0]]], "mean": True}
    assert last(**x, power=1)["mean"][0, 0, 0] == pytest.approx(3.5, rel=1e-12)
    climb = [float(last(**x, power=p)["mean"][0, 0, 0]) for p in (1, 2, 4, 8, 16, 32)]
    assert climb == sorted(climb)
    assert climb[-1] == pytest.approx(8 * 4 ** (-1 / 32), rel=1e-9)


# Attention


@given(inputs(), st.sampled_from([(2, 2), (3, 3), (3, 2)]), st.sampled_from([0, 1]))
@settings(max_examples=60, deadline=None)
def test_without_a_question_attention_is_the_average(x: torch.Tensor, kernel: tuple[int, int], padding: int) -> None:
    o = Options(kernel=kernel, stride=kernel, padding=(padding, padding), count_include_pad=False)
    try:
        pools = work(x, o, torch.zeros(len(x), dtype=torch.float64), ["average", "attention"])
    except UserError:
        return
    torch.testing.assert_close(pools["attention"].output, pools["average"].output, rtol=1e-14, atol=1e-14)


@given(st.integers(0, 2**31), st.sampled_from([0.5, 1.0, 3.0]))
@settings(max_examples=60, deadline=None)
def test_cold_attention_over_one_channel_is_the_maximum(seed: int, q: float) -> None:
    x = torch.randperm(36, generator=torch.Generator().manual_seed(seed)).double().reshape(1, 6, 6)
    pools = work(x, Options(temperature=1e-3), torch.tensor([q], dtype=torch.float64), ["max", "attention"])
    assert torch.equal(pools["attention"].output, pools["max"].output)


def test_cold_attention_over_two_channels_is_not_the_maximum() -> None:
    """One position wins for both channels."""
    x = [[[5.0, 0.0], [0.0, 0.0]], [[0.0, 4.0], [0.0, 0.0]]]
    outputs = last(source="matrix", input=x, temperature=1e-3)
    assert outputs["max"].ravel().tolist() == [5, 4]
    assert outputs["attention"].ravel().tolist() == [5, 0]


def test_a_pixel_asks_with_its_feature() -> None:
    x = [[[9.0, 0.0], [8.0, 1.0]], [[0.0, 7.0], [1.0, 9.0]]]
    asked_by = labs.scene(NAME, source="matrix", input=x, pixel=[1, 0]).tensors["query"]
    assert asked_by.tolist() == [8, 1]
    assert np.array_equal(
        last(source="matrix", input=x, pixel=[1, 0])["attention"], last(source="matrix", input=x, query=[8, 1])["attention"]
    )


# Channels


@given(inputs(), options(), st.sampled_from([-2.0, 0.0, 3.0]))
@settings(max_examples=100, deadline=None)
def test_pooling_stays_within_its_channel_but_attention(x: torch.Tensor, o: Options, times: float) -> None:
    q = torch.ones(len(x), dtype=torch.float64)
    try:
        found = change(x, o, q, POOLS, 0, times)
    except UserError:
        return
    for name in POOLS:
        if name != "attention":
            assert found[name].others == 0 or np.isnan(found[name].others), name
            assert found[name].weights == 0 or np.isnan(found[name].weights), name


def test_attention_notices_another_channels_change() -> None:
    changes = {one["pool"]: one for one in labs.scene(NAME).note["changes"]}
    assert changes["max"]["others"] == changes["average"]["others"] == 0
    assert changes["max"]["own"] > 1
    assert changes["attention"]["others"] == pytest.approx(3.526, abs=1e-3)
    assert changes["attention"]["weights"] == pytest.approx(0.888, abs=1e-3)
    unasked = {one["pool"]: one for one in labs.scene(NAME, query=[0, 1]).note["changes"]}
    assert unasked["attention"]["others"] == 0  # a channel that the query does not ask about has no say


# What belongs to no window


def test_the_temperature_goes_from_the_maximum_to_the_average() -> None:
    x = torch.randperm(36, generator=torch.Generator().manual_seed(3)).double().reshape(1, 6, 6)
    curve = morph(x, common_grid(x, Options()), torch.ones(1, dtype=torch.float64))
    assert (curve.entropy[1:] >= curve.entropy[:-1] - 1e-12).all()
    assert curve.entropy[0].max() < 1e-9
    assert curve.entropy[-1].min() > 0.999
    torch.testing.assert_close(curve.output[0], curve.maximum)
    torch.testing.assert_close(curve.output[-1], curve.average, rtol=0, atol=0.2)
    torch.testing.assert_close(curve.average, F.avg_pool2d(x, 2))


def test_pooling_looks_from_further_away() -> None:
    sizes = {field.name: field.size for field in receptive()}
    assert sizes == {
        "conv3-conv3": (5, 5),
        "conv3-pool2-conv3": (8, 8),
        "conv3-conv3-conv3": (7, 7),
        "conv3-pool2-conv3-pool2-conv3": (18, 18),
        "conv3-global": (FIELD, FIELD),
    }
    for field in receptive():
        assert field.size == (field.expected, field.expected)
        assert int(field.seen.ne(0).sum()) == field.expected**2  # no holes


def test_nadaraya_watson_weighs_by_distance() -> None:
    line = nadaraya_watson(0.25, 7)
    i = 40
    kernel = np.exp(-((line.grid[i].item() - line.x.numpy()) ** 2) / (2 * 0.25))
    assert line.fit[i].item() == pytest.approx((kernel * line.y.numpy()).sum() / kernel.sum(), rel=1e-12)
    hot = nadaraya_watson(1e3, 7)
    assert (hot.fit - hot.average).abs().max() < 0.02  # average pooling
    cold = nadaraya_watson(1e-3, 7)
    nearest = cold.y[(cold.grid[:, None] - cold.x[None, :]).abs().argmin(1)]
    assert (cold.fit - nearest).abs().median() < 0.02


# Frames


def test_a_frame_a_window_nothing_before_its_time() -> None:
    params = {**EVERY, "dilation": [2, 2], "adaptive": [3, 4], "size": [6, 7]}
    scene, frames = labs.scene(NAME, **params), list(labs.run(NAME, **params))
    windows = {pool["name"]: pool["windows"] for pool in scene.note["pools"]}
    assert windows["global_max"] == 1
    assert windows["adaptive_max"] == 12
    assert windows["max"] != windows["average"]
    assert len(frames) == max(windows.values()) + 1 == scene.note["windows"] + 1
    for t, frame in enumerate(frames):
        for name, count in windows.items():
            known = ~np.isnan(frame.tensors[f"output/{name}"]).reshape(2, -1)
            assert known[:, : min(t, count)].all()
            assert not known[:, min(t, count) :].any()


def test_the_window_is_the_inputs_with_its_outside_left_out() -> None:
    scene, frames = labs.scene(NAME, **ONES), list(labs.run(NAME, **ONES))
    assert np.isnan(frames[0].tensors["window"]).all()
    window = frames[1].tensors["window"][0]
    assert np.isnan(window[0]).all()
    assert np.isnan(window[:, 0]).all()
    assert np.array_equal(window[1:, 1:], scene.tensors["input"][0, :2, :2])


def test_the_page_is_told_how_near_torch_is() -> None:
    for params in ({}, {"dtype": "float32"}):
        notes = labs.scene(NAME, **EVERY, **params).note["pools"]
        assert [note["name"] for note in notes] == list(POOLS)
        assert all(note["difference"] <= (1e-12 if not params else 1e-5) for note in notes)
        assert all(note["difference"] == 0 for note in notes if note["name"] in EXACT)


# What torch refuses


@pytest.mark.parametrize(
    ("params", "path", "piece"),
    [
        ({"padding": [2, 2], "kernel": [3, 3]}, ("padding",), "half"),
        ({"padding": [2, 2], "kernel": [3, 3], "dilation": [2, 2]}, ("padding",), "half"),
        ({"kernel": [9, 9]}, ("kernel",), "too small"),
        ({"kernel": [3, 3], "dilation": [4, 4]}, ("kernel",), "too small"),
        ({"divisor_override": 0}, ("divisor_override",), "zero"),
    ],
)
def test_torchs_reason_comes_back_under_its_field(params: dict[str, Any], path: tuple[str, ...], piece: str) -> None:
    with pytest.raises(UserError) as refused:
        labs.scene(NAME, **params)
    assert refused.value.path == path
    assert piece in str(refused.value.message.values["torch"])
    for language in languages.LANGUAGES:
        assert piece in languages.catalogue(language).message(refused.value.message)


@pytest.mark.parametrize(
    ("params", "path"),
    [
        ({"pixel": [6, 0]}, ("pixel",)),
        ({"query": [1, 2, 3]}, ("query",)),
        ({"changed": {"channel": 2}}, ("changed", "channel")),
        ({"max": False, "average": False, "attention": False}, ("max",)),
        ({"input": [[[1, 2], [3]]]}, ("input", 0, 1)),
        ({"input": [[[1, 2]], [[1, 2], [3, 4]]]}, ("input", 1)),
    ],
)
def test_what_does_not_fit_the_input_is_told_at_its_field(params: dict[str, Any], path: tuple[Any, ...]) -> None:
    with pytest.raises(UserError) as refused:
        labs.scene(NAME, **params)
    assert refused.value.path == path


def test_another_error_of_torchs_is_not_the_users() -> None:
    with pytest.raises(RuntimeError, match="ours"):
        asked(lambda: (_ for _ in ()).throw(RuntimeError("ours")))


# The script


@pytest.mark.parametrize(
    "params",
    [
        {},
        {**EVERY, "padding": [1, 0], "kernel": [3, 2], "stride": [2, 1], "ceil_mode": True, "dilation": [1, 2]},
        {**EVERY, "dtype": "float32", "temperature": 0.25, "pixel": [2, 3], "divisor_override": 5},
    ],
)
def test_the_script_prints_the_runs_numbers(params: dict[str, Any]) -> None:
    code = labs.module(NAME).script(labs.params_from(NAME, params))
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120).stdout
    outputs = last(**params)
    printed = dict(line.split(" ", 1) for line in said.splitlines())
    assert list(printed) == list(outputs)
    for name, text in printed.items():
        assert eval(text) == outputs[name].tolist(), name
