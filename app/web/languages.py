"""The words of the product: gettext catalogues whose ids are stable names, one folder a language.

Everything below ``app.web`` speaks in Messages (an id and values); here they become sentences. All ``*.po`` files of a
language are one catalogue; an id that stands in two of them is an error.

Babel reads gettext's ``.po`` files as they are: no step compiles them. A language is read when something first asks for it,
so that a first page waits for its own language and the command line for none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from app.labs.contract import Message

LOCALE = Path(__file__).parent.parent / "locale"
LANGUAGES = {"en": "English", "zh": "中文"}
DEFAULT = "en"
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Catalogue:
    """One language's sentences."""

    language: str
    texts: Mapping[str, str]

    def text(self, id: str, **values: Any) -> str:
        """The sentence ``id`` with its ``{names}`` filled in. Raises KeyError for an unknown id."""
        return _PLACEHOLDER.sub(lambda match: self._value(values[match[1]]), self.texts[id])

    def message(self, message: Message) -> str:
        """A Message as a sentence; values that are Messages are told too."""
        return self.text(message.id, **message.values)

    def _value(self, value: Any) -> str:
        if isinstance(value, Message):
            return self.message(value)
        return f"{value:.6g}" if isinstance(value, float) else str(value)

    @cached_property
    def json(self) -> bytes:
        """What the page loads: id -> text."""
        return json.dumps(self.texts, ensure_ascii=False, separators=(",", ":")).encode()


@cache
def catalogue(language: str) -> Catalogue:
    """Reads a language's files. Raises ValueError for an id that is given twice, PoFileError for what is not gettext's."""
    from babel.messages.pofile import read_po  # a twentieth of a second, which only who needs words waits for

    texts: dict[str, str] = {}
    for path in sorted((LOCALE / language).glob("*.po")):
        with path.open("rb") as file:
            entries = read_po(file, abort_invalid=True)
        for id, text in ((str(entry.id), str(entry.string)) for entry in entries if entry.id):  # without one it is the header
            if id in texts:
                raise ValueError(f"{path.name}: {id} is given in another file of {language} too")
            texts[id] = text
    return Catalogue(language, texts)


def choose(query: str | None, cookie: str | None, accept: str | None) -> str:
    """The page's language: what the link says, else what was chosen before, else what the browser prefers."""
    for asked in (query, cookie):
        if asked in LANGUAGES:
            return asked
    ranked = []
    for place, part in enumerate((accept or "")[:200].split(",")):
        tag, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality or 1)
        except ValueError:
            continue
        ranked.append((-weight, place, tag.split("-")[0].lower()))
    return next((tag for _, _, tag in sorted(ranked) if tag in LANGUAGES), DEFAULT)
