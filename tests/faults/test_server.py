"""The server goes away, hard or softly, and a page takes its run up again."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Iterator

import pytest

from engine import experiments
from engine.conftest import same

from .client import page
from .site import Site


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    it = Site()
    yield it
    it.close()


def test_after_kill_9_a_page_goes_on_with_no_seq_missing_or_twice(site: Site) -> None:
    params = {"steps": 1500, "pause": 0.001, "seed": 5}

    async def before() -> list:
        async with page(site.ws) as client:
            run = await client.start(**params)
            await client.until(lambda: len(client.seqs(run)) > 200)
            site.end(signal.SIGKILL)
            await client._task
            return client.frames(run)

    async def after(seen: int) -> list:
        async with page(site.ws) as client:
            lost = await client.ask("attach", run="r-gone", seq=seen)
            assert lost["error"]["id"] == "server.unknown-run"
            start = time.monotonic()
            run = await client.start(**params, skip=seen)
            assert time.monotonic() - start < 5 * site.patience
            await client.until(lambda: any((event["progress"] or {}).get("total") for event in client.events))
            await client.until_state(run, "done", 30 * site.patience)
            assert client.seqs(run)[0] == seen + 1
            return client.frames(run)

    first = asyncio.run(before())
    site.start()
    frames = first + asyncio.run(after(len(first) - 1))
    direct = experiments.run(experiments.Walk(steps=1500, seed=5))
    assert all(same(a, b) for a, b in zip(direct, frames, strict=True))


def test_sigterm_under_load_ends_with_0_within_5_seconds(site: Site) -> None:
    async def work() -> None:
        async with contextlib.AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(page(site.ws)) for _ in range(10)]
            for client in clients:
                await client.start(steps=1_000_000, size=1000)
            await clients[-1].until(lambda: clients[-1].blocks)
            start = time.monotonic()
            assert await asyncio.to_thread(site.end) == 0, site.log
            assert time.monotonic() - start < 5 * site.patience
            await asyncio.gather(*(client._task for client in clients))
            assert {client.line.close_code for client in clients} == {1012}
        assert "app/web" not in site.log

    asyncio.run(work())
