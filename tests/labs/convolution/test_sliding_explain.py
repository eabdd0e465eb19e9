"""Every value of convolution/sliding that opens comes to torch's, and the script prints the run's numbers."""

from __future__ import annotations

import ast
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from app import labs
from app.labs.contract import Explanation, Target, UserError
from app.labs.convolution import sliding
from labs.convolution.test_sliding import options

torch.set_num_threads(1)
NAME = "convolution/sliding"


def opened(target: Target, at: int = -1, **params: Any) -> Explanation:
    made = labs.params_from(NAME, params)
    frames = list(labs.run(NAME, **params))
    return sliding.explain(made, labs.scene(NAME, **params), None, frames[at], target)


@given(options, st.randoms(use_true_random=False))
def test_every_target_comes_to_torchs_value(params: dict[str, Any], random: Any) -> None:
    params = {**params, "size": tuple(min(n, 5) for n in params["size"])}
    made = labs.params_from(NAME, params)
    try:
        scene = labs.scene(NAME, **params)
    except UserError:
        assume(False)
    frame = list(labs.run(NAME, **params))[-1]
    pick = lambda shape, names: {name: random.randrange(n) for name, n in zip(names, shape, strict=True)}  # noqa: E731
    places: list[Target] = [
        {"kind": "output", **pick(scene.note["out"], ("channel", "y", "x"))},
        {"kind": "matrix", "row": random.randrange(scene.note["matrix"]["rows"])},
        {"kind": "weight", **pick(scene.tensors["weight"].shape, ("out", "in", "y", "x"))},
        {"kind": "padded", **pick(scene.tensors["padded"].shape, ("channel", "y", "x"))},
    ]
    for target in places:
        explanation = sliding.explain(made, scene, None, frame, target)
        assert explanation.reference is not None
        assert explanation.reference.difference <= 1e-10, target
        assert explanation.result == explanation.equations[-1].value


def test_an_output_is_written_out_channel_by_channel() -> None:
    found = opened({"kind": "output", "channel": 0, "y": 0, "x": 0}, **dict(labs.presets(NAME)[1].params))
    assert [line.value for line in found.equations] == [19, 37, 56]
    assert found.result == 56


def test_a_large_kernel_is_written_out_row_by_row() -> None:
    found = opened({"kind": "output"}, channels=1, size=[7, 7], kernel="ones", kernel_size=[7, 7])
    assert len(found.equations) == 7 + 1 + 1
    assert found.reference is not None
    assert found.reference.difference <= 1e-12


def test_a_shared_weight_has_met_every_place() -> None:
    target = {"kind": "weight", "out": 0, "in": 0, "y": 1, "x": 1}
    found = opened(target, pattern="counting", channels=1, size=[3, 3], kernel="ones", kernel_size=[2, 2])
    assert found.result == 4 + 5 + 7 + 8
    assert found.remarks[0].values["places"] == 4


def test_a_weight_of_zero_connects_as_well() -> None:
    found = opened({"kind": "matrix", "row": 0}, channels=1, size=[4, 4], kernel="sobel-x")
    assert found.remarks[0].values == {"live": 9, "zeros": 7}  # three of the nine are 0


def test_a_padding_that_cuts_more_than_there_is() -> None:
    cut = {"channels": 1, "size": (1, 1), "kernel": "ones", "kernel_size": (1, 1), "transposed": True, "stride": (8, 8)}
    found = opened({"kind": "padded", "channel": 0, "y": 0, "x": 0}, **cut, padding=(2, 2), output_padding=(7, 7))
    assert found.result == 0
    assert found.reference is not None
    assert found.reference.difference == 0


def test_turned_twice_it_slides_as_typed() -> None:
    params = {"channels": 1, "size": [2, 2], "kernel": "counting", "kernel_size": [2, 2], "transposed": True, "flip": True}
    tensors = labs.scene(NAME, **params).tensors
    assert np.array_equal(tensors["weight"], tensors["typed"])
    assert [remark.id.rpartition(".")[2] for remark in opened({"kind": "output"}, **params).remarks][1:] == ["turned_twice"]


def test_a_ghost_cell_names_its_source() -> None:
    ghost = {"kind": "padded", "channel": 0, "y": 0, "x": 0}
    params = {"pattern": "counting", "channels": 1, "size": [4, 4], "kernel": "ones", "padding": [1, 1]}
    for mode, value in (("zeros", 0), ("reflect", 5), ("replicate", 0), ("circular", 15)):
        found = opened(ghost, **params, padding_mode=mode)
        assert found.result == value
        assert found.remarks[0].id == f"convolution.sliding.remark.cell.{mode}"


@pytest.mark.parametrize(
    ("target", "at", "id"),
    [
        ({"kind": "nothing"}, -1, "kind"),
        ({"kind": "output"}, 0, "none_yet"),
        ({"kind": "output", "channel": 0, "y": 3, "x": 3}, 1, "not_yet"),
        ({"kind": "output", "channel": 0, "y": 4, "x": 0}, -1, "index"),
        ({"kind": "matrix", "row": True}, -1, "index"),
        ({"kind": "weight", "out": 0, "in": 2, "y": 0, "x": 0}, -1, "index"),
    ],
)
def test_what_is_not_there_is_told(target: Target, at: int, id: str) -> None:
    with pytest.raises(UserError) as refused:
        opened(target, at)
    assert refused.value.message.id == f"convolution.sliding.error.{id}"


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"channels": 2, "padding": [2, 1], "padding_mode": "circular", "bias": [0.1], "kernel": "random", "flip": True},
        {"channels": 2, "groups": 2, "out_channels": 4, "transposed": True, "stride": [2, 3], "output_padding": [1, 0]},
        {"same": True, "dilation": [2, 1], "dtype": "float32", "kernel": "learned", "channels": 3},
    ],
)
def test_the_script_prints_the_runs_numbers(params: dict[str, Any]) -> None:
    source = sliding.script(labs.params_from(NAME, params))
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=120, check=True)
    printed = [ast.literal_eval(line.partition(" ")[2]) for line in done.stdout.splitlines()]
    expected = list(labs.run(NAME, **params))[-1].tensors["output"]
    assert np.array_equal(np.array(printed, expected.dtype), expected)
