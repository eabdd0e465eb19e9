"""Small feed-forward networks: logistic regression, a perceptron of several layers, and a convolutional network of two.

    net = mlp(2, (16, 16), 2)      # 2 numbers in, two layers of 16 units, 2 logits out
    theta, gradient = flatten(net) # all parameters as one vector, and their gradients as another

After ``flatten`` the network's parameters are views of ``theta``: write into ``theta`` and the network has those weights; after
``loss.backward()`` the gradient is in ``gradient``, to be zeroed before the next.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn

ACTIVATIONS: dict[str, type[nn.Module]] = {"tanh": nn.Tanh, "relu": nn.ReLU}


def mlp(inputs: int, hidden: Sequence[int], outputs: int, activation: str = "tanh") -> nn.Sequential:
    """(B, ...) with ``inputs`` numbers an example to logits (B, outputs). No hidden layer: logistic (or linear) regression."""
    sizes = (inputs, *hidden)
    layers: list[nn.Module] = [nn.Flatten()]
    for before, after in itertools.pairwise(sizes):
        layers += [nn.Linear(before, after), ACTIVATIONS[activation]()]
    return nn.Sequential(*layers, nn.Linear(sizes[-1], outputs))


def cnn(shape: Sequence[int], channels: int, outputs: int, activation: str = "relu") -> nn.Sequential:
    """Pictures (B, *shape), shape (C, H, W), to logits (B, outputs): twice 3 x 3 convolution and 2 x 2 maximum, then one layer."""
    depth, height, width = shape
    return nn.Sequential(
        nn.Conv2d(depth, channels, 3, padding=1),
        ACTIVATIONS[activation](),
        nn.MaxPool2d(2),
        nn.Conv2d(channels, 2 * channels, 3, padding=1),
        ACTIVATIONS[activation](),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(2 * channels * (height // 4) * (width // 4), outputs),
    )


def flatten(net: nn.Module) -> tuple[Tensor, Tensor]:
    """(theta, gradient), both (P,): from now on the network's parameters, in torch's order, and their gradients are their views."""
    theta = torch.cat([p.detach().flatten() for p in net.parameters()])
    gradient = torch.zeros_like(theta)
    attach(net, theta, gradient)
    theta.grad = gradient
    return theta, gradient


def attach(net: nn.Module, theta: Tensor, gradient: Tensor) -> None:
    """Make the network's parameters and their gradients views of two vectors (P,)."""
    start = 0
    for p in net.parameters():
        end = start + p.numel()
        p.data = theta[start:end].view(p.shape)
        p.grad = gradient[start:end].view(p.shape)
        start = end
