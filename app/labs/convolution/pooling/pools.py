r"""The pools: each as its equation over the windows, and as torch computes it.

Windows come cut out: ``x`` (C, Ho, Wo, kh, kw) with 0 outside the input, ``place`` (Ho, Wo, kh, kw) telling where each tap lies. An
equation gives the output (C, Ho, Wo) and the weights (C or 1, Ho, Wo, kh, kw) with which the window's cells make it up:
``output = sum of weights * x``. Max, average, Lp, global and adaptive pooling are shown as torch computes them, SoftPool, the
generalised mean and attention as the equation here does, each with a second road to the same number. These three leave padding out:
they take the cells that exist.

References: SoftPool, A. Stergiou, R. Poppe and G. Kalliatakis 2021, arXiv:2101.00440; generalised mean, F. Radenovic, G. Tolias
and O. Chum 2018, arXiv:1711.02512; attention, A. Vaswani et al. 2017, arXiv:1706.03762, equation 1, within a window, with one
query and values that are their own keys.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from app.labs.convolution.pooling.windows import INSIDE, PADDING, Grid, Options, cells

EPS = 1e-6
"""The generalised mean takes cells below this as this (GeM's own clamp): a power of a negative number is no number."""

Pooled = tuple[Tensor, Tensor]
"""Output (C, Ho, Wo) and weights (C or 1, Ho, Wo, kh, kw)."""

WINDOW = (-2, -1)
"""The axes of a window."""


def maximum(x: Tensor, place: Tensor, winner: Tensor, grid: Grid) -> Pooled:
    """y = max_i x_i over the cells that exist: padding is -inf, never 0. ``winner`` (C, Ho, Wo) is torch's index of the winner."""
    output = x.masked_fill(place != INSIDE, -torch.inf).amax(WINDOW)
    weights = (cells(grid).to(x.device) == winner[..., None, None]) & (place == INSIDE)
    return output, weights.to(x.dtype)


def divisor(place: Tensor, options: Options) -> Tensor:
    """What average pooling divides a window's sum by (Ho, Wo).

    The override; else the taps on the input and, with count_include_pad, in the explicit padding. Never ceil_mode's overhang.
    """
    if options.divisor_override is not None:
        return torch.full(place.shape[:2], options.divisor_override)
    return (place <= (PADDING if options.count_include_pad else INSIDE)).sum(WINDOW)


def average(x: Tensor, place: Tensor, options: Options) -> Pooled:
    """y = (sum_i x_i) / d"""
    d = divisor(place, options).to(x.dtype)
    counted = place <= (PADDING if options.count_include_pad else INSIDE)
    weights = torch.where(counted, 1 / d[..., None, None], 0)
    return x.sum(WINDOW) / d, weights[None]


def scores(x: Tensor, place: Tensor, q: Tensor, tau: float) -> Tensor:
    """s_i = q . x_i / tau, (Ho, Wo, kh, kw): one number a position, all channels together. -inf where there is no cell."""
    return (torch.einsum("c,chwij->hwij", q, x) / tau).masked_fill(place != INSIDE, -torch.inf)


def attention(x: Tensor, place: Tensor, q: Tensor, tau: float) -> Pooled:
    """a = softmax(q . x_i / tau) over the window, y = sum_i a_i x_i: the channels share the weights."""
    a = _softmax(scores(x, place, q, tau))[None]
    return (a * x).sum(WINDOW), a


def softpool(x: Tensor, place: Tensor) -> Pooled:
    """w = softmax(x_i) over the window, in each channel by itself; y = sum_i w_i x_i."""
    w = _softmax(x.masked_fill(place != INSIDE, -torch.inf))
    return (w * x).sum(WINDOW), w


def generalised_mean(x: Tensor, place: Tensor, p: float) -> Pooled:
    """y = ((sum_i x_i^p) / n)^(1/p), n the cells that exist; weights x_i^(p-1) / (n y^(p-1)), which are also dy/dx_i.

    Worked out as m times the mean of x / m, m the window's largest cell: a power of a large number has no room in a float.
    """
    there = place == INSIDE
    n = there.sum(WINDOW)
    clamped = x.clamp(min=EPS).masked_fill(~there, 0)
    m = clamped.amax(WINDOW, keepdim=True)
    share = clamped / m
    y = ((share**p).sum(WINDOW) / n) ** (1 / p)
    weights = share.clamp(min=torch.finfo(x.dtype).tiny) ** (p - 1) / (n * y ** (p - 1))[..., None, None]
    return m[..., 0, 0] * y, weights.masked_fill(~there, 0)


def lp(x: Tensor, place: Tensor, p: float) -> Pooled:
    """y = (f sum_i x_i^p)^(1/p), weights f x_i^(p-1) / y^(p-1).

    It sums: no division by the number of cells, no absolute value. f = 1, but in a window that hangs over (ceil_mode): torch
    multiplies its average by the whole kernel there, so f = kernel cells / cells before the overhang.
    """
    f = place[0, 0].numel() / (place <= PADDING).sum(WINDOW).to(x.dtype)
    y = (f * (x**p).sum(WINDOW)) ** (1 / p)
    weights = f[..., None, None] * x ** (p - 1) / (y ** (p - 1))[..., None, None]
    return y, torch.where(y[..., None, None] == 0, 0, weights).masked_fill(place != INSIDE, 0)


def _softmax(scores: Tensor) -> Tensor:
    """Softmax over a window's taps (..., kh, kw)."""
    return torch.softmax(scores.flatten(-2), -1).reshape(scores.shape)


def torch_max(x: Tensor, options: Options) -> Pooled:
    """torch's output and the index of each winner."""
    return F.max_pool2d(
        x, options.kernel, options.stride, options.padding, options.dilation, options.ceil_mode, return_indices=True
    )


def torch_average(x: Tensor, options: Options) -> Tensor:
    """torch's average pooling."""
    return F.avg_pool2d(
        x,
        options.kernel,
        options.stride,
        options.padding,
        options.ceil_mode,
        options.count_include_pad,
        options.divisor_override,
    )


def torch_lp(x: Tensor, options: Options, shape: tuple[int, int]) -> Tensor:
    """torch's Lp pooling. It has no padding of its own: zeros are put around, and windows that then start in them are left out."""
    vertical, horizontal = options.padding
    padded = F.pad(x, (horizontal, horizontal, vertical, vertical))
    return F.lp_pool2d(padded, options.norm, options.kernel, options.stride, options.ceil_mode)[:, : shape[0], : shape[1]]


def torch_attention(x: Tensor, place: Tensor, q: Tensor, tau: float) -> Tensor:
    """torch's scaled_dot_product_attention, every window a batch entry of its own: keys and values are its cells (kh kw, C)."""
    c, h, w, kh, kw = x.shape
    keys = x.permute(1, 2, 3, 4, 0).reshape(h * w, kh * kw, c)
    there = (place == INSIDE).reshape(h * w, 1, kh * kw)
    answer = F.scaled_dot_product_attention(q.expand(h * w, 1, c), keys, keys, attn_mask=there, scale=1 / tau)
    return answer.reshape(h, w, c).permute(2, 0, 1)


def torch_softpool(x: Tensor, place: Tensor) -> Tensor:
    """d/dt log sum_i e^(t x_i) at t = 1, which is SoftPool, by torch's logsumexp and autograd."""
    with torch.enable_grad():
        t = torch.ones(x.shape[:3], dtype=x.dtype, device=x.device, requires_grad=True)
        scaled = (t[..., None, None] * x).masked_fill(place != INSIDE, -torch.inf)
        (slope,) = torch.autograd.grad(torch.logsumexp(scaled.flatten(-2), -1).sum(), t)
    return slope


def torch_generalised_mean(x: Tensor, place: Tensor, p: float) -> Tensor:
    """torch's vector norm of each window over n^(1/p)."""
    there = place == INSIDE
    clamped = x.clamp(min=EPS).masked_fill(~there, 0)
    largest = clamped.amax(WINDOW)
    norm: Tensor = torch.linalg.vector_norm(clamped / largest[..., None, None], p, WINDOW)
    result: Tensor = largest * norm / there.sum(WINDOW).to(x.dtype) ** (1 / p)
    return result
