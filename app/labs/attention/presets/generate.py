"""The presets of ``attention/generate``: what temperature and cuts do to a text, and how a head finds what came before.

Data only, no torch. A test runs every preset and measures what its caption says.
"""

from __future__ import annotations

from typing import Any

from app.labs.contract import Message, Preset


def _preset(id: str, citation: str = "", **params: Any) -> Preset:
    name = f"attention.generate.preset.{id}"
    return Preset(id, Message(name), Message(f"{name}.caption"), params, citation)


_HOLTZMAN = "A. Holtzman, J. Buys, L. Du, M. Forbes and Y. Choi, 2020, arXiv:1904.09751"
_OLSSON = "C. Olsson et al., 2022, arXiv:2209.11895"
_ROW = "K7wq3RbZ"
_INDUCTION = {"model": "induction", "prompt": _ROW + _ROW[0], "count": 7, "temperature": 0}

GENERATE = (
    _preset("writes", "A. Radford et al., 2018, Improving Language Understanding by Generative Pre-Training"),
    _preset("induction", _OLSSON, **_INDUCTION, open="induction"),
    _preset("previous", "N. Elhage et al., 2021, A Mathematical Framework for Transformer Circuits", open="previous"),
    _preset("greedy", _HOLTZMAN, temperature=0, top_p=1, count=120),
    _preset("hot", "", temperature=2, top_p=1),
    _preset("top_k", "A. Fan, M. Lewis and Y. Dauphin, 2018, arXiv:1805.04833", temperature=1, top_k=3, top_p=1),
    _preset("top_p", _HOLTZMAN, temperature=1, top_p=0.8),
    _preset("poem", "", model="tang", prompt="举头望明月，", temperature=0.75, top_p=0.9, count=72),
)
"""In the order in which the page lists them."""
