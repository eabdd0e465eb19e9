"""What the operator offers as a network of their own and of Hugging Face, told without running it: the web process may ask too.

No torch here.
"""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

from app.labs.contract import Message, UserError

VARIABLE = "UNROLLED_MODEL"
"""``FILE.py:FACTORY``; ``--model`` sets it for the workers."""


def offered() -> tuple[str, str] | None:
    """The file and the factory's name, None where nothing is offered."""
    file, _, factory = os.environ.get(VARIABLE, "").rpartition(":")
    return (file, factory) if file else None


def fingerprint(file: str) -> str:
    """16 hex digits that tell the file's contents. Raises OSError."""
    return sha256(Path(file).read_bytes()).hexdigest()[:16]


HUB = "UNROLLED_HUB"
"""Ids of image models of Hugging Face, separated by commas, each with ``@REVISION`` where it is to stay the same."""
TEXTS = "UNROLLED_HUB_TEXT"
"""The same of text models."""


def allowed(variable: str = HUB) -> tuple[str, ...]:
    """The ids that may be asked for."""
    return tuple(name for part in os.environ.get(variable, "").split(",") if (name := part.strip()))


def permit(id: str | None, field: str, variable: str = HUB) -> None:
    """Raises UserError where the operator allows no model, of ``field``, or not this one, of "hub"."""
    if not (ids := allowed(variable)):
        raise UserError(Message("hub.error.none", {"variable": variable}), (field,))
    if id not in ids:
        raise UserError(Message("hub.error.not_allowed", {"got": id, "known": ", ".join(ids)}), ("hub",))
