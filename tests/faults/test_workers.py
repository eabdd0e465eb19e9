"""A run that goes wrong fails alone, with a sentence; its worker comes back; neighbours lose nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine import experiments
from engine.conftest import same

from .client import page
from .site import Site


@pytest.mark.parametrize(
    ("then", "sentence", "seconds"),
    [("die", "server.worker-died", 2.0), ("hang", "server.too-slow", 3.0 + 2.0), ("leak", "server.out-of-memory", 15.0)],
)
def test_only_the_run_inside_next_fails(site: Site, then: str, sentence: str, seconds: float) -> None:
    async def work() -> None:
        async with page(site.ws) as other, page(site.ws) as client:
            neighbours = [await other.start(steps=600, pause=0.002, seed=seed) for seed in (1, 2)]
            await other.until(lambda: all(other.seqs(run) for run in neighbours))
            bad = await client.start(steps=100, at=20, then=then)
            event = await client.until_state(bad, "failed", seconds * site.patience)
            assert event["error"]["id"] == sentence
            assert client.seqs(bad) == list(range(len(client.seqs(bad))))
            again = await client.start(steps=5)
            await client.until_state(again, "done", 10 * site.patience)
            for seed, run in enumerate(neighbours, 1):
                await other.until_state(run, "done", 20 * site.patience)
                direct = experiments.run(experiments.Walk(steps=600, seed=seed))
                assert all(same(a, b) for a, b in zip(direct, other.frames(run), strict=True))

    asyncio.run(work())


def test_a_worker_killed_from_outside_comes_back(site: Site) -> None:
    async def work() -> None:
        async with page(site.ws) as client:
            waiting = await client.start(steps=50, paused=True)
            await client.until_state(waiting, "paused")
            busy = await client.start(steps=1000, pause=0.05)
            await client.until(lambda: client.seqs(busy))
            (worker,) = site.workers()
            worker.kill()
            event = await client.until_state(busy, "failed", 2.0 * site.patience)
            assert event["error"]["id"] == "server.worker-died"
            assert site.health()["workers"]  # pages stay up
            again = await client.start(steps=5)
            await client.until_state(again, "done", 10 * site.patience)
            await client.ask("step", run=waiting, n=2)
            await client.until(lambda: client.seqs(waiting) == [0, 1, 2], 10 * site.patience)

    asyncio.run(work())


def test_a_run_that_dies_once_is_over_but_its_neighbour_survives_deaths_in_a_row(site: Site, tmp_path: Path) -> None:
    async def work() -> None:
        async with page(site.ws) as client:
            steady = await client.start(steps=900, pause=0.004)
            for n in range(2):
                bad = await client.start(steps=10, at=1, then="die", once=str(tmp_path / str(n)))
                await client.until_state(bad, "failed", 10 * site.patience)
            await client.until_state(steady, "done", 30 * site.patience)
            assert client.seqs(steady) == list(range(901))

    asyncio.run(work())


def test_an_explanation_that_hangs_fails_alone(site: Site) -> None:
    async def work() -> None:
        async with page(site.ws) as client:
            run = await client.start(steps=20_000, size=64)
            await client.until(lambda: client.seqs(run))
            reply = await client.ask("explain", run=run, seq=3, target={"kind": "hang"})
            assert (reply["ok"], reply["error"]["id"]) == (False, "server.too-slow")
            await client.until_state(run, "done", 20 * site.patience)
            assert client.seqs(run) == list(range(20_001))
            reply = await client.ask("explain", run=run, seq=3, target={"kind": "difference", "index": 0})
            assert reply["ok"]

    asyncio.run(work())
