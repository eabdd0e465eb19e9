"""Networks for the tests of ``convolution/network``, put in the place of the shipped ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from app import labs
from app.labs.contract import Frame, Progress, Scene
from app.labs.convolution import network
from app.labs.convolution.network.models import Model

CLASSES = tuple("abcdefghij")


class Everything(nn.Module):
    """Each kind of layer that is opened, in one pass; some as functions, one pooling with in-place ReLU behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.reflect = nn.Conv2d(3, 8, 3, padding=2, padding_mode="reflect")
        self.bn = nn.BatchNorm2d(8)
        self.circular = nn.Conv2d(8, 8, (3, 2), stride=(1, 2), padding=(1, 1), padding_mode="circular", groups=4)
        self.replicate = nn.Conv2d(8, 8, 3, padding=1, dilation=2, padding_mode="replicate", bias=False)
        self.same = nn.Conv2d(8, 8, (2, 4), padding="same", dilation=(3, 1), groups=8)
        self.max = nn.MaxPool2d(3, 2, padding=1, dilation=1, ceil_mode=True)
        self.avg = nn.AvgPool2d(3, 2, padding=1, ceil_mode=True)
        self.inner = nn.AvgPool2d(2, 1, padding=1, count_include_pad=False)
        self.divided = nn.AvgPool2d(2, 1, divisor_override=3)
        self.relu = nn.ReLU(inplace=True)
        self.adaptive_max = nn.AdaptiveMaxPool2d((5, 4))
        self.adaptive = nn.AdaptiveAvgPool2d((3, 2))
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(16 * 6, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu6(self.bn(self.reflect(x)))
        x = torch.tanh(self.circular(x))
        y = F.silu(self.replicate(x))
        y = F.gelu(self.same(y))
        x = torch.sigmoid(self.relu(self.max(y)))
        z = self.inner(self.avg(y))[:, :, : x.shape[2], : x.shape[3]]
        w = F.max_pool2d(self.divided(x), 2, 1, dilation=1)
        w = F.interpolate(w, size=x.shape[2:])
        x = torch.cat([x[:, :, : z.shape[2], : z.shape[3]] + z, w[:, :, : z.shape[2], : z.shape[3]]], 1)
        return self.fc(self.flatten(self.adaptive(self.adaptive_max(x))))


def seeded(make: Callable[[], nn.Module], seed: int = 0) -> nn.Module:
    """At rest, with weights and running statistics that are drawn."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = make()
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                for tensor in (module.running_mean, module.weight, module.bias):
                    nn.init.normal_(tensor)  # type: ignore[arg-type]
                for tensor in (module.running_var,):
                    nn.init.uniform_(tensor, 0.5, 2)  # type: ignore[arg-type]
    return net.eval()


def put(monkeypatch: pytest.MonkeyPatch, net: nn.Module, **known: Any) -> None:
    """``net`` is what every run of ``convolution/network`` takes."""
    given = {"classes": CLASSES, "mean": (0.5, 0.4, 0.3), "std": (0.25, 0.3, 0.2), **known}
    monkeypatch.setattr(network, "model", lambda params: Model(net, "net", **given))


def items(**params: Any) -> Iterator[Frame | Progress]:
    return network.run(labs.params_from("convolution/network", params))  # type: ignore[arg-type]


def frames(**params: Any) -> list[Frame]:
    return [item for item in items(**params) if isinstance(item, Frame)]


def scene(**params: Any) -> Scene:
    return network.scene(labs.params_from("convolution/network", params))  # type: ignore[arg-type]


def layer(frame: Frame) -> Any:
    return frame.note["layer"]


def named(found: list[Frame], name: str, kind: str | None = None) -> Frame:
    return next(frame for frame in found if layer(frame)["name"] == name and kind in (None, layer(frame)["kind"]))
