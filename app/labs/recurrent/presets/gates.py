"""The presets of ``recurrent/gates``: sample texts in three languages, and what is seen when something is held."""

from __future__ import annotations

from typing import Any

from app.labs.contract import Message, Preset


def _preset(id: str, citation: str = "", **params: Any) -> Preset:
    name = f"recurrent.gates.preset.{id}"
    return Preset(id, Message(name), Message(f"{name}.caption"), params, citation)


_KARPATHY = "A. Karpathy, J. Johnson and L. Fei-Fei, 2015, arXiv:1506.02078"
_LSTMVIS = "H. Strobelt, S. Gehrmann, H. Pfister and A. M. Rush, 2016, arXiv:1606.07461"
_SCHUSTER = "M. Schuster and K. K. Paliwal, 1997"
_HAMLET = (
    "HAMLET:\nTo be, or not to be: that is the question:\nWhether 'tis nobler in the mind to suffer\n"
    "The slings and arrows of outrageous fortune,\nOr to take arms against a sea of troubles,\nAnd by opposing end them?\n"
)
_POEM = "床前明月光，疑是地上霜。\n举头望明月，低头思故乡。\n\n春眠不觉晓，处处闻啼鸟。\n夜来风雨声，花落知多少。\n"
_CODE = '''def area(shape, sizes):
    """Return the area of a shape."""
    if shape == "circle":
        radius = sizes[0]
        return 3.14159 * (radius ** 2)
    if shape in ("square", "box"):
        width, height = sizes[0], sizes[-1]
        return width * height
    raise ValueError("no such shape: %s" % (shape,))
'''
_FORMS = """for form in forms:
    if iffy in importance:
        note = 'in' + notion  # not sure
        import_it(note, 'a"b')
"""

GATES = (
    _preset("shakespeare", _KARPATHY, text=_HAMLET),
    _preset("chinese", "", text=_POEM, model="tang_lstm"),
    _preset("code", _KARPATHY, text=_CODE, model="python_lstm"),
    _preset("passage", _LSTMVIS, text=_HAMLET, mark=[0, 7]),
    _preset(
        "forget",
        "F. A. Gers, J. Schmidhuber and F. Cummins, 2000",
        text=_HAMLET,
        model="shakespeare_lstm",
        held=[{"name": "f", "value": 0.0}],
    ),
    _preset("keep", "", text=_HAMLET, model="shakespeare_lstm", held=[{"name": "f", "value": 1.0}]),
    _preset("closed", "", text=_HAMLET, model="shakespeare_lstm", held=[{"name": "o", "value": 0.0, "first": 40, "last": 40}]),
    _preset("gru", "K. Cho et al., 2014, arXiv:1406.1078", text=_HAMLET, model="shakespeare_gru"),
    _preset("elman", "J. L. Elman, 1990", text=_HAMLET, model="shakespeare_rnn"),
    _preset("jordan", "M. I. Jordan, 1986", text=_HAMLET, model="shakespeare_jordan"),
    _preset("both_ways", _SCHUSTER, text=_FORMS, model="tagger_python"),
    _preset("forward", _SCHUSTER, text=_FORMS, model="tagger_python_forward"),
    _preset("name", "", text="Nakamura", model="tagger_surnames"),
)
"""In the order in which the page lists them."""
