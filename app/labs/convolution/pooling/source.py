"""What ``convolution/pooling`` works on: the input, and the vector that attention asks with."""

from __future__ import annotations

import torch
from torch import Tensor

from app.labs.contract import Message, UserError
from app.labs.convolution import source
from app.labs.convolution.params.pooling import PoolingParams


def read_input(params: PoolingParams, device: str = "cpu") -> Tensor:
    """The input (C, H, W) in the dtype of the params. Raises UserError for an image that is not here."""
    return source.read_input(params, getattr(torch, params.dtype), device)


def read_query(params: PoolingParams, x: Tensor) -> Tensor:
    """What attention asks with (C,): the clicked pixel's feature, else the typed vector, else ones.

    Raises UserError for a pixel outside the input and a vector of another length than the input has channels.
    """
    channels, height, width = x.shape
    if params.pixel is not None:
        row, column = params.pixel
        if row >= height or column >= width:
            got = {"y": row, "x": column, "height": height, "width": width}
            raise UserError(Message("convolution.pooling.error.pixel", got), ("pixel",))
        return x[:, row, column].clone()
    if params.query is None:
        return torch.ones(channels, dtype=x.dtype, device=x.device)
    if len(params.query) != channels:
        raise UserError(Message("convolution.pooling.error.query", {"got": len(params.query), "channels": channels}), ("query",))
    return torch.tensor(params.query, dtype=x.dtype, device=x.device)
