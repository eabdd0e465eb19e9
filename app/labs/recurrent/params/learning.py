"""The params of ``recurrent/learning``: a small task, a network, and how it is trained. No torch, no numpy here."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from app.labs.contract import Message, Params, UserError

MAX_STEPS = 5000
MAX_FRAMES = 500
KEEPS = ("lstm", "gru")


def of(group: str, **more: Any) -> dict[str, Any]:
    """What a field's schema says to the form."""
    return {"group": group, **more}


class LearningParams(Params):
    """One layer of one kind of cell learns a task from examples that are drawn anew at every step."""

    experiment: ClassVar[str] = "recurrent/learning"

    task: Literal["recall", "adding", "dyck-1", "dyck-2", "echo", "tag-last", "surnames"] = Field(
        "recall", json_schema_extra=of("task")
    )
    length_of: int = Field(30, ge=2, le=100, json_schema_extra=of("task", widget="slider"))
    """Steps of a sequence."""

    cell: Literal["rnn", "jordan", "lstm", "gru"] = Field("lstm", json_schema_extra=of("network"))
    bidirectional: bool = Field(False, json_schema_extra=of("network", when={"cell": ["rnn", "lstm", "gru"]}))
    hidden: int = Field(32, ge=2, le=128, json_schema_extra=of("network", widget="slider"))
    keep: bool = Field(True, json_schema_extra=of("network", when={"cell": list(KEEPS)}))
    """The keeping gate's bias starts at ln(length): it keeps about as long as a sequence is. False: torch's own start."""

    steps: int = Field(300, ge=10, le=MAX_STEPS, json_schema_extra=of("training"))
    every: int = Field(5, ge=1, le=500, json_schema_extra=of("training"))
    """Steps between two checkpoints; each is a frame."""
    batch: int = Field(64, ge=1, le=256, json_schema_extra=of("training"))
    lr: float = Field(5e-3, ge=1e-5, le=1, json_schema_extra=of("training", log=True))
    warm_up: int = Field(0, ge=0, le=1000, json_schema_extra=of("training"))
    """Steps in which the rate rises linearly to ``lr``: Adam's first updates are of its full size, whatever the gradient."""
    clip: float | None = Field(1.0, ge=1e-3, le=1e3, json_schema_extra=of("training"))
    """The longest gradient; None: it is not clipped."""

    def length(self) -> int:
        """A frame a checkpoint."""
        return -(-self.steps // self.every)

    @property
    def directions(self) -> int:
        """A Jordan network has one, whatever ``bidirectional`` says."""
        return 2 if self.bidirectional and self.cell != "jordan" else 1

    @model_validator(mode="after")
    def _few_enough(self) -> LearningParams:
        if self.length() > MAX_FRAMES:
            least = -(-self.steps // MAX_FRAMES)
            told = {"got": self.length(), "most": MAX_FRAMES, "least": least}
            raise UserError(Message("recurrent.learning.error.frames", told), ("every",))
        return self
