"""Trains a recurrent encoder-decoder on a task of pairs, teacher forced, and measures it both ways: forced and running free."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from app.nn.decoding import greedy
from app.nn.recurrent.seq2seq import Seq2Seq, Shape, saying
from app.nn.tasks.pairs import BOS, EOS, PAD, Pair, Task, Vocabulary, examples, held_out
from app.nn.tasks.translate import padded
from app.training.kit.card import halved, write


@dataclass(frozen=True)
class Recipe:
    """How it is trained; goes into the card as it is."""

    steps: int = 2000
    batch: int = 64
    peak_lr: float = 4e-3
    warm_up: float = 0.05
    """Share of the steps in which the rate rises from 0; then it falls to 0, both linearly."""
    clip: float = 1.0
    """The gradient's norm at most."""
    held_out: int = 1000
    seed: int = 0


@dataclass(frozen=True)
class Batch:
    """Pairs as tensors, padded at the right."""

    source: Tensor
    """(N, S)"""
    lengths: Sequence[int]
    given: Tensor
    """(N, T): <bos> and the target; what the decoder is given."""
    wanted: Tensor
    """(N, T): the target and <eos>; what it should say."""


def batch_of(task: Task, pairs: Sequence[Pair]) -> Batch:
    """For teacher forcing."""
    source, target = Vocabulary(task.source_words), Vocabulary(task.target_words)
    sources = [source.ids(pair.source) for pair in pairs]
    targets = [target.ids(pair.target) for pair in pairs]
    return Batch(
        padded(sources),
        [len(row) for row in sources],
        padded([[BOS, *row] for row in targets]),
        padded([[*row, EOS] for row in targets]),
    )


def made(task: Task, shape: Shape) -> Seq2Seq:
    """An untrained network for the task."""
    return Seq2Seq(len(Vocabulary(task.source_words)), len(Vocabulary(task.target_words)), shape)


def learn(net: Seq2Seq, task: Task, recipe: Recipe, held: Sequence[Pair]) -> Iterator[float]:
    """Trains ``net``: each ``next`` is one step of Adam and gives its loss (nats a character). Deterministic on one machine."""
    optimizer = torch.optim.Adam(net.parameters(), lr=recipe.peak_lr)
    up = max(1, round(recipe.warm_up * recipe.steps))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda t: min((t + 1) / up, (recipe.steps - t) / max(1, recipe.steps - up))
    )
    stream = examples(task, recipe.seed, held)
    for _ in range(recipe.steps):
        batch = batch_of(task, list(islice(stream, recipe.batch)))
        memory, state = net.encode(batch.source, batch.lengths)
        logits, _, _ = net.decode(batch.given, state, memory, batch.lengths)
        loss = functional.cross_entropy(logits.flatten(0, 1), batch.wanted.flatten(), ignore_index=PAD)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(net.parameters(), recipe.clip)
        optimizer.step()
        schedule.step()
        yield loss.item()


@torch.no_grad()
def measured(net: Seq2Seq, task: Task, pairs: Sequence[Pair], most: int = 24) -> dict[str, float]:
    """``forced``: the share of characters, <eos> too, said right after the right ones; ``free``: after what it said itself.

    ``exact``: the share of pairs said whole, running free.
    """
    batch = batch_of(task, pairs)
    memory, state = net.encode(batch.source, batch.lengths)
    forced, _, _ = net.decode(batch.given, state, memory, batch.lengths)
    there = batch.wanted != PAD
    texts = greedy(saying(net, memory, state, batch.lengths), torch.full((len(pairs), 1), BOS), EOS, most)
    said = padded([([*text, EOS] + [PAD] * there.shape[1])[: there.shape[1]] for text in texts])
    wanted = [row[row > EOS].tolist() for row in batch.wanted]
    return {
        "forced": ((forced.argmax(-1) == batch.wanted) & there).sum().item() / there.sum().item(),
        "free": ((said == batch.wanted) & there).sum().item() / there.sum().item(),
        "exact": sum(a == b for a, b in zip(texts, wanted, strict=True)) / len(pairs),
    }


def ship(names: Mapping[int, str], task: Task, shape: Shape, recipe: Recipe, command: str) -> None:
    """Trains once and keeps the network after each step of ``names``: rounded as it is stored, measured, with its card."""
    torch.set_num_threads(1)
    torch.manual_seed(recipe.seed)
    net, held = made(task, shape), held_out(task, recipe.held_out)
    start = time.monotonic()
    spent = 0.0
    for step, _ in enumerate(tqdm(learn(net, task, recipe, held), total=recipe.steps, unit="step"), 1):
        if step not in names:
            continue
        seconds = time.monotonic() - start - spent
        kept = made(task, shape)
        kept.load_state_dict(net.state_dict())
        halved(kept)
        found = {name: round(share, 4) for name, share in measured(kept, task, held).items()}
        write(names[step], kept, told(kept, task, recipe, step, seconds, found), f"python -m app train {command}")
        print(f"{names[step]}: {found}, {seconds:.0f} seconds")
        spent = time.monotonic() - start - seconds  # measuring is no training


def told(net: Seq2Seq, task: Task, recipe: Recipe, step: int, seconds: float, found: Mapping[str, float]) -> dict[str, Any]:
    """What the card says."""
    return {
        "architecture": (type(net).__doc__ or "").strip(),
        "task": type(task).__module__.rpartition(".")[2],
        "shape": asdict(net.shape),
        "source_words": list(Vocabulary(task.source_words).words),
        "target_words": list(Vocabulary(task.target_words).words),
        "data": {"name": "made by the task, seeded", "licence": "our own"},
        "optimizer": "Adam",
        "schedule": "linear, up and down",
        "recipe": asdict(recipe),
        "kept_after": step,
        "seconds": round(seconds),
        "held_out": recipe.held_out,
        **found,
    }
