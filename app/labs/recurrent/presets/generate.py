"""The presets of ``recurrent/generate``: what the notes say of one to many, and what temperature and cuts do to a text."""

from __future__ import annotations

from typing import Any

from app.labs.contract import Message, Preset


def _preset(id: str, citation: str = "", **params: Any) -> Preset:
    name = f"recurrent.generate.preset.{id}"
    return Preset(id, Message(name), Message(f"{name}.caption"), params, citation)


_GRAVES = "A. Graves, 2013, arXiv:1308.0850"
_HOLTZMAN = "A. Holtzman, J. Buys, L. Du, M. Forbes and Y. Choi, 2020, arXiv:1904.09751"

GENERATE = (
    _preset("one_to_many", _GRAVES),
    _preset("greedy", _HOLTZMAN, temperature=0),
    _preset("hot", "", temperature=2),
    _preset("top_k", "A. Fan, M. Lewis and Y. Dauphin, 2018, arXiv:1805.04833", temperature=1, top_k=5),
    _preset("top_p", _HOLTZMAN, temperature=1, top_p=0.8),
    _preset("poem", "", model="tang_gru", prompt="春眠不覺曉，", temperature=0.5, count=96, seed=1),
    _preset("code", "", model="python_lstm", prompt="    def __init__(self, name, ", temperature=0.5, count=400),
    _preset("jordan", "M. I. Jordan, 1986", model="shakespeare_jordan"),
)
"""In the order in which the page lists them."""
