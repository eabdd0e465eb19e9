r"""The loss of a network everywhere on a plane through its weights: L(theta* + a delta + b eta).

A linear layer is linear in its weights too, so the first layer's output at every point of the plane is a sum of three products
that are computed once:

    W(a, b) x + b(a, b) = (W x + b)_theta* + a (W x + b)_delta + b (W x + b)_eta

and the widest product of most networks is gone. The later layers of some points are computed together, examples along the last
axis, where the sums over units and classes run on whole vectors. Other networks (convolutions) take one forward pass a point.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from app.nn.tasks.supervised import DataSet, Part

CELLS = 2**18
"""Numbers of one layer of the points that are computed together: a megabyte, what a core's cache holds (measured: 8 points of
1,000 examples x 32 units ran twice as fast as one at a time, 51 slower again)."""


class Flat:
    """A network's loss as a function of one vector (P,), by ordinary forward passes."""

    def __init__(self, net: nn.Module, data: DataSet, part: Part) -> None:
        self.net, self.data, self.part = net, data, part
        self.names = [name for name, _ in net.named_parameters()]
        self.shapes = [p.shape for p in net.parameters()]

    def split(self, theta: Tensor) -> dict[str, Tensor]:
        """(P,) as the network's parameters, views of it."""
        shares = torch.split(theta, [shape.numel() for shape in self.shapes])
        return {name: share.view(shape) for name, share, shape in zip(self.names, shares, self.shapes, strict=True)}

    def losses(self, theta: Tensor) -> Tensor:
        """(N,): each example's loss with these weights."""
        return self.data.losses(functional_call(self.net, self.split(theta), (self.part.x,)), self.part.y)

    def loss(self, theta: Tensor) -> Tensor:
        """The mean over the examples, summed in float64; torch's autograd goes through it."""
        return self.losses(theta).double().mean()


class PlaneLoss:
    """``centre`` theta* (P,) and ``directions`` (2, P), delta and eta."""

    def __init__(self, flat: Flat, centre: Tensor, directions: Tensor) -> None:
        self.flat, self.centre, self.directions = flat, centre, directions
        net = flat.net
        known = (nn.Flatten, nn.Linear, nn.Tanh, nn.ReLU)
        self._layers = list(enumerate(net)) if isinstance(net, nn.Sequential) else []
        self.together = bool(self._layers) and all(isinstance(layer, known) for _, layer in self._layers)
        """Whether points are computed together; else each takes a forward pass."""
        self._chunk = 1
        if self.together:
            self._stacked = {name: torch.stack(three) for name, three in self._threes()}
            widest = max(layer.out_features for _, layer in self._layers if isinstance(layer, nn.Linear))
            self._chunk = max(1, CELLS // (len(flat.part) * widest))
            self._first = self._products()

    def _threes(self) -> Iterator[tuple[str, tuple[Tensor, ...]]]:
        """Of every parameter its values at theta*, along delta and along eta."""
        split = [self.flat.split(vector) for vector in (self.centre, *self.directions)]
        return ((name, tuple(one[name] for one in split)) for name in self.flat.names)

    def _products(self) -> Tensor:
        """(3, H, N): the first layer's output with the weights of theta*, of delta and of eta."""
        x = self.flat.part.x.flatten(1).T
        weight, bias = (self._stacked[f"1.{kind}"] for kind in ("weight", "bias"))
        return torch.baddbmm(bias[:, :, None], weight, x.expand(3, *x.shape))

    def at(self, points: Tensor) -> Tensor:
        """(K, 2) to the losses (K,) in float64."""
        return torch.cat(list(self.walk(points)))

    @torch.no_grad()
    def walk(self, points: Tensor) -> Iterator[Tensor]:
        """The same a few points at a time."""
        for some in torch.split(points, self._chunk):
            yield self._together(some) if self.together else self.ordinary(some[0])[None]

    @torch.no_grad()
    def ordinary(self, point: Tensor) -> Tensor:
        """The loss at one point (2,) by an ordinary forward pass."""
        return self.flat.loss(self.centre + point[0] * self.directions[0] + point[1] * self.directions[1])

    def _together(self, points: Tensor) -> Tensor:
        """(K, 2) to (K,). Inside: K points, H units, N examples."""
        y = self.flat.part.y
        a, b = points[:, 0], points[:, 1]
        h = torch.add(self._first[0], self._first[1] * a[:, None, None]).addcmul_(self._first[2], b[:, None, None])
        for number, layer in self._layers[2:]:
            match layer:
                case nn.Tanh():
                    h = h.tanh_()
                case nn.ReLU():
                    h = h.relu_()
                case _:
                    weight, bias = (self._on_plane(f"{number}.{kind}", a, b) for kind in ("weight", "bias"))
                    h = torch.baddbmm(bias[:, :, None], weight, h)
        if self.flat.data.classes:
            losses = functional.cross_entropy(h, y.expand(len(points), -1), reduction="none")
        else:
            losses = (h[:, 0] - y) ** 2
        return losses.double().mean(1)

    def _on_plane(self, name: str, a: Tensor, b: Tensor) -> Tensor:
        """(K, ...): a parameter at every point."""
        centre, delta, eta = self._stacked[name]
        shape = (-1, *(1,) * centre.dim())
        found: Tensor = centre + a.view(shape) * delta + b.view(shape) * eta
        return found
