"""What a decoder's head does, as a score: how much of its attention goes to a place that a pattern names.

A head's score is the mean, over the tokens that have such a place, of what they give to it: 1 where all attention goes there.
The induction score is what Olsson et al. call prefix matching: from a token to the places that followed its earlier occurrences
("In-context Learning and Induction Heads", arXiv 2209.11895, section "Definition of induction heads").
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

PATTERNS = ("previous", "first", "same", "induction")
"""The token before; the first one; earlier occurrences of the same token; what followed those."""


def looks(ids: Sequence[int]) -> Tensor:
    """(K, S, S) boolean: where each pattern looks, row i from the token at i. A token is no place of its own."""
    count = len(ids)
    known = torch.tensor(ids)
    earlier = torch.ones(count, count, dtype=torch.bool).tril(-1)
    same = (known[:, None] == known) & earlier
    every = {
        "previous": torch.eye(count, dtype=torch.bool).roll(-1, 1) & earlier,
        "first": (torch.arange(count) == 0) & earlier,
        "same": same,
        # j - 1 is an earlier occurrence; j itself may be the asking token, where it stands twice in a row
        "induction": same.roll(1, 1) & (earlier | torch.eye(count, dtype=torch.bool)),
    }
    return torch.stack([every[name] for name in PATTERNS])


def given(weights: Tensor, places: Tensor) -> Tensor:
    """(L, H, S, S) and (K, S, S) to (L, H, K, S): what each token gives to a pattern; NaN where that has no place for it."""
    shares = torch.einsum("lhij,kij->lhki", weights, places.to(weights.dtype))
    return shares.masked_fill(~places.any(-1), torch.nan)


def scores(shares: Tensor) -> Tensor:
    """(L, H, K, S) to (L, H, K): the mean over the tokens that have a place; NaN where none has."""
    return shares.nanmean(-1)


def by_chance(places: Tensor) -> Tensor:
    """(K,): the score of a head that spreads its attention evenly over what it may see."""
    count = places.shape[-1]
    even = torch.ones(count, count).tril() / torch.arange(1, count + 1)[:, None]
    return scores(given(even[None, None], places))[0, 0]
