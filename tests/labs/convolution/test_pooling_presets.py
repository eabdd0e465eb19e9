"""What the presets' captions say is so."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from app import labs

torch.set_num_threads(1)
NAME = "convolution/pooling"
PRESETS = {preset.id: dict(preset.params) for preset in labs.presets(NAME)}


def outputs(name: str, **more: Any) -> dict[str, np.ndarray]:
    frame = list(labs.run(NAME, **{**PRESETS[name], **more}))[-1]
    return {key.partition("/")[2]: tensor for key, tensor in frame.tensors.items() if key.startswith("output/")}


def test_three_answers_to_one_window() -> None:
    found = outputs("one-window")
    assert found["max"].item() == 8
    assert found["average"].item() == 2
    assert round(found["attention"].item(), 3) == 7.913


def test_the_odd_divisors() -> None:
    assert outputs("ceil")["average"][0, 0, 0] == 4 / 9
    frames = list(labs.run(NAME, **PRESETS["ceil"]))
    assert {6.0, 4.0} <= {frame.tensors["divisor"].item() for frame in frames[1:]}
    assert (outputs("exclude-pad")["average"] == 1).all()
    assert outputs("exclude-pad", count_include_pad=True)["average"].min() == 4 / 9


def test_minus_ones_stay() -> None:
    found = outputs("minus-ones")
    assert (found["max"] == -1).all()
    assert found["average"][0, 0, 0] == -4 / 9


def test_the_temperature_ends_at_max_and_average() -> None:
    cold, hot = outputs("temperature", temperature=1e-3), outputs("temperature", temperature=1e3)
    assert np.allclose(cold["attention"], cold["max"])
    assert np.abs(hot["attention"] - hot["average"]).max() < 0.02


def test_the_cells_like_the_one_that_asks_weigh_most() -> None:
    for pixel, alike in (([0, 0], (slice(0, 2), slice(0, 2))), ([0, 3], (slice(0, 2), slice(2, 4)))):
        frame = list(labs.run(NAME, **{**PRESETS["pixel"], "pixel": pixel}))[-1]
        weights = frame.tensors["weights/attention"][0]
        assert weights[alike].sum() > 0.75


def test_softpool_and_the_mean_of_powers_lie_between() -> None:
    found = outputs("softpool")
    assert ((found["average"] < found["softpool"]) & (found["softpool"] < found["max"])).all()
    found = outputs("powers")
    assert ((found["average"] < found["mean"]) & (found["mean"] < found["max"])).all()
    assert (found["lp"] > found["max"]).any()


def test_the_bins_of_three_by_three_overlap() -> None:
    found = {pool["name"]: pool for pool in labs.scene(NAME, **PRESETS["global"]).note["pools"]}
    assert found["adaptive_average"]["rows"] == [[0, 3, 1], [2, 4, 1], [5, 3, 1]]
    assert found["global_average"]["kernel"] == [8, 8]


def test_only_attention_notices_the_channel() -> None:
    changes = {one["pool"]: one["others"] for one in labs.scene(NAME, **PRESETS["channels"]).note["changes"]}
    assert changes["max"] == changes["average"] == 0
    assert changes["attention"] > 1


def test_a_pictures_cells_like_the_one_that_asks_weigh_most() -> None:
    scene, frames = labs.scene(NAME, **PRESETS["image"]), list(labs.run(NAME, **PRESETS["image"]))
    assert scene.tensors["input"].shape == (3, 12, 12)
    assert (scene.tensors["input"] == scene.tensors["input"].round(2)).all()
    query = scene.tensors["query"]
    for frame in frames[1:]:
        window, weights = frame.tensors["window"].reshape(3, -1), frame.tensors["weights/attention"].ravel()
        assert weights.argmax() == (query @ window).argmax()


def test_a_patch_is_cut_where_it_is_asked_for() -> None:
    picture = {"source": "image", "image": "sample:cat", "size": [4, 4]}
    from app import images

    pixels = images.load("sample:cat").pixels.astype(float) / 255
    side = round(0.25 * min(pixels.shape[:2]))
    corner = pixels[-side:, :side].reshape(-1, 3).mean(0)
    found = labs.scene(NAME, **picture, span=0.25, corner=[1.0, 0.0]).tensors["input"]
    assert np.abs(found.mean((1, 2)) - corner).max() < 0.02
