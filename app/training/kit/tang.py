"""All Tang poems (全唐詩), where 300 are too few: in good state, and none that has a clause of those held out."""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from app.nn.chinese import is_han, turned
from app.nn.tasks.data import found

FILE = "chinese-poetry-2.0.1.tgz"
"""As ``npm pack chinese-poetry@2.0.1`` leaves it."""
SOURCE = "npm pack chinese-poetry@2.0.1"
FOLDER = "package/dist/quantangshi/poet.tang."
MARKS = "，。？！；：、"
CLAUSE = 5
"""Characters of a clause that only copies share; the same poem has other characters in other editions."""


@dataclass(frozen=True)
class Tang:
    """Poems, a line between two full stops each, in Traditional characters; how many of the book's were left out."""

    poems: tuple[str, ...]
    damaged: int
    """With gaps, notes or Latin letters."""
    of_held_out: int

    @property
    def text(self) -> str:
        """An empty line after each."""
        return "".join(f"{poem}\n\n" for poem in self.poems)

    @property
    def told(self) -> dict[str, Any]:
        """For a card."""
        return {
            "name": "全唐詩",
            "source": SOURCE,
            "licence": "MIT; ancient texts",
            "poems": len(self.poems),
            "left_out_damaged": self.damaged,
            "left_out_with_a_clause_of_those_held_out": self.of_held_out,
            "sha256_of_poems": sha256(self.text.encode()).hexdigest(),
        }


def complete(folder: Path | None, held_out: str) -> Tang:
    """Each poem once, in the book's order; ``held_out``: the text of those to be measured on. Raises UserError without the book."""
    known = clauses(held_out)
    each = list(dict.fromkeys(_book(found(folder, FILE, SOURCE))))
    whole = [poem for poem in each if poem and all(one in MARKS or one == "\n" or is_han(one) for one in poem)]
    kept = tuple(poem for poem in whole if not clauses(poem) & known)
    return Tang(kept, len(each) - len(whole), len(whole) - len(kept))


def _book(packed: Path) -> Iterator[str]:
    with tarfile.open(packed) as archive:
        files = {m.name: m for m in archive if m.name.startswith(FOLDER)}
        for name in sorted(files, key=lambda name: int(name.removeprefix(FOLDER).removesuffix(".json"))):
            file = archive.extractfile(files[name])
            assert file is not None  # a file, not a folder
            for poem in json.load(file):
                yield "\n".join(poem["paragraphs"])


def clauses(text: str) -> set[str]:
    """What stands between two marks, of ``CLAUSE`` characters and more, in Simplified characters."""
    return {one for one in re.split(r"\W+", turned(text, "t2s")[0]) if len(one) >= CLAUSE}
