r"""The surface that is a real fit: a line through 64 samples, its loss the mean of the squared residuals.

    L(w, b) = 1/N sum_i (w u_i + b - v_i)^2        x is the slope w, y is the intercept b

The samples follow a fixed recipe without a random generator, so that they are the same numbers everywhere: the
inputs are spread by the golden ratio, the noise is the normal quantile of another evenly spread sequence,

    u_i = -1 + 3 frac(i / phi),     v_i = 2 u_i - 1 + 0.5 Phi^-1(frac(i sqrt(2))),     i = 1 .. 64,

both rounded to four decimals. Full-batch gradient descent uses all of them at each step, the others a batch:
the samples are shuffled anew for every epoch, and the last batch of an epoch is what is left of it.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

_STREAM = 1  # the first word of the shuffling seed, see sources
N = 64
SLOPE, INTERCEPT, NOISE = 2.0, -1.0, 0.5

_PHI = (1 + math.sqrt(5)) / 2
U = np.array([round(-1 + 3 * math.modf(i / _PHI)[0], 4) for i in range(1, N + 1)])
"""The inputs, (N,) float64."""
V = np.array(
    [
        round(SLOPE * float(u) + INTERCEPT + NOISE * NormalDist().inv_cdf(math.modf(i * math.sqrt(2))[0]), 4)
        for i, u in enumerate(U, start=1)
    ]
)
"""What was observed, (N,) float64."""

LATEX = r"\frac{1}{N} \sum_{i=1}^{N} \left(x u_i + y - v_i\right)^{2}"


def minimum() -> tuple[float, float, float]:
    """(w, b, L(w, b)) of the best line: the slope is cov(u, v) / var(u), and the line passes through the means."""
    w = float(np.mean((U - U.mean()) * (V - V.mean())) / np.mean((U - U.mean()) ** 2))
    b = float(V.mean() - w * U.mean())
    return w, b, float(np.mean((w * U + b - V) ** 2))


def batch(seed: int, step: int, batch_size: int) -> np.ndarray:
    """The samples of step 1, 2, ...: indices (at most batch_size,), a pure function of the arguments.

    Every epoch is a new permutation of all samples, cut in order; its last batch is smaller where it must be.
    """
    steps_per_epoch = -(-N // batch_size)
    epoch, place = divmod(step - 1, steps_per_epoch)
    return _permutation(seed, epoch)[place * batch_size : (place + 1) * batch_size]


@lru_cache(maxsize=64)
def _permutation(seed: int, epoch: int) -> np.ndarray:
    order = np.random.default_rng((_STREAM, seed, epoch)).permutation(N)
    order.setflags(write=False)
    return order


def full_loss(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """L over all samples for slopes x and intercepts y of one shape; the result has that shape."""
    u, v = _samples(x.dtype, x.device)
    return _mean_of_squares(x, y, u, v)


def batch_loss(x: torch.Tensor, y: torch.Tensor, indices: torch.Tensor) -> torch.Tensor:
    """L over the samples ``indices`` (B,) int64, otherwise as :func:`full_loss`."""
    u, v = _samples(x.dtype, x.device)
    return _mean_of_squares(x, y, u[indices], v[indices])


def _mean_of_squares(x: torch.Tensor, y: torch.Tensor, u: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    residual = x[..., None] * u + y[..., None] - v  # (..., B)
    return (residual * residual).mean(dim=-1)


@lru_cache(maxsize=8)
def _samples(dtype: torch.dtype, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    import torch

    return torch.tensor(U, dtype=dtype, device=device), torch.tensor(V, dtype=dtype, device=device)
