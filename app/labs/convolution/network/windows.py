"""Which cells of its input a pooling's window holds, and what its sum is divided by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.labs.convolution.network.kinds import pair


@dataclass(frozen=True)
class Window:
    """Rows and columns inside the map, in order; ``divisor`` is an average's."""

    rows: Sequence[int]
    columns: Sequence[int]
    divisor: float


_POOLS = {"maxpool2d": "max", "adaptivemaxpool2d": "max", "avgpool2d": "average", "adaptiveavgpool2d": "average"}


def pools(type_: str) -> str | None:
    """``max`` or ``average`` for the poolings with windows that are opened here; None for the other kinds."""
    return _POOLS.get(type_.lower().replace("_", ""))


def window(options: Mapping[str, Any], source: Sequence[int], output: Sequence[int], y: int, x: int) -> Window:
    """The window of output (y, x); ``source`` and ``output`` are (height, width)."""
    if options.get("adaptive"):
        spans: list[Sequence[int]] = [
            range(at * n // out, -(-(at + 1) * n // out)) for at, n, out in zip((y, x), source, output, strict=True)
        ]
        return Window(spans[0], spans[1], len(spans[0]) * len(spans[1]))
    k, stride, padding = pair(options["kernel_size"]), pair(options["stride"]), pair(options.get("padding", 0))
    dilation = pair(options.get("dilation", 1))
    spans, counts = [], []
    for i, at in enumerate((y, x)):
        n, begin = source[i], at * stride[i] - padding[i]
        spans.append([t for t in (begin + j * dilation[i] for j in range(k[i])) if 0 <= t < n])
        # Explicit padding counts, what a ceil_mode window hangs over does not.
        counts.append(min(begin + k[i], n + padding[i]) - begin if options.get("count_include_pad", True) else len(spans[-1]))
    return Window(spans[0], spans[1], options.get("divisor_override") or counts[0] * counts[1])
