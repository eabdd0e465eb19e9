"""The params of ``attention/encoder``: a sentence or two, who reads them, and the heads that are switched off. No torch here."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from app.labs.contract import Message, Params, UserError
from app.labs.offered import TEXTS, allowed, permit

MOST_CHARACTERS = 100_000
"""Of one text."""
LAYERS, HEADS, MOST_TOKENS = 128, 128, 512
"""More than any model has that a server can be asked for."""
MINILM = 6
"""Its layers."""

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

    text: Typed = Field(
        "The cat sat on the mat because it was tired.", json_schema_extra=_of("text", widget="text", lines=3, live=True)
    )
    second: Typed | None = Field(None, json_schema_extra=_of("text", widget="text", lines=2, live=True))
    """A second text, which the model reads behind the first: [CLS] first [SEP] second [SEP]."""
    model: Literal[
        "auto", "minilm", "chinese", "english_french", "english_chinese", "chinese_english", "dates", "reversal", "hub"
    ] = Field("auto", json_schema_extra=_of("text"))
    """auto: the encoder of Chinese where the text is mostly Chinese, else all-MiniLM-L6-v2. A translator's name: its encoder."""
    hub: str | None = Field(None, min_length=1, max_length=200, json_schema_extra=_of("text", when={"model": ["hub"]}))
    """One of the ids that the operator allows; None: the first of them."""
    special: bool = Field(True, json_schema_extra=_of("shown"))
    """Whether [CLS] and [SEP] are shown; else the rest of each row is made to sum to 1 again."""
    merge: bool = Field(False, json_schema_extra=_of("shown"))
    """Whether word pieces are shown as whole words."""
    off: list[Off] = Field(default_factory=list, max_length=256, json_schema_extra=_of("shown", widget="hidden"))

    open: Open | None = Field(Open(layer=5, head=11, query=8, key=2), json_schema_extra=_of("shown", widget="hidden"))

    def length(self) -> int | None:
        """Frame 0 has the embeddings; a frame a layer."""
        return MINILM if self.model == "minilm" else None

    @model_validator(mode="before")
    @classmethod
    def _which(cls, values: Any) -> Any:
        """A hub's model without an id is the first: the link names what runs."""
        if isinstance(values, dict) and values.get("model") == "hub" and values.get("hub") is None and (ids := allowed(TEXTS)):
            return {**values, "hub": ids[0]}
        return values

    @model_validator(mode="after")
    def _may(self) -> EncoderParams:
        if self.model == "hub":
            permit(self.hub, "model", TEXTS)
        return self

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
