"""Errors as the JSON of their messages."""

from __future__ import annotations

from collections.abc import Iterable

from app.engine.runner import Failed, MessageJson, Path
from app.labs.contract import Message, UserError
from app.wire import messages as wire


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
