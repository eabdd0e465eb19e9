"""Dates in six spellings to ISO by recurrent networks: without attention, early and at the end, and with two kinds of it."""

from __future__ import annotations

from pathlib import Path

from app.nn.recurrent.seq2seq import Shape
from app.nn.tasks.dates import Dates
from app.training.kit.seq2seq import Recipe, ship

EARLY = 200
"""Steps after which the network without attention says most characters right when it is helped, and few dates alone."""
PLANS = (
    ({EARLY: "seq2seq_dates_early", 2000: "seq2seq_dates_none"}, Shape("lstm"), Recipe(steps=2000)),
    ({1200: "seq2seq_dates_dot"}, Shape("lstm", "dot"), Recipe(steps=1200)),
    ({1200: "seq2seq_dates_additive"}, Shape("gru", "additive"), Recipe(steps=1200)),
)


def main(folder: Path | None) -> None:
    """Trains and ships them; they make their own data."""
    for names, shape, recipe in PLANS:
        ship(names, Dates(), shape, recipe, "seq2seq_dates")
