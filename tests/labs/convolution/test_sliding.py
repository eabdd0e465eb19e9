"""convolution/sliding against torch, over a search of its options: the sums, the matrix, the padding, the shift, the refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, example, given
from hypothesis import strategies as st
from torch.nn import functional

from app import labs
from app.labs.contract import UserError
from app.labs.convolution.params.sliding import MOST_OUTPUTS
from app.labs.convolution.sliding.layer import Sliding, layer
from app.labs.convolution.sliding.matrix import NOTHING, SEVERAL, connected, connected_row, counts
from app.labs.convolution.sliding.shift import move, shifted
from app.labs.errors import ParamsError

torch.set_num_threads(1)
NAME = "convolution/sliding"
MODES = ["zeros", "reflect", "replicate", "circular"]

small = st.integers(1, 3)
pairs = st.tuples(small, small)
options = st.fixed_dictionaries(
    {
        "channels": st.integers(1, 4),
        "size": st.tuples(st.integers(1, 8), st.integers(1, 8)),
        "kernel": st.just("random"),
        "kernel_size": st.tuples(st.integers(1, 4), st.integers(1, 4)),
        "out_channels": st.integers(1, 4),
        "stride": pairs,
        "same": st.booleans(),
        "padding": st.tuples(st.integers(0, 4), st.integers(0, 4)),
        "padding_mode": st.sampled_from(MODES),
        "dilation": pairs,
        "groups": st.integers(1, 4),
        "flip": st.booleans(),
        "transposed": st.booleans(),
        "output_padding": st.tuples(st.integers(0, 2), st.integers(0, 2)),
        "seed": st.integers(0, 10_000),
    }
)


step, gap = st.tuples(st.integers(1, 8), st.integers(1, 8)), st.tuples(st.integers(0, 8), st.integers(0, 8))
tap = st.tuples(st.integers(1, 7), st.integers(1, 7))
limits = st.fixed_dictionaries(
    {
        "channels": st.sampled_from([1, 2, 4]),
        "size": st.tuples(st.integers(1, 16), st.integers(1, 16)),
        "kernel": st.sampled_from(["random", "counting", "identity", "blur", "edge", "laplacian", "learned"]),
        "kernel_size": tap,
        "out_channels": st.sampled_from([1, 2, 4]),
        "stride": step,
        "same": st.booleans(),
        "padding": gap,
        "padding_mode": st.sampled_from(MODES),
        "dilation": step,
        "groups": st.sampled_from([1, 2, 4]),
        "transposed": st.booleans(),
        "output_padding": st.tuples(st.integers(0, 7), st.integers(0, 7)),
    }
)
"""As far as the params' own bounds go."""
CUT = {"channels": 1, "size": (1, 1), "kernel": "ones", "kernel_size": (1, 1), "transposed": True, "stride": (8, 8)}
"""A transposed convolution whose padding may cut more than the spread input has."""


def made(**params: Any) -> Sliding:
    return layer(labs.params_from(NAME, params))


def or_refused(params: dict[str, Any]) -> Sliding:
    try:
        return made(**params)
    except UserError:
        assume(False)
        raise


def plain_torch(params: dict[str, Any], s: Sliding) -> torch.Tensor:
    """The same by torch.nn.functional, called from the params and not by the code under test."""
    weight = s.typed.flip(2, 3) if params["flip"] else s.typed
    if params["transposed"]:
        groups = params["groups"]
        out, each, height, width = weight.shape
        weight = (
            weight.reshape(groups, out // groups, each, height, width).transpose(1, 2).reshape(-1, out // groups, height, width)
        )
        return functional.conv_transpose2d(
            s.x[None],
            weight,
            stride=params["stride"],
            padding=params["padding"],
            output_padding=params["output_padding"],
            groups=groups,
            dilation=params["dilation"],
        )[0]
    (h, w), (dh, dw) = weight.shape[2:], params["dilation"]
    total = (dh * (h - 1), dw * (w - 1))
    ph, pw = params["padding"]
    around = (
        (total[1] // 2, total[1] - total[1] // 2, total[0] // 2, total[0] - total[0] // 2) if params["same"] else (pw, pw, ph, ph)
    )
    mode = {"zeros": "constant"}.get(params["padding_mode"], params["padding_mode"])
    padded = functional.pad(s.x[None], around, mode=mode)
    return functional.conv2d(padded, weight, stride=params["stride"], dilation=params["dilation"], groups=params["groups"])[0]


@given(options)
def test_the_sums_are_torchs(params: dict[str, Any]) -> None:
    s = or_refused(params)
    expected = plain_torch(params, s)
    assert s.output.shape == expected.shape
    assert (s.output - expected).abs().max() <= 1e-12
    assert (s.explicit - expected).abs().max() <= 1e-12


@given(options, st.booleans())
def test_the_matrix_times_the_input_is_the_convolution(params: dict[str, Any], bias: bool) -> None:
    if bias:
        params = {**params, "bias": [float(o) for o in range(params["out_channels"])]}
    s = or_refused(params)
    whole = connected(s)
    product = (whole.values @ s.x.flatten()).reshape(s.output.shape)
    if s.bias is not None:
        product = product + s.bias[:, None, None]
    assert (product - s.output).abs().max() <= 1e-12
    # What the picture colours is what the matrix holds.
    index = whole.index.long()
    alone = index >= 0
    assert torch.equal(whole.values[alone], s.weight.flatten()[index[alone]])
    assert not whole.values[index == NOTHING].any()
    if params["padding_mode"] == "zeros":
        assert not (index == SEVERAL).any()


@given(options)
def test_the_padded_input_shows_its_sources(params: dict[str, Any]) -> None:
    s = or_refused(params)
    top, _, left, _ = s.pad
    flat = s.x.flatten(1)
    for row, col in ((0, 0), (s.source.shape[0] - 1, s.source.shape[1] - 1)):
        source = int(s.source[row, col])
        assert torch.equal(s.padded[:, row, col], flat[:, source] if source >= 0 else torch.zeros(len(flat), dtype=flat.dtype))
    if not params["transposed"]:
        inner = s.padded[:, top : top + s.x.shape[1], left : left + s.x.shape[2]]
        assert torch.equal(inner, s.x)


@pytest.mark.parametrize(("mode", "first"), [("zeros", 10), ("reflect", 30), ("replicate", 15), ("circular", 60)])
def test_the_four_modes_of_padding(mode: str, first: float) -> None:
    s = made(pattern="counting", channels=1, size=[4, 4], kernel="ones", padding=[1, 1], padding_mode=mode)
    assert s.output[0, 0, 0] == first
    assert s.explicit[0, 0, 0] == first


def test_an_even_kernel_pads_below_and_at_right() -> None:
    s = made(pattern="counting", channels=1, size=[4, 4], kernel="ones", kernel_size=[2, 2], same=True)
    assert s.pad == (0, 1, 0, 1)
    assert s.output.shape == s.x.shape


def test_the_counts_of_a_large_layer() -> None:
    of = counts((3, 64, 64), (10, 62, 62), (3, 3))
    assert (of.dense, of.local, of.shared) == (472_350_720, 1_037_880, 270)


@given(options)
def test_the_counts_are_those_of_torchs_layer(params: dict[str, Any]) -> None:
    s = or_refused(params)
    kernel = (s.weight.shape[2], s.weight.shape[3])
    of = counts(tuple(s.x.shape), tuple(s.output.shape), kernel, params["groups"])
    torchs = torch.nn.Conv2d(params["channels"], params["out_channels"], kernel, groups=params["groups"], bias=False)
    assert of.shared == sum(p.numel() for p in torchs.parameters())
    assert of.local == s.products.numel()
    assert of.dense == connected(s).values.numel()


@given(options, st.tuples(st.integers(-2, 2), st.integers(-2, 2)))
@example({"channels": 1, "size": (8, 8), "kernel": "random", "seed": 3}, (1, -2))
def test_away_from_the_border_a_convolution_moves_with_its_input(params: dict[str, Any], by: tuple[int, int]) -> None:
    s = or_refused({**params, "shift": by})
    found = shifted(s)
    if found.along is not None:
        assert found.along <= 1e-12
    again = made(**{**params, "source": "matrix", "input": move(s.x, *by).tolist(), "kernel": "custom", "weight": s.typed.tolist()})
    assert (again.output - s.output - found.before).abs().max() <= 1e-12


def test_pooling_hides_a_shift_that_stays_in_its_windows() -> None:
    row = [[0.0, 0, 5, 0, 0, 0]] * 2
    s = made(source="matrix", input=[row], kernel="identity", kernel_size=[1, 1], shift=[0, 1], shift_pool="max")
    found = shifted(s)
    assert found.after is not None
    assert found.relative_before == 2  # two places differ by what one place held
    assert not found.after.any()
    assert found.relative_after == 0


@pytest.mark.parametrize(
    ("params", "field", "id"),
    [
        ({"channels": 3, "groups": 2}, "groups", "groups_in"),
        ({"channels": 2, "out_channels": 3, "groups": 2}, "groups", "groups_out"),
        ({"same": True, "stride": [2, 1]}, "same", "same_stride"),
        ({"size": [3, 3], "padding": [3, 3], "padding_mode": "reflect"}, "padding", "reflect"),
        ({"size": [3, 3], "padding": [4, 4], "padding_mode": "circular"}, "padding", "circular"),
        ({"size": [3, 3], "same": True, "dilation": [3, 3], "padding_mode": "reflect"}, "same", "reflect"),
        ({"size": [2, 2], "same": True, "dilation": [3, 3], "padding_mode": "circular"}, "same", "circular"),
        ({"size": [2, 2]}, "kernel", "small"),
        ({"size": [6, 6], "dilation": [3, 3]}, "kernel", "small"),
        ({"transposed": True, "size": [1, 1], "padding": [2, 2]}, "padding", "empty"),
        ({"transposed": True, "padding_mode": "circular"}, "padding_mode", "transposed_mode"),
        ({"transposed": True, "same": True}, "same", "transposed_same"),
        ({"transposed": True, "output_padding": [1, 1]}, "output_padding", "output_padding"),
        ({"transposed": True, "size": [16, 16], "stride": [8, 8]}, "size", "outputs"),
        ({"kernel": "custom", "channels": 2}, "weight", "channels"),
        ({"bias": [1, 2]}, "bias", "bias"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence_under_its_field(params: dict[str, Any], field: str, id: str) -> None:
    with pytest.raises(UserError) as refused:
        made(**params)
    assert refused.value.path == (field,)
    assert refused.value.message.id == f"convolution.sliding.error.{id}"


def test_kernels_of_several_shapes_are_refused() -> None:
    with pytest.raises(ParamsError) as refused:
        labs.params_from(NAME, {"kernel": "custom", "weight": [[[[1, 2]], [[1]]]]})
    [(path, message)] = refused.value.errors
    assert path == ("weight", 0, 1)
    assert message.id == "convolution.sliding.error.ragged"


@given(st.one_of(options, limits))
@example({**CUT, "padding": (2, 2), "output_padding": (7, 7)})
def test_no_option_is_refused_without_a_sentence_of_ours(params: dict[str, Any]) -> None:
    """Every combination either runs or raises a UserError that names its field: torch's own exceptions never come through."""
    refused: tuple[str | int, ...] | None = None
    try:
        s = made(**params)
    except UserError as error:
        refused = error.path
    if refused is not None:
        assert refused
        assert not (params.get("same") and refused == ("padding",))  # whose field is hidden then
        return
    assert s.output.numel() <= MOST_OUTPUTS
    assert (s.explicit - s.output).abs().max() <= 1e-12


def test_the_frames_add_up_to_torchs_output() -> None:
    params = {"channels": 2, "size": [4, 5], "kernel": "random", "out_channels": 2, "padding": [1, 0], "bias": [1, -1]}
    s = made(**params)
    frames = list(labs.run(NAME, **params))
    assert len(frames) == 1 + s.output.numel()
    assert np.isnan(frames[0].tensors["output"]).all()
    assert np.array_equal(frames[-1].tensors["output"], s.output.numpy())
    for t, frame in enumerate(frames[1:], 1):
        o, y, x = frame.note["at"]
        assert t == 1 + np.ravel_multi_index((o, y, x), tuple(s.output.shape))
        assert np.count_nonzero(~np.isnan(frame.tensors["output"])) == t
        top, left = frame.note["corner"]
        assert np.array_equal(frame.tensors["window"], s.padded[:, top : top + 3, left : left + 3].numpy())
        total = frame.tensors["window"] * s.weight[o].numpy()
        assert np.array_equal(frame.tensors["products"], total)
        assert abs(frame.tensors["sums"].sum() + params["bias"][o] - frame.tensors["value"][0]) <= 1e-12


def test_learned_kernels_are_the_shipped_networks() -> None:
    from app.nn import weights

    s = made(kernel="learned", learned="vgg", learned_channel=2, out_channels=2, channels=3)
    expected = weights.state("vgg")["features.conv1_1.weight"][2:4].double()
    assert (s.typed - expected).abs().max() <= 0.0005


@given(options)
def test_a_row_of_the_matrix_is_that_row(params: dict[str, Any]) -> None:
    s = or_refused(params)
    whole = connected(s)
    for number in (0, s.output.numel() // 2, s.output.numel() - 1):
        values, connection = connected_row(s, number)
        assert torch.equal(values, whole.values[number])
        assert torch.equal(connection, whole.index[number] != NOTHING)


def test_a_large_matrix_is_counted_only() -> None:
    scene = labs.scene(NAME, channels=4, size=[16, 16], out_channels=4, same=True)
    assert "matrix" not in scene.tensors
    assert scene.note["counts"]["dense"] == 1024 * 1024


def test_from_standard_to_depthwise() -> None:
    scene = labs.scene(NAME, channels=4, out_channels=4)
    assert [(one["groups"], one["weights"]) for one in scene.note["grouped"]] == [(1, 144), (2, 72), (4, 36)]
