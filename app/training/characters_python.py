"""Character models of Python's own standard library, which is on every machine that runs this."""

from __future__ import annotations

import platform
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from random import Random

from app.nn.characters import Shape
from app.training.kit.characters import Recipe, ship
from app.training.kit.texts import Corpus

MOST = 2_500_000
PLANS = [
    (Shape("lstm"), Recipe(length=120)),
    (Shape("gru"), Recipe(length=120)),
    (Shape("lstm", layers=2), Recipe(length=120)),
]


def main(folder: Path | None) -> None:
    """Trains and ships them."""
    told = {
        "name": "Python's standard library",
        "source": f"the modules of Python {platform.python_version()}",
        "licence": "Python Software Foundation License",
        "language": "python",
    }
    ship("python", Corpus(sources(), told), PLANS)


def sources() -> str:
    """Modules until there is enough."""
    texts: list[str] = []
    size = 0
    for text in files():
        if size >= MOST:
            break
        texts.append(text)
        size += len(text)
    return "\n".join(texts)


def files() -> Iterator[str]:
    """The library's modules of one file that are plain ASCII, in a seeded order."""
    paths = sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py"))
    Random(0).shuffle(paths)
    for path in paths:
        text = path.read_text("utf-8")
        if text.isascii() and not text.startswith('"""Unit test'):
            yield text.expandtabs(8)
