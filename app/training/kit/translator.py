"""Trains a translator on one of our tasks, measures it as it is stored, and writes weights and card."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from app.nn.tasks.pairs import Task, held_out
from app.nn.tasks.steps import Recipe
from app.nn.tasks.translate import Translator, exact, learn, on_gold
from app.nn.transformer import Shape
from app.training.kit.card import halved, write


def train(task: Task, shape: Shape, recipe: Recipe) -> Translator:
    """Deterministic on one machine: one seed for the weights and the examples; the held-out ones are never seen."""
    torch.manual_seed(recipe.seed)
    translator = Translator(task, shape)
    held = held_out(task, recipe.held_out)
    bar = tqdm(learn(translator, recipe, held), total=recipe.steps, unit="step")
    for number, step in enumerate(bar):
        if number % 20 == 0:
            bar.set_postfix(loss=f"{step.loss:.4f}")
    return translator


def ship(name: str, task: Task, shape: Shape, recipe: Recipe) -> None:
    """Trains, measures and keeps it."""
    torch.set_num_threads(1)
    start = time.monotonic()
    translator = train(task, shape, recipe)
    seconds = time.monotonic() - start
    halved(translator.net)
    held = held_out(task, recipe.held_out)
    right, maps = exact(translator, held), on_gold(translator, held)
    write(name, translator.net, told(translator, recipe, right, maps, seconds))
    print(f"{name}: {100 * right:.1f} % exact, best cross map {100 * maps.max():.1f} % on gold, {seconds / 60:.1f} minutes")


def told(translator: Translator, recipe: Recipe, right: float, maps: Tensor, seconds: float) -> dict[str, Any]:
    """What the card says."""
    heads = translator.net.shape.heads
    layer, head = divmod(int(maps.argmax()), heads + 1)
    return {
        "architecture": (type(translator.net).__doc__ or "").strip(),
        "task": (type(translator.task).__module__).rpartition(".")[2],
        "shape": asdict(translator.net.shape),
        "source_words": list(translator.source.words),
        "target_words": list(translator.target.words),
        "data": {"name": "made by the task, seeded", "licence": "our own"},
        "optimizer": "Adam",
        "schedule": "linear, up and down",
        "recipe": asdict(recipe),
        "minutes": round(seconds / 60, 1),
        "held_out": recipe.held_out,
        "exact": round(right, 4),
        "cross_on_gold": [[round(share, 4) for share in row] for row in maps.tolist()],
        "cross_on_gold_columns": [*range(heads), "mean"],
        "best_cross": {
            "layer": layer,
            "head": "mean" if head == heads else head,
            "on_gold": round(float(maps.max()), 4),
            "counts": "target words whose map points at a word they translate or that decides their form, no punctuation",
        },
    }
