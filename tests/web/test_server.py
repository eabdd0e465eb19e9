"""The server as one process: it starts, says where, ends cleanly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import httpx
import pytest

from serving import ROOT, Server


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


@pytest.mark.skipif(sys.platform == "win32", reason="process groups")
@pytest.mark.parametrize("seconds", [0.0, 0.5, 1.5])
def test_ctrl_c_in_a_terminal_is_a_quiet_end_however_early(seconds: float) -> None:
    """A terminal sends it to the workers too, which may still be importing."""
    command = [sys.executable, "-m", "app", "serve", "--port", "0", "--workers", "2"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Tests started in the background of a shell ignore Ctrl-C, and so would what they start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        assert process.stdout is not None
        assert "http://" in process.stdout.readline()
        time.sleep(seconds)
        os.killpg(process.pid, signal.SIGINT)
        _, told = process.communicate(timeout=30)
    assert (process.returncode, told) == (0, "")
