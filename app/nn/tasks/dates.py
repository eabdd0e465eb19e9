"""Dates of 1900 to 2099 in six spellings, to ISO 8601, by characters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from random import Random

from app.nn.tasks.pairs import Pair, known

MONTHS = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"]
FIRST, LAST = date(1900, 1, 1), date(2099, 12, 31)
LONGEST = len("september 30, 2099")

FORMATS = ("{d} {month} {y}", "{month} {d}, {y}", "{mon} {d} {y}", "{d}.{m}.{y}", "{y}/{m}/{d}", "{y}年{m}月{d}日")
"""5 march 1999; march 5, 1999; mar 5 1999; 5.3.1999 (the day first); 1999/3/5; 1999年3月5日."""


def spell(day: date, spelling: str) -> Pair:
    """``day`` in one of FORMATS and in ISO; each digit comes from the whole year, month or day of the source.

    A number of one digit is written with a 0 before it because another sign stands after it: that 0 comes from the sign too.
    """
    written = {"d": str(day.day), "m": str(day.month), "y": str(day.year)}
    written |= {"month": MONTHS[day.month - 1], "mon": MONTHS[day.month - 1][:3]}
    text = ""
    field: dict[str, frozenset[int]] = {}
    for piece in spelling.replace("{", "|{").replace("}", "}|").split("|"):
        if piece.startswith("{"):
            word = written[piece[1:-1]]
            field[piece[1]] = frozenset(range(len(text), len(text) + len(word)))  # y, m or d
            text += word
        else:
            text += piece
    gold = [field.get(letter, frozenset()) for letter in "yyyy-mm-dd"]
    for letter, first in (("m", 5), ("d", 8)):
        after = max(field[letter]) + 1
        if len(field[letter]) == 1 and after < len(text):
            gold[first] |= {after}
    return Pair(tuple(text), tuple(day.isoformat()), tuple(gold))


def parse(text: str) -> date | None:
    """The day that a text in one of FORMATS names; None: it names none of FIRST to LAST."""
    for spelling in FORMATS:
        pattern = re.escape(spelling).replace(r"\{", "{").replace(r"\}", "}").format(**_PARTS)
        if found := re.fullmatch(pattern, " ".join(text.lower().split())):
            part = found.groupdict()
            month = (
                int(part["m"]) if "m" in part else [name[:3] for name in MONTHS].index((part.get("month") or part["mon"])[:3]) + 1
            )
            try:
                day = date(int(part["y"]), month, int(part["d"]))
            except ValueError:  # no such day in that month
                return None
            return day if FIRST <= day <= LAST else None
    return None


_PARTS = {
    "d": r"(?P<d>[1-9][0-9]?)",
    "m": r"(?P<m>[1-9][0-9]?)",
    "y": r"(?P<y>[0-9]{4})",
    "month": f"(?P<month>{'|'.join(MONTHS)})",
    "mon": f"(?P<mon>{'|'.join(name[:3] for name in MONTHS)})",
}


class Dates:
    """The task."""

    source_words = tuple(sorted(set("".join((*MONTHS, *FORMATS, "0123456789"))) - set("{}")))
    target_words = tuple("-0123456789")

    def draw(self, rng: Random) -> Pair:
        """Any day, in any of the spellings."""
        day = FIRST + timedelta(days=rng.randrange((LAST - FIRST).days + 1))
        return spell(day, rng.choice(FORMATS))

    def read(self, text: str) -> tuple[str, ...]:
        """A typed date. Raises UserError that names the characters that are of no spelling, or that there are too many."""
        tokens = tuple(" ".join(text.lower().split()))
        known(tokens, self.source_words)
        return tokens

    def write(self, tokens: Sequence[str]) -> str:
        """As one word."""
        return "".join(tokens)
