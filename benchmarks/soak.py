"""Two minutes of visitors who come, start, pause, seek and vanish: what memory, descriptors and threads do meanwhile."""

from __future__ import annotations

import asyncio
import gc
import random
import sys
import time
from pathlib import Path

from benchmarks.report import Row

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from faults.client import wander
from faults.site import Site

VISITORS = 8
WARM, ROUND, ROUNDS = 50.0, 12.0, 6
"""Seconds of visits before the first look, and between two. Memory grows to what the busiest moment needs and stays there: on two
cores that had come after 40 seconds, 63 to 175 MB for the web process, and seven rounds later it was the same."""


def rows() -> list[Row]:
    site = Site(send_seconds=2.0, linger_seconds=0.5)
    try:
        _visit(site, WARM, 0)
        start, before = time.monotonic(), _held(site)
        looks = [(0.0, before[0])]
        for seed in range(1, ROUNDS + 1):
            _visit(site, ROUND, seed)
            looks.append(((time.monotonic() - start) / 60, _held(site)[0]))
        _, descriptors, threads = _held(site)
    finally:
        site.close()
    return [
        Row("soak: memory, web process and worker, once the visitors are gone", _slope(looks), "MB/min", goal="under 1"),
        Row("soak: descriptors more than before", descriptors - before[1], "", goal="0"),
        Row("soak: threads more than before", threads - before[2], "", goal="0"),
    ]


def _visit(site: Site, seconds: float, seed: int) -> None:
    rng = random.Random(seed)

    async def all_of_them() -> None:
        until = time.monotonic() + seconds
        await asyncio.gather(*(wander(site.ws, rng, until) for _ in range(VISITORS)))

    asyncio.run(all_of_them())
    gc.collect()


def _held(site: Site) -> tuple[float, int, int]:
    """Megabytes, descriptors and threads once runs and connections are gone."""
    while (health := site.health())["connections"] or health["runs"]:
        time.sleep(0.1)
    processes = [site.web, *site.workers()]
    return sum(p.memory_info().rss for p in processes) / 2**20, site.web.num_fds(), site.web.num_threads()


def _slope(looks: list[tuple[float, float]]) -> float:
    """Of the least-squares line through (minutes, megabytes)."""
    mean_t = sum(t for t, _ in looks) / len(looks)
    mean_m = sum(m for _, m in looks) / len(looks)
    return sum((t - mean_t) * (m - mean_m) for t, m in looks) / sum((t - mean_t) ** 2 for t, _ in looks)
