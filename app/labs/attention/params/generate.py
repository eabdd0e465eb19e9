"""The params of ``attention/generate``: a decoder, the text that it goes on from, how the next token is drawn. No torch here."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from app.labs.contract import Params
from app.labs.writing.params import MOST_WORDS, Chosen

MOST_PROMPT, MOST_COUNT = 1000, 120


def _of(group: str, **more: Any) -> dict[str, Any]:
    return {"group": group, **more}


class GenerateParams(Params):
    """A decoder writes, one token a frame: each step looks at all that was read and written before."""

    experiment: ClassVar[str] = "attention/generate"

    prompt: str = Field("ROMEO:\nO, ", max_length=MOST_PROMPT, json_schema_extra=_of("model", widget="text", lines=3))
    """Read first; "": a line end is. What does not fit into the model's positions is left out at its beginning."""
    model: Literal["shakespeare", "tang", "induction"] = Field("shakespeare", json_schema_extra=_of("model"))
    count: int = Field(80, ge=1, le=MOST_COUNT, json_schema_extra=_of("drawing"))
    """Tokens written."""
    temperature: float = Field(0.8, ge=0, le=5, json_schema_extra=_of("drawing", widget="slider"))
    """0: the likeliest token each time."""
    top_k: Annotated[int, Field(ge=1, le=MOST_WORDS)] | None = Field(None, json_schema_extra=_of("drawing"))
    top_p: float = Field(0.95, ge=0.01, le=1, json_schema_extra=_of("drawing", widget="slider"))
    chosen: list[Chosen] = Field(default_factory=list, max_length=64, json_schema_extra=_of("drawing", widget="hidden"))

    open: Literal["previous", "first", "same", "induction"] | None = Field(None, json_schema_extra=_of("drawing", widget="hidden"))
    """The pattern whose best head the page opens first; it decides nothing of the run."""

    def length(self) -> int:
        """A frame a token written."""
        return self.count
