"""A run of independent parts, computed by all workers and handed on in order, whoever is first.

Worker i of n has the frames i, i + n, i + 2n, ...; a frame that is ready before its turn waits here. How many may wait is bounded
by the order's credit: a worker is granted one block for each of its frames that the listener has room for, and none beyond the
limit. So pausing is granting nothing, and what was granted is taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from app.engine.runner import Listener, MessageJson, Order, Path, Question, Stream
from app.wire.blocks import Block


class Shares:
    """An order under way on several workers. ``open`` are the workers' own ways to open an order."""

    def __init__(self, order: Order, listener: Listener, open: Sequence[Callable[[Order, Listener], Stream]]) -> None:
        self.order, self.listener = order, listener
        self.credits, self.limit, self.rate = order.credit, order.limit, order.speed
        self.last = order.after
        self.held: dict[int, tuple[Block, float]] = {}
        self._told_scene = self._handing = self._ended = False
        self._told_paused = self._at_limit()
        self._done = 0
        self.shares = [Share(self, i, len(open)) for i in range(len(open))]
        for share, begin in zip(self.shares, open, strict=True):
            share.stream = begin(share.again(), share)

    # Stream ---------------------------------------------------------------------------------------

    def credit(self, blocks: int) -> None:
        self.credits += blocks
        self._go_on()

    def pause(self) -> None:
        self.limit, self._told_paused = max(self.last, 0), False
        self._go_on()

    def resume(self) -> None:
        self.limit, self._told_paused = None, False
        self._go_on()

    def step(self, n: int) -> None:
        self.limit, self._told_paused = (self.last if self.limit is None else self.limit) + n, False
        self._go_on()

    def speed(self, steps_per_second: float) -> None:
        self.rate = steps_per_second
        for share in self.shares:
            share.stream.speed(steps_per_second / len(self.shares))

    def close(self) -> None:
        self._ended = True
        for share in self.shares:
            share.stream.close()

    async def ask(self, question: Question) -> Any:
        return await self.shares[max(question.seq, 0) % len(self.shares)].stream.ask(question)

    # From the shares ------------------------------------------------------------------------------

    def wanted(self, share: Share) -> int:
        """Blocks that a share may still send: those of its frames that there is room for; at its end one, to say so."""
        until = min(self.last + max(self.credits, 0), self.order.parts - 1)
        if self.limit is not None:
            until = min(until, self.limit)
        if share.next >= self.order.parts:
            return 1
        return max(0, (until - share.next) // len(self.shares) + 1)

    def scene(self, message: bytes) -> None:
        if not self._told_scene:
            self._told_scene = True
            self.listener.on_scene(message)

    def block(self, block: Block, seconds: float) -> None:
        self.held[block.seq] = (block, seconds)
        self._go_on()

    def progress(self, done: int, total: int, stage: MessageJson) -> None:
        """The farthest of all: a worker that is behind tells nothing new."""
        if done > self._done and not self._ended:
            self._done = done
            self.listener.on_progress(self.last, done, total, stage)

    def ended(self, error: MessageJson | None, path: Path) -> None:
        if self._ended:
            return
        if error:
            self.close()
            self.listener.on_end(-1, error, path)
        elif all(share.ended for share in self.shares):
            self._ended = True
            self.listener.on_end(self.last, None)

    def _go_on(self) -> None:
        """Hands on what is next and may go, then grants what there is room for. The listener may grant more meanwhile."""
        if self._handing or self._ended:
            return
        self._handing = True
        while self.credits > 0 and not self._at_limit() and self.last + 1 in self.held:
            self.last += 1
            self.credits -= 1
            self.listener.on_block(*self.held.pop(self.last))
        self._handing = False
        if self._ended:
            return
        for share in self.shares:
            share.grant()
        if self._at_limit() and not self._told_paused:
            self._told_paused = True
            self.listener.on_paused(self.last)

    def _at_limit(self) -> bool:
        return self.limit is not None and self.last >= self.limit


class Share:
    """The frames of one worker: listens to it, and keeps its credit."""

    stream: Stream

    def __init__(self, whole: Shares, index: int, of: int) -> None:
        self._whole, self._index, self._of = whole, index, of
        self.next = index + of * max(0, -(-(whole.order.after + 1 - index) // of))
        self.ended = False
        self._granted = 0

    def grant(self) -> None:
        """Brings the worker's credit to what it may send; what it sent meanwhile is already counted off there, and soon here."""
        more = 0 if self.ended else self._whole.wanted(self) - self._granted
        if more:
            self._granted += more
            self.stream.credit(more)

    def again(self) -> Order:
        order = self._whole.order
        limit = -1 if order.limit == -1 else None
        self._granted = 0 if limit == -1 else self._whole.wanted(self)
        return replace(
            order,
            after=self.next - 1,
            limit=limit,
            credit=self._granted,
            speed=self._whole.rate / self._of,
            share=(self._index, self._of),
        )

    def on_scene(self, message: bytes) -> None:
        self._whole.scene(message)

    def on_block(self, block: Block, seconds: float) -> None:
        self._granted -= 1
        self.next = block.seq + self._of
        self._whole.block(block, seconds)

    def on_progress(self, computed: int, done: int, total: int, stage: MessageJson) -> None:
        self._whole.progress(done, total, stage)

    def on_paused(self, computed: int) -> None:
        """It has no limit of its own."""

    def on_end(self, computed: int, error: MessageJson | None, path: Path = ()) -> None:
        self.ended = True
        self._whole.ended(error, path)
