"""Where the data lies that is not part of this program: what weights were trained on."""

from __future__ import annotations

import os
from pathlib import Path

from app.labs.contract import Message, UserError

VARIABLE = "UNROLLED_DATA"


def found(folder: Path | None, file: str, source: str) -> Path:
    """The path of ``file`` in ``folder``, or in the folder that the environment names.

    Raises UserError where it is not there; ``source`` says where to get it.
    """
    chosen = folder or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    if chosen is None:
        raise UserError(Message("training.no-folder", {"file": file, "source": source, "variable": VARIABLE}))
    if not (chosen / file).is_file():
        raise UserError(Message("training.no-file", {"file": file, "folder": str(chosen), "source": source}))
    return chosen / file
