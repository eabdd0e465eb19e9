"""Where the windows of a pool lie on its input.

A window is rows x columns: along each axis output position i looks at ``taps`` cells from ``start`` on, ``step`` apart. A tap may
lie outside the input, in the padding or beyond it: :func:`places` says where.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

INSIDE, PADDING, OVERHANG, NO_TAP = 0, 1, 2, 3
"""Where a tap lies: on the input, in the explicit padding, beyond it (ceil_mode), or this window has fewer taps (adaptive)."""


class Span(NamedTuple):
    """The cells of one window along one axis: start, start + step, ... (``taps`` of them)."""

    start: int
    taps: int
    step: int = 1


@dataclass(frozen=True)
class Options:
    """What the pools are called with; the names are torch's. ``stride`` is given here, never None."""

    kernel: tuple[int, int] = (2, 2)
    stride: tuple[int, int] = (2, 2)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    ceil_mode: bool = False
    count_include_pad: bool = True
    divisor_override: int | None = None
    power: float = 3.0
    norm: float = 2.0
    adaptive: tuple[int, int] = (1, 1)
    temperature: float = 1.0


@dataclass(frozen=True)
class Grid:
    """The windows of a pool: output (i, j) looks at ``rows[i]`` x ``cols[j]`` of an input of ``size``, padded by ``padding``."""

    size: tuple[int, int]
    rows: tuple[Span, ...]
    cols: tuple[Span, ...]
    padding: tuple[int, int] = (0, 0)

    @property
    def shape(self) -> tuple[int, int]:
        """Output height and width."""
        return len(self.rows), len(self.cols)

    @property
    def windows(self) -> int:
        return len(self.rows) * len(self.cols)

    @property
    def kernel(self) -> tuple[int, int]:
        """Height and width of the largest window."""
        return max(span.taps for span in self.rows), max(span.taps for span in self.cols)

    def at(self, window: int) -> tuple[int, int]:
        """Row and column of the window with this number, row by row from 0."""
        return divmod(window, len(self.cols))


def sliding(
    size: tuple[int, int],
    shape: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int] = (1, 1),
) -> Grid:
    """One kernel at every stride. ``shape`` is the output's as torch gave it: under ceil_mode it is read, not predicted."""
    rows, cols = (tuple(Span(i * stride[a] - padding[a], kernel[a], dilation[a]) for i in range(shape[a])) for a in range(2))
    return Grid(size, rows, cols, padding)


def adaptive(size: tuple[int, int], shape: tuple[int, int]) -> Grid:
    """Bins from floor(i n / out) to ceil((i + 1) n / out): they overlap where out does not divide n."""
    rows, cols = (tuple(_bin(i, size[a], shape[a]) for i in range(shape[a])) for a in range(2))
    return Grid(size, rows, cols)


def _bin(i: int, n: int, out: int) -> Span:
    start = i * n // out
    return Span(start, -(-(i + 1) * n // out) - start)


def cut(x: Tensor, grid: Grid) -> tuple[Tensor, Tensor]:
    """Every window of x (C, H, W): its values (C, Ho, Wo, kh, kw), 0 where there is no cell, and its :func:`places`."""
    rows, cols = _taps(grid.rows, x.device), _taps(grid.cols, x.device)
    place = places(grid).to(x.device)
    y = rows.clamp(0, x.shape[1] - 1)[:, None, :, None]
    z = cols.clamp(0, x.shape[2] - 1)[None, :, None, :]
    return x[:, y, z].masked_fill(place != INSIDE, 0), place


def cells(grid: Grid) -> Tensor:
    """The number of the input's cell under every tap, row by row from 0 (Ho, Wo, kh, kw); meaningless where a tap is outside."""
    return _taps(grid.rows)[:, None, :, None] * grid.size[1] + _taps(grid.cols)[None, :, None, :]


def places(grid: Grid) -> Tensor:
    """INSIDE, PADDING, OVERHANG or NO_TAP for every tap of every window (Ho, Wo, kh, kw): the worse of its row's and column's."""
    rows, cols = (_along(spans, grid.size[a], grid.padding[a]) for a, spans in enumerate((grid.rows, grid.cols)))
    return torch.maximum(rows[:, None, :, None], cols[None, :, None, :])


def _along(spans: Sequence[Span], n: int, padding: int) -> Tensor:
    taps, counts = _taps(spans), torch.tensor([span.taps for span in spans])
    place = torch.full_like(taps, INSIDE)
    place[(taps < 0) | (taps >= n)] = PADDING
    place[taps >= n + padding] = OVERHANG
    place[torch.arange(taps.shape[1]) >= counts[:, None]] = NO_TAP
    return place


def _taps(spans: Sequence[Span], device: torch.device | str = "cpu") -> Tensor:
    """(windows, widest): the cells under every window along one axis; a shorter window's go on past its end."""
    widest = max(span.taps for span in spans)
    starts, steps = (torch.tensor([getattr(span, name) for span in spans], device=device) for name in ("start", "step"))
    return starts[:, None] + steps[:, None] * torch.arange(widest, device=device)
