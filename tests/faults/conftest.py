"""Sites by their limits, kept as long as tests share them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .site import Site


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """One worker, a deadline of 3 s for a step, 800 MB for a worker."""
    it = Site(next_seconds=3.0, worker_memory_mb=800)
    yield it
    it.close()
