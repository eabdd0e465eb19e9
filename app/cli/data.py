"""``--data DIR``: the operator's folder of data that is not part of this program, for the workers."""

from __future__ import annotations

import os
from pathlib import Path

from app.labs.contract import Message, UserError
from app.nn.tasks.data import VARIABLE


def lend(folder: Path | None) -> None:
    """Tells the processes that will be started. Raises UserError where there is no such folder."""
    if folder is None:
        return
    path = folder.expanduser().resolve()
    if not path.is_dir():
        raise UserError(Message("cli.no-data-folder", {"folder": str(folder)}))
    os.environ[VARIABLE] = str(path)
