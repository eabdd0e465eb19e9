"""The presets of ``recurrent/gradients``: where gradients vanish, where they explode, and what is done against it."""

from __future__ import annotations

from typing import Any

from app.labs.contract import Message, Preset


def _preset(id: str, citation: str = "", **params: Any) -> Preset:
    name = f"recurrent.gradients.preset.{id}"
    return Preset(id, Message(name), Message(f"{name}.caption"), params, citation)


_PASCANU = "R. Pascanu, T. Mikolov and Y. Bengio, 2013, arXiv:1211.5063"

GRADIENTS = (
    _preset("vanishing", _PASCANU, radius=0.5),
    _preset("orthogonal", "M. Arjovsky, A. Shah and Y. Bengio, 2016, arXiv:1511.06464", activation="identity"),
    _preset("exploding", _PASCANU, radius=1.3, activation="identity"),
    _preset("no-bias", "F. Gers, J. Schmidhuber and F. Cummins, 2000", bias=0),
    _preset("keeping", "C. Tallec and Y. Ollivier, 2018, arXiv:1804.11188", bias=3.9),
    _preset("clip-norm", _PASCANU, radius=1.3, activation="identity", clip="norm"),
    _preset("clip-value", _PASCANU, radius=1.3, activation="identity", clip="value", most=0.1),
    _preset("truncated", "R. J. Williams and J. Peng, 1990", loss="every", truncate=10),
    _preset("wall", _PASCANU, wall="one-unit"),
    _preset("chaos", "", wall="two-weights", lr=0.02),
)
"""In the order in which the page lists them."""
