"""Pictures that people bring: read safely, kept by content, shown with every step that was taken.

Stands below the labs and knows no torch. An image param is a text: ``sample:NAME`` of the gallery, or the 64 hex digits of
a picture that was put here. ``put`` and ``load`` are what notebooks, the command line and the workers use. Pillow and numpy
are imported with the first of these names: the web process lists the gallery without them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.images.intake import Picture, Step, read
    from app.images.store import load, put

__all__ = ["Picture", "Step", "load", "put", "read"]

_HOME = {"Picture": "intake", "Step": "intake", "read": "intake", "load": "store", "put": "store"}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
