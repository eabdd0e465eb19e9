"""The params of ``attention/learning``: a task, a small network, its training, the sentence that is looked at. No torch here."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from app.labs.contract import Message, Params, UserError

MAX_STEPS = 3000
MAX_FRAMES = 200


def _of(group: str, **more: Any) -> dict[str, Any]:
    return {"group": group, **more}


class LearningParams(Params):
    """A Transformer learns from examples that are drawn anew at every step; one sentence is looked at, at every checkpoint."""

    experiment: ClassVar[str] = "attention/learning"

    task: Literal["english_french", "english_chinese", "chinese_english", "dates", "reversal", "induction"] = Field(
        "english_french", json_schema_extra=_of("task")
    )
    sentence: str | None = Field(None, max_length=200, json_schema_extra=_of("task", widget="text", lines=2))
    """What is looked at; None: one of the task's own."""

    layers: int = Field(2, ge=1, le=3, json_schema_extra=_of("network", widget="slider"))
    heads: Literal[1, 2, 4, 8] = Field(4, json_schema_extra=_of("network"))
    d_model: Literal[32, 64, 128] = Field(64, json_schema_extra=_of("network"))

    steps: int = Field(300, ge=10, le=MAX_STEPS, json_schema_extra=_of("training"))
    every: int = Field(15, ge=1, le=500, json_schema_extra=_of("training"))
    """Steps between two checkpoints; each is a frame."""
    batch: int = Field(32, ge=1, le=128, json_schema_extra=_of("training"))
    lr: float = Field(2e-3, ge=1e-5, le=0.1, json_schema_extra=_of("training", log=True))
    """Adam's rate at its peak: it rises over a tenth of the steps and falls to 0, both linearly."""

    def length(self) -> int:
        """A frame a checkpoint."""
        return -(-self.steps // self.every)

    @model_validator(mode="after")
    def _few_enough(self) -> LearningParams:
        if self.length() > MAX_FRAMES:
            least = -(-self.steps // MAX_FRAMES)
            told = {"got": self.length(), "most": MAX_FRAMES, "least": least}
            raise UserError(Message("attention.learning.error.frames", told), ("every",))
        return self
