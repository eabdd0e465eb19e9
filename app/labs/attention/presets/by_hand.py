"""Attention by hand one click away. A title is ``attention.by-hand.preset.ID``, its caption the same with ``.caption``.

Data only, no torch. A test runs every preset and measures what its caption says.
"""

from __future__ import annotations

from typing import Any

from app.labs.contract import Message, Preset


def _preset(id: str, citation: str = "", **params: Any) -> Preset:
    name = f"attention.by-hand.preset.{id}"
    return Preset(id, Message(name), Message(f"{name}.caption"), params, citation)


_PAPER = "A. Vaswani et al., 2017, Attention Is All You Need, arXiv:1706.03762"

_TWO: dict[str, Any] = {
    "words": "one two",
    "d_model": 2,
    "embedding": [[1, 0], [0, 1]],
    "w_q": [[[1, 0], [0, 1]]],
    "w_k": [[[0, 1], [1, 0]]],
    "w_v": [[[1, 2], [3, 4]]],
}
"""x is the identity, so that Q, K and V are the matrices themselves."""

_WIDE: dict[str, Any] = {
    "words": "a b c d",
    "d_model": 8,
    "d_k": 8,
    "embedding": [
        [1, 1, 1, 1, 1, 1, 1, 1],
        [1, -1, 1, -1, 1, -1, 1, -1],
        [1, 1, -1, -1, 1, 1, -1, -1],
        [1, -1, -1, 1, 1, -1, -1, 1],
    ],
    "w_q": None,
    "w_k": None,
    "w_v": None,
}
"""Eight features of +1 and -1, at right angles: q . k is d_k for a word and itself, 0 for two words."""

_ORDER: dict[str, Any] = {
    "words": "dog bites man",
    "d_model": 4,
    "d_k": 4,
    "embedding": [[1, 0, 1, 0], [0, 1, 0, 1], [1, 0, 0, 1]],
    "w_q": None,
    "w_k": None,
    "w_v": None,
    "permutation": "3 2 1",
}

BY_HAND = (
    _preset("average", _PAPER),
    _preset("unscaled", **_TWO, scale=False),
    _preset("scaled", _PAPER, **_TWO),
    _preset("saturation", f"{_PAPER}, section 3.2.1", **_WIDE, scale=False),
    _preset(
        "causal", f"{_PAPER}, section 3.2.3", words="I like my tea", embedding=None, mask="causal", w_q=None, w_k=None, w_v=None
    ),
    _preset("blind", "PyTorch, scaled_dot_product_attention", mask="cells", visible=[[1, 1, 1], [0, 0, 0], [0, 1, 1]]),
    _preset("set", _PAPER, **_ORDER),
    _preset("positions", f"{_PAPER}, section 3.5", **_ORDER, positions="sinusoidal"),
    _preset(
        "heads",
        f"{_PAPER}, section 3.2.2",
        heads=2,
        w_q=[[[0, 2], [2, 0], [0, 0], [0, 0]], [[0, 0], [0, 0], [0.25, 0], [0, 0.25]]],
        w_k=[[[1, 0], [0, 1], [0, 0], [0, 0]], [[0, 0], [0, 0], [1, 0], [0, 1]]],
        w_v=[[[0, 0], [0, 0], [1, 0], [0, 1]], [[1, 0], [0, 1], [0, 0], [0, 0]]],
        w_o=[[0, 0, 1, 0], [0, 0, 0, 1], [1, 0, 0, 0], [0, 1, 0, 0]],
    ),
)
"""In the order in which the page lists them."""
