"""A receptive field holds every pixel that a value depends on, and no row or column more; a convolution's cost is counted."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from app.labs.convolution.network.cost import macs
from app.labs.convolution.network.frames import Framer
from app.labs.convolution.network.models import Model
from app.labs.convolution.network.receptive import pixels
from app.labs.convolution.network.seen import Operation, Seen

SIDE = 29


def ones(layer: nn.Module) -> nn.Module:
    """All weights 1, so that no gradient cancels."""
    for parameter in layer.parameters():
        nn.init.ones_(parameter)
    return layer


class Gate(nn.Module):
    """Weighs its input by what a convolution makes of it, place by place."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = ones(nn.Conv2d(1, 1, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = (3 - x * self.conv(x)) / 2
        return -y


@st.composite
def layers(draw: Any) -> nn.Module:
    k, s, d = draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(st.integers(1, 2))
    p = draw(st.integers(0, k // 2))
    match draw(st.sampled_from(["conv", "same", "avg", "oblong", "dilated", "transposed", "nearest", "bilinear", "gate"])):
        case "transposed":
            return ones(nn.ConvTranspose2d(1, 1, k, s, min(p, k - 1), dilation=d))
        case "nearest":
            return nn.Upsample(scale_factor=s)
        case "bilinear":
            return nn.Upsample(scale_factor=s, mode="bilinear")
        case "gate":
            return Gate()
        case "conv":
            mode = draw(st.sampled_from(["zeros", "reflect", "replicate", "circular"]))
            return ones(nn.Conv2d(1, 1, k, s, p, padding_mode=mode))
        case "same":
            return ones(nn.Conv2d(1, 1, k, padding="same", dilation=d))
        case "avg":
            return nn.AvgPool2d(k, s, p, ceil_mode=draw(st.booleans()))
        case "oblong":
            return ones(nn.Conv2d(1, 1, (k, 1), (1, s), (p, 0)))
        case _:
            return ones(nn.Conv2d(1, 1, k, s, p, dilation=d))


def told(net: nn.Module, x: Tensor) -> list[Any]:
    """``note.layer`` of every operation."""
    framer = Framer(Model(net, "net"), {})
    return [framer.frame(operation).note["layer"] for operation in Seen(net, x)]


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@settings(max_examples=80, deadline=None)
@given(st.lists(layers(), min_size=1, max_size=4), st.integers(0, 10**6))
def test_a_field_is_what_the_gradient_reaches(stack: list[nn.Module], place: int) -> None:
    net = nn.Sequential(*stack).eval()
    x = torch.rand(1, 1, SIDE, SIDE, requires_grad=True)
    try:
        y = net(x)
    except RuntimeError:  # a window larger than what is left, or more reflected than there is
        assume(False)
    field = told(net, x.detach())[-1]["receptive"]
    row, column = place % y.shape[2], place // y.shape[2] % y.shape[3]
    (g,) = torch.autograd.grad(y[0, 0, row, column], x)
    reached = g[0, 0].nonzero()
    assume(len(reached))
    low, high = reached.min(0).values.tolist(), (reached.max(0).values + 1).tolist()
    y0, x0, y1, x1 = pixels(field, row, column, (SIDE, SIDE))
    assert y0 <= low[0]
    assert x0 <= low[1]
    assert high[0] <= y1
    assert high[1] <= x1
    if field is None:
        return
    begin = [field["start"][i] + field["jump"][i] * (row, column)[i] for i in range(2)]
    if all(b >= 0 and b + s <= SIDE for b, s in zip(begin, field["size"], strict=True)) and plain(stack):
        assert [y0, x0, y1, x1] == [*low, *high], "wholly inside the picture a field is tight"


def plain(stack: list[nn.Module]) -> bool:
    """Without padding on the way: a window's outer cells may be padding of an inner layer; between cells a value sees fewer."""
    if any(isinstance(layer, nn.ConvTranspose2d | nn.Upsample | Gate) for layer in stack):
        return False
    return all(getattr(layer, "padding", 0) in (0, (0, 0)) and not getattr(layer, "ceil_mode", False) for layer in stack)


def test_a_convolution_of_a_picture_wrapped_around_may_see_any_pixel() -> None:
    assert told(nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular"), torch.rand(1, 1, 8, 8))[-1]["receptive"] is None
    assert told(nn.Conv2d(1, 1, 3, padding_mode="circular"), torch.rand(1, 1, 8, 8))[-1]["receptive"]["size"] == [3, 3]


def test_more_reflected_than_the_kernel_covers_is_no_window() -> None:
    assert told(nn.Conv2d(1, 1, 3, padding=2, padding_mode="reflect"), torch.rand(1, 1, 8, 8))[-1]["receptive"] is None


class Branches(nn.Module):
    """A shortcut around two convolutions, put beside the input and pooled away."""

    def __init__(self, dim: int = 1) -> None:
        super().__init__()
        self.a, self.b, self.dim = nn.Conv2d(1, 1, 3, padding=1), nn.Conv2d(1, 1, 5, padding=2), dim

    def forward(self, x: Tensor) -> Tensor:
        y = self.b(F.relu(self.a(x))) + x
        return F.adaptive_avg_pool2d(torch.cat([y, x], self.dim), 1)


def test_where_branches_meet_the_larger_field_counts() -> None:
    by_name = {layer["name"]: layer["receptive"] for layer in told(Branches(), torch.rand(1, 1, 8, 8))}
    assert by_name["add"] == {"size": [7, 7], "jump": [1, 1], "start": [-3, -3]}
    assert by_name["cat"] == by_name["add"]
    assert by_name["adaptive_avg_pool2d"]["size"] == [14, 14]


def test_maps_put_one_below_the_other_have_no_common_field() -> None:
    by_name = {layer["name"]: layer["receptive"] for layer in told(Branches(2), torch.rand(1, 1, 8, 8))}
    assert by_name["cat"] is None


class Squeezed(nn.Module):
    """Squeeze and excitation: each map by what all places of it come to."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(F.adaptive_avg_pool2d(x, 1))


class Called(nn.Module):
    """Convolutions as calls, without modules."""

    def forward(self, x: Tensor) -> Tensor:
        w = torch.ones(1, 1, 3, 3)
        return F.interpolate(F.conv_transpose2d(F.conv2d(x, w, stride=2), w, stride=2), scale_factor=2)


def test_convolutions_that_are_called_have_fields_too() -> None:
    found = [layer["receptive"] for layer in told(Called(), torch.rand(1, 1, 9, 9))]
    assert [one["size"] for one in found] == [[1, 1], [3, 3], [5, 5], [5.5, 5.5]]
    assert [one["jump"] for one in found] == [[1, 1], [2, 2], [1, 1], [0.5, 0.5]]


@pytest.mark.parametrize("k", [1, 2, 3, 4])
@pytest.mark.parametrize("s", [1, 2, 3])
@pytest.mark.parametrize("make", ["transposed", "nearest", "bilinear", "fine"])
def test_enlarging_the_picture_itself_every_value_sees_exactly_what_the_gradient_reaches(make: str, k: int, s: int) -> None:
    net: nn.Module
    if make == "transposed":
        net = ones(nn.ConvTranspose2d(1, 1, k, s, (k - 1) // 2, dilation=1 + k % 2))
    else:
        net = nn.Upsample(scale_factor=s * k, mode="nearest" if make == "nearest" else "bilinear")
        net = nn.Upsample(scale_factor=1 / (s * k), mode="bilinear") if make == "fine" else net
    x = torch.rand(1, 1, 24 if make == "fine" else 6, 24 if make == "fine" else 6, requires_grad=True)
    y = net(x)
    side = x.shape[2]
    field = told(net, x.detach())[-1]["receptive"]
    if make == "fine" and side % (s * k):
        assert field is None
        return
    for row in range(y.shape[2]):
        (g,) = torch.autograd.grad(y[0, 0, row, row], x, retain_graph=True)
        reached = g[0, 0].nonzero()
        if len(reached):
            y0, _, y1, _ = pixels(field, row, row, (side, side))
            low, high = int(reached.min(0).values[0]), int(reached.max(0).values[0]) + 1
            assert y0 <= low
            assert high <= y1
            if make == "fine" or (make == "bilinear" and s * k in (1, 2, 4, 8)) or (make == "transposed" and k % 2 == 0):
                assert (y0, y1) == (low, high)


@pytest.mark.parametrize(
    "layer",
    [
        nn.GroupNorm(1, 4),
        nn.InstanceNorm2d(4),
        nn.Upsample(12),
        nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True),
        Squeezed(),
        nn.AdaptiveAvgPool2d(3),
        nn.FractionalMaxPool2d(2, output_size=3),
    ],
)
def test_no_window_is_claimed_where_there_is_none(layer: nn.Module) -> None:
    assert told(layer.eval(), torch.rand(1, 4, 8, 8))[-1]["receptive"] is None


# Cost


def counted(operation: Operation) -> int:
    """Multiplications, counted by convolving ones with ones: every output is then the number of its products, padding's too."""
    weight = operation.weights["weight"]
    if operation.kind == "linear":
        return int(F.linear(torch.ones_like(operation.inputs[0]), torch.ones_like(weight)).sum())
    keys = ("stride", "dilation", "groups")
    options = {key: operation.options[key] for key in keys}
    source = torch.ones_like(operation.inputs[0])
    if operation.options.get("transposed"):
        return int(F.conv_transpose2d(source, torch.ones_like(weight), **options).sum())  # nothing is cut off without padding
    pad = operation.options["padding"]
    wide = F.pad(source, (pad[1], pad[1], pad[0], pad[0]), value=1.0)
    return int(F.conv2d(wide, torch.ones_like(weight), **options).sum())


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_multiplications_are_those_of_a_direct_count(data: Any) -> None:
    groups, k, s = data.draw(st.sampled_from([1, 2, 4])), data.draw(st.integers(1, 3)), data.draw(st.integers(1, 2))
    if data.draw(st.booleans()):
        layer: nn.Module = nn.ConvTranspose2d(4, 8, k, s, groups=groups)
    else:
        layer = nn.Conv2d(4, 8, k, s, data.draw(st.integers(0, 2)), dilation=data.draw(st.integers(1, 2)), groups=groups)
    net = nn.Sequential(layer, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3)).eval()
    weighing = [one for one in Seen(net, torch.rand(1, 4, 7, 9)) if one.kind in ("conv", "linear")]
    assert len(weighing) == 2
    for operation in weighing:
        assert macs(operation) == counted(operation)
