"""A model of a text's characters, from the text to weights and card: what is held out, what is known, what it is measured by."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor

from app.nn.character_gpt import CharacterGPT
from app.nn.characters import UNKNOWN, Characters
from app.training.kit.card import halved, write

M = TypeVar("M", bound=CharacterGPT | Characters)


@dataclass(frozen=True)
class Corpus:
    """A text and where it is from."""

    text: str
    told: Mapping[str, Any]
    more: str = ""
    """Trained on before it; nothing of it is held out."""


class Plan(Protocol):
    """What a recipe says of the text."""

    @property
    def held_out(self) -> float:
        """The last share of the text, never trained on."""

    @property
    def rarest(self) -> int:
        """Characters that come less often in the training text are taken for unknown."""

    @property
    def seed(self) -> int: ...


def ship(
    name: str,
    corpus: Corpus,
    plan: Plan,
    made: Callable[[list[str]], M],
    train: Callable[[M, Tensor, Tensor], object],
    nats: Callable[[M, Tensor], float],
    told: Mapping[str, Any],
    command: str | None = None,
) -> None:
    """Trains a model of the characters, measures it as it is stored, and writes weights and card; ``told``: what is its own."""
    torch.set_num_threads(1)
    start = time.monotonic()
    text, held_text = parted(corpus, plan.held_out)
    characters = vocabulary(text, plan.rarest)
    torch.manual_seed(plan.seed)
    model = made(characters)
    training, held = torch.tensor(model.ids(text)), torch.tensor(model.ids(held_text))
    train(model, training, held)
    minutes = (time.monotonic() - start) / 60
    halved(model)
    found = nats(model, held)
    card = {
        "architecture": (type(model).__doc__ or "").strip(),
        "characters": characters,
        "data": {
            **corpus.told,
            "sha256": sha256(corpus.text.encode()).hexdigest(),
            "training_characters": len(text),
            "held_out_characters": len(held_text),
            "held_out_unknown": int((held == 0).sum()),
        },
        **told,
        "schedule": "linear up, cosine down",
        "kept": "the weights that did best on the text held out",
        "minutes": round(minutes, 1),
        "nats": round(found, 4),
        "nats_by_frequency_alone": round(by_frequency(training, held, len(characters)), 4),
    }
    write(name, model, card, command)
    print(f"{name}: {found:.3f} nats a character, {minutes:.1f} minutes")


def parted(corpus: Corpus, share: float) -> tuple[str, str]:
    """What is trained on, and the last ``share`` of the text that is held out."""
    at = round(len(corpus.text) * (1 - share))
    return corpus.more + corpus.text[:at], corpus.text[at:]


def vocabulary(text: str, rarest: int) -> list[str]:
    """UNKNOWN and the characters that come at least so often, by code point."""
    return [UNKNOWN, *sorted(character for character, count in Counter(text).items() if count >= rarest)]


def by_frequency(training: Tensor, held: Tensor, words: int) -> float:
    """Nats of a model that knows only how often each character comes (one added to each count)."""
    counts = torch.bincount(training, minlength=words).double() + 1
    return float(-(counts / counts.sum()).log()[held[1:]].mean())
