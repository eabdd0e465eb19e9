"""A page's side of /ws without a browser."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from app.labs.contract import Frame
from app.wire.blocks import Layout
from app.wire.frames import Unpacked, unpack


class Client:
    """Reads everything, acknowledges every block, keeps what it saw."""

    def __init__(self, line: ClientConnection) -> None:
        self.line = line
        self.acks = True
        self.blocks: list[Unpacked] = []
        self.times: list[float] = []
        self.events: list[dict[str, Any]] = []
        self.replies: dict[int, dict[str, Any]] = {}
        self.binary: list[Unpacked] = []
        self.closed = False
        self._layouts: dict[str, dict[int, Layout]] = {}
        self._ids = itertools.count(1)
        self._news = asyncio.Event()
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for message in self.line:
                if isinstance(message, bytes):
                    length = int.from_bytes(message[:4], "little")
                    run = json.loads(message[4 : 4 + length])["run"]
                    it = unpack(message, self._layouts.setdefault(run, {}))
                    if it.kind == "frames":
                        self.times.append(time.perf_counter())
                        self.blocks.append(it)
                        if self.acks:
                            await self.send(type="ack", id=0, run=run, seq=it.seq + it.count - 1)
                    else:
                        self.binary.append(it)
                else:
                    told = json.loads(message)
                    if told["type"] == "reply":
                        self.replies[told["id"]] = told
                    else:
                        self.events.append(told)
                self._news.set()
        self.closed = True
        self._news.set()

    async def send(self, **message: Any) -> None:
        await self.line.send(json.dumps(message))

    async def ask(self, type: str, **fields: Any) -> dict[str, Any]:
        id = next(self._ids)
        await self.send(type=type, id=id, **fields)
        await self.until(lambda: id in self.replies)
        return self.replies[id]

    async def start(self, *, mode: str = "every", skip: int = -1, ack: bool = True, paused: bool = False, **params: Any) -> str:
        reply = await self.ask("start", experiment="test/walk", params=params, mode=mode, skip=skip, ack=ack, paused=paused)
        assert reply["ok"], reply
        return reply["run"]

    async def until(self, true: Callable[[], Any], seconds: float = 45) -> None:
        async with asyncio.timeout(seconds):
            while not true():
                assert not self.closed, self.line.close_code
                self._news.clear()
                await self._news.wait()

    async def until_state(self, run: str, state: str, seconds: float = 15) -> dict[str, Any]:
        def found() -> list[dict[str, Any]]:
            return [event for event in self.events if event["run"] == run and event["state"] == state]

        await self.until(found, seconds)
        return found()[-1]

    def frames(self, run: str) -> list[Frame]:
        return [frame for block in self.blocks if block.run == run for frame in block.frames()]

    def seqs(self, run: str) -> list[int]:
        return [s for block in self.blocks if block.run == run for s in range(block.seq, block.seq + block.count)]

    async def close(self) -> None:
        await self.line.close()
        await self._task


@contextlib.asynccontextmanager
async def page(url: str) -> AsyncIterator[Client]:
    async with connect(url, max_size=None, compression=None, proxy=None) as line:
        client = Client(line)
        try:
            yield client
        finally:
            await client.close()


async def wander(url: str, rng: random.Random, until: float) -> None:
    """A visitor until then: comes, does this and that with a few runs, and goes, half the times without a farewell."""
    while time.monotonic() < until:
        async with page(url) as client:
            client.acks = rng.random() < 0.8
            runs: list[str] = []
            for _ in range(rng.randrange(1, 8)):
                what = rng.choice(["start", "pause", "resume", "seek", "cancel", "explain", "wait"])
                if what == "start" or not runs:
                    params = {"steps": rng.choice([10, 2000, 10**6]), "size": rng.choice([1, 20_000])}
                    reply = await client.ask("start", experiment="test/walk", params=params, mode=rng.choice(["every", "live"]))
                    runs += [reply["run"]] if reply["ok"] else []
                elif what == "seek":
                    await client.ask("seek", run=rng.choice(runs), step=rng.randrange(10))
                elif what == "explain":
                    target = {"kind": "difference", "index": 0}
                    await client.ask("explain", run=rng.choice(runs), seq=rng.randrange(12), target=target)
                elif what == "wait":
                    await asyncio.sleep(rng.random() * 0.2)
                else:
                    await client.ask(what, run=rng.choice(runs))
            if rng.random() < 0.5:
                client.line.transport.abort()
