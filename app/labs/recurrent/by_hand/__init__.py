"""A recurrent network small enough for a pencil, one time step a frame: ``recurrent/by-hand``.

Frame 0 is the initial state: nothing is computed yet. Frame k has worked out step k; a bidirectional network reads from both ends,
so its reverse direction is then at step T + 1 - k, and y waits for both.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from app.labs.contract import Frame, Plain, Scene, Target
from app.labs.recurrent.by_hand.explain import explain
from app.labs.recurrent.by_hand.network import Network, Values, alone, by_torch, clamps, compute, network, torchs
from app.labs.recurrent.by_hand.order import known_at
from app.labs.recurrent.by_hand.script import script
from app.labs.recurrent.params.by_hand import NAMES, ByHandParams

__all__ = ["explain", "run", "scene", "script", "targets"]


def scene(params: ByHandParams, device: str = "cpu") -> Scene:
    """The sequence, the weights, and what the run is compared with.

    Tensors: ``x`` (T, I); ``w_ih`` (D, G, H, I), ``w_hh`` (D, G, H, P), ``w_hy`` (O, D H), ``bias`` (D, rows, H) where there are
    biases; the initial states ``start/NAME`` (D, n); ``alone/NAME`` and ``alone/y`` (T, ...) of the memoryless network. With a
    clamp ``untouched/NAME`` and ``untouched/y`` of the run without it; of a GRU ``other/h`` and ``other/y`` with the other reset;
    of a bidirectional network ``output`` (T, 2 H) and ``h_n`` (2, H).
    """
    net = network(params, device)
    values = compute(net, clamps(params))
    tensors = {"x": net.x, "w_ih": net.w_ih, "w_hh": net.w_hh, "w_hy": net.w_hy}
    if net.bias is not None:
        tensors["bias"] = net.bias
    for name, state in net.recurrent.start(1)[0].items():
        tensors[f"start/{name}"] = state.expand(params.directions, -1)
    tensors |= _named("alone", alone(net))
    if params.clamp.name != "none":
        tensors |= _named("untouched", compute(net))
    if params.cell == "gru":
        reset = "before" if params.reset == "after" else "after"
        other = compute(network(params.model_copy(update={"reset": reset}), device), clamps(params))
        tensors |= {"other/h": other.at["h"], "other/y": other.y}
    if params.directions == 2:
        tensors |= {"output": values.out, "h_n": torch.stack([values.at["h"][-1, 0], values.at["h"][0, 1]])}
    note: dict[str, Plain] = {
        "cell": params.cell,
        "gates": list(params.gates),
        "names": list(NAMES[params.cell]),
        "steps": len(params.x),
        "sizes": {"inputs": net.x.shape[1], "hidden": params.hidden, "outputs": params.outputs, "back": params.back},
        "directions": params.directions,
        "activation": params.activation,
        "reset": params.reset,
        "leak": params.leak,
        "clamp": {"name": params.clamp.name, "unit": params.clamp.unit, "first": params.clamp.first, "last": params.clamp.last},
        "parity": _parity(net),
        "range": _range(net.x, values),
    }
    return Scene({name: host(tensor) for name, tensor in tensors.items()}, note)


def run(params: ByHandParams, device: str = "cpu") -> Iterator[Frame]:
    """Frames 0 to T. Tensors, NaN where they are still to come: every name of the equations (T, D, n) and ``y`` (T, O).

    The note's ``at`` is the step (from 1) of each direction, () in frame 0.
    """
    values = compute(network(params, device), clamps(params))
    whole = {name: host(value) for name, value in values.at.items() if name != "y"} | {"y": host(values.y)}
    steps = len(params.x)
    for k in range(steps + 1):
        tensors = {}
        for name, value in whole.items():
            shown = np.full_like(value, np.nan)
            for t in range(steps):
                if name == "y":
                    if known_at(params, name, t, 0) <= k:
                        shown[t] = value[t]
                    continue
                for d in range(params.directions):
                    if known_at(params, name, t, d) <= k:
                        shown[t, d] = value[t, d]
            tensors[name] = shown
        at: list[Plain] = [k, steps + 1 - k] if k else []
        yield Frame(k, tensors, {"at": at[: params.directions]})


def targets(params: ByHandParams) -> Sequence[Target]:
    """Every value of the frame's step and of step 1 in both directions, the memoryless output, a weight of every matrix."""
    found: list[Target] = [{"kind": "value", "name": "x"}]
    for name in dict.fromkeys((*NAMES[params.cell], "y")):
        found.append({"kind": "value", "name": name})
        found.append(
            {"kind": "value", "name": name, "step": 1, "direction": params.directions - 1 if name != "y" else 0, "unit": 0}
        )
    found.append({"kind": "value", "name": "y", "alone": True})
    for matrix in ("w_ih", "w_hh"):
        for gate in range(len(params.gates)):
            found.append({"kind": "weight", "matrix": matrix, "gate": gate, "row": 0, "column": 0})
    found.append({"kind": "weight", "matrix": "w_hy", "row": 0, "column": 0})
    if params.bias is not None:
        found.append({"kind": "weight", "matrix": "bias", "gate": 0, "row": 0})
    return found


def host(tensor: Tensor) -> np.ndarray:
    """A tensor as numpy on the CPU."""
    return np.ascontiguousarray(tensor.detach().cpu().numpy())


def _named(prefix: str, values: Values) -> Mapping[str, Tensor]:
    return {f"{prefix}/{name}": value for name, value in values.at.items() if name != "y"} | {f"{prefix}/y": values.y}


def _range(x: Tensor, values: Values) -> list[Plain]:
    """The lowest and the highest of the inputs, states and outputs: one colour scale for all but the gates."""
    every = torch.cat([x.flatten(), values.y.flatten(), *(values.at[name].flatten() for name in values.at if name not in "ifrzo")])
    return [float(every.min()), float(every.max())]


def _parity(net: Network) -> dict[str, Plain]:
    """torch's module and the largest |difference| of its output and last states to ours without a clamp; or why it has none."""
    module = torchs(net)
    if isinstance(module, str):
        return {"module": None, "reason": module, "difference": None}
    values = compute(net)
    output, h_n, c_n = by_torch(module, net.x)
    last = [len(net.x) - 1, 0][: net.params.directions]
    gaps = [output - values.out, h_n - torch.stack([values.at["h"][t, d] for d, t in enumerate(last)])]
    if c_n is not None:
        gaps.append(c_n - torch.stack([values.at["c"][t, d] for d, t in enumerate(last)]))
    difference = max(float(gap.abs().max()) for gap in gaps)
    return {
        "module": f"nn.{type(module).__name__}",
        "reason": "relu" if net.params.cell == "rnn" and net.params.activation == "identity" else None,
        "difference": difference if math.isfinite(difference) else None,
    }
