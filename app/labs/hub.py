"""Models of Hugging Face, for every lab that shows some: the ids that the operator allows, safetensors only, no code of theirs.

Nothing is fetched, for a run's step has a deadline: ``hf download ID`` does that once. ``transformers`` (the extra ``hub``) is
imported when the first of them is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, TypeVar

from app.labs.contract import Message, UserError
from app.labs.own import problem

T = TypeVar("T")
HERE: Mapping[str, Any] = {"local_files_only": True, "trust_remote_code": False}


def loaded(name: str, field: str, maker: Callable[[Any, str, Mapping[str, Any]], T]) -> T:
    """What ``maker(transformers, id, here)`` makes of the model ``ID`` or ``ID@REVISION``; ``here`` is for ``from_pretrained``.

    Raises UserError: of ``field`` where the extra is missing, of "hub" where the model is not on this machine or cannot be read.
    """
    os.environ["HF_HUB_OFFLINE"] = "1"  # read at the first import; without it a missing file is asked for in spite of HERE
    try:
        transformers = import_module("transformers")
    except ImportError:
        raise UserError(Message("hub.error.extra"), (field,)) from None
    transformers.utils.logging.disable_progress_bar()
    id, _, revision = name.partition("@")
    try:
        return maker(transformers, id, {"revision": revision or "main", **HERE})
    except OSError:
        raise UserError(Message("hub.error.absent", {"name": id}), ("hub",)) from None
    except UserError:
        raise
    except Exception as error:  # whatever a configuration leads to
        raise UserError(Message("hub.error.failed", {"name": name, "problem": problem(error)}), ("hub",)) from error
