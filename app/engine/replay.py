"""Frames that the ring no longer holds, computed again for one viewer."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from app.engine.runner import MessageJson, Order, Path, Stream
from app.wire.blocks import Block

if TYPE_CHECKING:
    from app.engine.runs import Run
    from app.engine.viewer import Viewer

AHEAD = 2


class Replay:
    """A second generator of the same run: pure, so its bytes are the ones that were sent before."""

    def __init__(self, run: Run, viewer: Viewer, seq: int) -> None:
        self._run, self._viewer = run, viewer
        self._blocks: deque[Block] = deque()
        self._next = seq
        self._stream: Stream | None = run.runner.open(self.again(), self)

    def again(self) -> Order:
        self._credit = AHEAD - len(self._blocks)
        after = self._blocks[-1].last if self._blocks else self._next - 1
        return Order(self._run.id, self._run.experiment, self._run.params, after, credit=self._credit)

    def peek(self, seq: int) -> Block | None:
        """The block that holds ``seq``; it stays until :meth:`taken`."""
        return self._blocks[0] if self._blocks and self._blocks[0].seq <= seq <= self._blocks[0].last else None

    def taken(self, block: Block) -> None:
        """The viewer was sent ``block``."""
        self._next = block.last + 1
        while self._blocks and self._blocks[0].last < self._next:
            self._blocks.popleft()
        wanted = AHEAD - len(self._blocks) - self._credit
        if wanted > 0 and self._stream:
            self._credit += wanted
            self._stream.credit(wanted)

    def close(self) -> None:
        if self._stream:
            self._stream.close()
            self._stream = None

    # Listener -------------------------------------------------------------------------------------

    def on_scene(self, message: bytes) -> None:
        """The viewer has it."""

    def on_block(self, block: Block, seconds: float) -> None:
        if self._stream:
            self._credit -= 1
            self._blocks.append(block)
            self._viewer.sought(None)

    def on_progress(self, computed: int, done: int, total: int, stage: MessageJson) -> None:
        if self._stream:
            self._viewer.sought({"done": done, "total": total, "stage": stage})

    def on_paused(self, computed: int) -> None:
        """It has no limit."""

    def on_end(self, computed: int, error: MessageJson | None, path: Path = ()) -> None:
        if error and self._stream:
            self._viewer.replay_failed(self._run.ring.first)
