"""Two attention-only layers that find what came after a token before."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path

import torch
from tqdm import tqdm

from app.nn.tasks import induction
from app.nn.tasks.steps import Recipe
from app.training.kit.card import halved, write

RECIPE = Recipe(steps=1200, batch=32, peak_lr=1e-2)
HALVES = (6, 12, 24)


def main(folder: Path | None) -> None:
    """Trains and ships it; it makes its own data."""
    torch.set_num_threads(1)
    start = time.monotonic()
    torch.manual_seed(RECIPE.seed)
    net = induction.network()
    bar = tqdm(induction.learn(net, RECIPE), total=RECIPE.steps, unit="step")
    for number, step in enumerate(bar):
        if number % 20 == 0:
            bar.set_postfix(loss=f"{step.loss:.4f}")
    seconds = time.monotonic() - start
    halved(net)
    held = {half: induction.held_out(RECIPE.held_out, half) for half in HALVES}
    right = {half: induction.accuracy(net, sequences) for half, sequences in held.items()}
    found = induction.scores(net, held[12])
    told = {
        "architecture": (type(net).__doc__ or "").strip(),
        "task": "induction",
        "shape": asdict(net.shape),
        "words": list(induction.VOCABULARY.words),
        "data": {"name": "made by the task, seeded", "licence": "our own"},
        "optimizer": "Adam",
        "schedule": "linear, up and down",
        "recipe": asdict(RECIPE),
        "seconds": round(seconds),
        "held_out": RECIPE.held_out,
        "accuracy": round(right[12], 4),
        "accuracy_by_half": {str(half): round(share, 4) for half, share in right.items()},
        "induction_scores": [[round(score, 4) for score in layer] for layer in found.tolist()],
    }
    write("induction", net, told)
    print(f"induction: {100 * right[12]:.1f} % right, best induction score {found.max():.3f}, {seconds:.0f} seconds")
