"""Runs of independent parts: all workers share in them, and the frames come in order whoever is first."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import labs
from app.engine import Engine, Limits, Pool
from app.engine.parts import Shares
from app.engine.runner import MessageJson, Order, Path, Question
from app.labs.contract import Frame
from app.wire.blocks import Block, Layout
from engine import experiments, pieces
from engine.conftest import Home, Page, same


class TwoWorkers(Home):
    """A home whose engine has two workers, which know the experiment of parts."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        limits = Limits(workers=2, linger_seconds=1.0, runs_per_connection=4)
        self.engine = Engine(limits, Pool(limits, [experiments.MODULE, pieces.MODULE]))
        self.do(self.engine.__aenter__())


@pytest.fixture(scope="module")
def two() -> Iterator[TwoWorkers]:
    it = TwoWorkers()
    yield it
    it.close()


def begin(page: Page, *, paused: bool = False, skip: int = -1, **params: Any) -> str:
    reply = page.ask("start", experiment="test/pieces", params=params, paused=paused, skip=skip)
    assert reply.ok, reply
    assert reply.run
    return reply.run


def whole(**params: Any) -> list[Frame]:
    return list(labs.run("test/pieces", **params))


def assert_same(found: list[Frame], expected: list[Frame]) -> None:
    assert len(found) == len(expected)
    assert all(same(a, b) for a, b in zip(found, expected, strict=True))


def test_all_workers_compute_and_the_frames_come_in_order_once(two: TwoWorkers) -> None:
    async def go() -> None:
        page = two.page()
        run = begin(page, count=41, slow=2, pause=0.02)  # all slow ones are the first worker's
        await page.until_state("done")
        assert page.seqs() == list(range(41))
        assert_same(page.frames(), whole(count=41))
        assert len(page.scenes) == 1
        for seq in (40, 3, 0):  # either worker answers for its own, and computes again what it has not kept
            reply, _ = await page.question("explain", run=run, seq=seq, target={"kind": "first"})
            assert reply.explanation is not None
            assert reply.explanation["result"] == whole(count=41)[seq].tensors["numbers"][0]
        page.forget()
        page.ask("seek", run=run, step=7)
        await page.until(lambda: page.seqs()[-1:] == [40])
        assert page.seqs() == list(range(7, 41))
        page.leave()

    two.do(go())


def test_a_paused_run_of_parts_steps_and_goes_on(two: TwoWorkers) -> None:
    async def go() -> None:
        page = two.page()
        run = begin(page, count=20, paused=True)
        await page.until_state("paused")
        assert page.seqs() == [0]
        page.ask("step", run=run, n=4)
        await page.until_state("running")
        await page.until_state("paused")
        assert page.seqs() == [0, 1, 2, 3, 4]
        page.ask("resume", run=run)
        await page.until_state("done")
        assert_same(page.frames(), whole(count=20))
        page.leave()

    two.do(go())


def test_a_resumed_run_of_parts_begins_where_it_should(two: TwoWorkers) -> None:
    async def go() -> None:
        page = two.page()
        begin(page, count=15, skip=6)
        await page.until_state("done")
        assert_same(page.frames(), whole(count=15)[7:])
        page.leave()

    two.do(go())


def test_a_part_that_fails_fails_its_run_only(two: TwoWorkers) -> None:
    async def go() -> None:
        page, other = two.page(), two.page()
        begin(page, count=20, bad=9)
        begin(other, count=20)
        assert (await page.until_state("failed")).error is not None
        await other.until_state("done")
        assert_same(other.frames(), whole(count=20))
        page.leave()
        other.leave()

    two.do(go())


def test_a_worker_that_dies_fails_the_run_to_blame_and_the_others_are_replayed(two: TwoWorkers) -> None:
    async def go() -> None:
        page, other = two.page(), two.page()
        begin(other, count=40, slow=1, pause=0.05)
        await other.until(lambda: len(other.seqs()) > 3)
        begin(page, count=20, deadly=5)
        assert (await page.until_state("failed")).error is not None
        await other.until_state("done")
        assert other.seqs() == list(range(40))
        assert_same(other.frames(), whole(count=40))
        page.leave()
        other.leave()

    two.do(go())


# The merging alone, with every order in which blocks may arrive


class FakeStream:
    """A worker that computes nothing: it may send what it was granted, the test says when."""

    def __init__(self, order: Order, listener: Any) -> None:
        self.listener, (self.index, self.of) = listener, order.share
        self.next = self.index + self.of * max(0, -(-(order.after + 1 - self.index) // self.of))
        self.granted, self.parts, self.ended = order.credit, order.parts, False

    def credit(self, blocks: int) -> None:
        self.granted += blocks

    def speed(self, steps_per_second: float) -> None:
        pass

    def close(self) -> None:
        self.ended = True

    def can(self) -> bool:
        return self.granted > 0 and not self.ended

    def go(self) -> None:
        if self.next >= self.parts:
            self.ended = True
            self.listener.on_end(self.next - self.of, None)
            return
        self.granted -= 1
        self.next += self.of
        self.listener.on_block(Block(self.next - self.of, 1, Layout(()), b""), 0.0)

    async def ask(self, question: Question) -> Any:
        return self.index


class Heard:
    """A listener with room for so many blocks, which grants one for each that came."""

    def __init__(self) -> None:
        self.seqs: list[int] = []
        self.paused: list[int] = []
        self.ended: list[int] = []
        self.shares: Shares | None = None

    def on_scene(self, message: bytes) -> None: ...

    def on_block(self, block: Block, seconds: float) -> None:
        self.seqs.append(block.seq)
        assert self.shares is not None
        self.shares.credit(1)

    def on_progress(self, computed: int, done: int, total: int, stage: MessageJson) -> None: ...

    def on_paused(self, computed: int) -> None:
        self.paused.append(computed)

    def on_end(self, computed: int, error: MessageJson | None, path: Path = ()) -> None:
        assert error is None
        self.ended.append(computed)

    def again(self) -> Order:
        raise AssertionError


@settings(max_examples=150, deadline=None)
@given(
    workers=st.integers(2, 5),
    parts=st.integers(2, 40),
    credit=st.integers(1, 6),
    after=st.integers(-1, 5),
    seed=st.integers(0, 2**32),
)
def test_whoever_is_first_the_frames_are_in_order_and_what_waits_is_bounded(
    workers: int, parts: int, credit: int, after: int, seed: int
) -> None:
    chance, heard, streams = random.Random(seed), Heard(), []
    after = min(after, parts - 1)

    def begin(order: Order, listener: Any) -> FakeStream:
        streams.append(FakeStream(order, listener))
        return streams[-1]

    order = Order("r", "test/pieces", {}, after, credit=credit, parts=parts)
    shares = heard.shares = Shares(order, heard, [begin] * workers)  # type: ignore[list-item]
    for _ in range(20 * parts + 100):
        able = [stream for stream in streams if stream.can()]
        move = chance.random()
        if heard.ended:
            break
        if move < 0.1:
            shares.pause()
            assert heard.paused[-1:] == [shares.last] or shares.last < 0
            stopped = len(heard.seqs)
            for stream in able[:1]:  # what it had sent already arrives, and waits
                stream.go() if stream.can() else None
            assert len(heard.seqs) <= max(stopped, 1)
            if chance.random() < 0.5:
                shares.step(2)
            shares.resume()
        elif able:
            chance.choice(able).go()
        assert len(shares.held) <= credit + workers
        assert sum(max(0, stream.granted) for stream in streams if stream.next < parts) <= credit
    assert heard.seqs == list(range(after + 1, parts))
    assert heard.ended == [parts - 1]
