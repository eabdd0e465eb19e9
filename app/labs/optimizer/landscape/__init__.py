"""The loss of a network on a plane through its weights, with the paths of the rules that trained it: ``optimizer/landscape``.

The run comes in parts that any worker can compute alone: first the map, coarse to fine (``passes``), then a frame a point of the
paths. A plane shows little of a space of so many dimensions: each frame tells how far a network is from it, and its true loss
beside the plane's.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence

import numpy as np
import torch

from app.labs.contract import Frame, Message, Plain, Progress, Scene, Target
from app.labs.optimizer.landscape.curvature import Curvature, Largest, largest
from app.labs.optimizer.landscape.explain import explain, targets_of
from app.labs.optimizer.landscape.script import script
from app.labs.optimizer.landscape.world import World, world
from app.labs.optimizer.params.landscape import LandscapeParams
from app.labs.optimizer.passes import Part, parts
from app.labs.optimizer.race import labels
from app.labs.optimizer.rules.table import RULES
from app.labs.optimizer.training.data import network
from app.labs.pace import Pace
from app.training.kit import cifar10

__all__ = ["explain", "part", "run", "scene", "script", "targets"]

MAP, PATHS = Message("optimizer.landscape.stage.map"), Message("optimizer.landscape.stage.paths")


def scene(params: LandscapeParams, device: str = "cpu") -> Scene:
    """Who trains, and where the points of every part of the map lie. Raises UserError where CIFAR-10 is not there."""
    if params.data == "cifar10":
        cifar10.archive(None)
    net = network(params)
    names = labels(params)
    note: dict[str, Plain] = {
        "racers": [_racer(params, r, name) for r, name in enumerate(names)],
        "layers": [name for name, _ in net.named_parameters()],
        "parameters": sum(p.numel() for p in net.parameters()),
        "examples": params.count,
        "steps": [*params.at_steps()],
        "map": params.map_parts(),
        "side": params.side,
        "plane": params.plane,
        "centre": params.centre,
    }
    table = [(p.row, p.column, p.down, p.across, p.height, p.width, *p.block, p.before) for p in _parts(params)]
    return Scene({"parts": np.array(table, np.int32)}, note)


def _parts(params: LandscapeParams) -> Sequence[Part]:
    return parts(params.side, params.most())


def _racer(params: LandscapeParams, r: int, label: str) -> dict[str, Plain]:
    """``stable``: on a parabola of curvature lambda the racer's steps grow where lr is above this over lambda; None: another law.

    -lr g: 2. With momentum mu, v <- mu v + g: 2 (1 + mu) (Polyak 1964; Goh, "Why Momentum Really Works", 2017).
    """
    racer = params.racers[r]
    rule = RULES.get(racer.rule)
    momentum = float(getattr(racer, "momentum", 0.0) or 0.0)
    stable = {"gd": 2.0, "sgd": 2.0, "sgdm": 2 * (1 + momentum)}.get(racer.rule)
    return {"label": label, "rule": racer.rule, "formula": rule.formula[racer.form] if rule else "", "color": r, "stable": stable}


def run(params: LandscapeParams, device: str = "cpu") -> Iterator[Frame | Progress]:
    """Every part in order."""
    for k in range(params.parts()):
        yield from part(params, k, device)


def part(params: LandscapeParams, k: int, device: str = "cpu") -> Iterator[Frame | Progress]:
    """Frame k alone. See ``_map_part`` and ``_point``; every frame has on demand ``centre`` (P,) and ``directions`` (2, P)."""
    found = yield from world(params, device)
    pieces = _parts(params)
    if k < len(pieces):
        yield from _map_part(params, found, k)
    else:
        yield from _point(params, found, k)


def _common(found: World) -> tuple[dict[str, np.ndarray], dict[str, Plain]]:
    paths = found.paths
    tensors = {"centre": paths.centre.cpu().numpy(), "directions": paths.directions.cpu().numpy()}
    note: dict[str, Plain] = {
        "view": [*found.view],
        "explained": [*paths.explained],
        "together": found.plane.together,
    }
    return tensors, note


def _map_part(params: LandscapeParams, found: World, k: int) -> Iterator[Frame | Progress]:
    """``loss`` (height, width) of the part's points; the note's ``check``: how far the first is from an ordinary forward pass."""
    piece = _parts(params)[k]
    rows = torch.tensor([*piece.rows], device=found.x.device)
    columns = torch.tensor([*piece.columns], device=found.x.device)
    x, y = torch.meshgrid(found.x[columns], found.y[rows], indexing="xy")
    points = torch.stack([x.flatten(), y.flatten()], 1)
    losses: list[torch.Tensor] = []
    pace, done = Pace(), 0
    for some in found.plane.walk(points):
        losses.append(some)
        done += len(some)
        if pace.due():
            yield Progress(piece.before + done, params.side**2, MAP)
    loss = torch.cat(losses)
    tensors, note = _common(found)
    ordinary = found.plane.ordinary(points[0])
    check = abs(float(loss[0] - ordinary)) / max(1.0, abs(float(ordinary)))
    note |= {"phase": "map", "check": check if np.isfinite(check) else None}
    tensors["loss"] = loss.view(piece.height, piece.width).float().cpu().numpy()
    yield Frame(k, tensors, note, ("centre", "directions"))


def _point(params: LandscapeParams, found: World, k: int) -> Iterator[Frame | Progress]:
    """A point of the paths. R racers: ``position`` (R, 2) on the plane, ``true_loss`` and ``plane_loss`` (R), ``distance`` (R) off
    the plane, ``length`` (R) from the origin, ``products`` (R, 2), ``lr``, ``samples`` seen and ``status`` (R); of the Hessian
    ``sharpness`` (R), its largest eigenvalue, ``error`` (R), how near that is, ``edge`` (R), 2 / sharpness, and ``hessian`` (R, 3),
    its xx, xy and yy along the plane. NaN where the curvature is not looked at. On demand ``theta`` (R, P).
    """
    at = k - params.map_parts()
    paths = found.paths
    theta = paths.theta[:, at]
    position, products, squared = paths.place(theta)
    on_plane = (position * products).sum(1)
    tensors, note = _common(found)
    count = len(params.racers)
    sharp, hessian = np.full((count, 2), np.nan), np.full((count, 3), np.nan)
    true = np.array([float(paths.flat.loss(one)) for one in theta.detach()])
    plane = found.plane.at(position.float())
    for r in range(count if params.curvature else 0):
        curved = yield from _curved(params, found, at, r)
        sharp[r], hessian[r] = curved
    step = params.at_steps()[at]
    seen = [step * (params.count if racer.rule == "gd" else params.batch_size) for racer in params.racers]
    with np.errstate(divide="ignore"):
        edge = np.where(sharp[:, 0] > 0, 2 / sharp[:, 0], np.inf)
    numbers = {
        "position": position.cpu().numpy(),
        "products": products.cpu().numpy(),
        "true_loss": true,
        "plane_loss": plane.cpu().numpy(),
        "distance": (squared - on_plane).clamp(min=0).sqrt().cpu().numpy(),
        "length": squared.sqrt().cpu().numpy(),
        "lr": np.array([rates[at] for rates in paths.rates]),
        "samples": np.array(seen, np.float64),
        "status": np.array([status[at] for status in paths.status], np.float64),
        "sharpness": sharp[:, 0],
        "error": sharp[:, 1],
        "edge": np.where(np.isnan(sharp[:, 0]), np.nan, edge),
        "hessian": hessian,
    }
    tensors |= {name: np.ascontiguousarray(value, np.float64) for name, value in numbers.items()}
    tensors["theta"] = np.ascontiguousarray(theta.cpu().numpy())
    note |= {"phase": "paths", "at": at, "t": step}
    yield Frame(k, tensors, note, ("centre", "directions", "theta"))


def _curved(params: LandscapeParams, found: World, at: int, r: int) -> Generator[Progress, None, tuple[Largest, list[float]]]:
    """(sharpness and its error, the plane's xx, xy, yy) at a racer's own weights."""
    paths = found.paths
    pace = Pace()
    total = len(params.racers) * (params.kept + 1)
    curvature = Curvature(paths.flat.loss, paths.theta[r, at])
    start = torch.randn(len(paths.centre), generator=torch.Generator().manual_seed(params.seed)).to(paths.centre.device)
    work = largest(curvature.product, start)
    while True:
        try:
            next(work)
        except StopIteration as end:
            value: Largest = end.value
            break
        if pace.due():
            yield Progress(at * len(params.racers) + r, total, PATHS)
    along = curvature.on_plane(paths.directions).tolist()
    return value, [along[0][0], along[0][1], along[1][1]]


def targets(params: LandscapeParams) -> Sequence[Target]:
    """One example of every kind of value that can be opened."""
    return targets_of(params)
