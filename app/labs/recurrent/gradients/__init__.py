"""Where the gradient goes through time: ``recurrent/gradients``.

The networks have read all steps before frame 0. Frame k is at position t = T - k: frame 0 has the gradient by the last state, frame
T the one by the initial state. Beside it a descent at a wall of another, tiny network goes its k-th step.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from app.labs.contract import Frame, Plain, Scene, Target
from app.labs.recurrent.gradients.cliff import WALLS, descent, grid
from app.labs.recurrent.gradients.clipping import clipped
from app.labs.recurrent.gradients.explain import explain
from app.labs.recurrent.gradients.networks import PARTS, Passed, passed
from app.labs.recurrent.gradients.script import script
from app.labs.recurrent.params.gradients import CELLS, GradientsParams

__all__ = ["explain", "run", "scene", "script", "targets"]


def scene(params: GradientsParams, device: str = "cpu") -> Scene:
    """The states that were read, what torch's clipping makes of the gradients, and the ground of the descent.

    Tensors: ``forward/CELL`` (names, T + 1, H); ``clip`` (3, 4): of each cell the norm of all weights' gradients before and after,
    the degrees between the two, the share of entries changed; ``wall/w`` and ``wall/b`` (G,), ``wall/loss`` (G, G) with a row a b;
    ``descent`` (2, T + 1, 5): without and with clipping w, b, L, dL/dw and dL/db at each step.
    """
    networks = passed(params, device)
    w, b, losses = grid(params.wall, device)
    clips = [clipped(params, network) for network in networks.values()]
    tensors = {
        **{f"forward/{cell}": _host(network.forward) for cell, network in networks.items()},
        "clip": np.array([[one.before, one.after, one.angle, one.share] for one in clips]),
        "wall/w": _host(w),
        "wall/b": _host(b),
        "wall/loss": _host(losses),
        "descent": _host(descent(params, device)),
    }
    place = WALLS[params.wall]
    note: dict[str, Plain] = {
        "steps": params.steps,
        "hidden": params.hidden,
        "parts": {cell: list(parts) for cell, parts in PARTS.items()},
        "names": {cell: list(network.names) for cell, network in networks.items()},
        "parity": {cell: _finite(network.difference) for cell, network in networks.items()},
        "uncut": {cell: _uncut(params, network, cell, device) for cell, network in networks.items()} if params.truncate else None,
        "wall": {"w": list(place.w), "b": list(place.b), "start": list(params.start or place.start)},
    }
    return Scene(tensors, note)


def run(params: GradientsParams, device: str = "cpu") -> Iterator[Frame]:
    """Frames 0 to T. Tensors: ``h`` (3,), ``c`` (1,), ``x`` (3,): lengths of dL/dh_t of each cell, of the LSTM's dL/dc_t, of
    dL/dx_t (0 at t = 0, which has no input); ``dh/CELL`` (H,), ``dc/lstm`` (H,) the gradients themselves; ``part/CELL`` (parts, H)
    what they are the sums of and ``parts/CELL`` (parts,) its lengths.
    """
    networks = passed(params, device)
    lengths = {
        "h": torch.stack([one.dh.norm(dim=1) for one in networks.values()], 1),
        "c": networks["lstm"].dc.norm(dim=1)[:, None],
        "x": torch.stack([one.dx.norm(dim=1) for one in networks.values()], 1),
        "dc/lstm": networks["lstm"].dc,
    }
    for cell, one in networks.items():
        lengths |= {f"dh/{cell}": one.dh, f"part/{cell}": one.parts, f"parts/{cell}": one.parts.norm(dim=2)}
    whole = {name: _host(tensor) for name, tensor in lengths.items()}
    for k in range(params.steps + 1):
        t = params.steps - k
        yield Frame(k, {name: np.ascontiguousarray(tensor[t]) for name, tensor in whole.items()}, {"t": t})


def targets(params: GradientsParams) -> Sequence[Target]:
    """Every kind, of each cell; those that a frame has not are refused with a sentence."""
    found: list[Target] = []
    for cell in CELLS:
        names = ("h", "c") if cell == "lstm" else ("h",)
        found += [{"kind": "norm", "cell": cell, "name": name} for name in names]
        found += [{"kind": "unit", "cell": cell, "name": name, "unit": 0} for name in names]
        found.append({"kind": "clip", "cell": cell})
    return found


def _uncut(params: GradientsParams, network: Passed, cell: str, device: str) -> dict[str, Plain]:
    """The gradient of all weights beside the one without a cut: the ratio of their lengths and the degrees between."""
    whole = passed(params.model_copy(update={"truncate": 0}), device)[cell]
    ours, full = (torch.cat([g.double().flatten() for g in one.gradients.values()]) for one in (network, whole))
    u, v = ours / ours.norm(), full / full.norm()
    angle = 2 * torch.atan2((u - v).norm(), (u + v).norm())
    return {"ratio": _finite(float(ours.norm() / full.norm())), "angle": _finite(float(torch.rad2deg(angle)))}


def _host(tensor: Tensor) -> np.ndarray:
    return np.ascontiguousarray(tensor.detach().cpu().numpy())


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
