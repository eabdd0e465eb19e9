"""Several pools over the windows of one input, window by window: ``convolution/pooling``.

A frame is one window, row by row, of all pools and channels at once; frame 0 has none. Max (undilated), average, attention,
SoftPool, the generalised mean and Lp share their windows. A pool with windows of its own (dilated max, adaptive, global) works
on its own t-th window in frame t and stays as it is once it has no more; the run ends with the pool that has most.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from app.labs.contract import Frame, Message, Plain, Scene, Target, UserError
from app.labs.convolution.params.pooling import PoolingParams
from app.labs.convolution.pooling.explain import explain
from app.labs.convolution.pooling.measure import MEASURED, change, morph, nadaraya_watson, receptive
from app.labs.convolution.pooling.options import options_of
from app.labs.convolution.pooling.pools import divisor
from app.labs.convolution.pooling.script import script
from app.labs.convolution.pooling.source import read_input, read_query
from app.labs.convolution.pooling.windows import INSIDE, NO_TAP, Grid, cut, places
from app.labs.convolution.pooling.work import TORCH, Pool, common_grid, work

__all__ = ["explain", "run", "scene", "script", "targets"]


def scene(params: PoolingParams, device: str = "cpu") -> Scene:
    """The input, the windows of every pool, and the measurements that belong to no single window.

    Raises UserError with torch's reason for options that torch refuses.
    """
    x, options = read_input(params, device), options_of(params)
    q = read_query(params, x)
    names = params.pools()
    pooled = work(x, options, q, names)
    grid = common_grid(x, options)
    tensors = {"input": host(x), "query": host(q)}
    curve = morph(x, grid, q)
    for name in ("temperature", "entropy", "output", "average", "maximum"):
        tensors[f"morph/{name}"] = host(getattr(curve, name))
    line = nadaraya_watson(params.temperature, params.seed)
    for name in ("x", "y", "grid", "truth", "weights", "fit"):
        tensors[f"regression/{name}"] = host(getattr(line, name))
    fields = receptive()
    for field in fields:
        tensors[f"receptive/{field.name}"] = host(field.seen)
    compared = [*MEASURED, *(name for name in names if name not in MEASURED)]
    channel = check_channel(params, x)
    changes = change(x, options, q, compared, channel, params.changed.value)
    for name, one in changes.items():
        tensors[f"changed/{name}"] = host(one.difference)
    note: dict[str, Plain] = {
        "shape": list(x.shape),
        "pools": [_pool_note(pool) for pool in pooled.values()],
        "common": _grid_note(grid),
        "windows": max(pool.grid.windows for pool in pooled.values()),
        "pixel": list(params.pixel) if params.pixel else None,
        "temperature": params.temperature,
        "changes": [
            {"pool": name, "own": _plain(one.own), "others": _plain(one.others), "weights": _plain(one.weights)}
            for name, one in changes.items()
        ],
        "changed": {"channel": channel, "value": params.changed.value},
        "receptive": [{"name": f.name, "size": list(f.size), "expected": f.expected} for f in fields],
        "regression": {"average": line.average, "bandwidth": params.temperature**0.5},
    }
    return Scene(tensors, note)


def run(params: PoolingParams, device: str = "cpu") -> Iterator[Frame]:
    """A frame a window, frame 0 before the first. Raises UserError as ``scene`` does.

    Tensors: for every pool ``output/NAME`` (C, Ho, Wo), NaN where it is still to come, and ``weights/NAME`` (C or 1, kh, kw) of
    its current window, NaN where a bin has no such tap; of the common windows ``window`` (C, kh, kw), NaN outside the input,
    ``place`` (kh, kw): 0 on the input, 1 in the padding, 2 beyond it, and average pooling's ``divisor`` (1,).
    """
    x, options = read_input(params, device), options_of(params)
    pooled = work(x, options, read_query(params, x), params.pools())
    grid = common_grid(x, options)
    cells, place = cut(x, grid)
    window = host(cells.masked_fill(place != INSIDE, torch.nan))
    divisors, place_ = host(divisor(place, options).to(x.dtype)), host(place.to(torch.uint8))
    outputs = {name: host(pool.output) for name, pool in pooled.items()}
    weights = {name: host(_shown_weights(pool)) for name, pool in pooled.items()}
    for t in range(max(pool.grid.windows for pool in pooled.values()) + 1):
        tensors = {}
        at: dict[str, Plain] = {}
        for name, pool in pooled.items():
            done = min(t, pool.grid.windows)
            tensors[f"output/{name}"] = _until(outputs[name], done)
            tensors[f"weights/{name}"] = _of_window(weights[name], pool.grid, done)
            at[name] = list(pool.grid.at(done - 1)) if done else None
        common = min(t, grid.windows)
        tensors["window"] = _of_window(window, grid, common)
        row, column = grid.at(max(common - 1, 0))
        tensors["place"] = place_[row, column] if common else np.zeros_like(place_[0, 0])
        tensors["divisor"] = divisors[row, column : column + 1] if common else np.full(1, np.nan, divisors.dtype)
        yield Frame(t, tensors, {"at": at})


def targets(params: PoolingParams) -> Sequence[Target]:
    """An output and a weight of every pool that is on: of its first window, and an output of the window that a frame is at."""
    found: list[Target] = []
    for name in params.pools():
        found.append({"kind": "output", "pool": name, "channel": 0})
        found.append({"kind": "output", "pool": name, "channel": 0, "y": 0, "x": 0})
        found.append({"kind": "weight", "pool": name, "channel": 0, "y": 0, "x": 0, "index": 0})
    return found


def host(tensor: Tensor) -> np.ndarray:
    """A tensor as numpy on the CPU."""
    return tensor.detach().cpu().numpy()


def check_channel(params: PoolingParams, x: Tensor) -> int:
    """The channel that is changed. Raises UserError where the input has no such channel."""
    channel = params.changed.channel
    if channel >= x.shape[0]:
        raise UserError(
            Message("convolution.pooling.error.channel", {"got": channel, "last": x.shape[0] - 1}), ("changed", "channel")
        )
    return channel


def _until(output: np.ndarray, done: int) -> np.ndarray:
    """The first ``done`` windows' outputs, NaN after them."""
    shown = np.full_like(output, np.nan).reshape(len(output), -1)
    shown[:, :done] = output.reshape(len(output), -1)[:, :done]
    return shown.reshape(output.shape)


def _of_window(of_all: np.ndarray, grid: Grid, done: int) -> np.ndarray:
    """The part (..., kh, kw) of (..., Ho, Wo, kh, kw) that belongs to the window done last; NaN before the first."""
    row, column = grid.at(max(done - 1, 0))
    part = of_all[:, row, column]
    return part if done else np.full_like(part, np.nan)


def _shown_weights(pool: Pool) -> Tensor:
    return pool.weights.masked_fill(places(pool.grid).to(pool.weights.device) == NO_TAP, torch.nan)


def _pool_note(pool: Pool) -> dict[str, Plain]:
    low, high = _range(pool.output)
    return {
        "name": pool.name,
        "by": "torch" if pool.name in TORCH else "ours",
        "shared": pool.weights.shape[0] < pool.output.shape[0],
        "difference": _plain(pool.difference),
        "low": low,
        "high": high,
        **_grid_note(pool.grid),
    }


def _grid_note(grid: Grid) -> dict[str, Plain]:
    """Its output size, and [start, taps, step] of every window along both axes."""
    return {
        "size": list(grid.shape),
        "windows": grid.windows,
        "kernel": list(grid.kernel),
        "rows": [list(span) for span in grid.rows],
        "cols": [list(span) for span in grid.cols],
    }


def _range(x: Tensor) -> tuple[float | None, float | None]:
    """Least and greatest finite number."""
    finite = x[x.isfinite()]
    return (float(finite.min()), float(finite.max())) if finite.numel() else (None, None)


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None
