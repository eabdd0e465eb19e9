"""What the presets' captions say is so."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from app import labs

torch.set_num_threads(1)
NAME = "attention/by-hand"
PRESETS = {preset.id: dict(preset.params) for preset in labs.presets(NAME)}


def last(name: str, **more: Any) -> Any:
    return list(labs.run(NAME, **{**PRESETS[name], **more}))[-1].tensors


def scene(name: str) -> Any:
    return labs.scene(NAME, **PRESETS[name])


def test_a_weighted_average() -> None:
    found = last("average")
    assert found["weights"][0, 1].round(3).tolist() == [0.446, 0.108, 0.446]
    assert found["output"][0, 1].round(3).tolist() == [1.892, 1.446]
    assert np.abs(found["weights"][0, 1] @ found["v"][0] - found["output"][0, 1]).max() <= 1e-12
    assert found["weights"][0, 0].argmax() == found["weights"][0, 2].argmax() == 1, "nouns look at the verb"


def test_on_paper() -> None:
    found = last("unscaled")
    assert found["q"][0].tolist() == [[1, 0], [0, 1]]
    assert found["k"][0].tolist() == [[0, 1], [1, 0]]
    assert found["v"][0].tolist() == [[1, 2], [3, 4]]
    assert found["weights"][0].round(3).tolist() == [[0.269, 0.731], [0.731, 0.269]]
    assert found["output"][0].round(3).tolist() == [[2.462, 3.462], [1.538, 2.538]]
    assert last("scaled")["weights"][0].round(4).tolist() == [[0.3302, 0.6698], [0.6698, 0.3302]]


def test_saturation() -> None:
    assert set(last("saturation")["scores"].flatten().tolist()) == {0.0, 8.0}
    scaled, unscaled = scene("saturation").tensors["saturation"][:, 0]
    assert set(unscaled[:, 0].round(4)) == {0.9990}
    assert set(unscaled[:, 2].round(5)) == {0.00142}
    assert set(scaled[:, 0].round(4)) == {0.8494}
    assert set(scaled[:, 2].round(4)) == {0.1848}
    assert round(scaled[0, 2] / unscaled[0, 2]) == 130


def test_causal() -> None:
    weights = last("causal")["weights"][0]
    assert (weights == 0).sum() == 6
    assert weights.size == 16
    assert weights[0].tolist() == [1, 0, 0, 0]
    assert scene("causal").note["words"][0] == "I"


def test_blind() -> None:
    found = last("blind")
    assert scene("blind").note["words"][1] == "chase"
    assert not found["weights"][0, 1].any()
    assert not found["output"][0, 1].any()


def test_reordered() -> None:
    assert scene("set").note["words"] == ["man", "bites", "dog"]
    assert PRESETS["set"]["words"] == "dog bites man"
    assert scene("set").tensors["moved"].max() <= 1e-15
    moved = scene("positions").tensors["moved"]
    assert [f"{number:.3g}" for number in moved] == ["1.05", "0.165", "0.684"]


def test_two_heads() -> None:
    found = last("heads")
    assert np.array_equal(found["weights"][0], last("average")["weights"][0])
    assert round(found["weights"][1, 0, 0], 3) == 0.848
    assert found["weights"][1].argmax(-1).tolist() == [0, 0, 2]
    assert found["concat"].shape == (3, 4)
    assert np.abs(found["concat"] @ scene("heads").tensors["w_o"] - found["projected"]).max() == 0


def test_every_preset_runs_to_its_end() -> None:
    for name in PRESETS:
        assert np.isfinite(last(name)["output"]).all()
