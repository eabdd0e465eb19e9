"""The presets of ``recurrent/learning``: what each kind of network can learn, and what not."""

from __future__ import annotations

from typing import Any

from app.labs.contract import Message, Preset


def _preset(id: str, citation: str = "", **params: Any) -> Preset:
    name = f"recurrent.learning.preset.{id}"
    return Preset(id, Message(name), Message(f"{name}.caption"), params, citation)


_KEEP = "C. Tallec and Y. Ollivier, 2018, arXiv:1804.11188"
_LSTM = "S. Hochreiter and J. Schmidhuber, 1997"
_DYCK = "N. Skachkova, T. Trost and D. Klakow, 2018, arXiv:1811.03075"
_WARM: dict[str, Any] = {"lr": 0.02, "batch": 256, "warm_up": 50, "steps": 150, "every": 3}
_ADDING: dict[str, Any] = {"task": "adding", "length_of": 50, "hidden": 64, "keep": False, "every": 10}

LEARNING = (
    _preset("recall", _KEEP, **_WARM),
    _preset("recall-torch", "", **_WARM, keep=False),
    _preset("recall-far", _KEEP, length_of=60, hidden=64, lr=0.01, batch=256, warm_up=50, steps=250, seed=2),
    _preset("recall-gru", _KEEP, cell="gru", length_of=60, hidden=64, lr=0.01),
    _preset("echo-elman", "J. L. Elman, 1990", task="echo", cell="rnn", length_of=20, hidden=16, steps=100, every=2, lr=0.01),
    _preset("echo-jordan", "M. I. Jordan, 1986", task="echo", cell="jordan", length_of=20, hidden=16, steps=100, every=2, lr=0.01),
    _preset("dyck-1", _DYCK, task="dyck-1", hidden=8, lr=0.02, keep=False),
    _preset("dyck-2", _DYCK, task="dyck-2", hidden=16, lr=0.01, keep=False, steps=600, every=10),
    _preset("tag-one-way", "", task="tag-last", length_of=12, hidden=16, lr=0.01, keep=False, steps=150, every=3),
    _preset(
        "tag-both-ways",
        "M. Schuster and K. K. Paliwal, 1997",
        task="tag-last",
        length_of=12,
        hidden=16,
        lr=0.01,
        keep=False,
        bidirectional=True,
        steps=150,
        every=3,
    ),
    _preset("adding", _LSTM, **_ADDING, cell="gru", steps=600),
    _preset("adding-lstm", _LSTM, **_ADDING, cell="lstm", lr=0.01, steps=800),
    _preset("adding-rnn", _LSTM, **_ADDING, cell="rnn", steps=600),
)
"""In the order in which the page lists them."""
