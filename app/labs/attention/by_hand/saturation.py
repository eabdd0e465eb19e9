"""How hard a softmax has become: its largest weight, its entropy, and how much it still answers to its scores.

Vaswani et al., arXiv 1706.03762, section 3.2.1, footnote 4: scores of large d_k push the softmax where its gradients are
extremely small; 1 / sqrt(d_k) keeps them apart from that.
"""

from __future__ import annotations

import torch
from torch import Tensor

MEASURES = ("largest", "entropy", "gradient")


def largest(a: Tensor) -> Tensor:
    """max_j a_j: (..., n) to (...)."""
    return a.amax(-1)


def entropy(a: Tensor) -> Tensor:
    """-sum_j a_j ln a_j, nats, 0 ln 0 = 0: ln n where all weigh the same, 0 where one has all. (..., n) to (...)."""
    each: Tensor = torch.special.entr(a)
    return each.sum(-1)


def gradient(a: Tensor) -> Tensor:
    """|| da / de || of a = softmax(e), its Jacobian diag(a) - a a^T, as a Frobenius norm: (..., n) to (...).

    The square is sum a^2 - 2 sum a^3 + (sum a^2)^2; it is added up entry by entry, so that nothing cancels where it is tiny.
    """
    jacobian = torch.diag_embed(a) - a[..., :, None] * a[..., None, :]
    norm: Tensor = torch.linalg.matrix_norm(jacobian)
    return norm


def measured(a: Tensor) -> Tensor:
    """The three, in the order of MEASURES: (..., n) to (..., 3)."""
    return torch.stack([largest(a), entropy(a), gradient(a)], -1)
