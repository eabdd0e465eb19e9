"""Trains character models: Adam on contiguous streams of the text, the state carried on from one stretch to the next.

Of what the steps gave, the weights that did best on the text held out are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from app.nn.characters import Characters, Shape, State
from app.training.kit.best import keep_best
from app.training.kit.texts import Corpus
from app.training.kit.texts import ship as ship_one


@dataclass(frozen=True)
class Recipe:
    """How a character model is trained; goes into its card as it is."""

    steps: int = 2400
    batch: int = 48
    length: int = 80
    """Characters between two steps: the gradient goes back so far at most."""
    peak_lr: float = 4e-3
    """The rate rises over a twentieth of the steps and falls along a cosine to 0."""
    dropout: float = 0.0
    """On the embeddings and before the last layer."""
    clip: float = 1.0
    """The gradient's norm at most."""
    held_out: float = 0.1
    """The last share of the text, never trained on."""
    rarest: int = 1
    """Characters that come less often in the training text are taken for unknown."""
    checks: int = 12
    seed: int = 0


def train(model: Characters, training: Tensor, held: Tensor, recipe: Recipe) -> Characters:
    """``training`` and ``held``: the texts' numbers. Deterministic on one machine."""
    streams = len(training) // recipe.batch
    rows = training[: streams * recipe.batch].view(recipe.batch, streams).T  # (streams, batch)
    optimizer = torch.optim.Adam(model.parameters(), lr=recipe.peak_lr)
    drop = _dropout(model, recipe.dropout)
    state: State = None
    at = 0

    def loss_of() -> Tensor:
        nonlocal at, state
        if at + recipe.length + 1 > streams:
            at, state = 0, None
        piece = rows[at : at + recipe.length + 1]
        at += recipe.length
        logits, state = model(piece[:-1], state)
        state = _detached(state)
        return functional.cross_entropy(logits.flatten(0, 1), piece[1:].flatten())

    keep_best(model, [optimizer], recipe, loss_of, lambda: nats(model, held))
    for handle in drop:
        handle.remove()
    return model


def _dropout(model: Characters, p: float) -> list[Any]:
    """Hooks that drop a share of the embeddings and of what the last layer is given, in training only."""
    if not p:
        return []
    handles = [model.embedding.register_forward_hook(lambda _, __, out: functional.dropout(out, p, model.training))]
    if model.head is not None:
        handles.append(model.head.register_forward_pre_hook(lambda _, given: (functional.dropout(given[0], p, model.training),)))
    return handles


def _detached(state: State) -> State:
    return tuple(one.detach() for one in state) if isinstance(state, tuple) else state.detach()


@torch.no_grad()
def nats(model: Characters, ids: Tensor, length: int = 500) -> float:
    """Mean -ln p of each character of a text but its first, read in one go."""
    model.eval()
    state: State = None
    total = 0.0
    for start in range(0, len(ids) - 1, length):
        piece = ids[start : start + length + 1, None]
        logits, state = model(piece[:-1], state)
        total += functional.cross_entropy(logits[:, 0], piece[1:, 0], reduction="sum").item()
    return total / (len(ids) - 1)


def ship(corpus_name: str, corpus: Corpus, plans: Sequence[tuple[Shape, Recipe]]) -> None:
    """Trains a model of each shape and writes ``characters_CORPUS_KIND[_LAYERS]``."""
    for shape, recipe in plans:
        name = f"characters_{corpus_name}_{shape.kind}" + (f"_{shape.layers}" if shape.layers > 1 else "")
        told = {"shape": asdict(shape), "optimizer": "Adam", "recipe": asdict(recipe)}
        command = f"python -m app train characters_{corpus_name}"
        ship_one(name, corpus, recipe, partial(Characters, shape=shape), partial(train, recipe=recipe), nats, told, command)
