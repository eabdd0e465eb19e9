"""What a worker is doing now, in memory that the web process can read."""

from __future__ import annotations

import time
from typing import Any

WARMING = -1
"""The mark's number while torch and the experiments are imported."""


class Mark:
    """Memory shared with the web process: which task is inside the experiment's code, and since when.

    The web process reads it to see a deadline missed and, after a death, who was to blame.
    """

    def __init__(self, shared: Any) -> None:
        self._shared = shared  # two doubles: the task's number (0: none), time.monotonic()

    def enter(self, number: int) -> None:
        self._shared[1] = time.monotonic()
        self._shared[0] = number

    def leave(self) -> None:
        self._shared[0] = 0

    def read(self) -> tuple[int, float]:
        """The task's number and the seconds it has been inside."""
        number = int(self._shared[0])
        return number, time.monotonic() - self._shared[1] if number else 0.0
