"""The params of ``recurrent/gates``: a text, the model that reads it, and what is held in it. No torch, no numpy here."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from app.labs.contract import Message, Params, UserError
from app.labs.offered import fingerprint, offered

MOST_TYPED = 100_000
MOST_READ = 2000
"""Characters; a text that is longer is cut, and the page says so."""
MOST_UNITS = 4096


def of(group: str, **more: Any) -> dict[str, Any]:
    """What a field's schema says to the form."""
    return {"group": group, **more}


class Held(BaseModel):
    """A gate or a state that is given a value instead of its own; all its units where ``unit`` is None."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: Literal["i", "f", "g", "o", "c", "h", "r", "z", "n", "y"]
    layer: int = Field(1, ge=1, le=8)
    direction: Literal["forward", "reverse"] = "forward"
    unit: Annotated[int, Field(ge=0, lt=MOST_UNITS)] | None = None
    first: int = Field(1, ge=1, le=MOST_READ)
    last: Annotated[int, Field(ge=1, le=MOST_READ)] | None = None
    """The last step that it is held, None: to the end."""
    value: float = Field(ge=-10, le=10)


Position = Annotated[int, Field(ge=0, le=MOST_READ)]


class GatesParams(Params):
    """A trained network reads a text, one character a frame."""

    experiment: ClassVar[str] = "recurrent/gates"

    text: str = Field(
        "JULIET:\nO Romeo, Romeo! wherefore art thou Romeo?\nDeny thy father and refuse thy name;\n"
        "Or, if thou wilt not, be but sworn my love,\nAnd I'll no longer be a Capulet.\n",
        max_length=MOST_TYPED,
        json_schema_extra=of("text", widget="text", lines=6, live=True),
    )
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
        "tagger_surnames",
        "tagger_python",
        "tagger_python_forward",
        "own",
    ] = Field("shakespeare_lstm_2", json_schema_extra=of("model"))
    own: str | None = Field(None, max_length=16, pattern=r"^[0-9a-f]{16}$", json_schema_extra=of("model", widget="hidden"))
    """Of the operator's own model: the hash of its file, so that a link names what ran. None: whatever is served."""
    held: list[Held] = Field(default_factory=list, max_length=16, json_schema_extra=of("model", widget="hidden"))
    mark: tuple[Position, Position] | None = Field(None, json_schema_extra=of("text", widget="hidden"))
    """A passage whose units are looked for: the first character and the one after the last."""

    def length(self) -> int | None:
        """A frame a character; a tagger that reads both ways reads less, an operator's own model in other pieces."""
        return None if self.model in ("own", "tagger_surnames", "tagger_python") else len(plain(self.text)[:MOST_READ])

    @field_validator("text")
    @classmethod
    def _something(cls, text: str) -> str:
        if not text:
            raise UserError(Message("recurrent.gates.error.empty"))
        return text

    @model_validator(mode="before")
    @classmethod
    def _which(cls, values: Any) -> Any:
        """The operator's network without a hash is the one of now."""
        if isinstance(values, dict) and values.get("model") == "own" and values.get("own") is None and (named := offered()):
            with suppress(OSError):
                return {**values, "own": fingerprint(named[0])}
        return values

    @model_validator(mode="after")
    def _passage(self) -> GatesParams:
        if self.mark is not None and self.mark[0] >= self.mark[1]:
            raise UserError(Message("recurrent.gates.error.passage"), ("mark",))
        return self


def plain(text: str) -> str:
    """The text with one kind of line end and no tabs: what every model reads."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " " * 4)
