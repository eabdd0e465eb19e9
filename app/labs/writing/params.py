"""The draw as params say it. No torch here."""

from __future__ import annotations

from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field

MOST_LENGTH = 1000
MOST_WORDS = 4000
"""No shipped model knows more tokens."""


class Chosen(BaseModel):
    """A token that is written at a step instead of a drawn one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: int = Field(ge=1, le=MOST_LENGTH)
    token: int = Field(ge=0, lt=MOST_WORDS)


class Draw(Protocol):
    """How the next token is drawn."""

    @property
    def temperature(self) -> float: ...

    @property
    def top_k(self) -> int | None: ...

    @property
    def top_p(self) -> float: ...
