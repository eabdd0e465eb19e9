"""What the pixels of a map stand for: starts, or pairs of settings; and the minima that their paths may end in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from app.labs.optimizer.basins.spread import Spread
from app.labs.optimizer.params.basins import BasinsParams, default_range, pixel_values, placed
from app.labs.optimizer.params.race import RaceParams
from app.labs.optimizer.passes import Part
from app.labs.optimizer.sources import Source, SurfaceLosses, make_source
from app.labs.optimizer.surfaces import Point
from app.labs.optimizer.valleys import local_minima

_NEAR = 0.05
"""Of the view's diagonal: a path that ends farther from every minimum has reached none."""


@dataclass(frozen=True)
class Axis:
    """One side of the map: ``setting`` is None where it is a coordinate of the start; ``values`` are the pixels' middles."""

    setting: str | None
    low: float
    high: float
    log: bool
    values: tuple[float, ...]


class Plane:
    """The map of some params: its axes, its source of gradients, its minima. Raises UserError as ``make_source`` does."""

    def __init__(self, params: BasinsParams, device: str = "cpu") -> None:
        self.params = params
        self.dtype = torch.float64 if params.dtype == "float64" else torch.float32
        self.source = make_source(params.race(params.start if params.axes == "settings" else None, {}), self.dtype, device)
        view = self.source.picture.view
        self.start: Point = params.start or self.source.picture.start
        self.x = self._axis("x", view[:2])
        self.y = self._axis("y", view[2:])
        self.minima = _minima(self.source)
        self.reach = _reach(self.minima, float(np.hypot(view[1] - view[0], view[3] - view[2])))

    def _axis(self, name: str, own: tuple[float, float]) -> Axis:
        params = self.params
        ends: tuple[float, float] | None = getattr(params, f"{name}_range")
        if params.axes == "start":
            low, high = ends or own
            return Axis(None, low, high, False, tuple(pixel_values((low, high), False, params.pixels)))
        setting, log = getattr(params, f"{name}_setting"), getattr(params, f"{name}_log")
        low, high = ends or default_range(setting)
        return Axis(setting, low, high, log, tuple(pixel_values((low, high), log, params.pixels)))

    def starts(self, part: Part, device: str) -> Tensor:
        """(2, height, width): where the paths of a part begin."""
        p = torch.empty((2, part.height, part.width), dtype=self.dtype, device=device)
        x, y = self._values(part)
        p[0] = torch.tensor(x, dtype=self.dtype) if self.x.setting is None else self.start[0]
        p[1] = torch.tensor(y, dtype=self.dtype)[:, None] if self.y.setting is None else self.start[1]
        return p

    def spread(self, part: Part) -> dict[str, Any]:
        """The racer's settings for all paths of a part at once."""
        racer = self.params.racers[0].settings()
        if self.x.setting is None or self.y.setting is None:
            return racer
        x, y = self._values(part)
        return placed(racer, {self.x.setting: Spread(np.array(x)[None, :]), self.y.setting: Spread(np.array(y)[:, None])})

    def race(self, row: int, column: int) -> RaceParams:
        """The race of one pixel."""
        x, y = self.x.values[column], self.y.values[row]
        if self.x.setting is None or self.y.setting is None:
            return self.params.race((x, y), {})
        return self.params.race(self.start, {self.x.setting: x, self.y.setting: y})

    def _values(self, part: Part) -> tuple[list[float], list[float]]:
        return [self.x.values[j] for j in part.columns], [self.y.values[i] for i in part.rows]

    def reached(self, where: Tensor) -> Tensor:
        """(height, width) uint8: which minimum is nearest to the places ``where`` (2, height, width); 255: none within reach."""
        nearest = torch.full(where.shape[1:], 255, dtype=torch.uint8, device=where.device)
        least = torch.full(where.shape[1:], self.reach**2, dtype=where.dtype, device=where.device)
        for k, (x, y, _) in enumerate(self.minima):
            distance = (where[0] - x) ** 2 + (where[1] - y) ** 2
            nearer = distance < least
            nearest[nearer] = k
            least = torch.where(nearer, distance, least)
        return nearest


def _minima(source: Source) -> tuple[tuple[float, float, float], ...]:
    """(x, y, loss): the global ones first, then the other local ones in the surface's picture, lowest first."""
    picture, known = source.picture, list(source.picture.minima)
    if not isinstance(source.losses, SurfaceLosses):
        return tuple(known)
    x0, x1, y0, y1 = picture.view
    apart = 1e-3 * max(x1 - x0, y1 - y0)
    for x, y, z in local_minima(source.losses.f, picture.view):
        if all(np.hypot(x - a, y - b) > apart for a, b, _ in known):
            known.append((x, y, z))
    return tuple(known)


def _reach(minima: tuple[tuple[float, float, float], ...], diagonal: float) -> float:
    """At most half the way to another minimum."""
    places = np.array([m[:2] for m in minima]).reshape(-1, 2)
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    between = apart[apart > 0]
    return float(min(_NEAR * diagonal, between.min() / 2 if between.size else np.inf))
