"""Trains character models: Adam on contiguous streams of the text, the state carried on from one stretch to the next.

Of what the steps gave, the weights that did best on the text held out are kept.
"""

from __future__ import annotations

import copy
import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from app.nn.characters import UNKNOWN, Characters, Shape, State
from app.training.kit.card import halved, write


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


@dataclass(frozen=True)
class Corpus:
    """A text and where it is from."""

    text: str
    told: Mapping[str, Any]


def train(model: Characters, recipe: Recipe, training: Tensor, held: Tensor) -> Characters:
    """``training`` and ``held``: the texts' numbers. Deterministic on one machine."""
    streams = len(training) // recipe.batch
    rows = training[: streams * recipe.batch].view(recipe.batch, streams).T  # (streams, batch)
    optimizer = torch.optim.Adam(model.parameters(), lr=recipe.peak_lr)
    up = max(1, recipe.steps // 20)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda t: min((t + 1) / up, 0.5 * (1 + math.cos(math.pi * max(0, t - up) / max(1, recipe.steps - up))))
    )
    drop = _dropout(model, recipe.dropout)
    state: State = None
    at = 0
    best, least = copy.deepcopy(model.state_dict()), math.inf
    bar = tqdm(range(recipe.steps), unit="step")
    for step in bar:
        if at + recipe.length + 1 > streams:
            at, state = 0, None
        piece = rows[at : at + recipe.length + 1]
        at += recipe.length
        model.train()
        logits, state = model(piece[:-1], state)
        state = _detached(state)
        loss = functional.cross_entropy(logits.flatten(0, 1), piece[1:].flatten())
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
        optimizer.step()
        schedule.step()
        if (step + 1) % max(1, recipe.steps // recipe.checks) == 0:
            found = nats(model, held)
            bar.set_postfix(loss=f"{loss.item():.3f}", held_out=f"{found:.3f}")
            if found < least:
                least, best = found, copy.deepcopy(model.state_dict())
    model.load_state_dict(best)
    for handle in drop:
        handle.remove()
    return model.eval()


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
    """Trains a model of each shape, measures it as it is stored, and writes ``characters_CORPUS_KIND[_LAYERS]``."""
    torch.set_num_threads(1)
    for shape, recipe in plans:
        start = time.monotonic()
        text, held_text = split(corpus.text, recipe.held_out)
        characters = vocabulary(text, recipe.rarest)
        torch.manual_seed(recipe.seed)
        model = Characters(characters, shape)
        training, held = torch.tensor(model.ids(text)), torch.tensor(model.ids(held_text))
        train(model, recipe, training, held)
        seconds = time.monotonic() - start
        halved(model)
        name = f"characters_{corpus_name}_{shape.kind}" + (f"_{shape.layers}" if shape.layers > 1 else "")
        found = nats(model, held)
        told = {
            "architecture": (type(model).__doc__ or "").strip(),
            "shape": asdict(shape),
            "characters": characters,
            "data": origin(corpus, text, held_text, held),
            "optimizer": "Adam",
            "schedule": "linear up, cosine down",
            "recipe": asdict(recipe),
            "kept": "the weights that did best on the text held out",
            "minutes": round(seconds / 60, 1),
            "nats": round(found, 4),
            "nats_by_frequency_alone": round(by_frequency(training, held, len(characters)), 4),
        }
        write(name, model, told, f"python -m app train characters_{corpus_name}")
        print(f"{name}: {found:.3f} nats a character, {seconds / 60:.1f} minutes")


def origin(corpus: Corpus, text: str, held_text: str, held: Tensor) -> dict[str, Any]:
    """What a card says of its data: the text trained on, the text held out and that one's numbers."""
    return {
        **corpus.told,
        "sha256": sha256(corpus.text.encode()).hexdigest(),
        "training_characters": len(text),
        "held_out_characters": len(held_text),
        "held_out_unknown": sum(i == 0 for i in held.tolist()),
    }


def split(text: str, share: float) -> tuple[str, str]:
    """The text trained on, and the last ``share`` of it that is held out."""
    at = round(len(text) * (1 - share))
    return text[:at], text[at:]


def vocabulary(text: str, rarest: int) -> list[str]:
    """UNKNOWN and the characters that come at least so often, by code point."""
    return [UNKNOWN, *sorted(character for character, count in Counter(text).items() if count >= rarest)]


def by_frequency(training: Tensor, held: Tensor, words: int) -> float:
    """Nats of a model that knows only how often each character comes (one added to each count)."""
    counts = torch.bincount(training, minlength=words).double() + 1
    return float(-(counts / counts.sum()).log()[held[1:]].mean())
