"""The words of the product: gettext catalogues whose ids are stable names, one folder a language.

Everything below ``app.web`` speaks in Messages (an id and values); here they become sentences. All ``*.po`` files of a
language are one catalogue; an id that stands in two of them is an error.

The files are gettext's. Of its format they use pairs of ``msgid`` and ``msgstr`` and comments; so little is read here in a
twentieth of the time that Babel takes, which every first page would wait for. A test compares the two.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from app.labs.contract import Message

LOCALE = Path(__file__).parent.parent / "locale"
LANGUAGES = {"en": "English", "zh": "中文"}
DEFAULT = "en"
_PLACEHOLDER = re.compile(r"\{(\w+)\}")

_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_COMMENTS = re.compile(r"(?:\s|#.*+)++")
_ENTRY = re.compile(rf"(?:\s|#.*+)*+msgid ((?:{_STRING.pattern}\s*)+)msgstr ((?:{_STRING.pattern}\s*)+)")
_ESCAPED, _ESCAPES = re.compile(r"\\(.)"), {"n": "\n", "t": "\t", "r": "\r"}


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
    """Reads a language's files. Raises ValueError for an id that is given twice."""
    texts: dict[str, str] = {}
    for path in sorted((LOCALE / language).glob("*.po")):
        for id, text in entries(path.read_text("utf-8")):
            if id in texts:
                raise ValueError(f"{path.name}: {id} is given in another file of {language} too")
            if id:  # without one it is the file's header
                texts[id] = text
    return Catalogue(language, texts)


def entries(text: str) -> Iterator[tuple[str, str]]:
    """The ids and sentences of a ``.po`` file. Raises ValueError where it holds anything else, such as a plural or a context."""
    at = 0
    while entry := _ENTRY.match(text, at):
        yield _unquoted(entry[1]), _unquoted(entry[2])
        at = entry.end()
    if rest := _COMMENTS.sub("", text[at:]):
        raise ValueError(f"neither msgid nor msgstr: {rest[:80]!r}")


def _unquoted(quoted: str) -> str:
    return _ESCAPED.sub(lambda it: _ESCAPES.get(it[1], it[1]), "".join(part[1:-1] for part in _STRING.findall(quoted)))


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
