"""What each character of a Python text is, by Python's own tokenizer."""

from __future__ import annotations

import io
import keyword
import tokenize

TAGS = ("space", "name", "keyword", "number", "string", "comment", "operator")
_OF = {
    tokenize.NAME: "name",
    tokenize.NUMBER: "number",
    tokenize.STRING: "string",
    tokenize.COMMENT: "comment",
    tokenize.OP: "operator",
}


def tags(text: str) -> list[int] | None:
    """The place in TAGS of each character's tag; None where Python cannot read the text to its end."""
    found = [0] * len(text)
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            name = _OF.get(token.type)
            if name is None:
                continue
            if name == "name" and keyword.iskeyword(token.string):
                name = "keyword"
            first = starts[token.start[0] - 1] + token.start[1]
            found[first : first + len(token.string)] = [TAGS.index(name)] * len(token.string)
    except (tokenize.TokenError, SyntaxError):
        return None
    return found
