"""Where one rule ends from every start of a plane, or with every pair of two settings: ``optimizer/basins``.

The map comes coarse to fine in parts (``passes``); frame k is part k, whose pixels it holds alone, so parts may be computed in any
order and anywhere. Pixel (row, column) has row 0 at the lowest y.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from functools import lru_cache

import numpy as np

from app.labs.contract import Explanation, Frame, Message, Plain, Progress, Scene, Target
from app.labs.optimizer import race
from app.labs.optimizer.basins.descent import Ends, descend
from app.labs.optimizer.basins.plane import Axis, Plane
from app.labs.optimizer.basins.script import script as written
from app.labs.optimizer.lane import host
from app.labs.optimizer.params.basins import BasinsParams
from app.labs.optimizer.passes import Part, gathered, parts
from app.labs.optimizer.race import GRID, labels

STAGE = Message("optimizer.basins.stage")
ON_GPU = 2**22
"""Paths that step at once on a GPU: some hundred megabytes of it for most rules."""


@lru_cache(maxsize=8)
def plane_of(params_json: str, device: str) -> Plane:
    """The plane of params told as JSON; a run asks for it once a part."""
    return Plane(BasinsParams.model_validate_json(params_json), device)


_gathered: dict[tuple[str, str, Part], Ends] = {}
"""The last gathering of parts that a GPU computed."""


def _ends(params: BasinsParams, k: int, device: str) -> Generator[int, None, tuple[Ends, int]]:
    """How the paths of part k ended, after each step's number; the row of the ends where the part begins.

    A GPU is quick where many step at once: it takes the part's neighbours along, and their frames are cut from the same ends.
    """
    plane, pieces = _plane(params, device), parts(params.pixels, params.most())
    if device == "cpu" or not params.together():
        return (yield from descend(plane, pieces[k], device)), 0
    whole, row = gathered(pieces, k, ON_GPU)
    key = params.model_dump_json(), device, whole
    if key not in _gathered:
        ends = yield from descend(plane, whole, device)
        _gathered.clear()
        _gathered[key] = ends
    return _gathered[key], row


def _plane(params: BasinsParams, device: str) -> Plane:
    return plane_of(params.model_dump_json(), device)


def scene(params: BasinsParams, device: str = "cpu") -> Scene:
    """The surface, the axes, the minima, and where the pixels of every part lie. Raises UserError as ``make_source`` does."""
    plane = _plane(params, device)
    picture = plane.source.picture
    x, y, z = plane.source.grid(GRID)
    own = plane.race(0, 0)
    note: dict[str, Plain] = {
        "view": list(picture.view),
        "formula": picture.latex,
        "surface": picture.surface,
        "citation": picture.citation,
        "axes": {"x": _axis(plane.x), "y": _axis(plane.y)},
        "start": list(plane.start),
        "minima": [list(m) for m in plane.minima],
        "global": len(picture.minima),
        "minimum": picture.minimum,
        "reach": plane.reach if plane.minima else None,
        "racer": labels(params.race(None, {}))[0],
        "rule": race.scene(own, device).note["racers"],
        "way": params.way(),
    }
    table = [
        (p.row, p.column, p.down, p.across, p.height, p.width, *p.block, p.before) for p in parts(params.pixels, params.most())
    ]
    return Scene({"x": x, "y": y, "z": z, "parts": np.array(table, np.int32)}, note)


def _axis(axis: Axis) -> dict[str, Plain]:
    return {"setting": axis.setting, "low": axis.low, "high": axis.high, "log": axis.log}


def run(params: BasinsParams, device: str = "cpu") -> Iterator[Frame | Progress]:
    """One frame a part, coarse to fine."""
    for k in range(params.parts()):
        yield from part(params, k, device)


def part(params: BasinsParams, k: int, device: str = "cpu") -> Iterator[Frame | Progress]:
    """Frame k alone: loss, steps, minimum and status of its pixels (height, width); where they ended (2, height, width) on demand.

    The first part also runs one of its pixels as a race of its own: ``check`` tells how far the two ends are apart.
    """
    plane = _plane(params, device)
    piece = parts(params.pixels, params.most())[k]
    total = params.pixels**2 * params.steps
    note: dict[str, Plain] = {}
    work = _ends(params, k, device)
    while True:
        try:
            t = next(work)
        except StopIteration as done:
            ends, first = done.value
            break
        yield Progress(piece.before * params.steps + piece.pixels * t, total, STAGE)
    if k == 0:
        i, j = piece.height // 2, piece.width // 2
        row, column = piece.rows[i], piece.columns[j]
        alone = None
        for frame in race.run(plane.race(row, column), device):
            alone = frame.tensors["position"][0] if isinstance(frame, Frame) else alone
            yield Progress(piece.pixels * params.steps, total, STAGE)
        apart = float(np.abs(alone - host(ends.where[:, first + i, j])).max())
        note["check"] = {"row": row, "column": column, "difference": apart}
    mine = slice(first, first + piece.height)
    tensors = {name: host(getattr(ends, name)[..., mine, :]) for name in ("loss", "steps", "minimum", "status", "where")}
    yield Frame(k, tensors, note, on_demand=("where",))


def targets(params: BasinsParams) -> Sequence[Target]:
    """One example of every kind of value that can be opened."""
    middle = params.pixels // 2
    return [{"kind": kind, "row": middle, "column": middle} for kind in ("loss", "steps", "minimum")]


def explain(params: BasinsParams, scene: Scene, previous: Frame | None, frame: Frame, target: Target) -> Explanation:
    """A pixel's value opened, see ``opened``. Raises UserError for a target that does not exist."""
    from app.labs.optimizer.basins.opened import explain as tell

    return tell(_plane(params, "cpu"), frame, target)


def script(params: BasinsParams) -> str:
    """A standalone PyTorch script that prints the same numbers."""
    return written(_plane(params, "cpu"))
