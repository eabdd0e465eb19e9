"""The params of ``attention/translate``: a sentence, the translator that reads it, and how it speaks. No torch here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from functools import cache, lru_cache
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from app.labs.contract import Message, Params, Plain, UserError
from app.nn.tasks.dates import Dates
from app.nn.tasks.english_chinese import ChineseEnglish, EnglishChinese
from app.nn.tasks.english_french import EnglishFrench
from app.nn.tasks.pairs import Pair, Task, alphabet
from app.nn.tasks.reversal import Reversal
from app.nn.tasks.understood import understood

MOST_TYPED = 240
"""Characters of a text."""
MOST_READ = 40
"""Tokens of a source."""
MOST_SAID = 40
"""Tokens of a target, its end included."""
LAYERS, HEADS = 2, 4
"""Of every translator that ships; the last ``head`` is the heads' mean."""
_NEAR = 6
_FEW = 60


def _of(group: str, **more: Any) -> dict[str, Any]:
    return {"group": group, **more}


def simplified(text: str) -> str:
    """Traditional Chinese in the Simplified characters that the translator was trained on."""
    return _simplifier()(text)


@cache
def _simplifier() -> Callable[[str], str]:
    from opencc import OpenCC  # only who reads Chinese waits for its tables

    convert: Callable[[str], str] = OpenCC("t2s").convert
    return convert


TASKS: Mapping[str, Task] = {
    "english_french": EnglishFrench(),
    "english_chinese": EnglishChinese(),
    "chinese_english": ChineseEnglish(simplified),
    "dates": Dates(),
    "reversal": Reversal(),
}


class Open(BaseModel):
    """A weight that the page opens first; it decides nothing of the run. All from 0; a decoder's query is its step."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    map: Literal["encoder", "self", "cross"]
    layer: int = Field(ge=0, lt=LAYERS)
    head: int = Field(ge=0, le=HEADS)
    query: int = Field(ge=0, le=MOST_READ)
    key: int = Field(ge=0, le=MOST_READ)


class TranslateParams(Params):
    """A Transformer reads a sentence, a layer a frame; then it writes its translation, a token a frame."""

    experiment: ClassVar[str] = "attention/translate"

    task: Literal["english_french", "english_chinese", "chinese_english", "dates", "reversal"] = Field(
        "english_french", json_schema_extra=_of("text")
    )
    text: str = Field(
        "The black cat does not eat the small apples.",
        max_length=MOST_TYPED,
        json_schema_extra=_of("text", widget="text", lines=2, live=True),
    )
    feeding: Literal["both", "free", "forced"] = Field("both", json_schema_extra=_of("decoder"))
    """What the decoder is given: what it said itself (free), the right token (forced), or each in a row of its own."""
    target: str = Field("", max_length=MOST_TYPED, json_schema_extra=_of("decoder", lines=1, when={"feeding": ["both", "forced"]}))
    """What should be said; empty: what our grammar says."""
    decoding: Literal["greedy", "beam", "sample"] = Field(
        "greedy", json_schema_extra=_of("decoder", when={"feeding": ["both", "free"]})
    )
    width: int = Field(4, ge=1, le=8, json_schema_extra=_of("decoder", widget="slider", when={"decoding": ["beam"]}))
    length_penalty: float = Field(0.0, ge=0, le=2, json_schema_extra=_of("decoder", when={"decoding": ["beam"]}))
    """alpha of log p / length^alpha, by which texts that ended are ranked."""
    temperature: float = Field(
        1.0, ge=0.1, le=10, json_schema_extra=_of("decoder", widget="slider", log=True, when={"decoding": ["sample"]})
    )
    """Logits are divided by it before a token is drawn."""
    most: int = Field(24, ge=1, le=MOST_SAID, json_schema_extra=_of("decoder", folded=True))
    """Steps of a free run at most, the one that says the end included."""
    open: Open | None = Field(
        Open(map="cross", layer=1, head=HEADS, query=2, key=1), json_schema_extra=_of("text", widget="hidden")
    )

    @property
    def world(self) -> Task:
        """What the translator was trained on."""
        return TASKS[self.task]

    @property
    def source(self) -> tuple[str, ...]:
        """The tokens that are read, without the end."""
        return self.world.read(self.text)

    @property
    def pair(self) -> Pair | None:
        """What our grammar makes of the source; None where it is no sentence of it."""
        return _understood(self.task, self.source)

    @property
    def wanted(self) -> tuple[str, ...] | None:
        """What should be said; None where nobody knows."""
        if self.target.strip():
            return target_tokens(self.world, self.target)
        return self.pair.target if self.pair else None

    @field_validator("text")
    @classmethod
    def _something(cls, text: str) -> str:
        if not text.strip():
            raise UserError(Message("attention.empty-text"))
        return text

    @model_validator(mode="after")
    def _readable(self) -> TranslateParams:
        source = _known(self.world.read, self.text, self.world.source_words, "text")
        if len(source) > MOST_READ:
            raise UserError(Message("attention.translate.error.long", {"count": len(source), "most": MOST_READ}), ("text",))
        wanted = self.wanted
        if self.target.strip() and wanted is not None:
            strange = [token for token in wanted if token not in self.world.target_words]
            if strange:
                raise _strange(strange, self.world.target_words, "target")
            if len(wanted) >= MOST_SAID:
                raise UserError(
                    Message("attention.translate.error.long", {"count": len(wanted), "most": MOST_SAID - 1}), ("target",)
                )
        if self.feeding == "forced" and wanted is None:
            raise UserError(Message("attention.translate.error.no_target"), ("target",))
        return self


@lru_cache(maxsize=256)
def _understood(task: str, source: tuple[str, ...]) -> Pair | None:
    return understood(TASKS[task], source)


def target_tokens(task: Task, text: str) -> tuple[str, ...]:
    """A typed target as the task's tokens, known or not; a sentence's full stop may lack."""
    words = task.target_words
    if isinstance(task, (Dates, Reversal)):
        return tuple("".join(text.lower().split()))
    if isinstance(task, EnglishChinese):
        return _longest_first("".join(simplified(text).replace(".", "。").split()), words) + (
            () if text.strip()[-1] in "。." else ("。",)
        )
    tokens = tuple(re.findall(r"[^\W\d_]+'?|\S", text.lower().replace("’", "'")))
    return tokens if tokens[-1] == "." else (*tokens, ".")


def _longest_first(text: str, words: Sequence[str]) -> tuple[str, ...]:
    """A text without blanks cut into words, each the longest that fits; what fits none stands alone."""
    found: list[str] = []
    while text:
        word = max((one for one in words if text.startswith(one)), key=len, default=text[0])
        found.append(word)
        text = text[len(word) :]
    return tuple(found)


def _known(read: Callable[[str], tuple[str, ...]], text: str, words: Sequence[str], field: str) -> tuple[str, ...]:
    """The tokens. Raises UserError, of its field, that names what is unknown and what is known."""
    try:
        return read(text)
    except UserError as error:
        if error.message.id != "attention.unknown-words":
            raise UserError(error.message, (field,)) from error
        raise _strange(str(error.message.values["words"]).split(", "), words, field) from error


def _strange(strange: Sequence[str], words: Sequence[str], field: str) -> UserError:
    """Names the unknown, and what is known: letters as ranges, of words those that look like the first unknown one, or some."""
    told = ", ".join(dict.fromkeys(strange[:8]))
    if len(words) < _FEW and all(len(word) == 1 for word in words):
        known = alphabet(words)
        return UserError(Message("attention.translate.error.letters", {"words": told, "known": known}), (field,))
    near = get_close_matches(strange[0], words, _NEAR, 0.5)
    letters = [word for word in words if word.isalpha() and word not in near]
    some = [*near, *letters[:: max(1, len(letters) // _NEAR)]][:_NEAR]
    values: dict[str, Plain | Message] = {"words": told, "count": len(words), "known": ", ".join(some)}
    return UserError(Message("attention.translate.error.words", values), (field,))
