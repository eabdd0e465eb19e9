"""The terminal's language and its sentences."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from app.labs.contract import Message
from app.web import languages


def catalogue() -> languages.Catalogue:
    """The sentences of the language that the environment names."""
    named = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return languages.catalogue(languages.choose(None, None, named.partition(".")[0].replace("_", "-")))


def refuse(message: Message, path: Sequence[str | int] = ()) -> int:
    """Says on stderr what cannot be and why, in one sentence. Returns exit code 2."""
    sentence, field = catalogue().message(message), ".".join(map(str, path))
    print(sentence if field in sentence else f"{field}: {sentence}", file=sys.stderr)
    return 2
