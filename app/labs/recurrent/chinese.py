"""Chinese in the script that a model was trained on."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

from opencc import OpenCC


def in_script(text: str, language: str, known: Collection[str]) -> tuple[str, int]:
    """A Chinese model's text in Traditional characters, as many as before, and how many were turned; others as they are.

    A character that the model knows stays.
    """
    if language != "zh":
        return text, 0
    turned = _traditional().convert(text)
    if len(turned) != len(text):  # a phrase that is longer in the other script: one by one then
        turned = "".join(each[0] if (each := _traditional().convert(one)) else one for one in text)
    have = set(known)
    found = "".join(one if one in have or new not in have else new for one, new in zip(text, turned, strict=True))
    return found, sum(a != b for a, b in zip(text, found, strict=True))


@cache
def _traditional() -> OpenCC:
    return OpenCC("s2t")
