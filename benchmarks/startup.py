"""From the command line's start to the first byte of a page, beside a bare Python that imports fastapi and uvicorn."""

from __future__ import annotations

import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from benchmarks.report import Row

ROOT = Path(__file__).parent.parent
ROUNDS = 5


def rows() -> list[Row]:
    served, bare = [], []
    for _ in range(ROUNDS):
        served.append(_first_byte())
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import fastapi, uvicorn"], check=True)
        bare.append(time.perf_counter() - start)
    return [
        Row(
            "server start to the first page byte (baseline: python importing fastapi, uvicorn)",
            statistics.median(served),
            "s",
            statistics.median(bare),
            goal="under 1 s",
        )
    ]


def _first_byte() -> float:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    start = time.perf_counter()
    server = subprocess.Popen([sys.executable, "-m", "app", "serve", "--port", str(port)], cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        while time.perf_counter() - start < 60:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/optimizer", timeout=30) as page:
                    page.read(1)
                return time.perf_counter() - start
            except OSError:
                time.sleep(0.005)
        raise TimeoutError("the server gave no page within 60 s")
    finally:
        server.terminate()
        server.wait(10)
