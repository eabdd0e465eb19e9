"""Trains decoder-only Transformers of characters on windows of a text, taken anywhere. The best on the text held out is kept."""

from __future__ import annotations

import copy
import math
import time
from dataclasses import asdict, dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from app.nn.character_gpt import CharacterGPT
from app.nn.transformer import Shape
from app.training.kit.card import halved, write
from app.training.kit.characters import Corpus, by_frequency, origin, split, vocabulary


@dataclass(frozen=True)
class Recipe:
    """How a model is trained; goes into its card as it is."""

    optimizer: Literal["muon", "adamw"] = "muon"
    """muon: for the blocks' matrices, with Adam for the rest; adamw: for all."""
    steps: int = 1700
    batch: int = 16
    peak_lr: float = 1e-2
    """The rate rises over a twentieth of the steps and falls along a cosine to 0."""
    weight_decay: float = 0.1
    """Muon's of the blocks' matrices, AdamW's of all."""
    clip: float = 1.0
    """The gradient's norm at most."""
    held_out: float = 0.1
    """The last share of the text, never trained on."""
    rarest: int = 1
    """Characters that come less often in the training text are taken for unknown."""
    checks: int = 4
    seed: int = 0


def train(model: CharacterGPT, recipe: Recipe, training: Tensor, held: Tensor) -> CharacterGPT:
    """``training`` and ``held``: the texts' numbers. Deterministic on one machine."""
    length = model.shape.most
    optimizers = _optimizers(model, recipe)
    up = max(1, recipe.steps // 20)
    schedules = [
        torch.optim.lr_scheduler.LambdaLR(
            one, lambda t: min((t + 1) / up, 0.5 * (1 + math.cos(math.pi * max(0, t - up) / max(1, recipe.steps - up))))
        )
        for one in optimizers
    ]
    windows = training.unfold(0, length + 1, 1)
    draws = torch.Generator().manual_seed(recipe.seed)
    best, least = copy.deepcopy(model.state_dict()), math.inf
    bar = tqdm(range(recipe.steps), unit="step")
    for step in bar:
        model.train()
        piece = windows[torch.randint(len(windows), (recipe.batch,), generator=draws)]
        loss = functional.cross_entropy(model(piece[:, :-1]).flatten(0, 1), piece[:, 1:].flatten())
        model.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
        for optimizer in optimizers:
            optimizer.step()
        for schedule in schedules:
            schedule.step()
        if (step + 1) % max(1, recipe.steps // recipe.checks) == 0:
            found = nats(model, held)
            bar.set_postfix(loss=f"{loss.item():.3f}", held_out=f"{found:.3f}")
            if found < least:
                least, best = found, copy.deepcopy(model.state_dict())
    model.load_state_dict(best)
    return model.eval()


def _optimizers(model: CharacterGPT, recipe: Recipe) -> list[torch.optim.Optimizer]:
    """In 45 s each, at one rate each, Muon came to 2.13 nats on Tiny Shakespeare where AdamW came to 2.33.

    On the 22,776 characters of the Tang poems Muon learnt them by heart: 5.48 nats at best where AdamW came to 5.40.
    """
    betas = (0.9, 0.99)
    if recipe.optimizer == "adamw":
        return [torch.optim.AdamW(model.parameters(), recipe.peak_lr, betas, weight_decay=recipe.weight_decay)]
    matrices = [p for p in model.decoder.parameters() if p.ndim == 2]
    others = [p for p in model.parameters() if all(p is not one for one in matrices)]
    return [
        torch.optim.Muon(matrices, recipe.peak_lr, recipe.weight_decay, adjust_lr_fn="match_rms_adamw"),
        torch.optim.Adam(others, recipe.peak_lr, betas),
    ]


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
    torch.set_num_threads(1)
    start = time.monotonic()
    text, held_text = split(corpus.text, recipe.held_out)
    characters = vocabulary(text, recipe.rarest)
    torch.manual_seed(recipe.seed)
    model = CharacterGPT(characters, shape)
    training, held = torch.tensor(model.ids(text)), torch.tensor(model.ids(held_text))
    train(model, recipe, training, held)
    seconds = time.monotonic() - start
    halved(model)
    found = nats(model, held)
    told = {
        "architecture": (type(model).__doc__ or "").strip(),
        "shape": asdict(shape),
        "characters": characters,
        "data": origin(corpus, text, held_text, held),
        "optimizer": "AdamW" if recipe.optimizer == "adamw" else "Muon for the blocks' matrices, Adam for the rest",
        "schedule": "linear up, cosine down",
        "recipe": asdict(recipe),
        "kept": "the weights that did best on the text held out",
        "minutes": round(seconds / 60, 1),
        "nats": round(found, 4),
        "nats_seen": f"each character is said from the {shape.most // 2} to {shape.most} before it",
        "nats_by_frequency_alone": round(by_frequency(training, held, len(characters)), 4),
    }
    write(name, model, told)
    print(f"{name}: {found:.3f} nats a character, {seconds / 60:.1f} minutes")
