r"""Two directions through a network's weights: random ones scaled filter by filter, or the plane of the paths themselves.

Random (Li et al., "Visualizing the Loss Landscape of Neural Nets", arXiv 1712.09913, section 4): normal numbers d, and of every
filter (a convolution's output channel, a row of a linear layer) d_ij <- d_ij / |d_ij| * |theta_ij|; biases and the parameters of
BatchNorm do not move.

Paths (ibid., section 7): the two principal components of all theta_t - theta*, theta* being the origin.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from app.labs.contract import Message, UserError

EPS = 1e-10
"""Keeps a filter of zeros from dividing by zero."""


def filter_normalised(parameters: Iterable[Tensor], generator: Generator) -> Tensor:
    """(P,): a random direction as long as the weights, filter by filter, in torch's order of the parameters."""
    found = []
    for p in parameters:
        d = torch.randn(p.shape, generator=generator, dtype=p.dtype).to(p.device)
        if p.dim() <= 1:
            d.zero_()
        else:
            rows, weights = d.flatten(1), p.detach().flatten(1)
            scale = torch.linalg.vector_norm(weights, dim=1) / (torch.linalg.vector_norm(rows, dim=1) + EPS)
            d = (rows * scale[:, None]).view(p.shape)
        found.append(d.flatten())
    return torch.cat(found)


class Components(NamedTuple):
    """``directions`` (2, P) of length 1 at right angles; ``explained`` (2,) each one's share of the summed squares."""

    directions: Tensor
    explained: Tensor


def principal(moves: Tensor) -> Components:
    """The first two principal components of ``moves`` (M, P), not centred: theirs is the origin.

    Raises UserError where the moves lie on one line, so that there is no plane.
    """
    moves = moves.double()
    gram = moves @ moves.T  # (M, M), the smaller one: M points, P weights
    values, vectors = torch.linalg.eigh(gram)
    if not values[-2] > 1e-12 * values[-1]:
        raise UserError(Message("optimizer.landscape.error.line"), ("plane",))
    top = vectors[:, [-1, -2]]
    directions = top.T @ moves / values[[-1, -2]].sqrt()[:, None]
    # An eigenvector's sign is anyone's choice: let the largest weight of each be positive.
    signs = directions.gather(1, directions.abs().argmax(1, keepdim=True)).sign()
    return Components((directions * signs).float(), values[[-1, -2]] / values.sum())
