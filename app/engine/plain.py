"""Explanations as the JSON of their messages."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from app.labs.contract import Message


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
