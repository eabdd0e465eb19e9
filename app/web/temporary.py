"""A temporary folder that is gone with its server, or, where the server was killed, with the next one's start.

A server holds a lock (flock, which the kernel lets go with the process) on its folder: what is named like one, belongs to this
user, is old enough and is not locked was left behind.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path

MOST_SEEN = 10_000
"""Names in the system's temporary folder that are looked at."""
MOST_CLEARED = 16
YOUNG = 60.0
"""Seconds. A folder that another server has just made is not locked yet."""


@contextmanager
def temporary(prefix: str) -> Iterator[str]:
    """A folder of this process's own; those that killed ones left are cleared first."""
    clear(prefix)
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as name:
        lock = _locked(Path(name))
        try:
            yield name
        finally:
            if lock is not None:
                os.close(lock)


def clear(prefix: str) -> None:
    """Deletes the folders that nobody holds, a few at a time; whatever stands in the way is left for the next start."""
    if sys.platform == "win32":
        return
    with suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        named = (one for one in islice(entries, MOST_SEEN) if one.name.startswith(prefix))
        for one in islice((Path(one.path) for one in named if _left(one)), MOST_CLEARED):
            lock = _locked(one)
            if lock is not None:
                shutil.rmtree(one, ignore_errors=True)
                os.close(lock)


def _left(entry: os.DirEntry[str]) -> bool:
    """A true folder of this user's that is not new."""
    try:
        found = entry.stat(follow_symlinks=False)
    except OSError:
        return False
    return entry.is_dir(follow_symlinks=False) and found.st_uid == os.getuid() and time.time() - found.st_mtime > YOUNG


def _locked(folder: Path) -> int | None:
    """The descriptor that holds the folder's lock; None where another process has it, or there are no such locks."""
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle
