r"""Losses that are straight lines, f_t(theta) = g_t . theta: a typed list of gradients, and three with rare batches.

* ``gradients``: the list, step by step, the same for every racer; when it has ended the gradient is zero, so that one sees
  what a rule's memory still does.
* ``reddi``: f_t(x) = 1010 x with probability .01, else -10 x, for x in [-1, 1]. On average 0.2 x, so the best x is -1, but
  99 of 100 batches push to +1 (S. Reddi, S. Kale, S. Kumar, On the convergence of Adam and beyond, 2018, section 3).
* ``spike``: the gradient 1 at every step but one, and 10^5 at that one, nine tenths through the run.
* ``ones-then-spike``: the same, and 100,000 ones before the spike. Most of them come ``before`` the first step that is shown: the
  racers are held at the start and only remember them.

The rare ones are batches: full-batch gradient descent sees their mean. y plays no part in them. No torch here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

import numpy as np

from app.labs.optimizer.surfaces import Box, Point

_STREAM = 3  # the first word of the seed, see sources
_BLOCK = 1024

Case: TypeAlias = Literal["reddi", "spike", "ones-then-spike"]

SPIKE = 1e5
ONES = 100_000
RARE, COMMON, PROBABILITY = 1010.0, -10.0, 0.01


@dataclass(frozen=True)
class LinearLosses:
    """``at(step)`` is g_t for step 1, 2, ...; ``mean`` the gradient of the whole loss.

    ``batches``: the full gradient differs from g_t and costs ``period`` samples. ``before``: how many steps with g_0
    come before the first, at the start.
    """

    at: Callable[[int], Point]
    mean: Point
    latex: str
    view: Box
    start: Point
    batches: bool = False
    before: int = 0
    period: int = 1
    bounds: Box | None = None
    minima: tuple[tuple[float, float, float], ...] = ()
    minimum: float | None = None
    citation: str = ""


def typed_list(values: Sequence[Point]) -> LinearLosses:
    """g_1, g_2, ... as typed, then zeros."""
    count = max(len(values), 1)
    return LinearLosses(
        at=lambda step: values[step - 1] if step <= len(values) else (0.0, 0.0),
        mean=(sum(g[0] for g in values) / count, sum(g[1] for g in values) / count),
        latex=r"g_t^{\top} \theta",
        view=(-5, 5, -5, 5),
        start=(0.0, 0.0),
    )


def rare_batches(case: Case, seed: int, steps: int) -> LinearLosses:
    """The losses of one of the cases, for a run of ``steps``."""
    return _reddi(seed) if case == "reddi" else _spike(steps, steps_before(case, steps))


def steps_before(case: Case, steps: int) -> int:
    """How many steps come before the first of a run of ``steps``."""
    return ONES + 1 - max(1, spike_step(steps)) if case == "ones-then-spike" else 0


def _reddi(seed: int) -> LinearLosses:
    mean = PROBABILITY * RARE + (1 - PROBABILITY) * COMMON  # 0.2
    return LinearLosses(
        at=lambda step: (RARE if is_rare(seed, step) else COMMON, 0.0),
        mean=(mean, 0.0),
        latex=r"\begin{cases} 1010\, x & p = 0.01 \\ -10\, x & p = 0.99 \end{cases}",
        view=(-1.2, 1.2, -1, 1),
        start=(0.0, 0.0),
        batches=True,
        period=round(1 / PROBABILITY),
        bounds=(-1.0, 1.0, -1.0, 1.0),
        minima=((-1.0, 0.0, -mean),),
        minimum=-mean,
        citation="S. J. Reddi, S. Kale and S. Kumar, On the convergence of Adam and beyond, 2018, arXiv:1904.09237",
    )


def is_rare(seed: int, step: int) -> bool:
    """Whether the rare batch comes at this step: a pure function of (seed, step)."""
    block, place = divmod(step, _BLOCK)
    return bool(_draws(seed, block)[place] < PROBABILITY)


@lru_cache(maxsize=8)
def _draws(seed: int, block: int) -> np.ndarray:
    return np.random.default_rng((_STREAM, seed, block)).random(_BLOCK)


def spike_step(steps: int) -> int:
    """The step of the spike in a run of ``steps``: nine tenths through, and never the first where there are two."""
    return max(min(2, steps), round(0.9 * steps))


def _spike(steps: int, before: int) -> LinearLosses:
    when = spike_step(steps)
    period = before + max(steps, 1)
    mean = (period - 1 + SPIKE) / period
    return LinearLosses(
        at=lambda step: (SPIKE if step == when else 1.0, 0.0),
        mean=(mean, 0.0),
        latex=rf"\begin{{cases}} 10^{{5}}\, x & t = {when} \\ x & t \neq {when} \end{{cases}}",
        view=(-5, 5, -5, 5),
        start=(0.0, 0.0),
        batches=True,
        before=before,
        period=period,
    )
