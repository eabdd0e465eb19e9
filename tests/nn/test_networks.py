"""The shipped networks: their shapes, their weights' hashes, and their accuracy where the test pictures are."""

from __future__ import annotations

import hashlib
import importlib
import os
from pathlib import Path

import pytest
import torch
from torch import nn

from app.nn import weights
from app.nn.resnet import BasicBlock, ResNet
from app.nn.vgg import VGG
from app.training.kit import cifar10, classifier

NETWORKS: dict[str, type[nn.Module]] = {"vgg": VGG, "resnet": ResNet}
DATA = Path(os.environ.get("UNROLLED_DATA", "")) / cifar10.FILE


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("side", [32, 33, 64, 224])
def test_they_take_pictures_of_32_to_224_pixels(name: str, side: int) -> None:
    net = NETWORKS[name]().eval()
    assert net(torch.zeros(2, 3, side, side)).shape == (2, 10)


def test_a_block_adds_what_it_computes_to_its_shortcut() -> None:
    block = BasicBlock(3, 4, 2).eval()
    x = torch.randn(1, 3, 8, 8)
    with torch.no_grad():
        block.bn2.weight.zero_()
        assert torch.equal(block(x), torch.relu(block.downsample(x) + block.bn2.bias.view(1, 4, 1, 1)))


def test_a_block_that_keeps_the_shape_begins_as_the_identity() -> None:
    block = BasicBlock(4, 4, 1).eval()
    x = torch.rand(1, 4, 8, 8)
    with torch.no_grad():
        assert torch.equal(block(x), x)


@pytest.mark.parametrize("name", NETWORKS)
def test_shipped_weights_are_those_of_their_card(name: str) -> None:
    net, card = weights.load(name), weights.card(name)
    assert type(net) is NETWORKS[name]
    assert not net.training
    assert hashlib.sha256((weights.FOLDER / f"{name}.safetensors").read_bytes()).hexdigest() == card["sha256"]
    assert sum(p.numel() for p in net.parameters()) == card["parameters"]
    assert card["macs"] == {"32": classifier.macs(net, 32), "224": classifier.macs(net, 224)}


@pytest.mark.parametrize("name", NETWORKS)
def test_cards_tell_how_the_weights_were_made(name: str) -> None:
    card = weights.card(name)
    # A card is older than the options that recipes gained since.
    assert [classifier.Recipe(**cycle) for cycle in card["cycles"]] == list(importlib.import_module(f"app.training.{name}").CYCLES)
    assert card["command"] == f"python -m app train {name}"
    assert tuple(card["classes"]) == cifar10.CLASSES
    assert (tuple(card["mean"]), tuple(card["std"])) == (cifar10.MEAN, cifar10.STD)
    by_class = card["test_accuracy_by_class"]
    assert list(by_class) == card["classes"]
    # Every class has 1,000 test pictures, so the mean of the classes is the share of all.
    assert sum(by_class.values()) / 10 == pytest.approx(card["test_accuracy"], abs=1e-4)
    assert card["test_accuracy"] >= {"vgg": 0.82, "resnet": 0.88}[name]


def test_macs_are_those_counted_by_hand() -> None:
    # Outputs x inputs of a convolution: side^2 x C_out x C_in x 9 (1 for the shortcut), w = 1.
    sizes = [(32, 1, 3), (16, 2, 1), *[(16, 2, 2)] * 3, (8, 4, 2), *[(8, 4, 4)] * 3, (4, 8, 4), *[(4, 8, 8)] * 3]
    shortcuts = [(16, 2, 1), (8, 4, 2), (4, 8, 4)]
    by_hand = sum(9 * s * s * i * o for s, o, i in sizes) + sum(s * s * i * o for s, o, i in shortcuts) + 8 * 10
    assert classifier.macs(ResNet(width=1).eval(), 32) == by_hand


@pytest.mark.skipif(not DATA.is_file(), reason="needs CIFAR-10: set UNROLLED_DATA")
@pytest.mark.parametrize("name", NETWORKS)
def test_accuracy_on_the_first_hundred_test_pictures_of_each_class(name: str) -> None:
    found = classifier.accuracy(weights.load(name), cifar10.load(DATA, "test", most=100))["all"]
    # 1,000 of 10,000: a standard error of about 0.01.
    assert found == pytest.approx(weights.card(name)["test_accuracy"], abs=0.035)
