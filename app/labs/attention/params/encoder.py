"""The params of ``attention/encoder``: a sentence or two, and the heads that are switched off. No torch here."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from app.labs.contract import Message, Params, UserError

MOST_CHARACTERS = 100_000
"""Of one text."""
LAYERS, HEADS, MOST_TOKENS = 6, 12, 512
"""Of all-MiniLM-L6-v2."""

Typed = Annotated[str, Field(max_length=MOST_CHARACTERS)]


def _of(group: str, **more: Any) -> dict[str, Any]:
    return {"group": group, **more}


class Off(BaseModel):
    """A head whose output counts as 0. Both from 0."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    layer: int = Field(ge=0, lt=LAYERS)
    head: int = Field(ge=0, lt=HEADS)


class Open(BaseModel):
    """A weight, between tokens, that the page opens first; it decides nothing of the run. All from 0."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    layer: int = Field(ge=0, lt=LAYERS)
    head: int = Field(ge=0, lt=HEADS)
    query: int = Field(ge=0, lt=MOST_TOKENS)
    key: int = Field(ge=0, lt=MOST_TOKENS)


class EncoderParams(Params):
    """A trained encoder reads a sentence, one layer a frame."""

    experiment: ClassVar[str] = "attention/encoder"
    order: ClassVar[int] = 1

    text: Typed = Field(
        "The cat sat on the mat because it was tired.", json_schema_extra=_of("text", widget="text", lines=3, live=True)
    )
    second: Typed | None = Field(None, json_schema_extra=_of("text", widget="text", lines=2, live=True))
    """A second text, which the model reads behind the first: [CLS] first [SEP] second [SEP]."""
    special: bool = Field(True, json_schema_extra=_of("shown"))
    """Whether [CLS] and [SEP] are shown; else the rest of each row is made to sum to 1 again."""
    merge: bool = Field(False, json_schema_extra=_of("shown"))
    """Whether word pieces are shown as whole words."""
    model: Literal["minilm"] = Field("minilm", json_schema_extra=_of("text", widget="hidden"))
    off: list[Off] = Field(default_factory=list, max_length=LAYERS * HEADS, json_schema_extra=_of("shown", widget="hidden"))

    open: Open | None = Field(Open(layer=5, head=11, query=8, key=2), json_schema_extra=_of("shown", widget="hidden"))

    def length(self) -> int:
        """Frame 0 has the embeddings; a frame a layer."""
        return LAYERS

    @field_validator("text")
    @classmethod
    def _something(cls, text: str) -> str:
        if not text.strip():
            raise UserError(Message("attention.empty-text"))
        return text

    @field_validator("second")
    @classmethod
    def _or_none(cls, text: str | None) -> str | None:
        return text if text and text.strip() else None

    @model_validator(mode="after")
    def _once(self) -> EncoderParams:
        if len({(one.layer, one.head) for one in self.off}) < len(self.off):
            raise UserError(Message("attention.encoder.error.twice"), ("off",))
        return self
