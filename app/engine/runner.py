"""The runner: what executes a run's generator somewhere.

:class:`~app.engine.pool.Pool` does so in worker processes of this machine; a cluster is another
runner behind the same three classes. A runner calls its listeners on the event loop, in order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from app.wire.blocks import Block

MessageJson = dict[str, Any]
"""A Message as JSON: ``{"id", "values"}``."""
Path: TypeAlias = tuple[str | int, ...]
"""Where in the params, e.g. ``("racers", 2, "lr")``; () is nowhere."""


@dataclass(frozen=True)
class Order:
    """Which frames to compute. A run is pure, so the same order gives the same bytes anywhere.

    Frames up to ``after`` are computed, not sent. ``limit`` is the last seq to compute, None for all.
    ``credit`` is how many blocks may be sent before more is granted. ``speed`` is in steps a second, 0 for no bound.
    ``parts`` is how many independent parts the run has, 0: none. ``share`` (i, n): of those only the seqs i, i + n, ...
    """

    run: str
    experiment: str
    params: Mapping[str, Any]
    after: int = -1
    limit: int | None = None
    credit: int = 0
    speed: float = 0.0
    parts: int = 0
    share: tuple[int, int] = (0, 1)


@dataclass(frozen=True)
class Question:
    """Something asked of a run: ``explain`` (seq, target), ``tensor`` (seq, name, slice, id) or ``script``."""

    kind: str
    seq: int = -1
    values: Mapping[str, Any] | None = None


class Failed(Exception):
    """A question or a run that failed, told as a Message in JSON."""

    def __init__(self, error: MessageJson, path: Path = ()) -> None:
        super().__init__(error["id"])
        self.error, self.path = error, path


class Listener(Protocol):
    """Who hears of an order's frames."""

    def on_scene(self, message: bytes) -> None:
        """The packed scene; once, before the first block. Once more after the order was taken up anew."""

    def on_block(self, block: Block, seconds: float) -> None:
        """The next block and the seconds that computing it took."""

    def on_progress(self, computed: int, done: int, total: int, stage: MessageJson) -> None:
        """No frame yet, but work goes on."""

    def on_paused(self, computed: int) -> None:
        """The limit was reached, every frame up to it was sent."""

    def on_end(self, computed: int, error: MessageJson | None, path: Path = ()) -> None:
        """No more frames: the run is done, or failed with ``error``, which the field at ``path`` of the params would mend."""

    def again(self) -> Order:
        """The worker is gone through no fault of this order: what is still to compute."""


class Stream(Protocol):
    """An order under way."""

    def credit(self, blocks: int) -> None:
        """May send so many more blocks; negative: takes them back. Without credit nothing is computed."""

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def step(self, n: int) -> None: ...

    def speed(self, steps_per_second: float) -> None: ...

    def close(self) -> None:
        """Stop at once and forget; the listener hears nothing more."""

    async def ask(self, question: Question) -> Any:
        """The answer; raises :class:`Failed`."""


class Runner(Protocol):
    """Executes orders."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def capacity(self) -> int:
        """How many orders may be under way before runs queue."""

    def width(self) -> int:
        """How many parts of a run are computed at a time."""
        ...

    def open(self, order: Order, listener: Listener) -> Stream: ...

    def health(self) -> dict[str, Any]: ...
