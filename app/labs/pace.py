"""When to tell how far a run is: one that has no frame to hand out yields a ``Progress`` at least every 100 ms."""

from __future__ import annotations

import time

SECONDS = 0.08


class Pace:
    """Counts the time since something was last handed out."""

    def __init__(self) -> None:
        self.rest()

    def rest(self) -> None:
        """Something has just been handed out."""
        self._last = time.monotonic()

    def due(self) -> bool:
        """Whether it is time to tell; if so, the caller does."""
        if time.monotonic() - self._last < SECONDS:
            return False
        self.rest()
        return True
