"""The engine: every run of this server, the queue before the workers, and what becomes of runs without viewers."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from typing import Any, Self

from app.engine.limits import Limits
from app.engine.pool import Pool
from app.engine.runner import Runner
from app.engine.runs import Meter, Run
from app.labs.contract import Message, Params, UserError

SWEEP_SECONDS = 0.5


class Engine:
    """``async with Engine(limits): ...`` starts the runner and ends it. All methods belong to one event loop."""

    def __init__(self, limits: Limits | None = None, runner: Runner | None = None, meter: Meter | None = None) -> None:
        self.limits = limits or Limits()
        self.runner = runner or Pool(self.limits)
        self.runs: dict[str, Run] = {}
        self._meter = meter
        self._queue: list[Run] = []
        self._sweeper: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.runner.start()
        self._sweeper = asyncio.create_task(self._sweeping())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._sweeper:
            self._sweeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sweeper
        for run in list(self.runs.values()):
            self.drop(run)
        await self.runner.stop()

    def start(self, params: Params, *, skip: int = -1, paused: bool = False) -> Run:
        """A run of valid params, queued until a worker has room and it has a viewer. Raises UserError when full."""
        if len(self._queue) >= self.limits.max_queue:
            raise UserError(Message("server.busy", {"runs": len(self._queue)}))
        if len(self.runs) >= self.limits.kept_runs:
            unviewed = [run for run in self.runs.values() if not run.viewers]
            if not unviewed:
                raise UserError(Message("server.busy", {"runs": len(self.runs)}))
            self.drop(min(unviewed, key=lambda run: run.left_at))
        run = Run(
            params.experiment,
            params.model_dump(mode="json"),
            params.length(),
            runner=self.runner,
            limits=self.limits,
            meter=self._meter,
            freed=self._admit,
            after=skip,
            paused=paused,
            parts=params.parts(),
        )
        self.runs[run.id] = run
        self._queue.append(run)
        return run

    def drop(self, run: Run) -> None:
        """Forgets a run at once."""
        if self.runs.pop(run.id, None):
            run.drop()
            self._admit()

    def admit(self, run: Run) -> None:
        """A viewer came: an unfinished run may begin."""
        if run.state == "queued":
            self._admit()

    def counts(self) -> Counter[str]:
        """Runs by state."""
        return Counter(run.state for run in self.runs.values())

    def health(self) -> dict[str, Any]:
        """Plain values for /healthz."""
        return {"runs": dict(self.counts()), "queue": len(self._queue), **self.runner.health()}

    def _admit(self) -> None:
        """Begins queued runs while there is room and tells the others their place."""
        active = sum(run.state in ("running", "paused") and bool(run.viewers) for run in self.runs.values())
        waiting = [run for run in self._queue if run.state == "queued" and not run.gone]
        for run in [run for run in waiting if run.viewers][: max(0, self.runner.capacity() - active)]:
            waiting.remove(run)
            run.begin()
        self._queue = waiting
        for place, run in enumerate(waiting, 1):
            run.queued_at(place)

    async def _sweeping(self) -> None:
        """Drops runs that nobody came back to."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            now = asyncio.get_running_loop().time()
            for run in list(self.runs.values()):
                if not run.viewers and now - run.left_at > self.limits.linger_seconds:
                    self.drop(run)
