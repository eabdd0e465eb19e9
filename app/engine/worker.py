"""The loop of a worker process: calls ``next()`` on its runs in turn and sends what comes out through a pipe.

Messages are tuples whose first item is a kind. To the worker: ``open, credit, pause, resume, step,
speed, close, ask, stop`` and the number of a run or question. From it: ``ready, scene, block, progress,
paused, end, answer``, whether bytes follow, and the number.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from app.engine.failures import failure
from app.engine.job import Job, Lookup
from app.engine.mark import Mark
from app.engine.plain import plain
from app.engine.runner import Failed, Order, Question
from app.labs.contract import Frame, Message, Scene, UserError
from app.wire.blocks import MESSAGE_BYTES
from app.wire.frames import pack_scene, pack_tensor

TURN_SECONDS = 0.010
ROUND_SECONDS = 0.050
"""All runs together get one turn in about this time; with the steps that overrun it and the packing, 20 runs send 10 to 14
messages a second each."""
LEAST_TURN_SECONDS = 0.001

log = logging.getLogger(__name__)


class Worker:
    """The runs of one process and the questions asked of them."""

    def __init__(self, pipe: Connection, mark: Mark, device: str) -> None:
        self._pipe, self._mark, self._device = pipe, mark, device
        self._jobs: dict[int, Job] = {}
        self._lookups: dict[int, tuple[Lookup, Question]] = {}
        self._looked: Lookup | None = None
        self._turn = 0

    def loop(self) -> None:
        """Messages first, then one turn of the next run that can go on."""
        while True:
            ready, pause = self._ready()
            while self._pipe.poll(pause):
                message = self._pipe.recv()
                if message[0] == "stop":
                    return
                self._take(*message)
                pause = 0.0
                ready, _ = self._ready()
            if ready:
                budget = max(LEAST_TURN_SECONDS, min(TURN_SECONDS, ROUND_SECONDS / len(ready)))
                # The numbers only grow: the least one above the last turn's, or the first again.
                self._turn = min((n for n in ready if n > self._turn), default=min(ready))
                if self._turn in self._jobs:
                    self._work(self._jobs[self._turn], budget)
                else:
                    self._look(self._turn, budget)

    def _ready(self) -> tuple[list[int], float | None]:
        """The tasks that can go on now, and how long to wait for one."""
        now = time.monotonic()
        waits = {number: job.wait(now) for number, job in self._jobs.items()}
        ready = [number for number, seconds in waits.items() if seconds == 0] + list(self._lookups)
        return ready, 0.0 if ready else min((s for s in waits.values() if s is not None), default=None)

    def _take(self, kind: str, number: int, *rest: Any) -> None:
        if kind == "open":
            self._open(number, *rest)
        elif kind == "ask":
            self._ask(number, *rest)
        elif kind == "close":
            self._jobs.pop(number, None)
            for asked in [n for n, (lookup, _) in self._lookups.items() if lookup.job.number == number]:
                del self._lookups[asked]
            if self._looked and self._looked.job.number == number:
                self._looked = None
        elif job := self._jobs.get(number):
            if kind == "credit":
                job.credit += rest[0]
            elif kind == "pause":
                job.pause()
            elif kind == "resume":
                job.resume()
            elif kind == "step":
                job.step(rest[0])
            elif kind == "speed":
                job.speed = rest[0]

    def _open(self, number: int, order: Order) -> None:
        from app import labs

        try:
            self._mark.enter(number)
            params = labs.params_from(order.experiment, order.params)
            self._jobs[number] = Job(number, order, labs.module(order.experiment), params, self._device)
        except Exception as error:
            self._end(number, -1, error)
        finally:
            self._mark.leave()

    def _work(self, job: Job, budget: float) -> None:
        it = job.work(budget, self._mark)
        if it.scene is not None:
            self._send("scene", job.number, data=pack_scene(job.order.run, it.scene))
        for block in it.blocks:
            layout = None if job.told_layout == block.layout.id else block.layout
            job.told_layout = block.layout.id
            share = it.seconds / len(it.blocks)
            self._send("block", job.number, block.seq, block.count, layout, share, data=block.message)
        if it.progress:
            self._send("progress", job.number, job.computed, *it.progress)
        if it.paused:
            self._send("paused", job.number, job.computed)
        if it.ended:
            self._end(job.number, job.computed, it.error)

    def _end(self, number: int, computed: int, error: BaseException | None) -> None:
        told = self._told(error) if error else None
        self._send("end", number, computed, told and told.error, told.path if told else ())

    # Questions ------------------------------------------------------------------------------------

    def _ask(self, number: int, of: int, question: Question) -> None:
        job = self._jobs.get(of)
        try:
            if job is None:
                raise Failed(Message("server.unknown-run").as_json())
            if question.kind == "script" or question.seq < 0:
                self._answer(number, job, question, None)
            elif question.seq > max(job.computed, job.order.after):
                raise UserError(Message("server.no-such-frame", {"seq": question.seq, "last": job.computed}))
            elif pair := job.kept.pair(question.seq) or self._looked_up(job, question.seq):
                self._answer(number, job, question, pair)
            else:
                self._lookups[number] = (Lookup(job, question.seq), question)
        except Exception as error:
            self._refuse(number, error)

    def _looked_up(self, job: Job, seq: int) -> tuple[Frame | None, Frame] | None:
        """Neighbouring frames are asked for one after the other: the last lookup may have them."""
        return self._looked.kept.pair(seq) if self._looked and self._looked.job is job else None

    def _look(self, number: int, budget: float) -> None:
        lookup, question = self._lookups[number]
        try:
            if not lookup.work(budget, self._mark, number):
                return
            self._looked = lookup
            pair = lookup.kept.pair(question.seq)
            assert pair is not None
            self._answer(number, lookup.job, question, pair)
        except Exception as error:
            self._refuse(number, error)
        del self._lookups[number]

    def _answer(self, number: int, job: Job, question: Question, pair: tuple[Frame | None, Frame] | None) -> None:
        """Raises what the experiment raises."""
        values = dict(question.values or {})
        self._mark.enter(number)
        try:
            if question.kind == "script":
                script = getattr(job.module, "script", None)
                if script is None:
                    raise UserError(Message("server.no-script"))
                self._send("answer", number, script(job.params), None)
            elif question.kind == "tensor":
                self._send("answer", number, None, None, data=_tensor(job, question, pair))
            elif question.kind == "explain" and pair is not None:
                explanation = job.module.explain(job.params, job.scene(), *pair, values["target"])
                self._send("answer", number, plain(explanation), None)
            else:
                raise UserError(Message("server.no-such-frame", {"seq": question.seq, "last": job.computed}))
        finally:
            self._mark.leave()

    def _refuse(self, number: int, error: Exception) -> None:
        told = self._told(error)
        self._send("answer", number, None, (told.error, told.path))

    def _told(self, error: BaseException) -> Failed:
        if not isinstance(error, UserError | Failed):
            log.error("an experiment failed", exc_info=error)
        return failure(error)

    def _send(self, kind: str, number: int, *rest: Any, data: bytes | None = None) -> None:
        self._pipe.send((kind, data is not None, number, *rest))
        if data is not None:
            self._pipe.send_bytes(data)


def _tensor(job: Job, question: Question, pair: tuple[Frame | None, Frame] | None) -> bytes:
    values = dict(question.values or {})
    source: Frame | Scene = pair[1] if pair else job.scene()
    name, step = values["name"], pair[1].step if pair else 0
    if name not in source.tensors:
        raise UserError(Message("server.no-such-tensor", {"name": name, "known": ", ".join(list(source.tensors)[:20])}))
    tensor = source.tensors[name]
    part = _sliced(tensor, values.get("slice", ()))
    if part.nbytes > MESSAGE_BYTES - 2048:
        raise UserError(Message("server.slice-too-large", {"bytes": part.nbytes, "most": MESSAGE_BYTES - 2048}))
    return pack_tensor(job.order.run, question.seq, step, name, part, values["id"])


def _sliced(a: np.ndarray[Any, Any], parts: Sequence[int | Sequence[int]]) -> np.ndarray[Any, Any]:
    """``parts`` per axis: an index (the axis goes) or [start, stop]. Raises UserError outside the shape."""
    shape = list(a.shape)
    if len(parts) > a.ndim:
        raise UserError(Message("server.bad-slice", {"shape": shape}))
    for size, part in zip(shape, parts, strict=False):
        low, high = (part, part + 1) if isinstance(part, int) else part
        if not 0 <= low <= high <= size:
            raise UserError(Message("server.bad-slice", {"shape": shape}))
    # "..." keeps an array where every axis is an index.
    return a[(*(p if isinstance(p, int) else slice(*p) for p in parts), ...)]
