"""The presets of ``attention/translate``. A title is ``attention.translate.preset.ID``, its caption the same with ``.caption``.

Data only, no torch. A test runs every preset and measures what its caption says.
"""

from __future__ import annotations

from typing import Any

from app.labs.contract import Message, Plain, Preset


def _preset(id: str, at: tuple[str, int, int, int, int], citation: str = "", **params: Any) -> Preset:
    """``at``: map, layer, head, query and key that are opened, from 0."""
    name = f"attention.translate.preset.{id}"
    opened: dict[str, Plain] = dict(zip(("map", "layer", "head", "query", "key"), at, strict=True))
    return Preset(id, Message(name), Message(f"{name}.caption"), {**params, "open": opened}, citation)


_VASWANI = "A. Vaswani et al., 2017, Attention Is All You Need, arXiv:1706.03762"
_BAHDANAU = "D. Bahdanau, K. Cho and Y. Bengio, 2015, arXiv:1409.0473"

TRANSLATE = (
    _preset(
        "french",
        ("cross", 1, 4, 2, 1),
        f"{_VASWANI}, figure 1",
        task="english_french",
        text="The black cat does not eat the small apples.",
    ),
    _preset(
        "masked",
        ("self", 0, 1, 2, 4),
        f"{_VASWANI}, section 3.2.3",
        task="english_french",
        text="The black cat does not eat the small apples.",
        feeding="forced",
    ),
    _preset("agrees", ("cross", 1, 4, 2, 4), _BAHDANAU, task="english_french", text="The queens do not like the white houses."),
    _preset("reversal", ("cross", 1, 4, 0, 8), "", task="reversal", text="attention"),
    _preset("dates", ("cross", 1, 4, 6, 3), "", task="dates", text="30 september 2023"),
    _preset(
        "wrong-start",
        ("cross", 1, 4, 0, 1),
        "R. J. Williams and D. Zipser, 1989",
        task="english_french",
        text="The cat sees a dog.",
        target="La chat voit un chien.",
    ),
    _preset(
        "beam",
        ("cross", 1, 4, 2, 4),
        "I. Sutskever, O. Vinyals and Q. V. Le, 2014, arXiv:1409.3215",
        task="english_french",
        text="The cat the dog.",
        decoding="beam",
        width=4,
    ),
    _preset(
        "hot",
        ("cross", 1, 4, 0, 2),
        "",
        task="english_french",
        text="The black cat does not eat the small apples.",
        decoding="sample",
        temperature=4.0,
        seed=1,
    ),
    _preset("chinese", ("cross", 1, 4, 1, 3), "", task="chinese_english", text="這位老師經常在樹下面休息。"),
)
"""In the order in which the page lists them."""
