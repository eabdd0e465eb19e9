"""How one character is drawn from what the network says."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from app.labs.recurrent.params.generate import GenerateParams
from app.nn.decoding import Cut, cut

NEVER = 0
"""The number of UNKNOWN, which stands for characters that cannot be written."""


def distributions(logits: Tensor, params: GenerateParams) -> tuple[Tensor, Cut]:
    """The model's own p (V,), and what is made of it without UNKNOWN: at the temperature, then cut."""
    known = logits.clone()
    known[NEVER] = -math.inf
    return logits.softmax(-1), cut(known[None], params.temperature, params.top_k, params.top_p)


def drawn(p: Tensor, u: float) -> int:
    """The piece of [0, 1) in which u falls: p (V,) are the pieces' lengths in the order in which they stand."""
    place = int(torch.searchsorted(p.cumsum(0), torch.tensor(u, dtype=p.dtype), right=True))
    return min(place, int(p.nonzero()[-1]))  # rounding may leave the sum below u
