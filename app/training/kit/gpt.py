"""Trains decoder-only Transformers of characters on windows of a text, taken anywhere. The best on the text held out is kept."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from app.nn.character_gpt import CharacterGPT
from app.nn.transformer import Shape
from app.training.kit.best import keep_best, muon
from app.training.kit.texts import Corpus
from app.training.kit.texts import ship as ship_one


@dataclass(frozen=True)
class Recipe:
    """How a model is trained; goes into its card as it is."""

    steps: int = 1700
    batch: int = 16
    peak_lr: float = 1e-2
    """The rate rises over a twentieth of the steps and falls along a cosine to 0."""
    weight_decay: float = 0.1
    """Of the blocks' matrices."""
    clip: float = 1.0
    """The gradient's norm at most."""
    held_out: float = 0.1
    """The last share of the text, never trained on."""
    rarest: int = 1
    """Characters that come less often in the training text are taken for unknown."""
    checks: int = 4
    seed: int = 0


def train(model: CharacterGPT, training: Tensor, held: Tensor, recipe: Recipe) -> CharacterGPT:
    """``training`` and ``held``: the texts' numbers. Deterministic on one machine."""
    windows = training.unfold(0, model.shape.most + 1, 1)
    draws = torch.Generator().manual_seed(recipe.seed)

    def loss_of() -> Tensor:
        piece = windows[torch.randint(len(windows), (recipe.batch,), generator=draws)]
        return functional.cross_entropy(model(piece[:, :-1]).flatten(0, 1), piece[:, 1:].flatten())

    optimizers = muon(model, model.decoder, recipe.peak_lr, recipe.weight_decay)
    keep_best(model, optimizers, recipe, loss_of, lambda: nats(model, held))
    return model


@torch.no_grad()
def nats(model: CharacterGPT, ids: Tensor, batch: int = 32) -> float:
    """Mean -ln p of each character of a text but its first, said from at least half of the model's positions before it.

    Windows of all positions overlap by half; where the text begins, a character has only what there is.
    """
    model.eval()
    most, count = model.shape.most, len(ids) - 1
    half = most // 2
    rows = max(1, math.ceil(count / half) - 1)
    filled = functional.pad(ids, (0, (rows + 1) * half - count))  # behind the text: nothing before it sees that
    pieces = [
        functional.cross_entropy(model(each[:, :-1]).transpose(1, 2), each[:, 1:], reduction="none")
        for each in torch.split(filled.unfold(0, most + 1, half), batch)
    ]
    losses = torch.cat(pieces)  # (rows, most)
    return float(torch.cat([losses[0, :half], losses[:, half:].flatten()])[:count].double().mean())


def ship(name: str, corpus: Corpus, shape: Shape, recipe: Recipe) -> None:
    """Trains a model, measures it as it is stored, and writes weights and card."""
    told = {
        "shape": asdict(shape),
        "optimizer": "Muon for the blocks' matrices, Adam for the rest",
        "recipe": asdict(recipe),
        "nats_seen": f"each character is said from the {shape.most // 2} to {shape.most} before it",
    }
    ship_one(name, corpus, recipe, partial(CharacterGPT, shape=shape), partial(train, recipe=recipe), nats, told)
