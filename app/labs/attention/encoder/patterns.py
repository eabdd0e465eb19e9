"""What a head does, as a score: how much of its attention follows a pattern.

A pattern is a matrix P (T, T); a head's score is the sum of A * P. Each row of P that counts has one part in n, n the number of
those rows, so that a score is a mean: 1 where all attention follows the pattern. Only real tokens ask, not [CLS] and [SEP].
Clark et al., "What Does BERT Look At?", arXiv 1906.04341, section 3, name the first of these.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from app.nn.tokens import Read

PATTERNS = ("previous", "next", "self", "first", "separator", "punctuation", "same", "other")
"""The token before, the token behind, itself, the first that is seen, any other special token, any mark, the same token
elsewhere, the other text's tokens."""
NAMED = 0.3
"""A head is named by its largest score from here on, where that is also twice what an even spread would have."""


def masks(read: Read, sees: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(K, T, T): where each pattern looks; ``sees`` (T, T): token i sees token j."""
    ids, types, place = np.array(read.ids), np.array(read.types), np.arange(len(read.ids))
    special = np.array([word is None for word in read.words])
    mark = np.array([not any(letter.isalnum() for letter in token) for token in read.tokens])
    first = place == sees.argmax(1)[:, None]
    eye = np.eye(len(place), dtype=bool)
    every = {
        "previous": np.eye(len(place), k=-1, dtype=bool),
        "next": np.eye(len(place), k=1, dtype=bool),
        "self": eye,
        "first": first,
        "separator": special & ~first,
        "punctuation": mark & ~special,
        "same": (ids[:, None] == ids) & ~eye,
        "other": (types[:, None] != types) & ~special,
    }
    asks = ~special[:, None] & sees
    return np.stack([every[name] & asks for name in PATTERNS])


def patterns(read: Read, sees: NDArray[np.bool_]) -> Tensor:
    """P of each pattern where token i sees token j, (K, T, T) float32; all NaN where no row has anything to look at."""
    looks = masks(read, sees)
    asking = looks.any(-1).sum(-1).astype(np.float32)  # (K,) rows that have something to look at
    return torch.from_numpy(looks / np.where(asking == 0, np.float32("nan"), asking)[:, None, None])


def scores(weights: Tensor, p: Tensor) -> Tensor:
    """(H, T, T) and (K, T, T) to (H, K)."""
    return functional.linear(weights.flatten(1), p.flatten(1))


def by_chance(p: Tensor, sees: NDArray[np.bool_]) -> Tensor:
    """(K,): the score of a head that spreads its attention evenly over what it sees."""
    even = sees / np.maximum(sees.sum(-1, keepdims=True), 1).astype(np.float32)
    return scores(torch.from_numpy(even)[None], p)[0]
