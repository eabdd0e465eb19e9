"""Character models of Tiny Shakespeare: every kind of cell, one and two layers."""

from __future__ import annotations

from pathlib import Path

from app.nn.characters import Shape
from app.nn.tasks.data import found
from app.training.kit.characters import Recipe, ship
from app.training.kit.texts import Corpus

FILE = "tinyshakespeare.txt"
SOURCE = "https://github.com/karpathy/char-rnn"
PLANS = [
    *((Shape(kind), Recipe()) for kind in ("rnn", "jordan", "lstm", "gru")),
    *((Shape(kind, layers=2), Recipe()) for kind in ("rnn", "lstm", "gru")),
]


def main(folder: Path | None) -> None:
    """Trains and ships them. Raises UserError without the text."""
    ship("shakespeare", corpus(folder), PLANS)


def corpus(folder: Path | None) -> Corpus:
    """The whole text. Raises UserError without it."""
    text = found(folder, FILE, SOURCE).read_text("utf-8")
    return Corpus(text, {"name": "Tiny Shakespeare", "source": SOURCE, "licence": "public domain", "language": "en"})
