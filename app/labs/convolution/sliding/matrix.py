"""The same layer as a fully connected one: a matrix whose rows hold the shared weights, and zeros everywhere else."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from app.labs.convolution.sliding.layer import ZERO, Sliding

MOST_ENTRIES = 262_144
"""A larger matrix is counted, not shown."""
NOTHING = -1
SEVERAL = -2


@dataclass(frozen=True)
class Connected:
    """The matrix W of y = W x + b over flattened input and output, rows Cout Ho Wo, columns Cin H W.

    ``values`` holds W; ``index`` int32 says which weight stands there, as its place in the flattened kernels: NOTHING where there
    is no connection, SEVERAL where padding shows one cell to several taps, so that their weights add up.
    """

    values: Tensor
    index: Tensor

    @property
    def connections(self) -> int:
        """How many entries are no zeros of the structure."""
        return int((self.index != NOTHING).sum())


def entries(s: Sliding) -> int:
    """How many entries the matrix has."""
    return s.output.numel() * s.x.numel()


def connections(s: Sliding) -> tuple[Tensor, Tensor, Tensor]:
    """Every tap at every place but those on zeros: row and column in the matrix, the weight's place in the flattened kernels."""
    rows, columns = s.taps
    height, width = s.x.shape[1:]
    cells = s.source[rows[:, None, :, None], columns[None, :, None, :]]  # (Ho, Wo, kh, kw)
    out, each = s.weight.shape[:2]
    shape = (out, each, *cells.shape)  # (Cout, Cin / groups, Ho, Wo, kh, kw)
    first = torch.tensor([s.group(o) * each for o in range(out)], device=s.x.device)
    channel = first[:, None] + torch.arange(each, device=s.x.device)
    column = (channel[:, :, None, None, None, None] * height * width + cells).expand(shape)
    output = torch.arange(s.output.numel(), device=s.x.device).reshape(s.output.shape)
    row = output[:, None, :, :, None, None].expand(shape)
    weight = torch.arange(s.weight.numel(), device=s.x.device).reshape(s.weight.shape)[:, :, None, None].expand(shape)
    real = (cells != ZERO).expand(shape)
    return row[real], column[real], weight[real]


def connected_row(s: Sliding, number: int) -> tuple[Tensor, Tensor]:
    """One row of the matrix (Cin H W,), and whether its entries are connections: a weight may be 0 as well."""
    row, column, weight = connections(s)
    here = row == number
    values = s.x.new_zeros(s.x.numel()).index_put_((column[here],), s.weight.flatten()[weight[here]], accumulate=True)
    connection = torch.zeros(s.x.numel(), dtype=torch.bool, device=s.x.device)
    connection[column[here]] = True
    return values, connection


def connected(s: Sliding) -> Connected:
    """The matrix, written entry by entry from the taps."""
    row, column, weight = connections(s)
    size = (s.output.numel(), s.x.numel())
    values = s.x.new_zeros(size).index_put_((row, column), s.weight.flatten()[weight], accumulate=True)
    times = torch.zeros(size, dtype=torch.int32, device=s.x.device)
    times.index_put_((row, column), torch.ones_like(row, dtype=torch.int32), accumulate=True)
    index = torch.full(size, NOTHING, dtype=torch.int32, device=s.x.device)
    index[row, column] = weight.int()
    index[times > 1] = SEVERAL
    return Connected(values, index)


@dataclass(frozen=True)
class Counts:
    """Weights of one layer from ``cells_in`` to ``cells_out`` numbers, biases apart.

    ``dense``: every output sees every cell with a weight of its own. ``local``: it sees its window, each place with weights of
    its own. ``shared``: all places use the same. A convolution multiplies as often as a locally connected layer: ``local`` is
    also its count of multiplications and additions (MACs), those with padding included.
    """

    dense: int
    local: int
    shared: int


def counts(x: tuple[int, ...], y: tuple[int, ...], kernel: tuple[int, int], groups: int = 1) -> Counts:
    """Of an input (Cin, H, W) and an output (Cout, Ho, Wo)."""
    window = x[0] // groups * kernel[0] * kernel[1]
    cells_in, cells_out = x[0] * x[1] * x[2], y[0] * y[1] * y[2]
    return Counts(cells_in * cells_out, cells_out * window, y[0] * window)
