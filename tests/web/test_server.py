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


def test_sigterm_ends_it_with_0_within_5_seconds(own_server: Server) -> None:
    start = time.monotonic()
    assert own_server.terminate() == 0, own_server.log
    assert time.monotonic() - start < 5
    assert "Traceback" not in own_server.log


def test_after_kill_9_the_same_port_serves_again(own_server: Server) -> None:
    port = own_server.port
    own_server.restart()
    assert own_server.port == port
    assert httpx.get(own_server.url + "/healthz", trust_env=False).json()["status"] == "ok"
