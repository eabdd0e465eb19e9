"""The server as one process: it starts, says where, ends cleanly."""

from __future__ import annotations

import time

import httpx
from serving import Server


def test_every_page_answers(server: Server) -> None:
    for path in ("/", "/optimizer", "/convolution", "/recurrent", "/attention", "/healthz", "/metrics", "/api/experiments"):
        answer = httpx.get(server.url + path, trust_env=False)
        assert answer.status_code == 200, path
        assert answer.content, path


def test_sigterm_ends_it_with_0_within_5_seconds(fresh_server: Server) -> None:
    start = time.monotonic()
    assert fresh_server.terminate() == 0, fresh_server.log
    assert time.monotonic() - start < 5
    assert "Traceback" not in fresh_server.log


def test_after_kill_9_the_same_port_serves_again(fresh_server: Server) -> None:
    port = fresh_server.port
    fresh_server.restart()
    assert fresh_server.port == port
    assert httpx.get(fresh_server.url + "/healthz", trust_env=False).json()["status"] == "ok"
