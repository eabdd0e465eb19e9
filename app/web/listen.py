"""The listening socket and uvicorn's settings, the same for the command line, tests and benchmarks."""

from __future__ import annotations

import signal
import socket
import sys
from typing import Any

BACKLOG = 2048
SEND_BUFFER = 2**19
"""Bytes that the kernel holds for one page: what is in there no pause or seek can take back."""


def listen(host: str, port: int, send_seconds: float = 10.0) -> socket.socket:
    """A bound TCP socket; ``port`` 0 picks a free one. Raises OSError where the address is taken.

    A peer that takes nothing for ``send_seconds`` is dropped by the kernel (Linux): closing such a
    connection would otherwise wait for its buffer for ever.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":  # there it would let two servers share a port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(send_seconds * 1000))
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock


def uvicorn_options() -> dict[str, Any]:
    """What uvicorn.Config needs besides the app."""
    return {
        "ws": "websockets-sansio",
        "ws_max_size": 64 * 1024,
        "ws_per_message_deflate": False,  # it cost 100 times the throughput
        "backlog": BACKLOG,
        "timeout_graceful_shutdown": 3,
        "lifespan": "on",
    }


def exit_cleanly() -> None:
    """SIGTERM ends the process with 0: uvicorn raises the signal again after its own clean shutdown."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
