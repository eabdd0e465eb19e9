"""Character models of 300 Tang poems, in Traditional characters as they are handed down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from app.nn.characters import Shape
from app.nn.tasks.data import found
from app.training.kit.characters import Recipe, ship
from app.training.kit.texts import Corpus

FILE = "tang300.json"
SOURCE = "https://github.com/chinese-poetry/chinese-poetry"
RECIPE = Recipe(steps=600, batch=16, length=48, peak_lr=4e-3, dropout=0.4, rarest=2)
PLANS = [*((Shape(kind), RECIPE) for kind in ("rnn", "lstm", "gru")), (Shape("lstm", layers=2), RECIPE)]


def main(folder: Path | None) -> None:
    """Trains and ships them. Raises UserError without the poems."""
    ship("tang", corpus(folder), PLANS)


def corpus(folder: Path | None) -> Corpus:
    """All poems, an empty line between two. Raises UserError without them."""
    book = json.loads(found(folder, FILE, SOURCE).read_text("utf-8"))
    each = list(poems(book["content"]))
    Random(0).shuffle(each)  # the book goes by form: else the poems held out would be of other forms
    told = {"name": "唐詩三百首", "source": SOURCE, "licence": "MIT; ancient texts", "language": "zh", "poems": len(each)}
    return Corpus("\n\n".join(each) + "\n", told)


def poems(content: list[dict[str, Any]]) -> Iterator[str]:
    """Each poem's lines; chapters may hold chapters."""
    for one in content:
        if "paragraphs" in one:
            yield "\n".join(one["paragraphs"])
        else:
            yield from poems(one["content"])
