"""A map as a standalone PyTorch script: what it prints are the map's own numbers, digit for digit on the same torch.

All paths of some rows step together, with one optimizer; where the map needs one for each path, or the axes are settings, the
script makes as many.
"""

from __future__ import annotations

import inspect
from typing import Any

from app.labs.optimizer.basins.plane import Axis, Plane
from app.labs.optimizer.field import LIMIT
from app.labs.optimizer.params.basins import BasinsParams, pixel_values, placed
from app.labs.optimizer.params.race import RaceParams
from app.labs.optimizer.script import head
from app.labs.optimizer.script_rules import RATES, class_code, classes, constructor, schedule_code
from app.labs.optimizer.script_source import needs_numpy, source_code

_TITLE = '''\
"""Where one rule ends from every pixel of a plane.

Prints row, column, x, y, loss, steps to the tolerance (-1: never), minimum (-1: none) and status (2: diverged, 3: the formula gave
no number), tab-separated.
"""'''
_LOOP = '''\
def ends(rows):
    """Where the paths of some rows of pixels end (2, N); their losses, steps and status, (N,) each."""
    x, y = [x for _ in rows for x in X], [Y[row] for row in rows for _ in X]
    p = torch.tensor({start}, dtype=DTYPE)
    paths = {paths}
    optimizers = [{make}]
{schedules}    first, status = torch.full((len(x),), -1), torch.zeros(len(x), dtype=torch.int)
    for t in range(1, STEPS + 1):
        loss = losses(p)
        first[(first < 0) & (loss < GOAL)] = t - 1
        status[~loss.isfinite() & (status == 0)] = 2
        g = gradient(p, t, full={full})
{noise}{clip}{rates}        before = p.clone()
        for path, path_gradient, optimizer in zip(paths, {slopes}, optimizers):
            path.grad = path_gradient
            optimizer.step()
        p.copy_(torch.where(status > 0, before, p))  # who has left stays where it was
        out = ~(p.abs() <= {limit!r}).all(0) & (status == 0)
        strange = (p.isnan() & g.isfinite()).any(0)
        status[out], status[out & strange] = 2, 3
        p.copy_(torch.where(out, before, p))
    loss = losses(p)
    first[(first < 0) & (loss < GOAL)] = STEPS
    return p, loss, first, status


def losses(p):
    """The whole loss at the places p (2, N)."""
    with torch.no_grad():
        return f(p[0], p[1])


def reached(p):
    """Which minimum is nearest to each place, -1 where none is within reach."""
    if not MINIMA:
        return torch.full((p.shape[1],), -1)
    distance, nearest = torch.stack([(p[0] - x) ** 2 + (p[1] - y) ** 2 for x, y in MINIMA]).min(0)
    return torch.where(distance < REACH**2, nearest, -1)


BAND = max(1, {band} // len(X))
for row in range(0, len(Y), BAND):
    rows = range(row, min(row + BAND, len(Y)))
    p, final, steps, status = ends(rows)
    pixels = [(row, column) for row in rows for column in range(len(X))]
    for pixel, *told in zip(pixels, *p.tolist(), *(each.tolist() for each in (final, steps, reached(p), status))):
        print(*pixel, *told, sep="\\t")
'''
_RATES = """\
        for optimizer, schedule in zip(optimizers, schedules):
            group = optimizer.param_groups[0]
            group["lr"], momentum = schedule[t - 1]
"""
_CYCLE = """\
            if "betas" in group:
                group["betas"] = (momentum, group["betas"][1])
            else:
                group["momentum"] = momentum
"""


class _Named(float):
    """A setting that the script has in a variable: in its expressions stands the name."""

    name: str

    def __new__(cls, name: str) -> _Named:
        self = super().__new__(cls, 0.4321)  # nothing's default: those are left out
        self.name = name
        return self

    def __repr__(self) -> str:
        return self.name

    def __truediv__(self, other: Any) -> _Named:
        return _Named(f"({self.name} / {other!r})")

    def __rtruediv__(self, other: Any) -> _Named:
        return _Named(f"({other!r} / {self.name})")


def script(plane: Plane) -> str:
    """Python source that makes the map with torch alone and prints a line a pixel. Raises UserError as ``Plane`` does."""
    params, race = plane.params, _race(plane)
    schedule = schedule_code(race, 0, race.racers[0])
    pieces = [
        head(_TITLE, race, [schedule] if schedule else []),
        source_code(race, [race]),
        class_code(classes(race)),
        RATES if schedule else "",
        _constants(plane, race),
        _loop(params, race, schedule),
    ]
    return "\n\n\n".join(piece.strip("\n") for piece in pieces if piece.strip()) + "\n"


def _race(plane: Plane) -> RaceParams:
    """The race of every pixel, the settings that differ from one to the other by their names."""
    race = plane.race(0, 0)
    if plane.x.setting is None or plane.y.setting is None:
        return race
    named = placed(dict(race.racers[0]), {plane.x.setting: _Named("x"), plane.y.setting: _Named("y")})
    return race.model_copy(update={"racers": [race.racers[0].model_copy(update=named)]})


def _constants(plane: Plane, race: RaceParams) -> str:
    params, least = plane.params, plane.source.picture.minimum
    goal = 'float("nan")  # no minimum is known' if least is None else repr(least + params.tolerance)
    lines = [
        f"batch_size = {params.batch_size}" if needs_numpy(race, [race]) else "",
        f"noise = {params.noise!r}" if params.noise else "",
        f"clip = {params.clip!r}" if params.clip is not None else "",
        "",
        inspect.getsource(pixel_values).rstrip(),
        "",
        "",
        f"X = {_values(plane.x, params.pixels)}",
        f"Y = {_values(plane.y, params.pixels)}",
        f"MINIMA = {[place[:2] for place in plane.minima]}",
        f"REACH, GOAL = {plane.reach if plane.minima else 0.0!r}, {goal}",
    ]
    return "\n".join(lines)


def _values(axis: Axis, side: int) -> str:
    return f"pixel_values(({axis.low!r}, {axis.high!r}), {axis.log}, {side})"


def _loop(params: BasinsParams, race: RaceParams, schedule: str | None) -> str:
    settings = params.axes == "settings"
    alone = settings or not params.together()
    made = constructor(race, 0).replace("[p]", "[path]")
    cycles = getattr(race.racers[0].schedule, "cycle_momentum", False)
    schedules = f"[{schedule} for x, y in zip(x, y)]" if settings else f"[{schedule}] * len(paths)"
    return _LOOP.format(
        start=f"[[axis] * len(x) for axis in {race.start!r}]" if settings else "[x, y]",
        paths="[*p.unbind(1)]" if alone else "[p]",
        make=f"{made} for path, x, y in zip(paths, x, y)" if settings else f"{made} for path in paths",
        schedules=f"    schedules = {schedules}\n" if schedule else "",
        rates=_RATES + (_CYCLE if cycles else "") if schedule else "",
        full=race.racers[0].rule == "gd",
        noise="        g = g + draw(t)[:, None]\n" if params.noise and race.racers[0].rule != "gd" else "",
        clip="        g = clipped(g, clip)\n" if params.clip is not None else "",
        slopes="g.clone().unbind(1)" if alone else "[g.clone()]",
        limit=LIMIT,
        band=256 if alone else 32_768,
    )
