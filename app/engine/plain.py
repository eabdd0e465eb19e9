"""Explanations and errors as the JSON of their messages."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from app.engine.runner import Failed, MessageJson, Path
from app.labs.contract import Message, UserError
from app.wire import messages as wire


def plain(value: Any) -> Any:
    """Dataclasses, Messages and numpy numbers as JSON values.

    A float that JSON lacks becomes ``"NaN"``, ``"Infinity"`` or ``"-Infinity"``, which JavaScript's
    ``Number`` reads back.
    """
    if isinstance(value, Message):
        return {"id": value.id, "values": plain(value.values)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def failure(error: BaseException) -> Failed:
    """What went wrong in an experiment, as the Message to show."""
    if isinstance(error, Failed):
        return error
    if isinstance(error, UserError):
        return Failed(error.message.as_json(), error.path)
    text = str(error)
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and "memory" in text):
        return Failed(Message("server.out-of-memory").as_json())
    return Failed(Message("server.run-failed", {"error": f"{type(error).__name__}: {text[:300]}"}).as_json())


def beside(fields: Iterable[tuple[Path, MessageJson]]) -> list[wire.FieldErrorJson]:
    """Sentences that stand beside fields of the params."""
    return [wire.FieldErrorJson(path=list(path), message=wire.MessageJson(**error)) for path, error in fields]
