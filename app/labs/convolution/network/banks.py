"""Classical filters as a network of one convolution: what was drawn by hand before filters were learned."""

from __future__ import annotations

import math
from collections import OrderedDict

import torch
from torch import Tensor, nn

BANKS = ("sobel", "gabor", "blur", "sharpen")

SIDE = 7
"""Gabor and Gaussian kernels are 7 x 7."""


class FilterBank(nn.Module):
    """Grey, then one filter a channel, ReLU and 2 x 2 max pooling, as a first layer of a network would.

    ``names`` says of each channel which filter it is.
    """

    def __init__(self, bank: str) -> None:
        super().__init__()
        kernels, self.names = _kernels(bank)
        side = kernels.shape[-1]
        self.grey = nn.Conv2d(3, 1, 1, bias=False)
        self.grey.weight.data = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)  # ITU-R BT.601's luma
        self.filters = nn.Conv2d(1, len(kernels), side, padding=side // 2, padding_mode="replicate", bias=False)
        self.filters.weight.data = kernels[:, None]
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool2d(2)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) in 0 to 1, to (N, filters, H / 2, W / 2)."""
        y: Tensor = self.pool(self.relu(self.filters(self.grey(x))))
        return y


def _kernels(bank: str) -> tuple[Tensor, list[str]]:
    """(filters, side, side) and a name for each."""
    made: OrderedDict[str, Tensor] = OrderedDict()
    if bank == "sobel":
        across = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
        diagonal = torch.tensor([[-2.0, -1, 0], [-1, 0, 1], [0, 1, 2]])
        for name, kernel in (("x", across), ("y", across.T), ("xy", diagonal), ("yx", diagonal.flip(1))):
            made[name], made[f"-{name}"] = kernel, -kernel
    elif bank == "gabor":
        for wavelength in (3.0, 5.0):
            for degrees in range(0, 180, 30):
                made[f"{degrees}° λ{wavelength:g}"] = _gabor(math.radians(degrees), wavelength)
    elif bank == "blur":
        made["box 3"] = _centred(torch.full((3, 3), 1 / 9))
        made["box 7"] = torch.full((SIDE, SIDE), 1 / 49)
        for sigma in (0.7, 1.2, 2.0):
            made[f"Gauss σ{sigma:g}"] = _gauss(sigma)
        made["motion"] = torch.eye(SIDE) / SIDE
    else:
        one = _centred(torch.ones(1, 1))
        for amount in (0.5, 1.0, 2.0):
            made[f"unsharp {amount:g}"] = one + amount * (one - _gauss(1.2))
        made["Laplace 4"] = _centred(torch.tensor([[0.0, -1, 0], [-1, 4, -1], [0, -1, 0]]))
        made["Laplace 8"] = _centred(torch.tensor([[-1.0, -1, -1], [-1, 8, -1], [-1, -1, -1]]))
        made["emboss"] = _centred(torch.tensor([[-2.0, -1, 0], [-1, 1, 1], [0, 1, 2]]))
    return torch.stack(list(made.values())), list(made)


def _grid() -> tuple[Tensor, Tensor]:
    at = torch.arange(SIDE) - SIDE // 2
    y, x = torch.meshgrid(at.float(), at.float(), indexing="ij")
    return y, x


def _gauss(sigma: float) -> Tensor:
    """exp(-(x^2 + y^2) / (2 sigma^2)), its sum made 1."""
    y, x = _grid()
    g = torch.exp(-(x**2 + y**2) / (2 * sigma**2))
    return g / g.sum()


def _gabor(theta: float, wavelength: float, sigma: float = 2.0) -> Tensor:
    """A wave along theta under a Gaussian: exp(-(x^2 + y^2) / (2 sigma^2)) cos(2 pi u / wavelength), u = x cos theta + y sin theta.

    Daugman (1985); its mean is taken off, so that an even surface gives 0.
    """
    y, x = _grid()
    u = x * math.cos(theta) + y * math.sin(theta)
    g = torch.exp(-(x**2 + y**2) / (2 * sigma**2)) * torch.cos(2 * math.pi * u / wavelength)
    g = g - g.mean()
    return g / g.abs().sum()


def _centred(kernel: Tensor) -> Tensor:
    room = (SIDE - kernel.shape[0]) // 2
    return nn.functional.pad(kernel, (room,) * 4)
