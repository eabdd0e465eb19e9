"""A run: its state, its ring of sent blocks and its viewers, whichever connections they come from."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from app.engine.failures import beside
from app.engine.limits import Limits
from app.engine.replay import Replay
from app.engine.ring import Ring
from app.engine.runner import MessageJson, Order, Path, Question, Runner, Stream
from app.engine.viewer import Viewer
from app.labs.contract import Message, UserError
from app.wire import messages as wire
from app.wire.blocks import Block

AHEAD = 4
"""Blocks that a worker may be ahead of the viewers it waits for; fewer when they are large."""
ENDED = ("done", "failed", "cancelled")


class Meter(Protocol):
    """Who counts."""

    def block(self, frames: int, nbytes: int, seconds: float) -> None: ...


class Run:
    """One run and everything that was not sent yet. It listens to the runner."""

    def __init__(
        self,
        experiment: str,
        params: Mapping[str, Any],
        length: int | None,
        *,
        runner: Runner,
        limits: Limits,
        meter: Meter | None = None,
        freed: Callable[[], None] = lambda: None,
        after: int = -1,
        paused: bool = False,
        parts: int | None = None,
    ) -> None:
        self.id = f"r-{secrets.token_urlsafe(12)}"
        self.owner = secrets.token_urlsafe(24)
        self.experiment, self.params, self.length = experiment, params, length
        self.runner, self.limits, self._meter, self._freed = runner, limits, meter, freed
        self.state: wire.RunState = "queued"
        self.computed = after
        self.place: int | None = None
        self.progress: dict[str, Any] | None = None
        self.error: wire.MessageJson | None = None
        self.fields: list[wire.FieldErrorJson] = []
        self.version = 0
        self.scene: bytes | None = None
        self.ring = Ring(after, limits.ring_frames, limits.ring_bytes)
        self.viewers: set[Viewer] = set()
        self.gone = False
        self.left_at = 0.0
        self._stream: Stream | None = None
        self._parts = parts or 0
        self._credit = 0
        self._limit = max(0, after) if paused else None
        self._speed = 0.0

    def ended(self) -> bool:
        return self.state in ENDED

    def computing(self) -> bool:
        """Whether frames come by themselves."""
        return self.state == "running"

    # What the owner asks --------------------------------------------------------------------------

    def begin(self) -> None:
        """Leaves the queue."""
        self.place = None
        self._turn("running")
        self._stream = self.runner.open(self.again(), self)

    def queued_at(self, place: int) -> None:
        if place != self.place:
            self.place = place
            self._changed()

    def pause(self) -> None:
        if self.state == "queued":
            self._limit = max(self.computed, 0)
        elif self.state == "running":
            self._limit = self.computed
            self._turn("paused")
            self._ask_worker("pause")

    def resume(self) -> None:
        self._limit = None
        if self.state in ("running", "paused"):
            if self.state == "paused":
                self._turn("running")
            self._ask_worker("resume")

    def steps(self) -> bool:
        """Whether the run takes single steps: it is paused, or will be once the steps asked for are done."""
        return self.state == "paused" or (self.state == "running" and self._limit is not None)

    def step(self, n: int) -> None:
        """``n`` more steps of such a run."""
        if self.steps() and self._stream:
            self._limit = max(self._limit or 0, self.computed) + n
            if self.state == "paused":
                self._turn("running")
            self._stream.step(n)
            self.refill()

    def advance(self, seq: int) -> None:
        """Steps a paused run as far as ``seq``."""
        self.step(max(0, seq - self.computed))

    def speed(self, steps_per_second: float) -> None:
        self._speed = steps_per_second
        if self._stream:
            self._stream.speed(steps_per_second)

    def cancel(self) -> None:
        """Computes no further. Of a run that is done its worker forgets the frames that it kept for questions, where no other
        viewer asks any: ``ask`` computes them again.
        """
        if not self.ended():
            self._end("cancelled")
            for viewer in self.viewers:
                viewer.stop_here()
        elif len(self.viewers) <= 1:
            self._close()

    def _ask_worker(self, what: str) -> None:
        if self._stream:
            getattr(self._stream, what)()
        self.refill()

    # Viewers --------------------------------------------------------------------------------------

    def attach(self, viewer: Viewer) -> None:
        self.viewers.add(viewer)
        self._changed()
        self.refill()

    def detach(self, viewer: Viewer) -> None:
        """Without a viewer nothing is computed."""
        viewer.close()
        self.viewers.discard(viewer)
        if not self.viewers:
            self.left_at = asyncio.get_running_loop().time()
        self._changed()
        self.refill()
        self._freed()

    def replay(self, viewer: Viewer, seq: int) -> Replay:
        return Replay(self, viewer, seq)

    def drop(self) -> None:
        """Forgets the run; its viewers' messages end."""
        if not self.ended():
            self._end("cancelled")
        self.gone = True
        self._close()
        for viewer in list(self.viewers):
            viewer.wake()

    async def ask(self, question: Question) -> Any:
        """Raises Failed or UserError. An ended run whose worker forgot it is computed again as far as needed."""
        if self.state == "queued":
            raise UserError(Message("server.no-such-frame", {"seq": question.seq, "last": -1}))
        if self._stream is None:
            self._stream = self.runner.open(self.again(), self)
        return await self._stream.ask(question)

    def refill(self) -> None:
        """Grants the worker what the slowest viewer that it waits for has room for."""
        if self._stream is None or self.ended():
            return
        wanted = self._room() - self._credit
        if wanted > 0 or (wanted < 0 and not self.viewers):
            self._credit += wanted
            self._stream.credit(wanted)

    def _room(self) -> int:
        if not self.viewers:
            return 0
        newest = self.ring.newest()
        most = max(AHEAD, 2 * self.runner.width()) if self._parts else AHEAD
        ahead = most if newest is None else max(1, min(most, self.limits.message_bytes // len(newest.message)))
        waiting = [v.next for v in self.viewers if v.mode == "every" and v.owner]
        if not waiting:
            # Nobody who only follows may hold the others up: the fastest of them sets the pace.
            waiting = [max((v.next for v in self.viewers if v.mode == "every"), default=self.computed + 1)]
        return max(0, ahead - self.ring.blocks_from(min(waiting)))

    # Listener -------------------------------------------------------------------------------------

    def again(self) -> Order:
        limit = -1 if self.ended() else self._limit
        self._credit = 0 if self.ended() else self._room()
        return Order(self.id, self.experiment, self.params, self.computed, limit, self._credit, self._speed, self._parts)

    def on_scene(self, message: bytes) -> None:
        if self.scene is None:
            self.scene = message
            self._wake()

    def on_block(self, block: Block, seconds: float) -> None:
        self._credit -= 1
        if self.ended():
            return
        self.ring.append(block)
        self.computed = block.last
        if self.progress:
            self.progress = None
            self._changed()
        if self._meter:
            self._meter.block(block.count, len(block.message), seconds)
        self.refill()
        self._wake()

    def on_progress(self, computed: int, done: int, total: int, stage: MessageJson) -> None:
        self.progress = {"done": done, "total": total, "stage": stage}
        self._changed()

    def on_paused(self, computed: int) -> None:
        if not self.ended() and self._limit is not None and computed >= self._limit:
            self._limit = computed
            self._turn("paused")

    def on_end(self, computed: int, error: MessageJson | None, path: Path = ()) -> None:
        if error:
            self.error = wire.MessageJson(**error)
            self.fields = beside([(path, error)] if path else [])
        else:
            self.computed = computed
        self._end("failed" if error else "done", keep=error is None)

    def _end(self, state: wire.RunState, keep: bool = False) -> None:
        """``keep``: the worker goes on answering questions about the run."""
        if self.ended():
            return
        if not keep:
            self._close()
        self.progress = self.place = None
        self._turn(state)
        self._freed()

    def _close(self) -> None:
        """The worker forgets the run."""
        if self._stream:
            self._stream.close()
            self._stream = None

    def _turn(self, state: wire.RunState) -> None:
        self.state = state
        self._changed()

    def _changed(self) -> None:
        self.version += 1
        self._wake()

    def _wake(self) -> None:
        for viewer in self.viewers:
            viewer.wake()
