"""One convolution over a small input, one output value a step: ``convolution/sliding``.

Frame t is the t-th output value: output channel by output channel, row by row; frame 0 has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from torch import Tensor

from app.labs.contract import Frame, Plain, Scene, Target
from app.labs.convolution.params.sliding import SlidingParams
from app.labs.convolution.sliding.explain import explain
from app.labs.convolution.sliding.layer import Sliding, layer
from app.labs.convolution.sliding.matrix import MOST_ENTRIES, Counts, connected, counts, entries
from app.labs.convolution.sliding.script import script
from app.labs.convolution.sliding.shift import shifted

__all__ = ["explain", "run", "scene", "script", "targets"]


def scene(params: SlidingParams, device: str = "cpu") -> Scene:
    """The input and what it is padded to, the kernels, the layer as a matrix, and what a shift changes.

    Tensors: ``input`` (Cin, H, W), ``padded`` (Cin, Hp, Wp), ``source`` int32 (Hp, Wp): y W + x of the cell shown there, -1 for a
    zero; ``weight`` (Cout, Cin / groups, kh, kw) as it slides, ``typed`` as it was given, ``bias`` (Cout,) where there is one,
    ``output`` (Cout, Ho, Wo), torch's; ``matrix`` int32 (Cout Ho Wo, Cin H W) where it has at most MOST_ENTRIES entries;
    ``shift/moved``, ``shift/before``, ``shift/after``. Raises UserError with torch's reason for options that torch refuses.
    """
    s = layer(params, device)
    tensors = {
        "input": host(s.x),
        "padded": host(s.padded),
        "source": host(s.source.int()),
        "weight": host(s.weight),
        "typed": host(s.typed),
        "output": host(s.output),
    }
    if s.bias is not None:
        tensors["bias"] = host(s.bias)
    matrix: dict[str, Plain] = {"rows": s.output.numel(), "cols": s.x.numel(), "shown": entries(s) <= MOST_ENTRIES}
    if matrix["shown"]:
        whole = connected(s)
        product = whole.values @ s.x.flatten()
        if s.bias is not None:
            product = product + s.bias.repeat_interleave(s.output[0].numel())
        tensors["matrix"] = host(whole.index)
        matrix |= {"connections": whole.connections, "difference": _gap(product, s.output.flatten())}
    moved = shifted(s)
    tensors |= {"shift/moved": host(moved.moved), "shift/before": host(moved.before)}
    if moved.after is not None:
        tensors["shift/after"] = host(moved.after)
    kernel = (s.weight.shape[2], s.weight.shape[3])
    of = counts(tuple(s.x.shape), tuple(s.output.shape), kernel, params.groups)
    note: dict[str, Plain] = {
        "shape": list(s.x.shape),
        "padded": list(s.source.shape),
        "pad": list(s.pad),
        "out": list(s.output.shape),
        "kernel": list(kernel),
        "step": list(s.step),
        "dilation": list(params.dilation),
        "groups": params.groups,
        "transposed": params.transposed,
        "flip": params.flip,
        "mode": params.padding_mode,
        "bias": s.bias is not None,
        "counts": {**_plain(of), "bias": 0 if s.bias is None else len(s.bias)},
        "large": _plain(counts((3, 64, 64), (10, 62, 62), (3, 3))),
        "grouped": _grouped(s, kernel),
        "matrix": matrix,
        "difference": _gap(s.explicit, s.output),
        "shift": {
            "by": list(params.shift),
            "pool": params.shift_pool,
            "along": moved.along,
            "before": moved.relative_before,
            "after": moved.relative_after,
        },
        "low": float(s.output.min()),
        "high": float(s.output.max()),
    }
    return Scene(tensors, note)


def run(params: SlidingParams, device: str = "cpu") -> Iterator[Frame]:
    """A frame an output value, frame 0 before the first. Raises UserError as ``scene`` does.

    Tensors: ``output`` (Cout, Ho, Wo), NaN where it is still to come; of the current place, 0 in frame 0, ``window``
    (Cin / groups, kh, kw), ``products`` of the same shape, ``sums`` (Cin / groups,) and ``value`` (1,). The note's ``at`` is
    [channel, row, column], ``corner`` the window's first cell in the padded input, ``group`` its group.
    """
    s = layer(params, device)
    _, height, width = s.output.shape
    output, windows, products = host(s.output), host(s.windows), host(s.products)
    shown = np.full_like(output, np.nan)
    each = s.weight.shape[1]
    for t in range(output.size + 1):
        if not t:
            empty = np.zeros_like(products[0, :, 0, 0])
            first = {"window": empty, "products": empty, "sums": empty[:, 0, 0], "value": np.zeros(1, output.dtype)}
            yield Frame(0, {"output": shown.copy(), **first}, {"at": None, "corner": None, "group": None})
            continue
        o, rest = divmod(t - 1, height * width)
        y, x = divmod(rest, width)
        shown[o, y, x] = output[o, y, x]
        group = s.group(o)
        part = products[o, :, y, x]
        tensors = {
            "output": shown.copy(),
            "window": windows[group * each : (group + 1) * each, y, x],
            "products": part,
            "sums": part.sum((1, 2)),
            "value": output[o, y, x : x + 1],
        }
        yield Frame(t, tensors, {"at": [o, y, x], "corner": [y * s.step[0], x * s.step[1]], "group": group})


def targets(params: SlidingParams) -> Sequence[Target]:
    """The frame's output, a given one, a row of the matrix, a shared weight, a padded cell."""
    return (
        {"kind": "output"},
        {"kind": "output", "channel": 0, "y": 0, "x": 0},
        {"kind": "matrix", "row": 0},
        {"kind": "weight", "out": 0, "in": 0, "y": 0, "x": 0},
        {"kind": "padded", "channel": 0, "y": 0, "x": 0},
    )


def host(tensor: Tensor) -> np.ndarray:
    """A tensor as numpy on the CPU."""
    return tensor.detach().cpu().numpy()


def _plain(of: Counts) -> dict[str, Plain]:
    return {"dense": of.dense, "local": of.local, "shared": of.shared}


def _gap(a: Tensor, b: Tensor) -> float:
    """The largest difference."""
    return float((a - b).abs().max())


def _grouped(s: Sliding, kernel: tuple[int, int]) -> list[Plain]:
    """From standard to depthwise: the layer's weights and MACs for every number of groups that both channels allow."""
    channels_in, channels_out = len(s.x), len(s.weight)
    found: list[Plain] = []
    for groups in range(1, channels_in + 1):
        if channels_in % groups == 0 and channels_out % groups == 0:
            of = counts(tuple(s.x.shape), tuple(s.output.shape), kernel, groups)
            found.append({"groups": groups, "weights": of.shared, "macs": of.local})
    return found
