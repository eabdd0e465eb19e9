"""Long work in a thread of its own, so that the run it belongs to goes on telling how far it is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from typing import Generic, TypeVar

import torch

from app.labs.contract import Message, Progress

WAIT_SECONDS = 0.08

T = TypeVar("T")


class _Closed(BaseException):
    """Nobody waits for the work any more."""


class Background(Generic[T]):
    """``work(done)`` in a thread; it calls ``done(n)`` after every n of ``total`` pieces, where a closed run ends it.

    ``yield from`` its :meth:`wait`, whose value is what the work returned. Raises what the work raises.
    """

    def __init__(self, work: Callable[[Callable[[int], None]], T], total: int, stage: Message) -> None:
        self._work, self._total, self._stage = work, total, stage
        self._count, self._closed = 0, False
        self._result: list[T] = []
        self._error: BaseException | None = None

    def wait(self) -> Generator[Progress, None, T]:
        """Progress about each tenth of a second, until the work is done."""
        thread = threading.Thread(target=self._run, args=(torch.get_num_threads(),), name=self._stage.id, daemon=True)
        thread.start()
        try:
            while True:
                thread.join(WAIT_SECONDS)
                if not thread.is_alive():
                    break
                yield Progress(min(self._count, self._total), self._total, self._stage)
        finally:
            self._closed = True
            thread.join()
        if self._error is not None:
            raise self._error
        return self._result[0]

    def _run(self, threads: int) -> None:
        torch.set_num_threads(threads)  # a thread begins with torch's own number
        try:
            self._result.append(self._work(self._done))
        except _Closed:
            pass
        except BaseException as error:
            self._error = error

    def _done(self, pieces: int) -> None:
        if self._closed:
            raise _Closed
        self._count += pieces
