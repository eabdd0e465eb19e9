r"""A pool's output or one of its weights opened: the window's cells put into the equation, torch's own number beside it.

Everything is worked out again from the params and the scene's input. Windows of more than ``TERMS`` cells are added up row by
row: a line a row, then the lines together.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

from app.labs.contract import Explanation, Frame, Message, Plain, Reference, Scene, Target, UserError
from app.labs.convolution.params.pooling import POOLS, PoolingParams
from app.labs.convolution.pooling import explain_lines as lines
from app.labs.convolution.pooling.explain_lines import Opened
from app.labs.convolution.pooling.explain_weights import weight
from app.labs.convolution.pooling.options import options_of
from app.labs.convolution.pooling.windows import INSIDE, cut
from app.labs.convolution.pooling.work import work


def explain(params: PoolingParams, scene: Scene, previous: Frame | None, frame: Frame, target: Target) -> Explanation:
    """Opens ``{"kind": "output", "pool", "channel", "y", "x"}`` or ``{"kind": "weight", ..., "index"}``.

    Without y and x: the window that the frame is at. ``index`` counts the window's taps row by row. Raises UserError for what
    does not exist and for a window that is still to come.
    """
    kind = target.get("kind")
    if kind not in ("output", "weight"):
        raise UserError(Message("convolution.pooling.error.kind", {"got": str(kind)}))
    opened = _open(params, scene, frame, target)
    return _output(opened) if kind == "output" else _weight(opened)


def _open(params: PoolingParams, scene: Scene, frame: Frame, target: Target) -> Opened:
    name = target.get("pool")
    if name not in POOLS or name not in params.pools():
        raise UserError(Message("convolution.pooling.error.pool", {"got": str(name), "known": ", ".join(params.pools())}))
    x, q = torch.from_numpy(scene.tensors["input"]), torch.from_numpy(scene.tensors["query"])
    pool = work(x, options_of(params), q, [name])[name]
    at = frame.note["at"]
    now = at.get(name) if isinstance(at, dict) else None
    channel = _index(target, "channel", x.shape[0], 0)
    if "y" in target or "x" in target:
        y, z = _index(target, "y", pool.grid.shape[0]), _index(target, "x", pool.grid.shape[1])
    elif isinstance(now, list):
        y, z = int(now[0]), int(now[1])  # type: ignore[arg-type]
    else:
        raise UserError(Message("convolution.pooling.error.none_yet"))
    number = y * pool.grid.shape[1] + z + 1
    done = int(now[0]) * pool.grid.shape[1] + int(now[1]) + 1 if isinstance(now, list) else 0  # type: ignore[arg-type]
    if number > done:
        raise UserError(Message("convolution.pooling.error.not_yet", {"y": y, "x": z, "step": number}))
    cells, place = cut(x, pool.grid)
    taps = place[y, z].numel()
    return Opened(
        params=params,
        pool=pool,
        target=target,
        channel=channel,
        y=y,
        x=z,
        index=_index(target, "index", taps, 0),
        window=cells[:, y, z].flatten(1),
        place=place[y, z].flatten(),
        q=q,
    )


def _index(target: Target, name: str, length: int, missing: int | None = None) -> int:
    """A whole number of the target from 0 to length - 1. Raises UserError for anything else."""
    value = target.get(name, missing)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < length:
        raise UserError(Message("convolution.pooling.error.index", {"name": name, "got": str(value), "last": length - 1}))
    return value


def _output(o: Opened) -> Explanation:
    equations = lines.OUTPUT[o.rule](o)
    result = equations[-1].value
    torch_value = float(o.pool.torch[o.channel, o.y, o.x])
    return Explanation(
        _title(o),
        o.target,
        equations,
        result,
        Reference(lines.ROADS[o.rule], torch_value, lines.apart(result, torch_value)),
        _remarks(o),
        _marks(o),
    )


def _weight(o: Opened) -> Explanation:
    equations = weight(o)
    result = equations[-1].value
    row = 0 if o.pool.weights.shape[0] == 1 else o.channel
    told = float(o.pool.weights[row, o.y, o.x].flatten()[o.index])
    return Explanation(
        _title(o), o.target, equations, result, Reference("the run", told, lines.apart(result, told)), _remarks(o), _marks(o)
    )


def _title(o: Opened) -> Message:
    values: dict[str, Plain | Message] = {
        "pool": Message(f"convolution.pooling.{o.pool.name}"),
        "channel": o.channel,
        "y": o.y,
        "x": o.x,
        "index": o.index,
    }
    return Message(f"convolution.pooling.title.{o.target['kind']}", values)


def _remarks(o: Opened) -> tuple[Message, ...]:
    found = []
    outside = bool((o.place != INSIDE).logical_and(o.place < 3).any())
    if o.rule == "attention":
        found.append(Message("convolution.pooling.remark.untrained"))
    if outside:
        found.append(Message(f"convolution.pooling.remark.outside.{o.rule}"))
    if o.rule == "lp" and o.pool.torch[o.channel, o.y, o.x].isnan():
        found.append(Message("convolution.pooling.remark.lp_nan"))
    if o.rule == "mean" and bool((o.cells < 1e-6).any()):
        found.append(Message("convolution.pooling.remark.clamped"))
    return tuple(found)


def _marks(o: Opened) -> Mapping[str, Plain]:
    """What the drawing marks: the window's rows and columns on the input, [start, taps, step]."""
    return {"pool": o.pool.name, "rows": list(o.pool.grid.rows[o.y]), "cols": list(o.pool.grid.cols[o.x]), "channel": o.channel}
