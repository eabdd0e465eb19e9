"""What every part of a run stands on: the racers' weights on their way, the plane through them, and its axes.

Each worker trains the networks once (the same numbers everywhere) and keeps the last ones; another view of the same paths, a zoom,
trains nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Generator
from dataclasses import dataclass

import torch
from torch import Tensor

from app.labs.contract import Message, Progress
from app.labs.optimizer.landscape.directions import filter_normalised, principal
from app.labs.optimizer.landscape.plane_loss import Flat, PlaneLoss
from app.labs.optimizer.params.landscape import LandscapeParams
from app.labs.optimizer.training.data import loading, network
from app.labs.optimizer.training.trainee import Trainee
from app.labs.pace import Pace
from app.nn.tasks.supervised import DataSet

KEEP = 2
MARGIN = 0.15
"""Of the paths' extent, free at each side of the map."""
VIEW = ("x_range", "y_range", "side", "curvature")
"""Params that the training does not depend on, nor the plane."""

_paths: OrderedDict[tuple[str, str], Paths] = OrderedDict()


@dataclass(frozen=True)
class Paths:
    """``theta`` (R, K + 1, P); ``rates`` (R, K + 1), of the step that led there; ``status`` (R, K + 1), see ``trainee``.

    ``directions`` (2, P) from ``centre`` (P,); ``explained`` (2,) shares of the paths' summed squares, () for random directions.
    """

    flat: Flat
    theta: Tensor
    rates: list[list[float]]
    status: list[list[int]]
    centre: Tensor
    directions: Tensor
    explained: tuple[float, ...]
    gram: Tensor
    """(2, 2) float64: the directions' products with each other."""

    def place(self, theta: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Of weights (M, P) in float64: coordinates (M, 2) of the nearest points of the plane, products with the directions (M, 2),
        squared distance from the origin (M,)."""
        moves = theta.double() - self.centre.double()
        products = moves @ self.directions.double().T
        return torch.linalg.solve(self.gram, products.T).T, products, (moves**2).sum(1)


@dataclass(frozen=True)
class World:
    """The paths, the loss on the plane, and the map's axes, ``side`` numbers each."""

    paths: Paths
    plane: PlaneLoss
    x: Tensor
    y: Tensor

    @property
    def view(self) -> list[float]:
        """x_low, x_high, y_low, y_high of the map."""
        return [float(self.x[0]), float(self.x[-1]), float(self.y[0]), float(self.y[-1])]


def world(params: LandscapeParams, device: str) -> Generator[Progress, None, World]:
    """Trained where it is not yet; Progress meanwhile, the World is returned."""
    key = params.model_dump_json(exclude=set(VIEW)), device
    if key not in _paths:
        data = yield from loading(params, device)
        _paths[key] = yield from _train(params, data, device)
    _paths.move_to_end(key)
    while len(_paths) > KEEP:
        _paths.popitem(last=False)
    paths = _paths[key]
    x, y = _axes(params, paths)
    return World(paths, PlaneLoss(paths.flat, paths.centre, paths.directions), x, y)


def _train(params: LandscapeParams, data: DataSet, device: str) -> Generator[Progress, None, Paths]:
    total = params.steps * len(params.racers)
    theta: list[Tensor] = []
    rates: list[list[float]] = []
    status: list[list[int]] = []
    pace = Pace()
    keep = params.at_steps()
    for r, racer in enumerate(params.racers):
        one = Trainee(racer, lambda: network(params), data, params.seed, params.batch_size, params.steps, device)
        found, rate, stood = [one.theta.clone()], [float("nan")], [one.status]
        for t in range(1, params.steps + 1):
            one.step()
            if t == keep[len(found)]:
                found.append(one.theta.clone())
                rate.append(one.lr)
                stood.append(one.status)
            if pace.due():
                yield Progress(r * params.steps + t, total, Message("optimizer.task.stage.training"))
        theta.append(torch.stack(found).detach())
        rates.append(rate)
        status.append(stood)
    flat = Flat(one.net, data, data.train)
    return _plane(params, flat, torch.stack(theta), rates, status)


def _plane(params: LandscapeParams, flat: Flat, theta: Tensor, rates: list[list[float]], status: list[list[int]]) -> Paths:
    centre = theta[params.centre, -1].clone()
    if params.plane == "pca":
        found = principal((theta - centre).flatten(0, 1))
        directions, explained = found.directions, tuple(found.explained.tolist())
    else:
        generator = torch.Generator().manual_seed(params.seed)
        weights = list(flat.split(centre).values())
        directions = torch.stack([filter_normalised(weights, generator) for _ in range(2)])
        explained = ()
    gram = directions.double() @ directions.double().T
    return Paths(flat, theta, rates, status, centre, directions, explained, gram)


def _axes(params: LandscapeParams, paths: Paths) -> tuple[Tensor, Tensor]:
    """Told, or so that the paths are inside; of random directions at least -1 to 1, a filter's own length, as Li et al. draw."""
    places = paths.place(paths.theta.flatten(0, 1))[0]
    found = []
    for axis, told in enumerate((params.x_range, params.y_range)):
        low, high = told or around(places[:, axis], 1.0 if params.plane == "random" else 0.0)
        found.append(torch.linspace(low, high, params.side, device=paths.theta.device))
    return found[0], found[1]


def around(values: Tensor, least: float) -> tuple[float, float]:
    """Ends that hold the values and -least to least, with a margin."""
    low, high = min(float(values.min()), -least), max(float(values.max()), least)
    margin = MARGIN * (high - low) or 1e-3
    return low - margin, high + margin
