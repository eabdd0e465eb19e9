"""Where a worker process begins and how it ends. The web process imports this too, so torch and numpy only come inside."""

from __future__ import annotations

import gc
import importlib
import logging
import os
import signal
import sys
import threading
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from typing import Any

from app.engine.mark import WARMING, Mark

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Config:
    """How a worker is started. ``imports`` are modules that bring further experiments (the tests')."""

    index: int
    device: str
    memory_mb: int
    imports: tuple[str, ...] = ()


def main(pipe: Connection, shared: Any, config: Config) -> None:
    """The process: ends when the pipe does, or with the web process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the web process, which then stops us
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    mark = Mark(shared)
    mark.enter(WARMING)
    device = _warm(config)
    from app.engine.worker import Worker

    mark.leave()
    try:
        pipe.send(("ready", False, 0, device))
        Worker(pipe, mark, device).loop()
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass


def _warm(config: Config) -> str:
    """Imports torch and every experiment, so that the first run starts at once. Returns the device."""
    import torch

    from app import labs

    torch.set_num_threads(1)  # on shared machines more made small models 10 to 50 times slower
    device = config.device
    if device != "cpu":
        found = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if not found and device == "cuda":
            log.error("no CUDA device was found: computing on the CPU")
        device = f"cuda:{config.index % found}" if found else "cpu"
    for name in config.imports:
        importlib.import_module(name)
    for name in labs.experiments():
        try:
            labs.module(name)
        except Exception:
            log.exception("experiment %s cannot be imported", name)
    if device == "cpu":
        _limit_memory(config.memory_mb)
    gc.collect()
    gc.freeze()  # what is imported stays: collections look only at what runs make
    return device


def _limit_memory(mb: int) -> None:
    """A run that leaks gets a MemoryError instead of taking the machine along. Linux only."""
    if mb and sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (mb * 2**20, resource.RLIM_INFINITY))


def _end_with_parent() -> None:
    """A web process killed outright cannot stop us, and a generator may not return for long."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
