"""What the page shows about pools beyond their outputs: measurements, each a small computation of torch's.

* :func:`change`: one channel changed, what happens to the others;
* :func:`morph`: attention's weights from average to peaked, over the temperature;
* :func:`nadaraya_watson`: the regression that attention pooling descends from;
* :func:`receptive`: which pixels a unit of a small stack sees, with and without pooling.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor, nn

from app.labs.convolution.pooling import pools
from app.labs.convolution.pooling.windows import INSIDE, Grid, Options, cut
from app.labs.convolution.pooling.work import Pool, work

MEASURED = ("max", "average", "attention")
"""The notes' three, whose channels are compared whichever pools are shown."""

TEMPERATURES = 61
COLDEST, HOTTEST = 1e-3, 1e3


@dataclass(frozen=True)
class Change:
    """What one channel's change did to a pool: largest |difference| of its own output, of the others', of the weights."""

    own: float
    others: float
    weights: float
    difference: Tensor
    """Output after minus before (C, Ho, Wo)."""


def change(x: Tensor, options: Options, q: Tensor, names: Sequence[str], channel: int, times: float) -> dict[str, Change]:
    """Multiply one channel of x by ``times``, pool again with the same query, and compare.

    ``weights`` compares the weights that the other channels are pooled with.
    """
    changed = x.clone()
    changed[channel] *= times
    before, after = work(x, options, q, names), work(changed, options, q, names)
    return {name: _compared(before[name], after[name], channel) for name in names}


def _compared(before: Pool, after: Pool, channel: int) -> Change:
    moved = after.output - before.output
    others = [c for c in range(moved.shape[0]) if c != channel]
    w_before, w_after = (p.weights.expand(moved.shape[0], *p.weights.shape[1:]) for p in (before, after))
    return Change(_largest(moved[channel]), _largest(moved[others]), _largest((w_after - w_before)[others]), moved)


def _largest(difference: Tensor) -> float:
    return float(difference.abs().max()) if difference.numel() else 0.0


@dataclass(frozen=True)
class Morph:
    """Attention over T temperatures: ``output`` (T, C, Ho, Wo), ``entropy`` (T, Ho, Wo) as a share of a window's most.

    ``average`` and ``maximum`` (C, Ho, Wo) are the plain mean and the largest of the cells that exist.
    """

    temperature: Tensor
    entropy: Tensor
    output: Tensor
    average: Tensor
    maximum: Tensor


def morph(x: Tensor, grid: Grid, q: Tensor) -> Morph:
    """Attention pooling of x (C, H, W) from the coldest to the hottest temperature, evenly spaced in their logarithm."""
    window, place = cut(x, grid)
    there = place == INSIDE
    n = there.sum(pools.WINDOW).to(x.dtype)
    temperature = torch.logspace(math.log10(COLDEST), math.log10(HOTTEST), TEMPERATURES, dtype=torch.float64)
    entropies, outputs = [], []
    for tau in temperature.tolist():
        output, (a,) = pools.attention(window, place, q, tau)
        # -sum a log a, over log n: 1 when all weigh the same, 0 when one has it all. A lone cell has it all.
        entropy = torch.special.entr(a).sum(pools.WINDOW) / n.clamp(min=2).log()
        entropies.append(entropy)
        outputs.append(output)
    largest = window.masked_fill(~there, -torch.inf).amax(pools.WINDOW)
    return Morph(temperature, torch.stack(entropies), torch.stack(outputs), window.sum(pools.WINDOW) / n, largest)


@dataclass(frozen=True)
class Regression:
    """Nadaraya-Watson on n points (x_i, y_i): ``fit`` (m,) at ``grid`` (m,) with ``weights`` (m, n).

    ``truth`` (m,) is what the points came from before their noise, ``average`` the mean of all y_i.
    """

    x: Tensor
    y: Tensor
    grid: Tensor
    truth: Tensor
    weights: Tensor
    fit: Tensor
    average: float


def nadaraya_watson(temperature: float, seed: int, n: int = 24, m: int = 97) -> Regression:
    """f(x) = sum_i w_i y_i, w = softmax_i(-(x - x_i)^2 / (2 tau)): a Gaussian kernel of bandwidth sqrt(tau), as attention pooling.

    E. A. Nadaraya 1964, G. S. Watson 1964. Query x, keys x_i, values y_i = sin(2 x_i) + x_i / 2 + noise.
    """
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(n, generator=generator, dtype=torch.float64).sort().values * 5
    y = _truth(x) + 0.25 * torch.randn(n, generator=generator, dtype=torch.float64)
    grid = torch.linspace(0, 5, m, dtype=torch.float64)
    weights = torch.softmax(-((grid[:, None] - x[None, :]) ** 2) / (2 * temperature), 1)
    return Regression(x, y, grid, _truth(grid), weights, weights @ y, float(y.mean()))


def _truth(x: Tensor) -> Tensor:
    return torch.sin(2 * x) + x / 2


FIELD = 24
"""Side of the image on which receptive fields are measured."""

STACKS = (
    ("conv3-conv3", "cc"),
    ("conv3-pool2-conv3", "cpc"),
    ("conv3-conv3-conv3", "ccc"),
    ("conv3-pool2-conv3-pool2-conv3", "cpcpc"),
    ("conv3-global", "cg"),
)
"""Each stack's name and layers: c a 3 x 3 convolution, p a 2 x 2 max pooling, g global max pooling."""


@dataclass(frozen=True)
class Field:
    """What one output unit of a stack sees: ``seen`` (FIELD, FIELD), the change of the unit when a pixel grows by a lot.

    ``size`` is measured (rows x columns with any change), ``expected`` is 1 + sum of (k - 1) x jump, or the whole image.
    """

    name: str
    seen: Tensor
    size: tuple[int, int]
    expected: int


@lru_cache(maxsize=1)
def receptive() -> tuple[Field, ...]:
    """The receptive field of the middle unit of every stack, by raising each pixel of a flat image in turn."""
    return tuple(_field(name, layers) for name, layers in STACKS)


def _field(name: str, layers: str) -> Field:
    stack = nn.Sequential(*(_layer(letter) for letter in layers)).double()
    flat = torch.zeros(1, 1, FIELD, FIELD, dtype=torch.float64)
    raised = torch.eye(FIELD * FIELD, dtype=torch.float64).reshape(-1, 1, FIELD, FIELD)
    with torch.no_grad():
        outputs = stack(torch.cat([flat, raised]))
    middle = outputs[:, 0, outputs.shape[2] // 2, outputs.shape[3] // 2]
    seen = (middle[1:] - middle[0]).reshape(FIELD, FIELD)
    rows, columns = seen.ne(0).any(1).sum(), seen.ne(0).any(0).sum()
    return Field(name, seen, (int(rows), int(columns)), _expected(layers))


def _layer(letter: str) -> nn.Module:
    """A layer; a convolution averages, so that a pixel that grows makes every unit that sees it grow."""
    if letter == "p":
        return nn.MaxPool2d(2)
    if letter == "g":
        return nn.AdaptiveMaxPool2d(1)
    convolution = nn.Conv2d(1, 1, 3, padding=1, bias=False)
    nn.init.constant_(convolution.weight, 1 / 9)
    return convolution


def _expected(layers: str) -> int:
    """Receptive field by the rule: each layer adds (k - 1) jumps, and pooling doubles the jump."""
    if "g" in layers:
        return FIELD
    r, jump = 1, 1
    for letter in layers:
        k, stride = (3, 1) if letter == "c" else (2, 2)
        r, jump = r + (k - 1) * jump, jump * stride
    return r
