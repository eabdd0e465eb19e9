"""``--model FILE.py:FACTORY``: the operator's own network, for the workers. This process never imports the file."""

from __future__ import annotations

import os
from pathlib import Path

from app.labs.contract import Message, UserError
from app.labs.offered import VARIABLE


def offer(named: str | None) -> None:
    """Tells the processes that will be started. Raises UserError for a text of another form and a file that is not there."""
    if not named:
        return
    file, colon, factory = named.rpartition(":")
    if not colon or not file or not factory.isidentifier():
        raise UserError(Message("cli.bad-model", {"got": named}))
    path = Path(file).expanduser().resolve()
    if not path.is_file():
        raise UserError(Message("cli.no-model-file", {"file": file}))
    os.environ[VARIABLE] = f"{path}:{factory}"
