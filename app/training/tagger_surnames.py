"""A bidirectional network that says of which language a surname is: 18 languages, unevenly many names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

from app.nn.tagger import Shape
from app.training.kit.data import found
from app.training.kit.tagger import Recipe, Text, ship

FOLDER = "surnames"
SOURCE = "https://github.com/spro/practical-pytorch"
HELD_OUT = 0.1


def main(folder: Path | None) -> None:
    """Trains and ships it. Raises UserError without the names."""
    place = found(folder, f"{FOLDER}/English.txt", SOURCE).parent
    tags = sorted(path.stem for path in place.glob("*.txt"))
    training, held = split(place, tags)
    told = {"name": "surnames", "source": SOURCE, "licence": "MIT", "language": "names"}
    plan = Shape(hidden=96, embedding=32), Recipe(steps=2500, dropout=0.3, rarest=2, peak_lr=3e-3)
    ship("tagger_surnames", (training, held), tags, told, plan, one=True, command="tagger_surnames")


def split(place: Path, tags: list[str]) -> tuple[list[Text], list[Text]]:
    """Of each language nine in ten to train on; a name is in one part only, also where several languages have it."""
    training: list[Text] = []
    held: list[Text] = []
    for name, tag in names(place, tags):
        kept = Random(f"0 {name}").random() < HELD_OUT
        (held if kept else training).append((name, [tag] * len(name)))
    return training, held


def names(place: Path, tags: list[str]) -> Iterator[tuple[str, int]]:
    """Each language's names, each once."""
    for tag, language in enumerate(tags):
        lines = (place / f"{language}.txt").read_text("utf-8").splitlines()
        for name in sorted({line.strip() for line in lines} - {""}):
            yield name, tag
