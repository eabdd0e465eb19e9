"""What the captions of convolution/network's presets say is so."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from app import labs
from app.labs.contract import Frame
from app.nn import weights

torch.set_num_threads(1)
NAME = "convolution/network"
PRESETS = {preset.id: dict(preset.params) for preset in labs.presets(NAME)}


def frames(name: str) -> list[Frame]:
    return list(labs.run(NAME, **PRESETS[name]))


def told(frame: Frame) -> dict:
    return frame.note["layer"]


def probabilities(found: list[Frame]) -> tuple[str, np.ndarray]:
    """The likeliest class and all of them."""
    p = found[-1].tensors["probabilities"]
    return weights.card("vgg")["classes"][int(p.argmax())], p


def test_grad_cam_is_as_coarse_as_the_last_maps() -> None:
    last = frames("grad-cam")[-1]
    assert told(last)["label"] == "cat"
    assert told(last)["factors"] == [8, 8]
    assert last.tensors["attribution"].shape == (32, 32)


def test_integrated_gradients_add_up_but_for_the_kinks() -> None:
    layer = told(frames("integrated")[-1])
    assert (layer["label"], layer["steps"]) == ("horse", 48)
    assert (round(layer["score"], 2), round(layer["baseline"], 2)) == (3.94, -1.2)
    assert round(layer["score"] - layer["baseline"] - layer["sum"], 2) == 0.20


def test_no_square_hides_the_ship() -> None:
    last = frames("occlusion")[-1]
    assert (told(last)["label"], told(last)["square"]) == ("ship", 4)
    assert round(told(last)["score"], 2) == 3.49
    assert round(told(last)["score"] - float(last.tensors["scores"].min()), 2) == 0.56


def test_max_pooling_sends_three_of_four_gradients_nowhere() -> None:
    shares = {
        told(frame)["name"]: float((frame.tensors["maps"] == 0).mean())
        for frame in frames("winners")
        if told(frame)["kind"] == "gradient"
    }
    assert shares.pop("avgpool") == 0
    assert shares == {f"features.pool{n}": 0.75 for n in (1, 2, 3, 4)}


def test_no_single_channel_turns_the_class() -> None:
    label, p = probabilities(frames("ablate"))
    assert (label, round(100 * p.max())) == ("horse", 36)
    net = weights.load("vgg")
    x = torch.tensor(labs.scene(NAME, **PRESETS["ablate"]).tensors["input"])[None]
    with torch.no_grad():
        whole = net(x).softmax(1)[0]
        assert round(100 * whole.max().item()) == 85
        for module in net.modules():
            if isinstance(module, nn.ReLU):
                assert turned(net, x, module, int(whole.argmax())) == []


def turned(net: nn.Module, x: Tensor, module: nn.Module, number: int) -> list[int]:
    """The channels of a module without which the class is another."""
    found = []
    channel, channels = 0, 1

    def off(_: nn.Module, __: tuple[Tensor], output: Tensor) -> Tensor:
        nonlocal channels
        channels = output.shape[1]
        return output.index_fill(1, torch.tensor([channel]), 0)

    handle = module.register_forward_hook(off)
    while channel < channels:
        if int(net(x).argmax()) != number:
            found.append(channel)
        channel += 1
    handle.remove()
    return found


def test_a_rocket_is_named_all_the_same() -> None:
    label, p = probabilities(frames("no-class"))
    assert (label, round(100 * p.max())) == ("ship", 37)
    assert p.sum() == pytest.approx(1, abs=1e-6)
