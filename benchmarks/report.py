"""A benchmark's rows: each figure beside what it is measured against, in the same run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """``value`` in ``unit``, None where it cannot be measured (the goal says why); ``baseline`` is the same unit's figure to
    compare with, where there is one.

    ``ratio`` is what is published: value / baseline unless the row says otherwise. ``goal`` is what the project wants,
    in words; a benchmark judges nothing.
    """

    name: str
    value: float | None
    unit: str
    baseline: float | None = None
    ratio: float | None = None
    goal: str = ""

    @property
    def shown_ratio(self) -> float | None:
        if self.ratio is not None:
            return self.ratio
        return self.value / self.baseline if self.baseline and self.value is not None else None


def table(rows: Iterable[Row]) -> str:
    """The rows as text, columns aligned."""
    lines = [("figure", "value", "unit", "baseline", "ratio", "goal")]
    for row in rows:
        ratio = row.shown_ratio
        lines.append(
            (
                row.name,
                "" if row.value is None else f"{row.value:.4g}",
                row.unit,
                "" if row.baseline is None else f"{row.baseline:.4g}",
                "" if ratio is None else f"{ratio:.2f}",
                row.goal,
            )
        )
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines)
