"""A run inside a worker: its generator, called slice by slice, and the frames it had last."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

import numpy as np

from app.engine.mark import Mark
from app.engine.runner import MessageJson, Order
from app.labs.contract import Experiment, Frame, Message, Params, Progress, Scene, UserError
from app.wire.blocks import Block
from app.wire.frames import Packer

KEPT_FRAMES = 512
KEPT_BYTES = 8 * 2**20
LOOKED_BYTES = 64 * 2**20
"""Of a replay, of which a worker keeps one: all maps of a small network at 224 pixels, so that one replay serves every layer."""
HEAD_BYTES = 112
"""An ndarray's own head."""
PROGRESS_SECONDS = 0.1
CATCHING_UP = Message("server.catching-up").as_json()


class Slice:
    """What one turn of a job brought forth."""

    def __init__(self) -> None:
        self.scene: Scene | None = None
        self.blocks: list[Block] = []
        self.progress: tuple[int, int, MessageJson] | None = None
        self.paused = False
        self.ended = False
        self.error: BaseException | None = None
        self.seconds = 0.0


class Job:
    """One order. ``computed`` is the last seq that came out of the generator."""

    def __init__(self, number: int, order: Order, module: Experiment, params: Params, device: str) -> None:
        self.number, self.order, self.params, self.device = number, order, params, device
        self.module = module
        self.limit, self.credit, self.speed = order.limit, order.credit, order.speed
        self.computed = -1
        self._parts = params.parts()
        self._index, self._of = order.share
        self.next = 0 if self._parts is None else _first(order)
        self.ended = False
        self.told_layout: int | None = None
        self.kept = Kept(of=self._of, alone=self._parts is not None)
        self._packer = Packer(order.run, order.after + 1)
        self._generator: Iterator[Frame | Progress] | None = None
        self._scene: Scene | None = None
        self._due = 0.0
        self._told_paused = self._at_limit()
        self._told_progress = 0.0

    def scene(self) -> Scene:
        """The scene, made once."""
        if self._scene is None:
            self._scene = self.module.scene(self.params, self.device)
        return self._scene

    def frames(self, first: int, of: int = 1) -> Iterator[Frame | Progress]:
        """The run from its first frame on; one of independent parts: from frame ``first`` on, every ``of``-th."""
        if self._parts is None:
            return self.module.run(self.params, self.device)
        each = (self.module.part(self.params, k, self.device) for k in range(first, self._parts, of))
        return chain.from_iterable(each)

    def wait(self, now: float) -> float | None:
        """Seconds until this job can go on: 0 at once, None only after a message."""
        if self.ended:
            return None
        if self._at_limit():
            return None if self._told_paused else 0.0
        if self.credit <= 0:
            return None
        return max(0.0, self._due - now) if self.speed else 0.0

    def pause(self) -> None:
        self.limit, self._told_paused = max(self.computed, self.order.after, 0), False

    def resume(self) -> None:
        self.limit, self._told_paused = None, False

    def step(self, n: int) -> None:
        self.limit, self._told_paused = (self.computed if self.limit is None else self.limit) + n, False

    def work(self, budget: float, mark: Mark) -> Slice:
        """Calls ``next()`` for about ``budget`` seconds. The error of a run that fails is in the slice."""
        it, start = Slice(), time.monotonic()
        try:
            self._work(it, start + budget, mark)
        except StopIteration:
            it.ended = self.ended = True
        except Exception as error:  # whatever an experiment raises ends its run, never the worker
            it.ended = self.ended = True
            it.error = error
        finally:
            mark.leave()
        if it.ended:
            self._generator = None
        it.blocks += self._packer.flush()
        it.seconds = time.monotonic() - start
        self.credit -= len(it.blocks)
        if not it.ended and self._at_limit() and not self._told_paused:
            it.paused = self._told_paused = True
        return it

    def _work(self, it: Slice, until: float, mark: Mark) -> None:
        if self._generator is None and not self._at_limit():
            mark.enter(self.number)
            it.scene = self.scene()
            self._generator = self.frames(self.next, self._of)
        while self._generator is not None and not self._at_limit():
            mark.enter(self.number)
            item = next(self._generator)
            now = time.monotonic()
            if isinstance(item, Progress):
                self._progress(it, now, item.done, item.total, item.stage.as_json())
            else:
                self._frame(it, now, owned(item))
            if now >= until or it.blocks or self._waits(now):
                return

    def _frame(self, it: Slice, now: float, frame: Frame) -> None:
        self.computed = self.next
        self.next += self._of
        self.kept.add(self.computed, frame)
        if self.computed > self.order.after:
            if self._of > 1:  # its neighbours come from other workers: a block of its own
                self._packer.seq = self.computed
            it.blocks += self._packer.add(frame)
            it.blocks += self._packer.flush() if self._of > 1 else []
            if self.speed:
                # A turn that came late is made up for, by a tenth of a second at most.
                self._due = max(self._due, now - 0.1) + 1 / self.speed
        else:
            self._progress(it, now, self.computed, self.order.after + 1, CATCHING_UP)

    def _progress(self, it: Slice, now: float, done: int, total: int, stage: MessageJson) -> None:
        if now - self._told_progress >= PROGRESS_SECONDS:
            self._told_progress = now
            it.progress = (done, total, stage)

    def _waits(self, now: float) -> bool:
        return bool(self.speed) and self._due > now

    def _at_limit(self) -> bool:
        return self.limit is not None and self.next > self.limit


def _first(order: Order) -> int:
    """The first seq of the order's share that is still to compute."""
    index, of = order.share
    return index + of * max(0, -(-(order.after + 1 - index) // of))


class Kept:
    """The last frames of a run, for explanations: at most 512 or 8 MB. What several frames share is counted once."""

    def __init__(self, frames: int = KEPT_FRAMES, nbytes: int = KEPT_BYTES, *, of: int = 1, alone: bool = False) -> None:
        """Of a run every ``of``-th frame; ``alone``: frames are independent parts, which have none before."""
        self._of, self._alone = of, alone
        self._frames: deque[tuple[int, Frame]] = deque()
        self._shared: Counter[tuple[int, int]] = Counter()
        """How many on-demand arrays are the same memory: a layer's output is the next one's input, weights are the network's."""
        self._max, self._max_bytes, self._bytes = frames, nbytes, 0

    def add(self, seq: int, frame: Frame) -> None:
        """Frames come in order of their seq."""
        self._frames.append((seq, frame))
        self._bytes += streamed(frame)
        for name in frame.on_demand:
            key = memory(frame.tensors[name])
            self._bytes += 0 if self._shared[key] else key[1]
            self._shared[key] += 1
        while len(self._frames) > self._max or (self._bytes > self._max_bytes and len(self._frames) > 2):
            self._drop(self._frames.popleft()[1])

    def _drop(self, frame: Frame) -> None:
        self._bytes -= streamed(frame)
        for name in frame.on_demand:
            key = memory(frame.tensors[name])
            self._shared[key] -= 1
            if not self._shared[key]:
                del self._shared[key]
                self._bytes -= key[1]

    def get(self, seq: int) -> Frame | None:
        at, between = divmod(seq - self._frames[0][0], self._of) if self._frames else (-1, 0)
        return self._frames[at][1] if not between and 0 <= at < len(self._frames) else None

    def pair(self, seq: int) -> tuple[Frame | None, Frame] | None:
        """The frame before ``seq`` (None at 0) and the frame itself, or None when they are not kept."""
        if self._alone:
            return (None, part) if (part := self.get(seq)) is not None else None
        frame, previous = self.get(seq), self.get(seq - 1)
        return (previous, frame) if frame is not None and (previous is not None or seq == 0) else None


class Lookup:
    """The frames around ``seq``, computed again slice by slice because they are no longer kept."""

    def __init__(self, job: Job, seq: int) -> None:
        self.job, self.seq = job, seq
        alone = job.params.parts() is not None
        self.kept = Kept(64, LOOKED_BYTES, alone=alone)
        self._at = seq - 1 if alone else -1
        self._generator = job.frames(seq)

    def work(self, budget: float, mark: Mark, number: int) -> bool:
        """True once ``kept`` has the frame. Raises UserError when the run ends before it."""
        until = time.monotonic() + budget
        try:
            while self._at < self.seq:
                mark.enter(number)
                item = next(self._generator)
                if isinstance(item, Frame):
                    self._at += 1
                    self.kept.add(self._at, owned(item))
                if time.monotonic() >= until:
                    break
        except StopIteration:
            raise UserError(Message("server.no-such-frame", {"seq": self.seq, "last": self._at})) from None
        finally:
            mark.leave()
        return self._at >= self.seq


def streamed(frame: Frame) -> int:
    """Bytes of the arrays that are the frame's own, and of every array's head."""
    return sum(HEAD_BYTES + (0 if name in frame.on_demand else a.nbytes) for name, a in frame.tensors.items())


def memory(a: np.ndarray[Any, Any]) -> tuple[int, int]:
    """Where its numbers begin, and their bytes: the same for what is the same memory, as long as one of them is kept."""
    return int(a.__array_interface__["data"][0]), a.nbytes


def owned(frame: Frame) -> Frame:
    """The frame with arrays of its own where they were views: torch writes into what ``.numpy()`` shows.

    Those on demand stay as they are: nobody writes into them, and copying a network's maps would cost as much as computing them.
    """
    tensors: Mapping[str, np.ndarray[Any, Any]] = {
        name: a if a.flags.owndata or name in frame.on_demand else np.array(a) for name, a in frame.tensors.items()
    }
    return Frame(frame.step, tensors, frame.note, frame.on_demand)
