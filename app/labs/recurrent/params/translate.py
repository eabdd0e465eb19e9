"""The params of ``recurrent/translate``: a text, the network that says it in another way, and how. No torch, no numpy here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from app.labs.contract import Message, Params, UserError
from app.nn.tasks.dates import Dates, parse
from app.nn.tasks.echo import Echo
from app.nn.tasks.pairs import Task, alphabet

MOST_READ = 32
"""Characters of a source."""
MOST_SAID = 32
"""Characters of a target, without its end."""


def of(group: str, **more: Any) -> dict[str, Any]:
    """What a field's schema says to the form."""
    return {"group": group, **more}


TASKS: Mapping[str, Task] = {"dates": Dates(), "echo": Echo()}


class TranslateParams(Params):
    """An encoder reads a text, one character a frame; then a decoder says it in another way, one character a frame."""

    experiment: ClassVar[str] = "recurrent/translate"

    text: str = Field("30 september 2023", max_length=MOST_READ, json_schema_extra=of("text", widget="text", lines=1, live=True))
    model: Literal["dates_additive", "dates_dot", "dates_none", "dates_early", "echo"] = Field(
        "dates_dot", json_schema_extra=of("text")
    )
    feeding: Literal["both", "free", "forced"] = Field("both", json_schema_extra=of("decoder"))
    """What the decoder is given: what it said itself (free), the right character (forced), or each in a row of its own."""
    target: str = Field("", max_length=MOST_SAID, json_schema_extra=of("decoder", lines=1, when={"feeding": ["both", "forced"]}))
    """What should be said; empty: what our own parser says."""
    decoding: Literal["greedy", "beam"] = Field("greedy", json_schema_extra=of("decoder", when={"feeding": ["both", "free"]}))
    width: int = Field(4, ge=1, le=8, json_schema_extra=of("decoder", widget="slider", when={"decoding": ["beam"]}))
    length_penalty: float = Field(0.0, ge=0, le=2, json_schema_extra=of("decoder", when={"decoding": ["beam"]}))
    """alpha of log p / length^alpha, by which texts that ended are ranked."""
    most: int = Field(16, ge=1, le=MOST_SAID + 1, json_schema_extra=of("decoder", folded=True))
    """Steps of a free run at most, the one that says the end included."""

    @property
    def task(self) -> Task:
        """What the model was trained for."""
        return TASKS[self.model.partition("_")[0]]

    @property
    def source(self) -> tuple[str, ...]:
        """The characters that are read."""
        return tokens(self.text, self.task)

    @property
    def wanted(self) -> tuple[str, ...] | None:
        """What should be said; None where nobody knows."""
        if self.target:
            return tuple(self.target.lower())
        if isinstance(self.task, Echo):
            return self.source
        day = parse(self.text)
        return None if day is None else tuple(day.isoformat())

    @field_validator("text")
    @classmethod
    def _something(cls, text: str) -> str:
        if not text.strip():
            raise UserError(Message("recurrent.translate.error.empty"))
        return text

    @model_validator(mode="after")
    def _readable(self) -> TranslateParams:
        for field, found, known in (
            ("text", self.source, self.task.source_words),
            ("target", tuple(self.target.lower()), self.task.target_words),
        ):
            strange = "".join(dict.fromkeys(one for one in found if one not in known))
            if strange:
                told = {"strange": " ".join(strange[:8]), "known": alphabet(known)}
                raise UserError(Message(f"recurrent.translate.error.unknown_{field}", told), (field,))
        if self.feeding == "forced" and self.wanted is None:
            raise UserError(Message("recurrent.translate.error.no_target"), ("target",))
        return self


def tokens(text: str, task: Task) -> tuple[str, ...]:
    """A typed text as the task's characters, known or not."""
    return tuple(" ".join(text.lower().split())) if isinstance(task, Dates) else tuple(text.lower())
