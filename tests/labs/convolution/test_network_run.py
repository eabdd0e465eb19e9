"""A run of ``convolution/network``: what streams is what the network computes; what is switched off, cancelled or refused."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from app.labs.contract import Frame, Progress, UserError
from app.nn.resnet import ResNet
from app.nn.vgg import VGG
from app.wire.frames import Packer
from labs.convolution.nets import Everything, frames, items, layer, named, put, scene, seeded

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
NETS = [ResNet, VGG, Everything]


@pytest.mark.parametrize("make", NETS)
def test_every_modules_maps_are_those_of_a_plain_pass_to_the_bit(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    net = seeded(make)
    put(monkeypatch, net)
    found = frames(size=48)
    x = torch.from_numpy(scene(size=48).tensors["input"])[None]
    plain: dict[str, Tensor] = {}
    for name, module in net.named_modules():
        if not any(module.children()) and not isinstance(module, nn.Identity):  # which computes nothing
            module.register_forward_hook(lambda _, __, output, name=name: plain.update({name: output[0].clone()}))
    with torch.no_grad():
        logits = net(x)
    assert len(plain) > 10
    for name, output in plain.items():
        assert named(found, name).tensors["maps"].tobytes() == output.numpy().tobytes(), name
    last = found[-1]
    assert np.allclose(last.tensors["probabilities"], torch.softmax(logits[0].double(), 0).numpy(), atol=1e-7)
    assert [one["class"] for one in last.note["top"]] == logits[0].topk(5).indices.tolist()  # type: ignore[index, union-attr]
    assert "baseline" not in last.tensors


@pytest.mark.parametrize("make", NETS)
def test_what_an_operation_takes_is_what_its_sources_gave(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, seeded(make))
    found = frames(size=48)
    looked = 0
    for frame in found[:-1]:
        assert layer(frame)["index"] == frame.step == found.index(frame)
        for i, source in enumerate(layer(frame)["inputs"]):
            assert source < frame.step
            given, taken = found[source].tensors["maps"], frame.tensors[f"input/{i}"]
            if given.shape == taken.shape:
                looked += 1
                if layer(found[source + 1])["options"].get("inplace") is not True:
                    assert given.tobytes() == taken.tobytes(), layer(frame)["name"]
    assert looked > 10


def test_the_whole_run_gives_the_same_bytes_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, seeded(Everything))
    asked = {"size": 40, "why": "grad-cam", "backward": True, "ablate": [{"layer": "reflect", "channel": 2}]}
    assert packed(frames(**asked)) == packed(frames(**asked))


def packed(found: list[Frame]) -> list[bytes]:
    packer = Packer("run")
    return [block.message for frame in found for block in packer.add(frame)] + [block.message for block in packer.flush()]


# Switched off


@pytest.mark.parametrize(("name", "channel"), [("layer1.0.conv2", 5), ("layer2.1.relu1", 0), ("layer1.0.add", 7), ("fc", 4)])
def test_a_channel_switched_off_is_zero_and_the_rest_of_the_network_takes_it_so(
    name: str, channel: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = seeded(ResNet)
    put(monkeypatch, net)
    whole = frames(size=32)
    cut = frames(size=32, ablate=[{"layer": name, "channel": channel}])
    maps = named(cut, name).tensors["maps"].copy()
    assert layer(named(cut, name))["ablated"] == [channel]
    assert not maps[channel].any()
    expected = named(whole, name).tensors["maps"].copy()
    assert expected[channel].any()
    expected[channel] = 0
    assert maps.tobytes() == expected.tobytes()
    assert cut[-1].tensors["baseline"].tobytes() == whole[-1].tensors["probabilities"].tobytes()
    assert cut[-1].tensors["probabilities"].tobytes() != whole[-1].tensors["probabilities"].tobytes()
    if name == "layer1.0.conv2":
        x = torch.from_numpy(scene(size=32).tensors["input"])[None]
        net.layer1[0].conv2.register_forward_hook(lambda _, __, y: y * (torch.arange(y.shape[1]) != channel).view(1, -1, 1, 1))
        with torch.no_grad():
            assert np.allclose(torch.softmax(net(x)[0].double(), 0).numpy(), cut[-1].tensors["probabilities"], atol=1e-7)


@pytest.mark.parametrize(
    ("off", "message"),
    [
        ({"layer": "layer9", "channel": 0}, "no_layer"),
        ({"layer": "conv1", "channel": 24}, "no_channel"),
        ({"layer": "fc", "channel": 10}, "no_channel"),
    ],
)
def test_what_cannot_be_switched_off_is_a_sentence(off: Any, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, seeded(ResNet))
    with pytest.raises(UserError) as refused:
        frames(ablate=[off])
    assert refused.value.message.id.endswith(message)
    assert refused.value.path == ("ablate",)


# Cancelled, slow, broken


class Slow(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.pause, self.last = nn.Conv2d(3, 2, 1), Pause(), nn.Conv2d(2, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.pause(self.first(x)))


class Pause(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        time.sleep(0.5)
        return x * 2


def test_a_slow_operation_is_told_of_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, Slow(), classes=())
    found = list(items())
    assert sum(isinstance(item, Progress) for item in found) >= 2
    assert [layer(item)["name"] for item in found if isinstance(item, Frame)] == ["input", "first", "pause.mul", "last"]


@pytest.mark.parametrize("until", [1, 5, 40])
def test_a_run_that_is_closed_leaves_no_thread(until: int, monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, seeded(ResNet))
    before = threading.active_count()
    run = items(why="occlusion")
    for _ in range(until):  # in the forward pass, or while squares are laid over the picture
        next(run)
    run.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


class Raises(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        raise RuntimeError("the shapes\nare wrong")


def test_what_a_model_raises_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, Raises())
    with pytest.raises(UserError) as refused:
        frames()
    assert refused.value.message.id == "convolution.network.error.forward"
    assert "the shapes" in str(refused.value.message.values["problem"])
