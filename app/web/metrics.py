"""/metrics: what a server does, for Prometheus."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cached_property

from starlette.requests import Request
from starlette.responses import Response

from app.engine import Engine

STATES = ("queued", "running", "paused", "done", "failed", "cancelled")
STEP_SECONDS = (1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1, 3, 10)
LAG_SECONDS = (0.001, 0.003, 0.01, 0.02, 0.05, 0.1, 0.3, 1)
LAG_EVERY = 0.1


class Instruments:
    """One registry a server, so that tests may have many."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self.registry = CollectorRegistry()
        self.runs = Gauge("unrolled_runs", "Runs in memory by state.", ["state"], registry=self.registry)
        self.frames = Counter("unrolled_frames", "Frames computed and packed.", registry=self.registry)
        self.bytes = Counter("unrolled_bytes", "Bytes of packed blocks.", registry=self.registry)
        self.steps = Histogram(
            "unrolled_step_seconds", "Seconds a step, the mean of each block.", buckets=STEP_SECONDS, registry=self.registry
        )
        self.lag = Histogram(
            "unrolled_loop_lag_seconds", "How late the event loop is.", buckets=LAG_SECONDS, registry=self.registry
        )


class Metrics:
    """The engine's Meter. Its instruments are made at their first use: importing them is no part of a start."""

    @cached_property
    def instruments(self) -> Instruments:
        return Instruments()

    def block(self, frames: int, nbytes: int, seconds: float) -> None:
        """Counts a block."""
        self.instruments.frames.inc(frames)
        self.instruments.bytes.inc(nbytes)
        self.instruments.steps.observe(seconds / frames)

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Measures the event loop's lag meanwhile."""
        task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            task.cancel()

    async def _watch(self) -> None:
        await asyncio.sleep(LAG_EVERY)
        await asyncio.to_thread(importlib.import_module, "prometheus_client")
        while True:
            start = time.perf_counter()
            await asyncio.sleep(LAG_EVERY)
            self.instruments.lag.observe(max(0.0, time.perf_counter() - start - LAG_EVERY))

    def endpoint(self, engine: Engine) -> Callable[[Request], Awaitable[Response]]:
        """The route's function."""

        async def metrics(request: Request) -> Response:
            from prometheus_client import generate_latest

            counts = engine.counts()
            for state in STATES:
                self.instruments.runs.labels(state).set(counts[state])
            return Response(generate_latest(self.instruments.registry), media_type="text/plain; version=0.0.4; charset=utf-8")

        return metrics
