"""A square map from coarse to fine: the seven interlaced passes of PNG's Adam7, cut into bands. No torch here.

The first pass holds one pixel of each 8 x 8 block, every further one halves the blocks in one direction, until each pixel is its
own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

PASSES = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
"""(first row, first column, row step, column step) of each pass; PNG specification, third edition, section 8.2."""
BLOCKS = ((8, 8), (8, 4), (4, 4), (4, 2), (2, 2), (2, 1), (1, 1))
"""(rows, columns) that a pixel of each pass stands for until finer ones come."""


@dataclass(frozen=True)
class Part:
    """A band of one pass: ``height`` x ``width`` pixels, the first at (row, column), ``down`` rows and ``across`` columns apart.

    Until finer pixels come each is painted as a block of ``block`` (rows, columns). ``before`` pixels are in the parts before.
    """

    row: int
    column: int
    down: int
    across: int
    height: int
    width: int
    block: tuple[int, int]
    before: int

    @property
    def pixels(self) -> int:
        return self.height * self.width

    @property
    def rows(self) -> range:
        return range(self.row, self.row + self.down * self.height, self.down)

    @property
    def columns(self) -> range:
        return range(self.column, self.column + self.across * self.width, self.across)

    def place(self, row: int, column: int) -> tuple[int, int] | None:
        """Where in the part a pixel of the map is; None: in another part."""
        i, over = divmod(row - self.row, self.down)
        j, beside = divmod(column - self.column, self.across)
        inside = not over and not beside and 0 <= i < self.height and 0 <= j < self.width
        return (i, j) if inside else None


def gathered(pieces: Sequence[Part], k: int, most: int) -> tuple[Part, int]:
    """Part k with its neighbours of the same pass as one, of at most ``most`` pixels (or part k alone); its first row in there.

    Every part of a gathering gathers the same.
    """
    first = next(i for i, piece in enumerate(pieces) if piece.block == pieces[k].block)
    count = max(1, most // pieces[first].pixels)
    start = first + (k - first) // count * count
    some = [piece for piece in pieces[start : start + count] if piece.block == pieces[k].block]
    height = sum(piece.height for piece in some)
    return dataclasses.replace(some[0], height=height), (pieces[k].row - some[0].row) // some[0].down


@lru_cache(maxsize=32)
def parts(side: int, most: int) -> Sequence[Part]:
    """The parts of a map of ``side`` x ``side`` pixels in order, none of more than ``most`` pixels (or one row)."""
    found: list[Part] = []
    before = 0
    for (row, column, down, across), block in zip(PASSES, BLOCKS, strict=True):
        height, width = -(-(side - row) // down), -(-(side - column) // across)
        if height <= 0 or width <= 0:
            continue
        band = max(1, most // width)
        for first in range(0, height, band):
            rows = min(band, height - first)
            found.append(Part(row + first * down, column, down, across, rows, width, block, before))
            before += rows * width
    return tuple(found)
