"""How one token is drawn from what a model says, and the frame that tells of it.

One uniform number u a step decides: the probabilities stand in a row from the likeliest on, and the token drawn is the one in
whose piece u falls.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.labs.contract import Frame, Message, Plain, UserError
from app.labs.writing.params import Chosen, Draw
from app.nn.decoding import Cut, cut

SHOWN = 24
"""So many of the likeliest tokens travel with each frame."""


def distributions(logits: Tensor, draw: Draw, never: Collection[int]) -> tuple[Tensor, Cut]:
    """The model's own p (V,), and what is made of it without the tokens ``never``: at the temperature, then cut."""
    known = logits.clone()
    known[list(never)] = -math.inf
    return logits.softmax(-1), cut(known[None], draw.temperature, draw.top_k, draw.top_p)


def drawn(p: Tensor, u: float) -> int:
    """The piece of [0, 1) in which u falls: p (V,) are the pieces' lengths in the order in which they stand."""
    place = int(torch.searchsorted(p.cumsum(0), torch.tensor(u, dtype=p.dtype), right=True))
    return min(place, int(p.nonzero()[-1]))  # rounding may leave the sum below u


@dataclass(frozen=True)
class Writer:
    """Draws token after token of ``vocabulary``; those ``chosen`` by step are written instead."""

    draw: Draw
    vocabulary: Sequence[str]
    never: Collection[int]
    chosen: Sequence[Chosen]
    seed: int

    def __post_init__(self) -> None:
        """Raises UserError for a chosen token that the model does not have."""
        for k, one in enumerate(self.chosen):
            if one.token >= len(self.vocabulary):
                told: dict[str, Plain | Message] = {"token": one.token, "count": len(self.vocabulary)}
                raise UserError(Message("writing.error.no_token", told), ("chosen", k))

    def start(self) -> torch.Generator:
        """The source of u."""
        return torch.Generator().manual_seed(self.seed)

    def write(self, number: int, logits: Tensor, draws: torch.Generator) -> Frame:
        """Step ``number`` from ``logits`` (V,) float64: a frame with the token in its note.

        The likeliest SHOWN tokens' numbers ``ids``, and of each what the model says (``probabilities``), that at the temperature
        (``tempered``) and what is drawn from (``drawn_from``, 0: cut); of the token written the same three (``written``), where in
        [0, 1) its piece begins (``below``), and ``u``, NaN where it was chosen; ``surprise`` and ``entropy`` (1,), nats of the
        model's own distribution; ``kept`` (1,) how many can be drawn.
        """
        p, made = distributions(logits, self.draw, self.never)
        order = p.argsort(descending=True, stable=True)
        # One number a step, also where a token is chosen: those after it are drawn with the same numbers as before.
        u = float(torch.rand((), generator=draws, dtype=torch.float64))
        chosen = {one.at: one.token for one in self.chosen}.get(number)
        k = int(order[drawn(made.drawn_from[0, order], u)]) if chosen is None else chosen
        return _frame(number, self.vocabulary[k], p, made, order, k, math.nan if chosen is not None else u)


def _frame(number: int, token: str, p: Tensor, made: Cut, order: Tensor, k: int, u: float) -> Frame:
    """``order`` (V,): the tokens from the likeliest on."""
    ids = order[:SHOWN]
    roads = {"probabilities": p, "tempered": made.tempered[0], "drawn_from": made.drawn_from[0]}
    rank = int((order == k).nonzero()[0, 0])
    tensors = {
        "ids": ids.int().numpy(),
        **{name: road[ids].float().numpy() for name, road in roads.items()},
        "written": torch.stack([road[k] for road in roads.values()]).numpy(),
        "below": made.drawn_from[0, order[:rank]].sum()[None].numpy(),
        "u": np.array([u]),
        "surprise": np.array([-math.log(max(float(p[k]), 1e-300))]),
        "entropy": torch.special.entr(p).sum()[None].numpy(),
        "kept": made.kept[0].sum().int()[None].numpy(),
    }
    return Frame(number, tensors, {"token": token, "id": k, "rank": rank})


def before(first: Frame) -> dict[str, NDArray[np.generic]]:
    """The tensors of frame 0: nothing is written, and nothing said."""
    return {name: np.full_like(value, np.nan if value.dtype.kind == "f" else -1) for name, value in first.tensors.items()}
