"""The kernels of ``convolution/sliding``: named ones, learned ones, typed ones, as one tensor (Cout, Cin / groups, kh, kw)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from app.labs.contract import Message, UserError
from app.labs.convolution.params.sliding import SlidingParams

NAMED: Mapping[str, list[list[float]]] = {
    "sobel-x": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    "sobel-y": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    "edge": [[1, -1]],
    "sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
    "laplacian": [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
}
"""Sobel and Feldman 1968 along both axes, a difference of neighbours, the identity minus the Laplacian, the Laplacian."""
FIRST_LAYER = {"resnet": "conv1.weight", "vgg": "features.conv1_1.weight"}


def read_weight(params: SlidingParams, channels_in: int) -> Tensor:
    """The kernels as typed (Cout, Cin / groups, kh, kw), float64.

    Raises UserError where the groups do not divide the channels, or typed kernels do not fit them.
    """
    channels_out = len(params.weight) if params.kernel == "custom" else params.out_channels
    for name, count in (("groups_in", channels_in), ("groups_out", channels_out)):
        if count % params.groups:
            raise UserError(Message(f"convolution.sliding.error.{name}", {"groups": params.groups, "channels": count}), ("groups",))
    each = channels_in // params.groups
    if params.kernel == "custom":
        weight = torch.tensor(params.weight, dtype=torch.float64)
        if weight.shape[1] != each:
            told = {"got": weight.shape[1], "good": each, "channels": channels_in, "groups": params.groups}
            raise UserError(Message("convolution.sliding.error.channels", told), ("weight",))
        return weight
    if params.kernel == "learned":
        return _learned(params, each)
    if params.kernel in NAMED:
        return torch.tensor(NAMED[params.kernel], dtype=torch.float64).expand(channels_out, each, -1, -1).clone()
    return _sized(params, channels_out, each)


def _learned(params: SlidingParams, each: int) -> Tensor:
    """Filters of a shipped network's first layer, rounded to thousandths; their red, green and blue kernels in turn."""
    from app.nn import weights

    filters = weights.state(params.learned)[FIRST_LAYER[params.learned]].double()  # (16 or 24, 3, 3, 3)
    chosen = filters[params.learned_channel : params.learned_channel + params.out_channels]
    return chosen[:, [i % 3 for i in range(each)]].round(decimals=3)


def _sized(params: SlidingParams, channels_out: int, each: int) -> Tensor:
    height, width = params.kernel_size
    shape = (channels_out, each, height, width)
    match params.kernel:
        case "identity":
            weight = torch.zeros(shape, dtype=torch.float64)
            weight[:, :, (height - 1) // 2, (width - 1) // 2] = 1
            return weight
        case "blur":
            return torch.full(shape, 1 / (height * width), dtype=torch.float64)
        case "ones":
            return torch.ones(shape, dtype=torch.float64)
        case "random":
            generator = torch.Generator().manual_seed(params.seed)
            return torch.randint(-3, 4, shape, generator=generator).double()
    # Counting, as Dive into Deep Learning (section 7.4) writes it: K = 0, 1, 2, ...; K + 1; K + 2; ...
    start = torch.arange(channels_out)[:, None, None, None] + torch.arange(each)[None, :, None, None]
    return (torch.arange(height * width).reshape(height, width) + start).double()
