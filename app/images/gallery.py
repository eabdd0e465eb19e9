"""The pictures that ship, each with its author, source and licence."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "samples"


@cache
def samples() -> tuple[dict[str, Any], ...]:
    """``name``, ``author``, ``source``, ``licence`` of each, in order; its title is the message ``image.sample.NAME``."""
    return tuple(json.loads((FOLDER / "gallery.json").read_text("utf-8")))


def names() -> tuple[str, ...]:
    """The samples' names; a param says ``sample:NAME``."""
    return tuple(str(one["name"]) for one in samples())


def path(name: str) -> Path | None:
    """The file of a sample, None where there is none of that name."""
    return next((FOLDER / one["file"] for one in samples() if one["name"] == name), None)
