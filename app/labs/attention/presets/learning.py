"""The presets of ``attention/learning``. A title is ``attention.learning.preset.ID``, its caption the same with ``.caption``.

Data only, no torch. A test runs every preset and measures what its caption says.
"""

from __future__ import annotations

from typing import Any

from app.labs.contract import Message, Preset


def _preset(id: str, citation: str = "", **params: Any) -> Preset:
    name = f"attention.learning.preset.{id}"
    return Preset(id, Message(name), Message(f"{name}.caption"), params, citation)


_PAPER = "A. Vaswani et al., 2017, Attention Is All You Need, arXiv:1706.03762"
_ELHAGE = "N. Elhage et al., 2021, A Mathematical Framework for Transformer Circuits"
_OLSSON = "C. Olsson et al., 2022, In-context Learning and Induction Heads, arXiv:2209.11895"

LEARNING = (
    _preset("french", _PAPER, steps=1200, every=20, batch=64),
    _preset("chinese", _PAPER, task="english_chinese", steps=300, every=10, batch=64),
    _preset("reversal", f"{_PAPER}, section 3.5", task="reversal", steps=600, every=20, batch=64),
    _preset("too-fast", f"{_PAPER}, section 5.3", lr=0.05, steps=300, every=10, batch=64),
    _preset("induction", _OLSSON, task="induction", heads=2, steps=1200, every=30, lr=0.01),
    _preset("one-layer", _ELHAGE, task="induction", heads=2, layers=1, steps=600, every=20, lr=0.01),
)
"""In the order in which the page lists them."""
