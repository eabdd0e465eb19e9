"""Every kind of layer opened: the written-out arithmetic comes to torch's own number, wherever one asks."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from app import labs
from app.labs.contract import Explanation, Frame, UserError
from app.labs.convolution import network
from app.nn.resnet import ResNet
from app.nn.vgg import VGG
from labs.convolution.nets import Everything, frames, layer, named, put, scene, seeded

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
OPENED = {"input", "conv", "norm", "activation", "pool", "add", "concat", "flatten", "linear", "softmax"}


def opened(frame: Frame, **target: Any) -> Explanation:
    return network.explain(labs.params_from("convolution/network", {}), SCENE, None, frame, {"kind": "value", **target})  # type: ignore[arg-type]


SCENE: Any = None


@pytest.fixture(autouse=True)
def _scene(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, nn.Identity())
    monkeypatch.setitem(globals(), "SCENE", scene(size=40))


def somewhere(frame: Frame, pick: random.Random) -> dict[str, int]:
    """A place in the frame's layer; half of them at an edge."""
    shape = frame.tensors["maps"].shape
    at = [pick.choice([0, n - 1, pick.randrange(n), pick.randrange(n)]) for n in shape]
    return {"index": at[0]} if len(shape) == 1 else dict(zip(("channel", "y", "x"), at, strict=True))


@pytest.mark.parametrize("make", [Everything, ResNet, VGG])
def test_every_layer_comes_to_torchs_number_at_random_places(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, seeded(make))
    pick, seen = random.Random(0), set()
    for frame in frames(size=40):
        told = layer(frame)
        for _ in range(12):
            it = opened(frame, **somewhere(frame, pick))
            written_out = it.remarks == () or not any(one.id.endswith("explain.other") for one in it.remarks)
            assert written_out == (told["kind"] in OPENED), told["name"]
            assert it.reference is not None
            scale = max(1e-3, abs(it.reference.value), float(np.abs(frame.tensors["maps"]).mean()))
            assert it.reference.difference <= 1e-5 * scale, (told["name"], told["type"], it)
            if written_out:
                seen.add(told["kind"])
                if told["kind"] == "pool" and "max" in told["type"].lower():
                    assert it.result == it.reference.value
    assert seen >= (OPENED if make is Everything else OPENED - {"concat", "add"})


def test_a_convolutions_patch_and_kernel_are_those_that_torch_unfolds(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, seeded(ResNet))
    frame = named(frames(size=40), "layer1.0.conv1")
    source = torch.from_numpy(frame.tensors["input/0"])[None]
    patches = F.unfold(source, 3, padding=1, stride=2).view(24, 3, 3, 20, 20)
    it = opened(frame, channel=5, y=0, x=19)
    drawn = it.note["channels"]
    assert it.note["of"] == 24
    assert np.allclose(it.note["patch"], patches[drawn, :, :, 0, 19].numpy(), atol=0)
    assert np.allclose(it.note["kernel"], frame.tensors["weights/weight"][5][drawn], atol=0)
    assert it.note["receptive"] == [0, 36, 3, 40]


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
def test_padding_is_told_by_what_it_holds(mode: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    conv = nn.Conv2d(3, 1, 3, padding=1, padding_mode=mode)
    nn.init.ones_(conv.weight)
    put(monkeypatch, conv.eval(), classes=())
    frame = frames(size=40)[1]
    it = opened(frame, channel=0, y=0, x=0)
    assert any(one.id.endswith("explain.padding") and one.values == {"count": 5, "of": 9} for one in it.remarks)
    wide = F.pad(torch.from_numpy(frame.tensors["input/0"])[None], (1, 1, 1, 1), mode="constant" if mode == "zeros" else mode)
    assert np.array_equal(it.note["patch"], wide[0, :, :3, :3].numpy())


class Odd(nn.Module):
    """Operations that look like those that are opened, and are not."""

    def forward(self, x: Tensor) -> Tensor:
        x = torch.add(x, x, alpha=2)
        x = F.gelu(x, approximate="tanh")
        x = F.fractional_max_pool2d(x, 2, output_size=5, _random_samples=torch.full((1, 3, 2), 0.3))
        x = F.batch_norm(x, torch.zeros(3), torch.ones(3), training=True)
        x = F.softmin(x.flatten(1), dim=1)
        return F.log_softmax(x, dim=1)


def test_what_only_looks_like_a_known_operation_is_left_to_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, Odd(), classes=())
    for frame in frames(size=40):
        it = opened(frame)
        assert it.reference is not None
        assert it.reference.difference <= 1e-5 * max(1e-3, abs(it.reference.value)), layer(frame)


class Holes(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        x = torch.where(x > x.mean(), torch.full_like(x, float("nan")), x)
        return F.max_pool2d(F.relu(x), 2)


def test_what_is_no_number_stays_none(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, Holes(), classes=())
    found = frames(size=40)
    for frame in found[-2:]:
        assert np.isnan(frame.tensors["maps"]).any()
        for at in np.argwhere(np.isnan(frame.tensors["maps"]))[:5]:
            it = opened(frame, **dict(zip(("channel", "y", "x"), map(int, at), strict=True)))
            assert it.reference is not None
            assert np.isnan(it.result)
            assert it.reference.difference == 0


def test_a_switched_off_value_is_zero_because_it_was_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, seeded(ResNet))
    frame = named(frames(ablate=[{"layer": "conv1", "channel": 3}]), "conv1")
    it = opened(frame, channel=3, y=4, x=4)
    assert it.result == 0
    assert [one.id for one in it.remarks] == ["convolution.network.explain.ablated"]
    assert opened(frame, channel=2, y=4, x=4).result != 0


@pytest.mark.parametrize(
    "target",
    [
        {"channel": 24},
        {"channel": -1},
        {"y": 40},
        {"x": 1.5},
        {"y": True},
        {"channel": "0"},
        {"kind": "gradient"},
        {"kind": "attribution"},
    ],
)
def test_a_place_that_is_not_there_is_a_sentence(target: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, seeded(ResNet))
    with pytest.raises(UserError):
        opened(named(frames(size=40), "conv1"), **target)
