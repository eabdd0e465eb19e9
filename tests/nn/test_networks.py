"""The shipped networks: their shapes, their weights' hashes, and their accuracy where the test pictures are."""

from __future__ import annotations

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


@pytest.mark.parametrize("name", [name for name in NETWORKS if name in weights.shipped()])
def test_shipped_weights_are_those_of_their_card(name: str) -> None:
    net = NETWORKS[name]()
    net.load_state_dict(weights.state(name))  # checks the hash
    assert sum(p.numel() for p in net.parameters()) == weights.card(name)["parameters"]


@pytest.mark.skipif(not DATA.is_file(), reason="needs CIFAR-10: set UNROLLED_DATA")
@pytest.mark.parametrize("name", [name for name in NETWORKS if name in weights.shipped()])
def test_accuracy_on_the_first_hundred_test_pictures_of_each_class(name: str) -> None:
    net = NETWORKS[name]()
    net.load_state_dict(weights.state(name))
    found = classifier.accuracy(net, cifar10.load(DATA, "test", most=100))["all"]
    # 1,000 of 10,000: a standard error of about 0.01.
    assert found == pytest.approx(weights.card(name)["test_accuracy"], abs=0.035)
    assert weights.card(name)["test_accuracy"] >= {"vgg": 0.82, "resnet": 0.88}[name]
