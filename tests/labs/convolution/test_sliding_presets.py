"""What the presets' captions say is so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from app import labs

torch.set_num_threads(1)
NAME = "convolution/sliding"
PRESETS = {preset.id: dict(preset.params) for preset in labs.presets(NAME)}


def output(name: str, **more: Any) -> np.ndarray:
    return list(labs.run(NAME, **{**PRESETS[name], **more}))[-1].tensors["output"]


def note(name: str) -> Any:
    return labs.scene(NAME, **PRESETS[name]).note


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("one-one", [[[19, 25], [37, 43]]]),
        ("several-one", [[[56, 72], [104, 120]]]),
        ("several-several", [[[56, 72], [104, 120]], [[76, 100], [148, 172]], [[96, 128], [192, 224]]]),
        ("bias", [[[29, 35], [47, 53]]]),
        ("true-convolution", [[[5, 11], [23, 29]]]),
    ],
)
def test_the_notes_steps_with_the_books_numbers(name: str, numbers: list[Any]) -> None:
    assert output(name).tolist() == numbers


def test_a_pixel_is_mixed_from_its_channels() -> None:
    scene = labs.scene(NAME, **PRESETS["pointwise"])
    x, weight = scene.tensors["input"], scene.tensors["weight"][:, :, 0, 0]
    assert np.array_equal(output("pointwise"), np.einsum("oc,chw->ohw", weight, x))
    assert weight.size == 6


def test_an_edge_is_found() -> None:
    assert output("edge")[0, 0].tolist() == [0, 1, 0, 0, 0, -1, 0]


@pytest.mark.parametrize(("name", "first"), [("zeros", 10), ("reflect", 30), ("replicate", 15), ("circular", 60)])
def test_the_first_output_under_each_padding(name: str, first: int) -> None:
    assert output(name)[0, 0, 0] == first


def test_five_of_nine_cells_are_zeros() -> None:
    source = labs.scene(NAME, **PRESETS["zeros"]).tensors["source"]
    assert (source[:3, :3] == -1).sum() == 5


def test_sizes_and_counts() -> None:
    assert note("same-even")["pad"] == [0, 1, 0, 1]
    assert note("stride")["shape"] == [1, 7, 7]
    assert note("stride")["out"] == [1, 3, 3]
    assert note("dilation")["counts"]["shared"] == 9
    assert note("dilation")["out"] == [1, 3, 3]  # 7 - 5 + 1: the kernel reaches over five
    assert note("depthwise")["grouped"][0]["weights"] == 144
    assert note("depthwise")["counts"]["shared"] == 36
    assert (note("dense")["counts"]["dense"], note("dense")["matrix"]["connections"]) == (50_176, 1_764)
    tensors = labs.scene(NAME, **PRESETS["dense"]).tensors
    places, kernel = tensors["matrix"], tensors["weight"].flatten()
    weights = kernel[places[places >= 0]]
    assert (np.count_nonzero(weights), len(np.unique(weights))) == (1_764, 9)


def test_each_cell_lays_down_the_kernel() -> None:
    scene = labs.scene(NAME, **PRESETS["transposed"])
    assert np.array_equal(output("transposed")[0], np.kron(scene.tensors["input"][0], scene.tensors["typed"][0, 0]))


def test_sobel_answers_to_changes_from_left_to_right() -> None:
    scene = labs.scene(NAME, **PRESETS["sobel"])
    x = scene.tensors["input"].sum(0)
    change = np.abs(x[1:-1, 2:] - x[1:-1, :-2])
    assert np.corrcoef(change.ravel(), np.abs(output("sobel")[0]).ravel())[0, 1] > 0.8


def test_nobody_wrote_the_learned_kernels() -> None:
    from app.nn import weights

    typed = labs.scene(NAME, **PRESETS["learned"]).tensors["typed"]
    assert np.abs(typed - weights.state("resnet")["conv1.weight"][:3].numpy()).max() <= 0.0005


def test_a_shift_before_and_after_pooling() -> None:
    shift = note("shift")["shift"]
    assert shift["along"] <= 1e-12
    assert (round(100 * shift["before"]), round(100 * shift["after"])) == (23, 17)


def test_every_preset_runs_to_its_end() -> None:
    for name in PRESETS:
        assert np.isfinite(output(name)).all()
