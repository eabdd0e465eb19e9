"""The runner of this machine: warm worker processes, watched and started anew when they die.

Each worker has a pipe and two threads of the web process: one blocks on reading and hands over with
``call_soon_threadsafe`` (the same on Linux, macOS and Windows), one writes, so that a worker that
does not read never holds the event loop.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import multiprocessing
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any

from app.engine.entry import Config, main
from app.engine.limits import Limits
from app.engine.mark import WARMING, Mark
from app.engine.parts import Shares
from app.engine.runner import Failed, Listener, Order, Question, Stream
from app.labs.contract import Message
from app.wire.blocks import Block, Layout

ASIDE_SECONDS = 0.1
"""A worker stands aside so long: a page that waited for this server to start is answered first."""
WATCH_SECONDS = 0.25
WARM_SECONDS = 120.0
STOP_SECONDS = 2.0

LOADING = Message("server.loading").as_json()
log = logging.getLogger(__name__)


@contextmanager
def _ctrl_c_held_back() -> Iterator[None]:
    """What this thread starts meanwhile never sees Ctrl-C, not even while it imports: a terminal sends it to every process."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # started later, it would let Ctrl-C through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Process:
    """One life of a worker: the process, its pipe and its two threads."""

    def __init__(self, worker: Worker, config: Config) -> None:
        context = multiprocessing.get_context("spawn")  # CUDA and threads forbid fork
        self._pipe, theirs = context.Pipe()
        shared = context.RawArray("d", 2)
        self.mark = Mark(shared)
        self.mark.enter(WARMING)
        self._worker, self._loop = worker, asyncio.get_running_loop()
        self._outbox: SimpleQueue[tuple[Any, ...] | None] = SimpleQueue()
        self.process = context.Process(target=main, args=(theirs, shared, config), daemon=True, name=f"worker-{config.index}")
        self._threads = [
            threading.Thread(target=self._live, args=(theirs,), daemon=True, name=f"worker-{config.index}-read"),
            threading.Thread(target=self._write, daemon=True, name=f"worker-{config.index}-write"),
        ]
        for thread in self._threads:
            thread.start()

    def send(self, *message: Any) -> None:
        self._outbox.put(message)

    def kill(self) -> None:
        with suppress(ValueError, AttributeError):
            self.process.kill()

    def _live(self, theirs: Connection) -> None:
        """The reader: starts the process (10 ms that the loop need not wait) and reads until its end."""
        try:
            time.sleep(ASIDE_SECONDS)
            with _ctrl_c_held_back():
                self.process.start()
            theirs.close()
            self._read(self._pipe)
        except (EOFError, OSError):
            pass
        except Exception:
            log.exception("a worker cannot be started or read")
        self._outbox.put(None)
        self._threads[1].join()
        self._pipe.close()
        if self.process.pid is not None:
            self.process.kill()
            self.process.join()
        self._hand(self._worker.died, self)

    def _read(self, pipe: Connection) -> None:
        while True:
            kind, has_bytes, number, *rest = pipe.recv()
            self._hand(self._worker.heard, self, kind, number, rest, pipe.recv_bytes() if has_bytes else b"")

    def _write(self) -> None:
        with suppress(OSError, ValueError):
            while message := self._outbox.get():
                self._pipe.send(message)

    def _hand(self, call: Any, *values: Any) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody is left to hear
            self._loop.call_soon_threadsafe(call, *values)


class Worker:
    """A place for a worker process: the orders and questions it has, kept over its deaths."""

    def __init__(self, config: Config, numbers: itertools.count[int]) -> None:
        self.config, self._numbers = config, numbers
        self.orders: dict[int, PoolStream] = {}
        self.questions: dict[int, tuple[asyncio.Future[Any], int]] = {}
        self.device: str | None = None
        self.restarts = 0
        self._early_deaths = 0
        self._blame: Message | None = None
        self._stopping = False
        self._gone = asyncio.Event()
        self.process = Process(self, config)

    def load(self) -> int:
        return sum(stream.computing for stream in self.orders.values())

    def open(self, order: Order, listener: Listener) -> PoolStream:
        number = next(self._numbers)
        stream = self.orders[number] = PoolStream(self, number, order, listener)
        self._tell_warming(listener, order)
        self.process.send("open", number, order)
        return stream

    def _tell_warming(self, listener: Listener, order: Order) -> None:
        """A process that still imports torch takes seconds: whoever waits for it is told."""
        if self.device is None:
            listener.on_progress(order.after, 0, 0, LOADING)

    async def ask(self, of: int, question: Question) -> Any:
        number = next(self._numbers)
        future = asyncio.get_running_loop().create_future()
        self.questions[number] = (future, of)
        self.process.send("ask", number, of, question)
        try:
            return await future
        finally:
            self.questions.pop(number, None)

    def watch(self, next_seconds: float) -> None:
        """Kills a process whose experiment does not return."""
        number, seconds = self.process.mark.read()
        if seconds > (WARM_SECONDS if number == WARMING else next_seconds):
            log.error("worker %d is stuck for %.0f s: it is started anew", self.config.index, seconds)
            self._blame = Message("server.too-slow", {"seconds": round(next_seconds)})
            self.process.kill()

    async def stop(self) -> None:
        self._stopping = True
        self.process.send("stop", 0)
        asyncio.get_running_loop().call_later(STOP_SECONDS / 2, self.process.kill)
        await self._gone.wait()

    # Called on the loop by the process's threads --------------------------------------------------

    def heard(self, process: Process, kind: str, number: int, rest: Sequence[Any], data: bytes) -> None:
        if process is not self.process:
            return
        if kind == "ready":
            self.device, self._early_deaths = rest[0], 0
        elif kind == "answer":
            future, _ = self.questions.get(number, (None, 0))
            if future is not None and not future.done():
                value, refused = rest
                if refused:
                    future.set_exception(Failed(*refused))
                else:
                    future.set_result(data or value)
        elif stream := self.orders.get(number):
            stream.heard(kind, rest, data)

    def died(self, process: Process) -> None:
        """Whoever was inside the experiment's code fails, the others are computed again."""
        number, _ = process.mark.read()
        blame, self._blame = self._blame or Message("server.worker-died"), None
        self._gone.set()
        if self._stopping:
            return
        self.device = None
        self.restarts += 1
        log.error("worker %d died (exit code %s)", self.config.index, process.process.exitcode)
        for asked, (future, _) in list(self.questions.items()):
            if not future.done():
                future.set_exception(Failed((blame if asked == number else Message("server.try-again")).as_json()))
        if number == WARMING:
            self._early_deaths += 1
            if self._early_deaths > 2:  # it will not come up for these runs
                self._fail_all(Message("server.worker-died"))
        elif stream := self.orders.pop(number, None):
            stream.listener.on_end(-1, blame.as_json())
        delay = min(30.0, 2.0**self._early_deaths - 1)
        asyncio.get_running_loop().call_later(delay, self._again)

    def _again(self) -> None:
        if self._stopping:
            return
        self._gone = asyncio.Event()
        self.process = Process(self, self.config)
        for number, stream in list(self.orders.items()):
            stream.deaths += 1
            if stream.deaths > 3:
                del self.orders[number]
                stream.listener.on_end(-1, Message("server.worker-died").as_json())
            else:
                order = stream.listener.again()
                self._tell_warming(stream.listener, order)
                self.process.send("open", number, order)

    def _fail_all(self, blame: Message) -> None:
        orders, self.orders = self.orders, {}
        for stream in orders.values():
            stream.listener.on_end(-1, blame.as_json())


class PoolStream:
    """An order on a worker."""

    def __init__(self, worker: Worker, number: int, order: Order, listener: Listener) -> None:
        self._worker, self._number, self.listener = worker, number, listener
        self._layout: Layout | None = None
        self.computing = order.limit is None or order.limit >= 0
        self.deaths = 0

    def credit(self, blocks: int) -> None:
        self._worker.process.send("credit", self._number, blocks)

    def pause(self) -> None:
        self._worker.process.send("pause", self._number)

    def resume(self) -> None:
        self._worker.process.send("resume", self._number)

    def step(self, n: int) -> None:
        self._worker.process.send("step", self._number, n)

    def speed(self, steps_per_second: float) -> None:
        self._worker.process.send("speed", self._number, steps_per_second)

    def close(self) -> None:
        if self._worker.orders.pop(self._number, None):
            self._worker.process.send("close", self._number)

    async def ask(self, question: Question) -> Any:
        if self._number not in self._worker.orders:
            raise Failed(Message("server.unknown-run").as_json())
        return await self._worker.ask(self._number, question)

    def heard(self, kind: str, rest: Sequence[Any], data: bytes) -> None:
        if kind == "block":
            seq, count, layout, seconds = rest
            self._layout = layout or self._layout
            assert self._layout is not None
            self.listener.on_block(Block(seq, count, self._layout, data), seconds)
        elif kind == "scene":
            self.listener.on_scene(data)
        elif kind == "progress":
            self.listener.on_progress(*rest)
        elif kind == "paused":
            self.listener.on_paused(*rest)
        elif kind == "end":
            self.computing = False
            self.listener.on_end(*rest)


class Pool:
    """All workers of this machine. ``imports``: modules that bring further experiments."""

    def __init__(self, limits: Limits, imports: Sequence[str] = ()) -> None:
        self._limits, self._imports = limits, tuple(imports)
        self.workers: list[Worker] = []
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> None:
        numbers = itertools.count(1)
        limits = self._limits
        self.workers = [
            Worker(Config(i, limits.device, limits.worker_memory_mb, self._imports), numbers) for i in range(limits.worker_count())
        ]
        self._watch = asyncio.create_task(self._watching())

    async def stop(self) -> None:
        if self._watch:
            self._watch.cancel()
        await asyncio.gather(*(worker.stop() for worker in self.workers))

    def capacity(self) -> int:
        return self._limits.runs_per_worker * max(1, len(self.workers))

    def width(self) -> int:
        return len(self.workers)

    def open(self, order: Order, listener: Listener) -> Stream:
        workers = self.workers[: order.parts]
        if len(workers) > 1:
            return Shares(order, listener, [worker.open for worker in workers])
        return min(self.workers, key=Worker.load).open(order, listener)

    def health(self) -> dict[str, Any]:
        return {
            "workers": [
                {"device": w.device, "ready": w.device is not None, "runs": w.load(), "restarts": w.restarts} for w in self.workers
            ]
        }

    async def _watching(self) -> None:
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            for worker in self.workers:
                worker.watch(self._limits.next_seconds)
