"""Streaming through a real server to real WebSocket clients, beside a bare loop of the same torch optimizers."""

from __future__ import annotations

import asyncio
import json
import re
import statistics
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import torch
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.report import Row

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from faults.site import Site  # has the tests' random walk: frames of any size
from serving import Server, serving

ROUNDS, STEPS, BARE_STEPS = 5, 3000, 300
START = (-0.3, -0.7)
MAKE: list[tuple[dict[str, Any], Callable[[list[torch.Tensor]], torch.optim.Optimizer]]] = [
    ({"rule": "sgd", "lr": 0.004}, lambda p: torch.optim.SGD(p, 0.004)),
    ({"rule": "sgdm", "lr": 0.002}, lambda p: torch.optim.SGD(p, 0.002, momentum=0.9)),
    ({"rule": "nesterov", "lr": 0.002}, lambda p: torch.optim.SGD(p, 0.002, momentum=0.9, nesterov=True)),
    ({"rule": "adagrad", "lr": 0.35}, lambda p: torch.optim.Adagrad(p, 0.35)),
    ({"rule": "rmsprop", "lr": 0.03}, lambda p: torch.optim.RMSprop(p, 0.03)),
    ({"rule": "adam", "lr": 0.09}, lambda p: torch.optim.Adam(p, 0.09)),
    ({"rule": "amsgrad", "lr": 0.05}, lambda p: torch.optim.Adam(p, 0.05, amsgrad=True)),
    ({"rule": "adamw", "lr": 0.05}, lambda p: torch.optim.AdamW(p, 0.05)),
]


def rows() -> list[Row]:
    with serving("--workers", "1", "--device", "cpu") as server:
        one = asyncio.run(_eight_racers(server))
        lag = asyncio.run(_lag_of_four_runs(server))
    with serving("--device", "cpu") as server:
        many = asyncio.run(_twenty_clients(server))
    with _site() as site:
        return [*one, *many, lag, asyncio.run(_large_frames(site)), asyncio.run(_idle(site))]


def bare_steps_per_second(steps: int = BARE_STEPS) -> float:
    """Eight torch optimizers, each with its own forward and backward pass, and nothing else."""
    torch.set_num_threads(1)
    racers = []
    for _, make in MAKE:
        p = torch.tensor(START, requires_grad=True)
        racers.append((p, make([p])))
    start = time.perf_counter()
    for _ in range(steps):
        for p, optimizer in racers:
            optimizer.zero_grad()
            x, y = p[0], p[1]
            ((x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2).backward()  # Himmelblau
            optimizer.step()
    return steps / (time.perf_counter() - start)


async def _eight_racers(server: Server) -> list[Row]:
    params = {"surface": "himmelblau", "start": START, "steps": STEPS, "racers": [settings for settings, _ in MAKE]}
    streamed, bare = [], []
    async with _page(server.ws_url) as page:
        await page.measure(params | {"steps": 300})  # warm
        for _ in range(ROUNDS):  # interleaved, so that a busy machine is as busy for both
            bare.append(bare_steps_per_second())
            streamed.append(await page.measure(params))
        per_step = page.nbytes / page.frames
    return [
        Row(
            "8 racers streamed to one client (baseline: a bare loop of the 8 torch optimizers)",
            statistics.median(streamed),
            "steps/s",
            statistics.median(bare),
            goal="1.5, better 2",
        ),
        Row("the same, bytes a step on the wire", per_step, "B"),
    ]


async def _twenty_clients(server: Server, seconds: float = 6.0) -> list[Row]:
    params = {"steps": 20_000}
    async with _pages(server.ws_url, 20) as pages:
        for seed, page in enumerate(pages):
            await page.start({**params, "seed": seed})
        tasks = [asyncio.create_task(page.read()) for page in pages]
        while not all(page.times for page in pages):  # workers warm up
            await asyncio.sleep(0.1)
        await asyncio.sleep(1.0)
        for page in pages:
            page.times.clear()
        await asyncio.sleep(seconds)
        for task in tasks:
            task.cancel()
    rates = [len(page.times) / seconds for page in pages]
    gaps = sorted(b - a for page in pages for a, b in zip(page.times, page.times[1:], strict=False))
    p95 = gaps[int(0.95 * len(gaps))] if gaps else float("inf")
    return [
        Row("20 clients in optimizer/race: messages a second, the slowest client", min(rates), "1/s", goal="at least 10"),
        Row("20 clients in optimizer/race: p95 gap between messages", p95 * 1e3, "ms", goal="under 150"),
    ]


async def _lag_of_four_runs(server: Server, seconds: float = 5.0) -> Row:
    async with _pages(server.ws_url, 4) as pages:
        for page in pages:
            await page.start({"steps": 20_000})
        tasks = [asyncio.create_task(page.read()) for page in pages]
        before = _lag_buckets(server)
        await asyncio.sleep(seconds)
        after = _lag_buckets(server)
        for task in tasks:
            task.cancel()
    counts = {le: after[le] - before[le] for le in after}
    total = counts[float("inf")]
    p99 = min(le for le, count in counts.items() if count >= 0.99 * total)
    return Row("event-loop lag with 4 runs: p99 at most", p99 * 1e3, "ms", goal="under 50")


def _lag_buckets(server: Server) -> dict[float, float]:
    text = httpx.get(f"{server.url}/metrics", trust_env=False).text
    found = re.findall(r'unrolled_loop_lag_seconds_bucket\{le="([^"]+)"\} (\S+)', text)
    return {float(le): float(count) for le, count in found}


async def _large_frames(site: Site, frames: int = 2000) -> Row:
    async with _page(site.ws) as page:
        rates = [await page.measure({"steps": frames, "size": 49_152}, "test/walk") for _ in range(3)]
    return Row("192 KiB frames to one client", max(rates), "frames/s", goal="at least 500")


async def _idle(site: Site, count: int = 200) -> Row:
    web = psutil.Process(site.process.pid)
    async with _pages(site.ws, 20):  # the first ones pay for what is made once
        before = web.memory_info().rss
        async with _pages(site.ws, count):
            await asyncio.sleep(1.0)
            grown = web.memory_info().rss - before
    return Row("an idle connection", grown / count / 1024, "KiB", goal="at most 40")


class Page:
    """A client that acknowledges and counts; it reads a block's header and leaves its numbers alone."""

    def __init__(self, line: ClientConnection) -> None:
        self.line = line
        self.frames = self.nbytes = 0
        self.times: list[float] = []
        self._run = ""

    async def start(self, params: dict[str, Any], experiment: str = "optimizer/race") -> None:
        request = {"type": "start", "id": 1, "experiment": experiment, "params": params}
        await self.line.send(json.dumps(request | ({"replaces": self._run} if self._run else {})))
        while True:
            message = await self.line.recv()
            if isinstance(message, str) and (told := json.loads(message))["type"] == "reply":
                assert told["ok"], told
                self._run = told["run"]
                return

    async def read(self) -> None:
        """Until the run is done."""
        async for message in self.line:
            if isinstance(message, str):
                told = json.loads(message)
                assert told.get("state") != "failed", told
                if told.get("state") == "done" and told["run"] == self._run:
                    return
                continue
            header = json.loads(message[4 : 4 + int.from_bytes(message[:4], "little")])
            if header["kind"] == "frames" and header["run"] == self._run:
                self.times.append(time.perf_counter())
                self.frames += header["count"]
                self.nbytes += len(message)
                await self.line.send(
                    json.dumps({"type": "ack", "id": 0, "run": self._run, "seq": header["seq"] + header["count"] - 1})
                )

    async def measure(self, params: dict[str, Any], experiment: str = "optimizer/race") -> float:
        """Steps a second from the request on, the whole run."""
        before, start = self.frames, time.perf_counter()
        await self.start(params, experiment)
        await self.read()
        return (self.frames - before) / (time.perf_counter() - start)


@asynccontextmanager
async def _page(url: str) -> AsyncIterator[Page]:
    async with connect(url, max_size=None, compression=None, proxy=None) as line:
        yield Page(line)


@asynccontextmanager
async def _pages(url: str, count: int) -> AsyncIterator[list[Page]]:
    lines = await asyncio.gather(*(connect(url, max_size=None, compression=None, proxy=None) for _ in range(count)))
    try:
        yield [Page(line) for line in lines]
    finally:
        await asyncio.gather(*(line.close() for line in lines))


@contextmanager
def _site() -> Any:
    with ExitStack() as stack:
        site = Site()
        stack.callback(site.close)
        yield site
