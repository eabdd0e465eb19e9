"""A viewer: one page's place in a run, and how much it may still be sent."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from app.engine.replay import Replay
from app.wire.blocks import Block, tail, with_layout
from app.wire.messages import Mode, StateEvent

if TYPE_CHECKING:
    from app.engine.runs import Run

GAP_SECONDS = 0.2
"""Gaps are told at most so often, as one from the first missed frame to the last."""
KNOWN_LAYOUTS = 1024
MET_AT_ONCE = ("queued", "running")


class Viewer:
    """Pulls what comes next for one page; the run wakes it, acknowledgements free it."""

    def __init__(self, run: Run, seq: int, mode: Mode, ack: bool, owner: bool) -> None:
        self.run, self.mode, self.ack, self.owner = run, mode, ack, owner
        self.next = seq + 1
        self.replay: Replay | None = None
        self.progress: dict[str, Any] | None = None
        self._unacked: deque[tuple[int, int]] = deque()  # (last seq, bytes) of messages on their way
        self._layouts: set[int] = set()
        self._scene: bytes | None = None
        self._told = -1
        self._progress_news = False
        self._gap: list[int] | None = None
        self._gap_told = 0.0
        self._stopped_at: int | None = None
        self._back = False  # live, but asked for older frames: they come in order
        self._wake = asyncio.Event()
        self._closed = False

    def wake(self) -> None:
        """Something may have come for this viewer."""
        self._wake.set()

    def close(self) -> None:
        """The viewer left: ``messages`` ends."""
        self._closed = True
        if self.replay:
            self.replay.close()
        self.wake()

    def acknowledge(self, seq: int) -> None:
        """Every frame up to ``seq`` is on the page's timeline."""
        while self._unacked and self._unacked[0][0] <= seq:
            self._unacked.popleft()
        self.wake()

    def seek(self, seq: int) -> None:
        """Goes on from ``seq``, back or ahead; ahead, what lies between is a gap."""
        if seq > self.next:
            self._missed(self.next, seq - 1)
        self._unacked.clear()
        self._stop_replay()
        self._back = seq <= self.run.computed
        self.next, self._stopped_at = seq, None
        self.wake()

    def stop_here(self) -> None:
        """The run was cancelled: frames that were not sent yet are not wanted any more."""
        self._stopped_at = self.next

    def sought(self, progress: dict[str, Any] | None) -> None:
        """How far the replay for this viewer is."""
        self._progress_news = self._progress_news or progress != self.progress
        self.progress = progress
        self.wake()

    async def messages(self) -> AsyncIterator[bytes | StateEvent]:
        """Everything this page is to be sent, in order, until it leaves or the run is gone."""
        while not self._closed:
            self._wake.clear()
            if self.run.scene is not None and self._scene is None:
                self._scene = self.run.scene
                yield self._scene
            if self._event_due(waiting=False):
                yield self._event()
            message = self._take()
            if message is not None:
                yield message
            elif self._event_due(waiting=True):
                yield self._event()
            elif self.run.gone:
                return
            else:
                await self._wake.wait()

    # What comes next ------------------------------------------------------------------------------

    def _take(self) -> bytes | None:
        """The next message of frames, or None while there is none or no credit for it."""
        block = self._block() if self._scene is not None and self._stopped_at != self.next else None
        if block is None or not self._may_send(len(block.message)):
            return None
        if self.replay and block.seq >= self.next:
            self.replay.taken(block)
        self.next = block.last + 1
        self._back = self._back and self.next <= self.run.computed
        if self.ack:
            self._unacked.append((block.last, len(block.message)))
        self.run.refill()
        if block.layout.id in self._layouts:
            return block.message
        if len(self._layouts) > KNOWN_LAYOUTS:
            self._layouts.clear()
        self._layouts.add(block.layout.id)
        return with_layout(block.message, block.layout)

    def _block(self) -> Block | None:
        ring = self.run.ring
        if self.mode == "live" and not self._back and (newest := ring.newest()) and newest.seq > self.next:
            self._missed(self.next, newest.seq - 1)
            self.next = newest.seq
        if self._in_reach():
            self._stop_replay()
            block = ring.find(self.next)
        else:
            if self.replay is None:
                self.replay = self.run.replay(self, self.next)
            block = self.replay.peek(self.next)
        return tail(block, self.next) if block else None

    def _in_reach(self) -> bool:
        """Whether the ring serves this viewer. One that is replayed comes back only well inside."""
        ring = self.run.ring
        if self.next < ring.first:
            return False
        return self.replay is None or not self.run.computing() or self.next >= (ring.first + ring.last) // 2

    def _may_send(self, size: int) -> bool:
        limits = self.run.limits
        if not self._unacked or not self.ack:
            return True
        on_way = sum(nbytes for _, nbytes in self._unacked)
        return len(self._unacked) < limits.credits and on_way + size <= limits.message_bytes

    def _stop_replay(self) -> None:
        if self.replay:
            self.replay.close()
            self.replay = None
            self.sought(None)

    def replay_failed(self, first: int) -> None:
        """What was sought cannot be computed again: goes on where the ring begins."""
        self._missed(self.next, first - 1)
        self._stop_replay()
        self.next = first
        self.wake()

    # What is told ---------------------------------------------------------------------------------

    def _missed(self, low: int, high: int) -> None:
        if high >= low:
            self._gap = [min(low, self._gap[0]) if self._gap else low, high]

    def _event_due(self, waiting: bool) -> bool:
        """``waiting``: no frame can be sent now. A run's end is told after its last frame."""
        now = asyncio.get_running_loop().time()
        if self._gap and (now - self._gap_told >= GAP_SECONDS or (waiting and self.next > self.run.computed)):
            return True
        if self._progress_news:
            return True
        if self._told == self.run.version:
            return False
        if self.run.state == "done":
            return self.next > self.run.computed or self._stopped_at == self.next
        return waiting or self.run.state in MET_AT_ONCE

    def _event(self) -> StateEvent:
        run = self.run
        self._told, self._progress_news = run.version, False
        gap, self._gap = self._gap, None
        if gap:
            self._gap_told = asyncio.get_running_loop().time()
        return StateEvent(
            run=run.id,
            state=run.state,
            computed=run.computed,
            place=run.place,
            progress=self.progress or run.progress,
            gap=gap,
            error=run.error,
            fields=run.fields,
            viewers=len(run.viewers),
        )
