"""What the presets' captions say is so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from app import labs

torch.set_num_threads(1)
NAME = "recurrent/by-hand"
PRESETS = {preset.id: dict(preset.params) for preset in labs.presets(NAME)}


def last(name: str, **more: Any) -> Any:
    return list(labs.run(NAME, **{**PRESETS[name], **more}))[-1].tensors


def scene(name: str) -> Any:
    return labs.scene(NAME, **PRESETS[name])


@pytest.mark.parametrize(
    ("name", "with_memory", "without"),
    [
        ("memory", [4, 12, 32], [4, 4, 8]),
        ("order", [4, 16, 36], [4, 8, 4]),
        ("relu", [4, 0, 8], [4, 4, 8]),
        ("jordan", [4, 20, 88], [4, 4, 8]),
    ],
)
def test_outputs_with_and_without_memory(name: str, with_memory: list[int], without: list[int]) -> None:
    for unit in (0, 1):
        assert last(name)["y"][:, unit].tolist() == with_memory
        assert scene(name).tensors["alone/y"][:, unit].tolist() == without


def test_relu_is_nn_rnns_and_the_identity_another() -> None:
    assert scene("relu").note["parity"] == {"module": "nn.RNN", "reason": None, "difference": 0.0}
    assert last("relu", activation="identity")["y"][1, 0] == -4


def test_the_lstm_remembers_and_puts_out() -> None:
    tensors, weights = last("lstm"), scene("lstm").tensors
    assert scene("lstm").tensors["start/c"].item() == 0
    assert np.abs(tensors["c"][:, 0, 0] - [3, 7, 7, 7, 0]).max() < 1e-3
    assert np.abs(tensors["y"][:, 0] - [0, 0, 0, 7, 0]).max() < 1e-3
    assert [weights["w_ih"][0, gate].max() for gate in (0, 1, 3)] == [100, 100, 100]
    assert [weights["bias"][0, gate, 0] for gate in (0, 1, 3)] == [-10, 10, -10]


def test_a_shut_output_gate_leaves_the_memory() -> None:
    tensors, untouched = last("output-shut"), scene("output-shut").tensors
    assert tensors["o"][2, 0, 0] == 0
    assert tensors["y"][2, 0] == 0
    assert abs(untouched["untouched/y"][2, 0] - 7) < 1e-3
    assert np.abs(tensors["c"][1:, 0, 0] - 7).max() < 1e-3
    assert abs(tensors["y"][3, 0] - 7) < 1e-3
    assert np.array_equal(tensors["c"], untouched["untouched/c"])


def test_the_gru_keeps() -> None:
    tensors = last("gru-keeps")
    assert np.abs(tensors["y"][:, 0] - [3, 3, 7, 7]).max() < 1e-3
    assert np.abs(tensors["z"][:, 0, 0] - [0, 1, 0, 1]).max() < 1e-3


def test_the_two_resets_are_two_networks() -> None:
    after, before = last("reset-after"), last("reset-before")
    assert np.abs(after["r"][:, 0] - [1, 0]).max() < 1e-3
    assert after["h"][1, 0].round(3).tolist() == [0.745, 0.462]
    assert before["h"][1, 0].round(3).tolist() == [0.462, 0.745]
    assert scene("reset-after").note["parity"]["module"] == "nn.GRU"
    assert scene("reset-before").note["parity"]["module"] is None
    differ = [key for key in PRESETS["reset-after"] if PRESETS["reset-after"][key] != PRESETS["reset-before"][key]]
    assert differ == ["reset"]


def test_the_trap() -> None:
    tensors = scene("trap").tensors
    assert tensors["x"][:, 0].tolist() == [1, 2, 3]
    assert tensors["output"][-1].tolist() == [6, 3]
    assert tensors["h_n"][:, 0].tolist() == [6, 6]


def test_every_preset_runs_to_its_end() -> None:
    for name in PRESETS:
        assert np.isfinite(last(name)["y"]).all()
