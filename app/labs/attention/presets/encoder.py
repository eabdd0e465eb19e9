"""The presets of ``attention/encoder``. A title is ``attention.encoder.preset.ID``, its caption the same with ``.caption``.

Data only, no torch. A test runs every preset and measures what its caption says.
"""

from __future__ import annotations

from typing import Any

from app.labs.contract import Message, Plain, Preset


def _preset(id: str, citation: str, at: tuple[int, int, int, int], **params: Any) -> Preset:
    """``at``: layer, head, query and key that are opened, from 0."""
    name = f"attention.encoder.preset.{id}"
    opened: dict[str, Plain] = dict(zip(("layer", "head", "query", "key"), at, strict=True))
    return Preset(id, Message(name), Message(f"{name}.caption"), {**params, "open": opened}, citation)


_CLARK = "K. Clark et al., 2019, What Does BERT Look At?, arXiv:1906.04341"
_CAT = "The cat sat on the mat because it was tired."
_PIECES = "Unbelievably, the photosynthesizing microorganisms outperformed transformers."
_DICKENS = (
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, it was the "
    "epoch of belief, it was the epoch of incredulity, it was the season of Light, it was the season of Darkness, it was the "
    "spring of hope, it was the winter of despair, we had everything before us, we had nothing before us, we were all going "
    "direct to Heaven, we were all going direct the other way."
)

ENCODER = (
    _preset("previous", f"{_CLARK}, section 3.1", (0, 2, 2, 1), text=_CAT),
    _preset("next", f"{_CLARK}, section 3.1", (1, 8, 3, 4), text=_CAT),
    _preset("sink", f"{_CLARK}, section 3.2; G. Xiao et al., 2023, arXiv:2309.17453", (4, 5, 3, 0), text=_CAT),
    _preset("hidden", f"{_CLARK}, section 3.2", (4, 5, 3, 2), text=_CAT, special=False),
    _preset("it", f"{_CLARK}, section 4.3", (5, 11, 8, 2), text=_CAT),
    _preset(
        "wide",
        "H. Levesque, E. Davis and L. Morgenstern, 2012, The Winograd Schema Challenge",
        (5, 11, 9, 2),
        text="The animal did not cross the street because it was too wide.",
    ),
    _preset(
        "pair",
        "J. Devlin et al., 2018, arXiv:1810.04805",
        (2, 9, 12, 2),
        text="The cat sat on the mat.",
        second="Where did the cat sit?",
    ),
    _preset("pieces", f"{_CLARK}, section 4.1", (0, 2, 6, 5), text=_PIECES, merge=True),
    _preset(
        "off", "P. Michel, O. Levy and G. Neubig, 2019, arXiv:1905.10650", (5, 11, 8, 2), text=_CAT, off=[{"layer": 5, "head": 11}]
    ),
    _preset(
        "early", "P. Michel, O. Levy and G. Neubig, 2019, arXiv:1905.10650", (1, 9, 2, 0), text=_CAT, off=[{"layer": 0, "head": 2}]
    ),
    _preset("long", "C. Dickens, 1859, A Tale of Two Cities", (2, 9, 9, 62), text=_DICKENS),
    _preset("classifier", "", (3, 3, 2, 3), text="三只狗看了那朵花。"),
    _preset("tang", "李白，靜夜思", (1, 1, 16, 12), text="床前明月光，疑是地上霜。舉頭望明月，低頭思故鄉。"),
    _preset(
        "translator",
        "A. Vaswani et al., 2017, arXiv:1706.03762",
        (1, 2, 7, 8),
        text="the black cat does not watch the small dog .",
        model="english_french",
    ),
    _preset("chinese", "", (0, 2, 2, 1), text="我喜欢学习 deep learning。", model="minilm"),
)
"""In the order in which the page lists them."""
