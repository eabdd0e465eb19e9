"""One engine with real worker processes for all tests of this folder, and a page that reads a session."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import numpy as np
import pytest

from app.engine import Engine, Limits, Pool, Session
from app.labs.contract import Frame
from app.wire import messages as wire
from app.wire.blocks import Layout
from app.wire.frames import Unpacked, unpack
from engine import experiments

LIMITS = Limits(workers=1, linger_seconds=1.0, runs_per_connection=4, ring_frames=256)


class Home:
    """An engine and the loop it lives in."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.runner = asyncio.Runner()
        self.engine = Engine(limits, Pool(limits, [experiments.MODULE]))
        self.do(self.engine.__aenter__())

    def do(self, work: Awaitable[Any]) -> Any:
        async def bounded() -> Any:
            async with asyncio.timeout(90):
                return await work

        return self.runner.run(bounded())

    def close(self) -> None:
        self.do(self.engine.__aexit__())
        self.runner.close()

    def page(self) -> Page:
        return Page(self.engine)


class Page:
    """What a page does, without a socket: asks, reads every message of its viewers, acknowledges."""

    def __init__(self, engine: Engine) -> None:
        self.session = Session(engine)
        self.acks = True
        self.messages: list[bytes] = []
        self.blocks: list[Unpacked] = []
        self.events: list[wire.StateEvent] = []
        self.scenes: list[Unpacked] = []
        self.order: list[str] = []
        self._layouts: dict[int, Layout] = {}
        self._ids = itertools.count(1)
        self._tasks: list[asyncio.Task[None]] = []
        self._news = asyncio.Event()

    def ask(self, kind: str, **fields: Any) -> wire.Reply:
        request = wire.REQUESTS.validate_python({"type": kind, "id": next(self._ids), **fields})
        reply = self.session.answer(request)
        for viewer in self.session.fresh:
            self._tasks.append(asyncio.create_task(self._read(viewer)))
        self.session.fresh = []
        return reply

    async def question(self, kind: str, **fields: Any) -> tuple[wire.Reply, bytes | None]:
        return await self.session.ask(wire.REQUESTS.validate_python({"type": kind, "id": next(self._ids), **fields}))

    def start(
        self, *, mode: str = "every", replaces: str | None = None, skip: int = -1, paused: bool = False, **params: Any
    ) -> str:
        reply = self.ask("start", experiment="test/walk", params=params, mode=mode, replaces=replaces, skip=skip, paused=paused)
        assert reply.ok, reply
        assert reply.run
        return reply.run

    async def _read(self, viewer: Any) -> None:
        async for message in viewer.messages():
            if isinstance(message, bytes):
                it = unpack(message, self._layouts)
                self.messages.append(message)
                self.order.append(it.kind)
                (self.scenes if it.kind == "scene" else self.blocks).append(it)
                if self.acks and it.kind == "frames":
                    self.ask("ack", run=it.run, seq=it.seq + it.count - 1)
            else:
                self.events.append(message)
                self.order.append(message.state)
            self._news.set()

    async def until(self, true: Callable[[], Any]) -> None:
        while not true():
            self._news.clear()
            async with asyncio.timeout(60):
                await self._news.wait()

    async def until_state(self, state: str) -> wire.StateEvent:
        await self.until(lambda: self.events and self.events[-1].state == state)
        return self.events[-1]

    def frames(self) -> list[Frame]:
        return [frame for block in self.blocks for frame in block.frames()]

    def seqs(self) -> list[int]:
        return [seq for block in self.blocks for seq in range(block.seq, block.seq + block.count)]

    def forget(self) -> None:
        self.blocks, self.events, self.scenes, self.order, self.messages = [], [], [], [], []

    def leave(self) -> None:
        self.session.close()
        for task in self._tasks:
            task.cancel()


@pytest.fixture(scope="session")
def home() -> Iterator[Home]:
    it = Home()
    yield it
    it.close()


@pytest.fixture
def page(home: Home) -> Iterator[Page]:
    async def make() -> Page:
        return home.page()

    async def leave(page: Page) -> None:
        page.leave()
        for run in list(home.engine.runs.values()):
            home.engine.drop(run)

    it = home.do(make())
    yield it
    home.do(leave(it))


def same(a: Frame, b: Frame) -> bool:
    """Bit for bit."""
    tensors = {k: np.asarray(v).tobytes() for k, v in a.tensors.items()}
    return (a.step, a.note, tensors) == (b.step, b.note, {k: np.asarray(v).tobytes() for k, v in b.tensors.items()})
