"""Why a class, and the way back: Captum's answers by hand, what adds up to what, and where a pooling sends its gradient."""

from __future__ import annotations

import random
import subprocess
import sys
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
from serving import ROOT

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
SIZE = 32
METHODS = ["grad-cam", "integrated-gradients", "occlusion"]


def asked(**params: Any) -> Frame:
    """The attribution's frame."""
    return next(frame for frame in frames(size=SIZE, **params) if layer(frame)["kind"] == "attribution")


def opened(frame: Frame, **target: Any) -> Explanation:
    target = {"kind": layer(frame)["kind"], **target}
    return network.explain(labs.params_from("convolution/network", {}), scene(size=SIZE), None, frame, target)  # type: ignore[arg-type]


def picture() -> Tensor:
    return torch.from_numpy(scene(size=SIZE).tensors["input"])[None]


class Tiny(nn.Module):
    """Two convolutions, the second's ReLU a function that writes in place, and no module behind it but the head."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.pool, self.b, self.head = nn.Conv2d(3, 8, 3), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3, stride=2), nn.Linear(8, 4)

    def maps(self, x: Tensor) -> Tensor:
        return torch.relu(self.b(self.pool(torch.relu(self.a(x)))))

    def forward(self, x: Tensor) -> Tensor:
        y = self.b(self.pool(torch.relu(self.a(x)))).relu_()
        return self.head(y.mean((2, 3)))


def test_grad_cam_is_its_formula(monkeypatch: pytest.MonkeyPatch) -> None:
    net = seeded(Tiny)
    put(monkeypatch, net, classes=tuple("abcd"))
    frame = asked(why="grad-cam", why_class="c")
    assert asked(why="grad-cam", why_class=2).tensors["attribution"].tobytes() == frame.tensors["attribution"].tobytes()
    maps = net.maps(picture())
    (g,) = torch.autograd.grad(net.head(maps.mean((2, 3)))[0, 2], maps)
    cam = torch.relu((g.mean((2, 3), keepdim=True) * maps).sum(1, keepdim=True))
    expected = F.interpolate(cam, (SIZE, SIZE), mode="bilinear")[0, 0].detach().numpy()
    assert expected.max() > 0
    assert np.allclose(frame.tensors["attribution"], expected, rtol=1e-5, atol=1e-9)
    told = layer(frame)
    assert (told["layer"], told["side"], told["class"], told["label"]) == ("relu", "output", 2, "c")
    assert (told["method"], told["shape"]) == ("grad-cam", [SIZE, SIZE])


def test_the_layers_input_is_another_picture_than_its_output(monkeypatch: pytest.MonkeyPatch) -> None:
    net = seeded(Tiny)
    put(monkeypatch, net, classes=tuple("abcd"))
    frame = asked(why="grad-cam", why_class=1, why_layer="b", why_side="input")
    pooled = net.pool(torch.relu(net.a(picture()))).detach().requires_grad_()
    (g,) = torch.autograd.grad(net.head(torch.relu(net.b(pooled)).mean((2, 3)))[0, 1], pooled)
    cam = torch.relu((g.mean((2, 3), keepdim=True) * pooled).sum(1, keepdim=True))
    assert np.allclose(frame.tensors["layer"], cam[0, 0].detach().numpy(), rtol=1e-5, atol=1e-9)
    assert layer(frame)["side"] == "input"
    out = asked(why="grad-cam", why_class=1, why_layer="b", why_side="output")
    assert out.tensors["layer"].shape != frame.tensors["layer"].shape


def test_a_module_of_modules_can_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, seeded(ResNet))
    block = asked(why="grad-cam", why_layer="layer3")
    last = asked(why="grad-cam", why_layer="layer3.1.relu2")
    assert block.tensors["attribution"].tobytes() == last.tensors["attribution"].tobytes()
    assert layer(asked(why="grad-cam"))["layer"] == "layer3.1.relu2", "the last maps before they are pooled away"


def test_grad_cam_is_of_the_network_with_its_channels_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    net = seeded(ResNet)
    put(monkeypatch, net)
    whole = asked(why="grad-cam", why_class=3)
    cut = asked(why="grad-cam", why_class=3, ablate=[{"layer": "layer2.0.relu1", "channel": 5}])
    net.layer2[0].relu1.register_forward_hook(lambda _, __, y: y * (torch.arange(96) != 5).view(1, -1, 1, 1))
    hooked = asked(why="grad-cam", why_class=3)
    assert np.allclose(cut.tensors["channels"], hooked.tensors["channels"], rtol=1e-4, atol=1e-8)
    assert not np.allclose(cut.tensors["channels"], whole.tensors["channels"], rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("off", [[], [{"layer": "layer1.0.relu1", "channel": 5}]])
def test_integrated_gradients_add_up_to_the_scores_difference(off: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    net = seeded(ResNet)
    put(monkeypatch, net)
    frame = asked(why="integrated-gradients", why_class=3, ablate=off)
    told = layer(frame)
    if off:
        net.layer1[0].relu1.register_forward_hook(lambda _, __, y: y * (torch.arange(48) != 5).view(1, -1, 1, 1))
    with torch.no_grad():
        score, baseline = net(picture())[0, 3], net(torch.zeros_like(picture()))[0, 3]
    assert told["score"] == pytest.approx(float(score), abs=1e-5)
    assert told["baseline"] == pytest.approx(float(baseline), abs=1e-5)
    total = frame.tensors["attribution"].astype(np.float64).sum()
    assert total == pytest.approx(told["sum"], rel=1e-3, abs=1e-5)
    assert abs(total - float(score - baseline)) < 0.05 * abs(float(score - baseline)) + 1e-3
    assert told["delta"] == pytest.approx(total - float(score - baseline), abs=1e-4)
    assert np.allclose(frame.tensors["attribution"], frame.tensors["channels"].sum(0), atol=1e-7)


def test_integrated_gradients_of_a_line_are_its_weights_times_the_input(monkeypatch: pytest.MonkeyPatch) -> None:
    net = seeded(lambda: nn.Sequential(nn.Flatten(), nn.Linear(3 * SIZE * SIZE, 4)))
    put(monkeypatch, net, classes=tuple("abcd"))
    frame = asked(why="integrated-gradients", why_class=1)
    expected = net[1].weight[1].view(3, SIZE, SIZE) * picture()[0]
    assert np.allclose(frame.tensors["channels"], expected.detach().numpy(), rtol=1e-4, atol=1e-6)


def test_occlusion_is_what_the_score_loses(monkeypatch: pytest.MonkeyPatch) -> None:
    net = seeded(ResNet)
    put(monkeypatch, net)
    frame = asked(why="occlusion", why_class=6)
    told = layer(frame)
    side, stride = told["square"], told["stride"]
    assert (side, stride) == (4, 2)
    lost, covers = np.zeros((SIZE, SIZE)), np.zeros((SIZE, SIZE))
    with torch.no_grad():
        score = float(net(picture())[0, 6])
        for r in range(0, SIZE - side + 1, stride):
            for c in range(0, SIZE - side + 1, stride):
                x = picture().clone()
                x[:, :, r : r + side, c : c + side] = 0
                covered = float(net(x)[0, 6])
                assert frame.tensors["scores"][r // stride, c // stride] == pytest.approx(covered, abs=1e-5)
                lost[r : r + side, c : c + side] += score - covered
                covers[r : r + side, c : c + side] += 1
    assert np.allclose(frame.tensors["attribution"], lost / covers, atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("make", [VGG, Everything])
def test_a_pixel_opened_comes_to_captums_number(method: str, make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, seeded(make))
    frame = asked(why=method)
    heat = frame.tensors["attribution"]
    assert np.abs(heat).max() > 0
    pick = random.Random(1)
    for y, x in [(0, 0), (SIZE - 1, SIZE - 1), *((pick.randrange(SIZE), pick.randrange(SIZE)) for _ in range(20))]:
        it = opened(frame, y=y, x=x)
        assert it.reference is not None
        assert it.reference.value == heat[y, x]
        assert it.reference.difference <= 1e-5 * np.abs(heat).max()
        top, left, bottom, right = it.note["receptive"]
        assert 0 <= top <= y < bottom <= SIZE or method == "grad-cam"
        assert 0 <= left <= x < right <= SIZE or method == "grad-cam"


@pytest.mark.parametrize(
    ("params", "message", "field"),
    [
        ({"why": "occlusion", "why_class": 10}, "no_class", "why_class"),
        ({"why": "occlusion", "why_class": "cat"}, "no_class", "why_class"),
        ({"why": "grad-cam", "why_layer": "layer9"}, "why_layer", "why_layer"),
        ({"why": "grad-cam", "why_layer": "fc"}, "no_maps", "why_layer"),
    ],
)
def test_what_is_not_there_is_a_sentence(params: Any, message: str, field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, seeded(ResNet))
    with pytest.raises(UserError) as refused:
        frames(**params)
    assert refused.value.message.id == f"convolution.network.error.{message}"
    assert refused.value.path == (field,)


@pytest.mark.parametrize("params", [{"why": "grad-cam"}, {"backward": True}])
def test_a_network_without_scores_is_not_asked_why(params: Any) -> None:
    with pytest.raises(UserError) as refused:
        frames(network="filters", **params)
    assert refused.value.message.id == "convolution.network.error.no_score"


# The way back


@pytest.mark.parametrize("make", [VGG, Everything])
def test_every_poolings_gradient_is_torchs(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    net = seeded(make)
    put(monkeypatch, net)
    found = frames(size=SIZE, backward=True)
    back = [frame for frame in found if layer(frame)["kind"] == "gradient"]
    forward = [frame for frame in found if layer(frame)["kind"] == "pool"]
    assert [layer(frame)["name"] for frame in back] == [layer(frame)["name"] for frame in reversed(forward)]
    assert len(back) >= 5
    taken: dict[str, tuple[Tensor, Tensor]] = {}
    for name, module in net.named_modules():
        if "pooling" in type(module).__module__:
            # A copy behind the pooling, for an in-place ReLU would take its place.
            module.register_forward_hook(lambda _, given, y, name=name: (taken.update({name: (given[0], y)}), y.clone())[1])
    logits = net(picture().requires_grad_())[0]
    for frame in back:
        pool = named(forward, layer(frame)["name"])
        assert frame.tensors["maps"].shape == pool.tensors["input/0"].shape
        assert layer(frame)["inputs"] == [layer(pool)["index"]]
        if layer(frame)["name"] in taken:
            x, y = taken[layer(frame)["name"]]
            (g,) = torch.autograd.grad(logits[logits.argmax()], y, retain_graph=True)
            (on,) = torch.autograd.grad(y, x, g, retain_graph=True)
            assert np.allclose(frame.tensors["output_gradient"], g[0].numpy(), rtol=1e-5, atol=1e-8)
            assert np.allclose(frame.tensors["maps"], on[0].numpy(), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("make", [VGG, Everything])
def test_a_gradient_opened_is_what_its_windows_sent(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, seeded(make))
    pick = random.Random(2)
    for frame in frames(size=SIZE, backward=True):
        if layer(frame)["kind"] != "gradient":
            continue
        maps = frame.tensors["maps"]
        channels, height, width = maps.shape
        places = [(c, y, x) for c in range(channels) for y in (0, height - 1) for x in (0, width - 1)]
        places += [(pick.randrange(channels), pick.randrange(height), pick.randrange(width)) for _ in range(30)]
        for c, y, x in pick.sample(places, 30):
            it = opened(frame, channel=c, y=y, x=x)
            assert it.reference is not None
            assert it.remarks[0].id.endswith(("won", "spread")), layer(frame)["type"]
            assert it.reference.value == maps[c, y, x]
            assert it.reference.difference <= 1e-5 * np.abs(maps).max(), layer(frame)


def test_of_equal_values_the_first_takes_the_whole_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    net = nn.Sequential(nn.Threshold(99.0, 1.0), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(3 * 16 * 16, 4))
    put(monkeypatch, seeded(lambda: net), classes=tuple("abcd"))
    frame = frames(size=SIZE, backward=True)[-1]
    assert opened(frame, channel=0, y=4, x=6).result == frame.tensors["output_gradient"][0, 2, 3] != 0
    for y, x in ((4, 7), (5, 6), (5, 7)):
        assert opened(frame, channel=0, y=y, x=x).result == 0


def test_a_channel_switched_off_sends_nothing_back(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, seeded(VGG))
    name = "features.pool2"
    frame = named(frames(size=SIZE, backward=True, ablate=[{"layer": name, "channel": 1}]), name, "gradient")
    assert not frame.tensors["maps"][1].any()
    assert frame.tensors["maps"][2].any()
    assert opened(frame, channel=1, y=0, x=0).result == 0


def test_the_branch_beside_a_pooling_does_not_count_as_the_poolings(monkeypatch: pytest.MonkeyPatch) -> None:
    class Beside(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            pooled = F.avg_pool2d(x, 2)
            return (pooled.mean((2, 3)) + 5 * x.mean((2, 3)))[:, :2]

    put(monkeypatch, Beside(), classes=("a", "b"))
    frame = frames(size=SIZE, backward=True, why_class=0)[-1]
    assert np.allclose(frame.tensors["maps"][0], 1 / SIZE**2, rtol=1e-6)


def test_captum_is_imported_only_when_it_is_asked() -> None:
    code = (
        "import sys; from app import labs; list(labs.run('convolution/network'));"
        "print([name for name in ('captum', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "[]"
