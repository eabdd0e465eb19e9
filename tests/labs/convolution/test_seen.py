"""Every operation of any module is seen once, in order, with the numbers that went in and came out, to the bit."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from app.labs.contract import UserError
from app.labs.convolution.network import seen as seen_module
from app.labs.convolution.network.seen import Operation, Seen
from app.nn.resnet import ResNet
from app.nn.vgg import VGG

SIDE = 12
CHANNELS = 4


class Program(nn.Module):
    """A network written as a list of steps; it keeps its own account of what it did, for the test to compare with."""

    def __init__(self, steps: list[str]) -> None:
        super().__init__()
        self.steps = steps
        self.conv = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1)
        self.bn = nn.BatchNorm2d(CHANNELS)
        self.relu = nn.ReLU()
        self.inplace = nn.ReLU(inplace=True)
        self.pool = nn.MaxPool2d(3, 2, padding=1)
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(CHANNELS, CHANNELS, 1), nn.Sigmoid())
        self.mix = nn.Parameter(torch.randn(CHANNELS, 2 * CHANNELS, 1, 1))
        self.scale = nn.Parameter(torch.rand(CHANNELS, 1, 1))
        self.account: list[tuple[str, list[Tensor], Tensor]] | None = None

    def did(self, type_: str, inputs: list[Tensor], run: Callable[[], Tensor]) -> Tensor:
        if self.account is None:
            return run()
        before = [tensor.clone() for tensor in inputs]
        output = run()
        self.account.append((type_, before, output.clone()))
        return output

    def forward(self, x: Tensor) -> Tensor:
        saved = x
        for step in self.steps:
            x, saved = self.step(step, x, saved)
        flat = self.did("flatten", [x], lambda: x.flatten(1))
        return self.did("sum", [flat], lambda: flat.sum(1, keepdim=True))

    def step(self, step: str, x: Tensor, saved: Tensor) -> tuple[Tensor, Tensor]:
        if step == "save":
            return x, x
        if step in ("conv", "bn", "relu", "inplace", "pool"):
            module = getattr(self, step)
            return self.did(type(module).__name__, [x], lambda: module(x)), saved
        if step == "F.relu":
            return self.did("relu", [x], lambda: F.relu(x)), saved
        if step == "relu_":
            return self.did("relu", [x], x.relu_), saved
        if step == "F.relu inplace":
            return self.did("relu", [x], lambda: F.relu(x, inplace=True)), saved
        if step == "F.avg_pool2d":
            return self.did("avg_pool2d", [x], lambda: F.avg_pool2d(x, 2, ceil_mode=True)), saved
        if step in ("+", "+=") and saved.shape == x.shape:
            if step == "+":
                return self.did("add", [x, saved], lambda: x + saved), saved

            def add() -> Tensor:
                y = x
                y += saved
                return y

            return self.did("add", [x, saved], add), saved
        if step == "cat" and saved.shape == x.shape:
            both = self.did("cat", [x, saved], lambda: torch.cat([x, saved], 1))
            return self.did("conv2d", [both], lambda: F.conv2d(both, self.mix)), saved
        if step == "chunk":
            a, b = x.chunk(2, 1)
            doubled = self.did("mul", [b], lambda: b * 2)
            return self.did("cat", [a, doubled], lambda: torch.cat([a, doubled], 1)), saved
        if step == "gate":
            inner = x
            for module in self.gate:
                inner = self.did(type(module).__name__, [inner], lambda m=module, i=inner: m(i))
            return self.did("mul", [x, inner], lambda: x * inner), saved
        if step == "weights":
            factor = self.scale / self.scale.norm()  # made of weights only: no operation on the picture
            return self.did("mul", [x], lambda: x * factor), saved
        if step == "view":
            flat = self.did("view", [x], lambda: x.view(1, -1))
            self.did("relu", [flat], flat.relu_)  # writes into x by another name
            return self.did("sub", [x], lambda: x - 0.1), saved
        return x, saved


STEPS = [
    "save",
    "conv",
    "bn",
    "relu",
    "inplace",
    "pool",
    "F.relu",
    "relu_",
    "F.relu inplace",
    "F.avg_pool2d",
    "+",
    "+=",
    "cat",
    "chunk",
    "gate",
    "weights",
    "view",
]


def picture(seed: int = 0, channels: int = CHANNELS, side: int = SIDE) -> Tensor:
    return torch.randn(1, channels, side, side, generator=torch.Generator().manual_seed(seed))


def made(module: Callable[[], nn.Module], seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return module().eval()


@settings(deadline=None)
@given(st.lists(st.sampled_from(STEPS), max_size=9), st.integers(0, 99))
def test_every_operation_of_a_random_network_is_seen_once_in_order_with_its_numbers(steps: list[str], seed: int) -> None:
    program = made(lambda: Program(steps), seed)
    assert isinstance(program, Program)
    program.account = []
    with torch.no_grad():
        wanted = program(picture(seed))
    account, program.account = program.account, None
    seen = Seen(program, picture(seed))
    operations = list(seen)  # all at once: what was handed over early must not change later
    assert operations[0].kind == "input"
    assert torch.equal(operations[0].output, picture(seed))
    assert [one.type for one in operations[1:]] == [type_ for type_, _, _ in account]
    assert [one.index for one in operations] == list(range(len(operations)))
    for one, (type_, inputs, output) in zip(operations[1:], account, strict=True):
        assert torch.equal(one.output, output), (one.index, type_)
        assert len(one.inputs) == len(one.sources) == len(inputs), (one.index, type_)
        for mine, theirs in zip(one.inputs, inputs, strict=True):
            assert torch.equal(mine, theirs), (one.index, type_)
        for source, theirs in zip(one.sources, inputs, strict=True):
            whole = operations[source].output
            assert source < one.index
            assert whole.shape != theirs.shape or torch.equal(whole, theirs), (one.index, type_, source)
    assert torch.equal(seen.result, wanted)


@pytest.mark.parametrize("net", [ResNet, VGG])
def test_the_maps_of_our_networks_are_those_that_hooks_see(net: Any) -> None:
    module = made(net)
    x = picture(1, 3, 32)
    hooked: list[tuple[str, Tensor]] = []
    handles = [
        child.register_forward_hook(lambda _, args, output, name=name: hooked.append((name, output.clone())))
        for name, child in module.named_modules()
        if not any(child.children()) and not isinstance(child, nn.Identity)  # which computes nothing
    ]
    with torch.no_grad():
        module(x)
    for handle in handles:
        handle.remove()
    operations = [one for one in Seen(module, x) if not one.functional and one.kind != "input"]
    assert [one.name for one in operations] == [name for name, _ in hooked]
    for one, (_, output) in zip(operations, hooked, strict=True):
        assert torch.equal(one.output, output), one.name


def test_a_residual_block_has_its_addition_with_both_inputs() -> None:
    operations = list(Seen(made(ResNet), picture(0, 3, 32)))
    additions = [one for one in operations if one.kind == "add"]
    assert [one.name for one in additions] == [f"layer{stage}.{block}.add" for stage in (1, 2, 3) for block in (0, 1)]
    for one in additions:
        shortcut = "ReLU" if one.name.endswith(".1.add") else "BatchNorm2d"  # the identity, or a 1 x 1 convolution
        assert [operations[source].type for source in one.sources] == ["BatchNorm2d", shortcut]


def test_a_module_used_again_is_numbered_and_its_parameters_are_counted_once() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(4, 4, 3, padding=1, bias=False)

        def forward(self, x: Tensor) -> Tensor:
            return self.conv(self.conv(x))

    operations = list(Seen(made(Twice), picture()))[1:]
    assert [(one.name, one.call, one.params) for one in operations] == [("conv", 0, 144), ("conv", 1, 0)]


def test_a_function_named_like_a_module_keeps_a_name_of_its_own() -> None:
    class Clash(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.relu = nn.ReLU()

        def forward(self, x: Tensor) -> Tensor:
            return F.relu(self.relu(x) - 1)

    assert [one.name for one in Seen(made(Clash), picture())] == ["input", "relu", "sub", "relu()"]


def test_a_pooling_with_two_outputs_is_seen() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.pool = nn.MaxPool2d(2, return_indices=True)
            self.back = nn.MaxUnpool2d(2)

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            y, places = self.pool(x)
            return self.back(y, places), y

    operations = list(Seen(made(Two), picture()))
    assert [(one.type, one.sources) for one in operations[1:]] == [("MaxPool2d", [0]), ("MaxUnpool2d", [1])]


def test_what_cannot_be_looked_into_is_one_operation() -> None:
    with pytest.deprecated_call():
        inner = torch.jit.trace(made(lambda: nn.Sequential(nn.Conv2d(4, 2, 3), nn.ReLU())), picture())
    operations = list(Seen(made(lambda: nn.Sequential(inner, nn.Flatten())), picture()))
    assert [one.name for one in operations] == ["input", "0", "1"]
    with torch.no_grad():
        assert torch.equal(operations[1].output, inner(picture()))
    assert operations[1].sources == [0]


def test_weights_that_are_computed_are_no_layers() -> None:
    normed = made(lambda: nn.utils.parametrizations.weight_norm(nn.Conv2d(4, 2, 3)))
    operations = list(Seen(normed, picture()))
    assert [one.kind for one in operations] == ["input", "conv"]
    assert operations[1].weights["weight"].shape == (2, 4, 3, 3)


def test_an_edit_goes_on_through_the_network_even_where_it_was_written_in_place() -> None:
    def off(operation: Operation) -> Tensor | None:
        if operation.name != "1":
            return None
        changed = operation.output.clone()
        changed[:, 0] = 0
        return changed

    for inplace in (False, True):
        net = made(lambda inplace=inplace: nn.Sequential(nn.Conv2d(4, 4, 3), nn.ReLU(inplace), nn.Conv2d(4, 2, 1)))
        operations = list(Seen(net, picture(), edit=off))
        assert (operations[2].output[:, 0] == 0).all()
        assert (operations[2].output[:, 1:] > 0).any()
        with torch.no_grad():
            y = F.relu(net[0](picture()))
            assert torch.equal(operations[1].output, net[0](picture()))
            y[:, 0] = 0
            assert torch.equal(operations[3].output, net[2](y))


def test_closing_ends_the_thread_even_of_a_model_that_catches_everything() -> None:
    class Stubborn(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            for _ in range(50):
                with contextlib.suppress(BaseException):
                    x = x + 1
            return x

    before = threading.active_count()
    for net in (made(ResNet), made(Stubborn)):
        running = iter(Seen(net, picture(0, 3, 32)))
        next(running)
        next(running)
        assert threading.active_count() == before + 1
        running.close()  # type: ignore[attr-defined]
        assert threading.active_count() == before


def test_the_network_is_hooked_once_and_runs_as_before_without_a_pass() -> None:
    net = made(ResNet)
    with torch.no_grad():
        wanted = net(picture(0, 3, 32))
    for _ in range(3):
        list(Seen(net, picture(0, 3, 32)))
    assert all(len(child._forward_hooks) == len(child._forward_pre_hooks) == 1 for child in net.modules())
    with torch.no_grad():
        assert torch.equal(net(picture(0, 3, 32)), wanted)


def test_two_runs_of_one_network_do_not_see_each_other() -> None:
    net = made(ResNet)
    alone = [[one.output for one in Seen(net, picture(seed, 3, 32))] for seed in (0, 1)]
    first, second = iter(Seen(net, picture(0, 3, 32))), iter(Seen(net, picture(1, 3, 32)))
    for a, b, x, y in zip(*alone, first, second, strict=True):
        assert torch.equal(a, x.output)
        assert torch.equal(b, y.output)


def test_what_the_model_raises_comes_out() -> None:
    class Broken(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            raise ValueError("no such thing")

    with pytest.raises(ValueError, match="no such thing"):
        list(Seen(made(Broken), picture()))


def test_bounds_are_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    net = made(ResNet)
    monkeypatch.setattr(seen_module, "MOST_OPERATIONS", 3)
    with pytest.raises(UserError) as refused:
        list(Seen(net, picture(0, 3, 32)))
    assert refused.value.message.id == "convolution.network.error.long"
    monkeypatch.setattr(seen_module, "MOST_OPERATIONS", 100)
    monkeypatch.setattr(seen_module, "MOST_VALUES", 1000)
    with pytest.raises(UserError) as refused:
        list(Seen(net, picture(0, 3, 32)))
    assert refused.value.message.id == "convolution.network.error.large"
    assert refused.value.message.values["name"] == "conv1"


def test_a_slow_operation_lets_others_have_their_turn() -> None:
    class Slow(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            threading.Event().wait(0.35)
            return x + 1

    items = list(Seen(made(Slow), picture()).watched())
    assert [one.type for one in items if one is not None] == ["Input", "add"]
    assert items.count(None) >= 2


def test_another_order_of_the_numbers_is_a_step_and_a_part_of_them_is_none() -> None:
    class Turned(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return (x.permute(0, 1, 3, 2) + 1)[:, :2] * 2

    operations = list(Seen(made(Turned), picture()))
    assert [one.type for one in operations] == ["Input", "permute", "add", "mul"]
    assert operations[3].sources == [2]
    assert torch.equal(operations[3].inputs[0], operations[2].output[:, :2])
