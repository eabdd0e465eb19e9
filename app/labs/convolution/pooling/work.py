"""All pools of one input worked out: the output of each, the weights of every window, and how far the two roads to it are apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from app.labs.contract import Message, UserError
from app.labs.convolution.pooling import pools
from app.labs.convolution.pooling.windows import Grid, Options, adaptive, cut, sliding

TORCH = ("max", "average", "lp", "global_max", "global_average", "adaptive_max", "adaptive_average")
"""The pools that are shown as torch computes them; the others as the equation here does."""


@dataclass(frozen=True)
class Pool:
    """One pool of an input: ``output`` (C, Ho, Wo) as shown, ``weights`` (C or 1, Ho, Wo, kh, kw).

    ``ours`` is the equation's output, ``torch`` that of torch by its own function or, where it has none, by another road.
    """

    name: str
    grid: Grid
    ours: Tensor
    torch: Tensor
    weights: Tensor

    @property
    def output(self) -> Tensor:
        return self.torch if self.name in TORCH else self.ours

    @property
    def difference(self) -> float:
        """The largest |ours - torch|, 0 where both are NaN or the same infinity."""
        same = (self.ours == self.torch) | (self.ours.isnan() & self.torch.isnan())
        return float(torch.where(same, 0, (self.ours - self.torch).abs()).max())


def common_grid(x: Tensor, options: Options) -> Grid:
    """The windows that max (undilated), average, attention, SoftPool, mean and Lp share; the output's size is torch's.

    Raises UserError with torch's reason where torch refuses the options.
    """
    output = asked(lambda: pools.torch_average(x, options))
    return sliding(size(x), size(output), options.kernel, options.stride, options.padding)


def size(x: Tensor) -> tuple[int, int]:
    """Height and width of (C, H, W)."""
    return x.shape[1], x.shape[2]


def work(x: Tensor, options: Options, q: Tensor, names: Sequence[str]) -> dict[str, Pool]:
    """The pools of x (C, H, W) by name; ``q`` (C,) asks in attention. Raises UserError where torch refuses the options."""
    grid = common_grid(x, options)
    return {name: _pool(name, x, options, q, grid) for name in names}


def _pool(name: str, x: Tensor, options: Options, q: Tensor, grid: Grid) -> Pool:
    if name.startswith(("global", "adaptive")):
        return _adaptive(name, x, options)
    if name == "max":
        reference, winner = asked(lambda: pools.torch_max(x, options))
        grid = sliding(size(x), size(reference), options.kernel, options.stride, options.padding, options.dilation)
        return Pool(name, grid, *_second(reference, pools.maximum(*cut(x, grid), winner, grid)))
    cells, place = cut(x, grid)
    match name:
        case "average":
            return Pool(name, grid, *_second(pools.torch_average(x, options), pools.average(cells, place, options)))
        case "lp":
            reference = asked(lambda: pools.torch_lp(x, options, grid.shape))
            return Pool(name, grid, *_second(reference, pools.lp(cells, place, options.norm)))
        case "softpool":
            return Pool(name, grid, *_second(pools.torch_softpool(cells, place), pools.softpool(cells, place)))
        case "mean":
            reference = pools.torch_generalised_mean(cells, place, options.power)
            return Pool(name, grid, *_second(reference, pools.generalised_mean(cells, place, options.power)))
        case "attention":
            tau = options.temperature
            reference = pools.torch_attention(cells, place, q, tau)
            return Pool(name, grid, *_second(reference, pools.attention(cells, place, q, tau)))
    raise ValueError(f"no pool is called {name!r}")


def _adaptive(name: str, x: Tensor, options: Options) -> Pool:
    """Adaptive pooling; global pooling is its case of one bin."""
    shape = (1, 1) if name.startswith("global") else options.adaptive
    grid = adaptive(size(x), shape)
    if name.endswith("max"):
        reference, winner = torch.nn.functional.adaptive_max_pool2d(x, shape, return_indices=True)
        return Pool(name, grid, *_second(reference, pools.maximum(*cut(x, grid), winner, grid)))
    reference = torch.nn.functional.adaptive_avg_pool2d(x, shape)
    plain = Options(count_include_pad=False)
    return Pool(name, grid, *_second(reference, pools.average(*cut(x, grid), plain)))


def _second(reference: Tensor, pooled: pools.Pooled) -> tuple[Tensor, Tensor, Tensor]:
    ours, weights = pooled
    return ours, reference, weights


_REASONS = (
    ("pad should be", "padding", "pad"),
    ("Output size is too small", "kernel", "small"),
    ("divisor must be not zero", "divisor_override", "divisor"),
)
"""A piece of torch's own sentence, the field it belongs to, and ours: ``convolution.pooling.error.NAME``."""

T = TypeVar("T")


def asked(ask: Callable[[], T]) -> T:
    """What torch answers. Raises UserError with torch's reason where it refuses the options."""
    try:
        return ask()
    except RuntimeError as error:
        said = str(error).partition("\n")[0]
        for piece, field, name in _REASONS:
            if piece in said:
                raise UserError(Message(f"convolution.pooling.error.{name}", {"torch": said}), (field,)) from error
        raise
