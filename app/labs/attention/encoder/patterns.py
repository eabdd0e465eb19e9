"""What a head does, as a score: how much of its attention follows a pattern.

A pattern is a matrix P (T, T); a head's score is the sum of A * P. Each row of P that counts has one part in n, n the number of
those rows, so that a score is a mean: 1 where all attention follows the pattern. Only real tokens ask, not [CLS] and [SEP].
Clark et al., "What Does BERT Look At?", arXiv 1906.04341, section 3, name the first of these.
"""

from __future__ import annotations

import torch
from torch import Tensor

from app.nn.tokens import Read

PATTERNS = ("previous", "next", "self", "first", "separator", "punctuation", "same", "other")
"""The token before, the token behind, itself, the first that is seen, any other special token, any mark, the same token
elsewhere, the other text's tokens."""
NAMED = 0.3
"""A head is named by its largest score from here on, where that is also twice what an even spread would have."""


def masks(read: Read, sees: Tensor) -> Tensor:
    """(K, T, T) boolean: where each pattern looks; ``sees`` (T, T): token i sees token j."""
    ids, types = (tensor[0] for tensor in read.tensors())
    count = len(ids)
    eye = torch.eye(count, dtype=torch.bool)
    special = torch.tensor([word is None for word in read.words])
    mark = torch.tensor([not any(letter.isalnum() for letter in token) for token in read.tokens])
    first = torch.zeros(count, count, dtype=torch.bool).scatter_(1, sees.int().argmax(1, keepdim=True), True)
    behind = torch.ones(count - 1, dtype=torch.bool)
    real = ~special
    every = {
        "previous": behind.diag(-1),
        "next": behind.diag(1),
        "self": eye,
        "first": first,
        "separator": special & ~first,
        "punctuation": (mark & real).expand(count, -1),
        "same": (ids[:, None] == ids) & ~eye,
        "other": (types[:, None] != types) & real,
    }
    return torch.stack([every[name] for name in PATTERNS]) & real[:, None] & sees


def patterns(read: Read, sees: Tensor) -> Tensor:
    """P of each pattern where token i sees token j, (K, T, T) float32; all NaN where no row has anything to look at."""
    looks = masks(read, sees)
    asking = looks.any(-1).sum(-1)  # (K,) rows that have something to look at
    return looks.float() / asking.float().masked_fill(asking == 0, torch.nan)[:, None, None]


def scores(weights: Tensor, p: Tensor) -> Tensor:
    """(H, T, T) and (K, T, T) to (H, K)."""
    return weights.flatten(1) @ p.flatten(1).T


def by_chance(p: Tensor, sees: Tensor) -> Tensor:
    """(K,): the score of a head that spreads its attention evenly over what it sees."""
    even = sees / sees.sum(-1, keepdim=True).clamp(min=1)
    return scores(even[None], p)[0]
