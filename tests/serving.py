"""A real server for tests: ``python -m app serve`` in a process of its own, on a free port of 127.0.0.1."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import httpx
import psutil

ROOT = Path(__file__).parent.parent
START_SECONDS = 60.0
STOP_SECONDS = 10.0


class Server:
    """``url`` has no slash at its end; ``start`` after ``stop`` or ``terminate`` takes the same port again."""

    def __init__(
        self,
        log: TextIO,
        *options: str,
        environment: Mapping[str, str] | None = None,
        root_path: str = "",
        program: Sequence[str] = ("-m", "app"),
    ) -> None:
        self._program = program
        self._options = [*options, "--root-path", root_path] if root_path else list(options)
        self._environment = {**os.environ, "LC_ALL": "C.UTF-8", **(environment or {})}
        self._root_path = root_path
        self._log = log
        self._process: subprocess.Popen[str] | None = None
        self.port = 0
        self.printed: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    @property
    def pid(self) -> int:
        assert self._process is not None, "the server was not started"
        return self._process.pid

    @property
    def log(self) -> str:
        """Everything that it said on stderr."""
        self._log.seek(0)
        return self._log.read()

    def start(self) -> Server:
        """Returns once it answers."""
        command = [sys.executable, *self._program, "serve", "--port", str(self.port), *self._options]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=self._environment, stdout=subprocess.PIPE, stderr=self._log, text=True
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        self.printed = [line]
        found = re.search(r"http://[^ /]+:(\d+)", line)
        assert found, f"no address but {line!r}; stderr: {self.log}"
        self.port = int(found[1])
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                httpx.get(f"{self.url}{self._root_path}/healthz", timeout=5, trust_env=False).raise_for_status()
                return self
            except httpx.TransportError:
                assert self._process.poll() is None, f"it ended: {self.log}"
                assert time.monotonic() < deadline, f"it does not answer: {self.log}"
                time.sleep(0.02)

    def stop(self) -> None:
        """kill -9: no farewell to anybody."""
        if self._process is not None:
            self._process.kill()
            self._ended()

    def terminate(self) -> int:
        """SIGTERM, as a service manager ends it. Returns the exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._ended()

    def restart(self) -> None:
        self.stop()
        self.start()

    def close(self) -> None:
        """Ends the server and whatever it left behind."""
        if self._process is not None and self._process.poll() is None:
            family = [*psutil.Process(self.pid).children(recursive=True), psutil.Process(self.pid)]
            try:
                self.terminate()
            finally:
                for process in family:
                    if process.is_running():
                        process.kill()

    def _ended(self) -> int:
        assert self._process is not None
        code = self._process.wait(STOP_SECONDS)
        if self._process.stdout is not None:
            self.printed += self._process.stdout.readlines()
            self._process.stdout.close()
        return code


@contextmanager
def serving(
    *options: str, environment: Mapping[str, str] | None = None, root_path: str = "", program: Sequence[str] = ("-m", "app")
) -> Iterator[Server]:
    """A server with options of its own; ``program`` is what Python runs in place of ``-m app``."""
    with tempfile.TemporaryFile("w+") as log:
        server = Server(log, *options, environment=environment, root_path=root_path, program=program)
        try:
            yield server.start()
        finally:
            server.close()
