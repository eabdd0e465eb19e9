"""When a value is known: the forward direction reads step k in frame k, the reverse one begins at the end."""

from __future__ import annotations

from app.labs.recurrent.params.by_hand import ByHandParams


def known_at(params: ByHandParams, name: str, t: int, direction: int) -> int:
    """The frame that has computed this value of step t (from 0); the output needs both directions, the input none."""
    if name == "x":
        return 0
    forward, reverse = t + 1, len(params.x) - t
    if name == "y":
        return max(forward, reverse) if params.directions == 2 else forward
    return reverse if direction else forward
