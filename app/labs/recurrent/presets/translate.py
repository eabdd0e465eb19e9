"""The presets of ``recurrent/translate``: with and without attention, forced and free, a beam, an auto-encoder."""

from __future__ import annotations

from typing import Any

from app.labs.contract import Message, Preset


def _preset(id: str, citation: str = "", **params: Any) -> Preset:
    name = f"recurrent.translate.preset.{id}"
    return Preset(id, Message(name), Message(f"{name}.caption"), params, citation)


_SUTSKEVER = "I. Sutskever, O. Vinyals and Q. V. Le, 2014, arXiv:1409.3215"
_AUTOENCODER = "N. Srivastava, E. Mansimov and R. Salakhutdinov, 2015, arXiv:1502.04681"
_DATE = "30 september 2023"

TRANSLATE = (
    _preset("attention", "M.-T. Luong, H. Pham and C. D. Manning, 2015, arXiv:1508.04025", text=_DATE),
    _preset("state", _SUTSKEVER, text=_DATE, model="dates_none"),
    _preset("additive", "D. Bahdanau, K. Cho and Y. Bengio, 2015, arXiv:1409.0473", text="1999年3月5日", model="dates_additive"),
    _preset("early", "R. J. Williams and D. Zipser, 1989", text=_DATE, model="dates_early"),
    _preset("beam", _SUTSKEVER, text="2032年8月2日", model="dates_early", decoding="beam", width=4),
    _preset("likelier", _SUTSKEVER, text="10.11.1911", model="dates_early", decoding="beam", width=4),
    _preset("echo", _AUTOENCODER, text="recurrent", model="echo"),
    _preset("too-long", "", text="recurrent networks", model="echo", most=24),
)
"""In the order in which the page lists them."""
