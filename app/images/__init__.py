"""Pictures that people bring: read safely, kept by content, shown with every step that was taken.

Stands below the labs and knows no torch. An image param is a text: ``sample:NAME`` of the gallery, or the 64 hex digits of
a picture that was put here. ``put`` and ``load`` are what notebooks, the command line and the workers use.
"""

from __future__ import annotations

from app.images.intake import Picture, Step, read
from app.images.store import load, put

__all__ = ["Picture", "Step", "load", "put", "read"]
