"""Chinese in the script that a model was trained on."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from itertools import pairwise
from typing import Literal

from opencc import OpenCC

Script = Literal["t2s", "s2t"]


def in_script(text: str, language: str, known: Collection[str]) -> tuple[str, int]:
    """A Chinese model's text in Traditional characters, as many as before, and how many were turned; others as they are.

    A character that the model knows stays.
    """
    return turned(text, "s2t", known) if language == "zh" else (text, 0)


def turned(text: str, script: Script, known: Collection[str] | None = None) -> tuple[str, int]:
    """To Simplified characters ("t2s") or to Traditional ones ("s2t"), as many as before, and how many were turned.

    Where a model has only the characters ``known``, one of them stays, and so does one that would be turned into another.
    """
    found = _converter(script).convert(text)
    if len(found) != len(text):  # a phrase that is longer in the other script: one by one then
        found = "".join(each[0] if (each := _converter(script).convert(one)) else one for one in text)
    if known is not None:
        have = set(known)
        found = "".join(one if one in have or new not in have else new for one, new in zip(text, found, strict=True))
    return found, sum(a != b for a, b in zip(text, found, strict=True))


@cache
def _converter(script: Script) -> OpenCC:
    return OpenCC(script)


WORD = 2
"""A word of other letters counts for so many characters: so long is a Chinese word."""


def share_of_han(text: str) -> float:
    """How much of what is written is Chinese: its characters, as against words of other letters; 0 where nothing is written."""
    kinds = [is_han(one) if one.isalnum() else None for one in text]
    han = sum(kind is True for kind in kinds)
    words = sum(kind is False and before is not False for before, kind in pairwise([None, *kinds]))
    return han / max(1, han + WORD * words)


def is_han(character: str) -> bool:
    """Whether it is one of Unicode's CJK unified ideographs."""
    at = ord(character)
    return 0x4E00 <= at <= 0x9FFF or 0x3400 <= at <= 0x4DBF or 0x20000 <= at <= 0x3FFFF or 0xF900 <= at <= 0xFAFF
