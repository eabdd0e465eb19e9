"""Clipping by torch: all weights' gradients of one network before and after."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from app.labs.recurrent.gradients.networks import Passed
from app.labs.recurrent.params.gradients import GradientsParams


@dataclass(frozen=True)
class Clipped:
    """``before`` and ``after``: norms of all gradients together; ``angle`` between the two in degrees; ``share`` of the entries
    that were changed."""

    before: float
    after: float
    angle: float
    share: float


def clipped(params: GradientsParams, network: Passed) -> Clipped:
    """By torch.nn.utils.clip_grad_norm_ or clip_grad_value_."""
    weights = [nn.Parameter(torch.zeros_like(gradient)) for gradient in network.gradients.values()]
    for weight, gradient in zip(weights, network.gradients.values(), strict=True):
        weight.grad = gradient.clone()
    before = flat(weights)
    if params.clip == "norm":
        nn.utils.clip_grad_norm_(weights, params.most)
    else:
        nn.utils.clip_grad_value_(weights, params.most)
    after = flat(weights)
    lengths = float(before.norm()), float(after.norm())
    # Of two unit vectors: atan2 is exact where they are nearly parallel, which a cosine is not.
    u, w = before / before.norm(), after / after.norm()
    angle = 2 * torch.atan2((u - w).norm(), (u + w).norm())
    return Clipped(*lengths, float(torch.rad2deg(angle)), float((before != after).double().mean()))


def flat(weights: list[nn.Parameter]) -> Tensor:
    """All gradients as one vector, in float64."""
    return torch.cat([weight.grad.double().flatten() for weight in weights if weight.grad is not None])
