"""A real server with the engine's test experiments, in a process of its own; run as a script it is that server."""

from __future__ import annotations

import dataclasses
import json
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
import psutil

TESTS = Path(__file__).parents[1]


class Site:
    """Started at once. ``limits`` are fields of app.engine.Limits.

    ``patience`` multiplies deadlines: 1 on a quiet machine, more where a start took longer than 5 s.
    """

    def __init__(self, **limits: Any) -> None:
        self._limits = {"workers": 1, "device": "cpu", "linger_seconds": 2.0, **limits}
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed with the site)
        self.port = 0
        self.start()

    def start(self) -> None:
        begun = time.monotonic()
        command = [sys.executable, __file__, str(self.port), json.dumps(self._limits)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._log, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("port "), self.log
        self.port = int(line.split()[1])
        while not self.ready():
            time.sleep(0.05)
        self.patience = max(1.0, (time.monotonic() - begun) / 5)

    def ready(self) -> bool:
        try:
            return all(worker["ready"] for worker in self.health()["workers"])
        except httpx.TransportError:
            return False

    def health(self) -> dict[str, Any]:
        return httpx.get(f"http://127.0.0.1:{self.port}/healthz", trust_env=False, timeout=5).json()

    def metric(self, name: str) -> float:
        text = httpx.get(f"http://127.0.0.1:{self.port}/metrics", trust_env=False).text
        return float(re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)[1])

    @property
    def ws(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    @property
    def web(self) -> psutil.Process:
        return psutil.Process(self.process.pid)

    def workers(self) -> list[psutil.Process]:
        return [child for child in self.web.children() if "spawn_main" in " ".join(child.cmdline())]

    @property
    def log(self) -> str:
        self._log.seek(0)
        return self._log.read()

    def end(self, how: int = signal.SIGTERM) -> int:
        """Ends the server and tells its exit code; its workers must not outlive it."""
        workers = self.workers()
        self.process.send_signal(how)
        code = self.process.wait(10)
        self.process.stdout.close()
        assert psutil.wait_procs(workers, timeout=5)[1] == []
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.end()
        self._log.close()


def main(port: int, limits: dict[str, Any]) -> None:
    import contextlib

    import uvicorn
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Route, WebSocketRoute

    from app.engine import Engine, Limits, Pool
    from app.web.listen import exit_cleanly, listen, uvicorn_options
    from app.web.metrics import Metrics
    from app.web.socket import Socket
    from engine import experiments

    bounds = dataclasses.replace(Limits(), **limits)
    metrics = Metrics()
    engine = Engine(bounds, Pool(bounds, [experiments.MODULE]), metrics)
    socket = Socket(engine)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> Any:
        async with engine, metrics.watching():
            yield

    async def health(request: Any) -> JSONResponse:
        return JSONResponse({**engine.health(), "connections": socket.connections})

    routes = [WebSocketRoute("/ws", socket), Route("/metrics", metrics.endpoint(engine)), Route("/healthz", health)]
    sock = listen("127.0.0.1", port, bounds.send_seconds)
    print("port", sock.getsockname()[1], flush=True)
    exit_cleanly()
    uvicorn.Server(uvicorn.Config(Starlette(routes=routes, lifespan=lifespan), log_level="warning", **uvicorn_options())).run(
        sockets=[sock]
    )


if __name__ == "__main__":
    sys.path[:1] = [str(TESTS.parent), str(TESTS)]
    main(int(sys.argv[1]), json.loads(sys.argv[2]))
