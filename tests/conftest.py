"""What every test may use: a real server in its own process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
START_SECONDS = 60


class Server:
    """``python -m app serve`` on a free port. ``stop`` kills it outright; ``start`` comes back on the same port."""

    def __init__(self, *options: str, **environment: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.options = options
        self.environment = environment
        self.url = f"http://127.0.0.1:{self.port}"
        self.ws_url = f"ws://127.0.0.1:{self.port}/ws"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        """Returns when the first page can be had."""
        command = [sys.executable, "-m", "app", "serve", "--port", str(self.port), *self.options]
        self.process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **self.environment}, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/healthz", timeout=5).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"the server did not start (exit code {self.process.poll()})") from None
                time.sleep(0.05)

    def stop(self) -> None:
        """kill -9, as a crash would; its workers end by themselves."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None

    def terminate(self, seconds: float = 10) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(seconds)
        self.process = None
        return code

    def restart(self) -> None:
        self.stop()
        self.start()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One server for all tests that leave it as they found it."""
    one = Server()
    one.start()
    yield one
    if one.process is not None:
        one.terminate()


@pytest.fixture
def own_server() -> Iterator[Server]:
    """A server that the test may stop, start and load."""
    one = Server()
    one.start()
    yield one
    one.stop()
