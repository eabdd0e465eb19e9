"""Trains taggers: Adam on the cross entropy of every character's tag; the weights that did best on the texts held out are kept."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from app.nn.tagger import NO_TAG, Shape, Tagger, whole
from app.training.kit.best import keep_best
from app.training.kit.card import halved, write
from app.training.kit.texts import vocabulary

Text = tuple[str, Sequence[int]]
"""A text and the tag of each of its characters."""


@dataclass(frozen=True)
class Recipe:
    """How a tagger is trained; goes into its card as it is."""

    steps: int = 1500
    batch: int = 64
    peak_lr: float = 4e-3
    """The rate rises over a twentieth of the steps and falls along a cosine to 0."""
    dropout: float = 0.0
    """On the embeddings and before the last layer."""
    clip: float = 1.0
    rarest: int = 1
    checks: int = 10
    seed: int = 0


def train(model: Tagger, recipe: Recipe, training: Sequence[Text], held: Sequence[Text]) -> Tagger:
    """Deterministic on one machine."""
    optimizer = torch.optim.Adam(model.parameters(), lr=recipe.peak_lr)
    draws = torch.Generator().manual_seed(recipe.seed)
    hooks = [
        model.embedding.register_forward_hook(lambda _, __, out: functional.dropout(out, recipe.dropout, model.training)),
        model.head.register_forward_pre_hook(lambda _, given: (functional.dropout(given[0], recipe.dropout, model.training),)),
    ]

    def loss_of() -> Tensor:
        rows = torch.randint(len(training), (recipe.batch,), generator=draws)
        ids, wanted, lengths = batch(model, [training[k] for k in rows.tolist()])
        return functional.cross_entropy(model(ids, lengths).flatten(0, 1), wanted.flatten(), ignore_index=NO_TAG)

    keep_best(model, [optimizer], recipe, loss_of, lambda: nats(model, held))
    for hook in hooks:
        hook.remove()
    return model


def batch(model: Tagger, texts: Sequence[Text]) -> tuple[Tensor, Tensor, Tensor]:
    """ids and tags (T, N), padded, and lengths (N,)."""
    ids = pad_sequence([torch.tensor(model.ids(text)) for text, _ in texts])
    wanted = pad_sequence([torch.tensor(list(tags)) for _, tags in texts], padding_value=NO_TAG)
    return ids, wanted, torch.tensor([len(text) for text, _ in texts])


@torch.no_grad()
def nats(model: Tagger, texts: Sequence[Text]) -> float:
    """Mean -ln p of each character's tag."""
    model.eval()
    total = count = 0.0
    for at in range(0, len(texts), 256):
        ids, wanted, lengths = batch(model, texts[at : at + 256])
        total += functional.cross_entropy(
            model(ids, lengths).flatten(0, 1), wanted.flatten(), ignore_index=NO_TAG, reduction="sum"
        ).item()
        count += float(lengths.sum())
    return total / count


@torch.no_grad()
def answers(model: Tagger, texts: Sequence[Text], one: bool) -> Tensor:
    """What comes out right, (tags wanted, tags answered) counts (K, K): of each character, or of each text's ``one`` tag."""
    model.eval()
    found = torch.zeros(len(model.tags), len(model.tags), dtype=torch.long)
    for at in range(0, len(texts), 256):
        ids, wanted, lengths = batch(model, texts[at : at + 256])
        logits = model(ids, lengths)
        for n, length in enumerate(lengths.tolist()):
            if one:
                found[wanted[0, n], whole(logits[:length, n]).argmax()] += 1
            else:
                right, said = wanted[:length, n], logits[:length, n].argmax(-1)
                found += torch.bincount(right * len(model.tags) + said, minlength=found.numel()).view_as(found)
    return found


def ship(
    name: str,
    texts: tuple[Sequence[Text], Sequence[Text]],
    tags: Sequence[str],
    told: Mapping[str, Any],
    plan: tuple[Shape, Recipe],
    one: bool,
    command: str,
) -> None:
    """Trains on the first texts, measures on the second as it is stored, and writes NAME; ``one``: each text has one tag."""
    torch.set_num_threads(1)
    start = time.monotonic()
    shape, recipe = plan
    training, held = texts
    characters = vocabulary("".join(text for text, _ in training), recipe.rarest)
    torch.manual_seed(recipe.seed)
    model = train(Tagger(characters, tags, shape), recipe, training, held)
    seconds = time.monotonic() - start
    halved(model)
    counts = answers(model, held, one).double()
    recalls = counts.diag() / counts.sum(1).clamp_min(1)
    write(
        name,
        model,
        {
            "architecture": (type(model).__doc__ or "").strip(),
            "shape": asdict(shape),
            "characters": characters,
            "tags": list(tags),
            "one_tag_a_text": one,
            "data": {**told, "training_texts": len(training), "held_out_texts": len(held)},
            "optimizer": "Adam",
            "schedule": "linear up, cosine down",
            "recipe": asdict(recipe),
            "kept": "the weights that did best on the texts held out",
            "minutes": round(seconds / 60, 1),
            "nats": round(nats(model, held), 4),
            "accuracy": round(float(counts.diag().sum() / counts.sum()), 4),
            "macro_recall": round(float(recalls.mean()), 4),
            "most_frequent": round(float(counts.sum(1).max() / counts.sum()), 4),
        },
        f"python -m app train {command}",
    )
