"""The params of ``recurrent/generate``: a model, the text that it goes on from, and how the next character is drawn."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from app.labs.contract import Params
from app.labs.recurrent.params.gates import of
from app.labs.writing.params import MOST_LENGTH, MOST_WORDS, Chosen

MOST_PROMPT = 1000


class GenerateParams(Params):
    """One to many: a trained network writes, one character a frame, and reads what it wrote."""

    experiment: ClassVar[str] = "recurrent/generate"

    prompt: str = Field("ROMEO:\n", max_length=MOST_PROMPT, json_schema_extra=of("model", widget="text", lines=3))
    """Read first; "": a line end is."""
    model: Literal[
        "shakespeare_lstm",
        "shakespeare_lstm_2",
        "shakespeare_gru",
        "shakespeare_gru_2",
        "shakespeare_rnn",
        "shakespeare_rnn_2",
        "shakespeare_jordan",
        "tang_lstm",
        "tang_lstm_2",
        "tang_gru",
        "tang_rnn",
        "python_lstm",
        "python_gru",
    ] = Field("shakespeare_lstm_2", json_schema_extra=of("model"))
    count: int = Field(300, ge=1, le=MOST_LENGTH, json_schema_extra=of("drawing"))
    """Characters written."""
    temperature: float = Field(0.8, ge=0, le=5, json_schema_extra=of("drawing", widget="slider"))
    """0: the likeliest character each time."""
    top_k: Annotated[int, Field(ge=1, le=MOST_WORDS)] | None = Field(None, json_schema_extra=of("drawing"))
    top_p: float = Field(1.0, ge=0.01, le=1, json_schema_extra=of("drawing", widget="slider"))
    chosen: list[Chosen] = Field(default_factory=list, max_length=64, json_schema_extra=of("drawing", widget="hidden"))

    def length(self) -> int:
        """A frame a character written."""
        return self.count
