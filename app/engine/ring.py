"""The last blocks of a run, as packed: what a viewer missed, seeks back to, or resumes from."""

from __future__ import annotations

from bisect import bisect_left

from app.wire.blocks import Block


class Ring:
    """Consecutive blocks, oldest first; at most ``frames`` frames or ``nbytes`` bytes, but always one block."""

    def __init__(self, after: int, frames: int, nbytes: int) -> None:
        self._blocks: list[Block] = []
        self._lasts: list[int] = []
        self._after, self._max_frames, self._max_bytes = after, frames, nbytes
        self.nbytes = 0

    @property
    def first(self) -> int:
        """The oldest seq held; where the ring is empty, the seq that comes next."""
        return self._blocks[0].seq if self._blocks else self._after + 1

    @property
    def last(self) -> int:
        return self._lasts[-1] if self._lasts else self._after

    def append(self, block: Block) -> None:
        """The block that follows the last one."""
        self._blocks.append(block)
        self._lasts.append(block.last)
        self.nbytes += len(block.message)
        while len(self._blocks) > 1 and (self.last - self.first + 1 > self._max_frames or self.nbytes > self._max_bytes):
            self.nbytes -= len(self._blocks.pop(0).message)
            self._lasts.pop(0)

    def find(self, seq: int) -> Block | None:
        """The block that holds ``seq``."""
        at = bisect_left(self._lasts, seq)
        return self._blocks[at] if at < len(self._blocks) and self._blocks[at].seq <= seq else None

    def newest(self) -> Block | None:
        return self._blocks[-1] if self._blocks else None

    def blocks_from(self, seq: int) -> int:
        """How many blocks hold ``seq`` or later frames."""
        return len(self._blocks) - bisect_left(self._lasts, seq)
