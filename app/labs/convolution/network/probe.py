"""Where a function that nobody here knows takes its values from: the operator's own preprocessing, asked with known pictures.

A grey ramp from top to bottom and one from left to right tell of every value of the input where it was on the picture, once black
and white tell how the function scales colours. What comes out is believed where it is affine, and where turning the colours of one
half of the picture itself changes that half of the input and no other. Else the function bends the picture, looks at all of it, or
cuts it by what is on it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.labs.convolution.network.trace import Back

Function: TypeAlias = "Callable[[Image.Image], NDArray[np.float32]]"
"""From a picture to (C, H, W)."""
BLEND = 3
"""Pixels of the coarser grid to either side that a resampling may weigh (Lanczos)."""


def back(function: Function, picture: Image.Image) -> Back | None:
    """The affine map from places of the function's result to places of the picture; None where it has none."""
    try:
        way, seen = _affine(function, *picture.size)
        return way if all(_halves(function, picture, way, seen, axis) for axis in (0, 1)) else None
    except Exception:  # the operator's code may raise anything at pictures that it does not expect
        return None


def _affine(function: Function, width: int, height: int) -> tuple[Back, NDArray[np.bool_]]:
    """(3, 3), and which values (H, W) are not padding. Raises ValueError where no affine map fits."""
    rows, columns = (255 * _middles(n) for n in (height, width))
    greys = (np.zeros((height, width)), np.full((height, width), 255), *np.broadcast_arrays(rows[:, None], columns))
    dark, light, *ramps = (function(Image.fromarray(grey.round().astype(np.uint8)).convert("RGB")) for grey in greys)
    channel = np.abs(light - dark).max((1, 2)).argmax()
    span = (light - dark)[channel]
    seen = np.abs(span) > np.abs(span).max() / 2
    found = np.stack([(ramp - dark)[channel][seen] / span[seen] for ramp in ramps], 1)
    at = np.stack(np.broadcast_arrays(*(_grid(*seen.shape)), 1.0), 2)[seen]
    fit, _, rank, _ = np.linalg.lstsq(at, found, rcond=None)
    # At a border a resampling weighs one side alone: half a pixel of the coarser grid at most, and a ramp has 256 greys.
    apart = np.maximum(np.abs(fit[:2] / np.array(seen.shape)[:, None]).sum(0), (1 / height, 1 / width)) / 2 + 2 / 255
    if rank < 3 or not (np.abs(at @ fit - found) <= apart).all():
        raise ValueError
    return np.vstack([fit.T, (0, 0, 1)]), seen


def _halves(function: Function, picture: Image.Image, way: Back, seen: NDArray[np.bool_], axis: int) -> bool:
    """Whether the first half of the input along an axis, and it alone, follows its half of the picture."""
    pixels, forth = np.asarray(picture), np.linalg.inv(way)[axis]
    y, x = _grid(*pixels.shape[:2])
    turned = np.where((forth[0] * y + forth[1] * x + forth[2] < 0.5)[..., None], 255 - pixels, pixels)
    changed = (function(Image.fromarray(turned)) != function(picture)).any(0)
    at = np.broadcast_to(_grid(*seen.shape)[axis], seen.shape)
    margin = BLEND * max(1 / seen.shape[axis], float(np.abs(forth[:2] / pixels.shape[:2]).sum()))
    first, last = seen & (at < 0.5 - margin), at > 0.5 + margin
    return not changed[last].any() and bool(changed[first].mean() > 0.9 if first.any() else True)


def _grid(height: int, width: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The middles of rows (H, 1) and of columns (1, W), as shares of the sides."""
    return _middles(height)[:, None], _middles(width)[None]


def _middles(n: int) -> NDArray[np.float64]:
    return (np.arange(n) + 0.5) / n
