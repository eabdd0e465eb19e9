"""Every bound of the engine and the socket in one table. ``app.settings`` fills it for the server."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from typing import Self

from app.wire.blocks import MESSAGE_BYTES


@dataclass(frozen=True)
class Limits:
    """What one server gives. Seconds and bytes unless the name says otherwise."""

    workers: int | None = None
    """Compute processes; None: one per core but one, at least 1."""
    device: str = "auto"
    """``auto``, ``cpu`` or ``cuda``: resolved in the workers, the web process knows no torch."""
    runs_per_worker: int = 24
    """Unfinished, viewed runs of one worker; further ones queue."""
    max_queue: int = 64
    runs_per_connection: int = 8
    """Unfinished runs that one page owns."""
    viewers_per_connection: int = 16
    kept_runs: int = 128
    """Runs in memory, finished and lingering ones included."""
    ring_frames: int = 512
    ring_bytes: int = 32 * 2**20
    message_bytes: int = MESSAGE_BYTES
    credits: int = 3
    """Unacknowledged messages of one viewer."""
    linger_seconds: float = 60.0
    """How long a run without a viewer is kept; it computes nothing meanwhile."""
    next_seconds: float = 30.0
    """Deadline of one ``next()`` of a generator, of one explanation, of one scene."""
    worker_memory_mb: int = 4096
    """Data limit of a worker process on Linux; 0: none."""
    max_connections: int = 256
    send_seconds: float = 10.0
    messages_per_second: int = 1000
    """A page that sends faster is read slower."""
    max_malformed: int = 50

    def worker_count(self) -> int:
        """The processes to start."""
        if self.workers is not None:
            return max(1, self.workers)
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return max(1, cores - 1)

    @classmethod
    def of(cls, settings: object) -> Self:
        """The limits that ``settings`` names; what it lacks keeps its default."""
        return cls(**{f.name: getattr(settings, f.name) for f in fields(cls) if hasattr(settings, f.name)})
