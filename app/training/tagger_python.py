"""Networks that say of each character of Python code what it is, one that reads both ways and one that reads forward only."""

from __future__ import annotations

import platform
from pathlib import Path

from app.nn.python_tags import TAGS, tags
from app.nn.tagger import Shape
from app.training.characters_python import files
from app.training.kit.tagger import Recipe, Text, ship

LENGTH, MOST = 80, 1_000_000
HELD_OUT = 0.1


def main(folder: Path | None) -> None:
    """Trains and ships both."""
    pieces = [piece for text in texts() for piece in cut(text)]
    training, held = pieces[: -int(HELD_OUT * len(pieces))], pieces[-int(HELD_OUT * len(pieces)) :]
    told = {
        "name": "Python's standard library",
        "source": f"the modules of Python {platform.python_version()}, tagged by its tokenize",
        "licence": "Python Software Foundation License",
        "language": "python",
    }
    for name, both in (("tagger_python", True), ("tagger_python_forward", False)):
        plan = Shape(hidden=64, bidirectional=both), Recipe(steps=1000, batch=32)
        ship(name, (training, held), TAGS, told, plan, one=False, command="tagger_python")


def texts() -> list[str]:
    """Modules until there is enough; the last ones, of other files, are held out."""
    found: list[str] = []
    for text in files():
        if sum(map(len, found)) < MOST:
            found.append(text)
    return found


def cut(text: str) -> list[Text]:
    """Pieces of whole lines of at least LENGTH characters that begin and end outside strings; [] where Python cannot read it."""
    all_tags = tags(text)
    pieces: list[Text] = []
    at = 0
    while all_tags is not None and at < len(text):
        end = min(len(text), at + LENGTH)
        while end < len(text) and (text[end - 1] != "\n" or all_tags[end - 1] == TAGS.index("string")):
            end += 1
        if end - at <= 2 * LENGTH:
            pieces.append((text[at:end], all_tags[at:end]))
        at = end
    return pieces
