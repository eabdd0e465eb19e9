"""Which pixels of the picture an output value can depend on.

Per axis a field is (start, size, jump): output i sees the pixels start + i jump .. start + i jump + size - 1, those outside the
picture being padding. A window of k taps with stride s, padding p and dilation d on a field makes
    start' = start - p jump,    size' = size + (k - 1) d jump,    jump' = s jump
(Araujo, Norris, Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill 2019). Where branches meet, the
field is the smallest that holds both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from app.labs.convolution.network.kinds import pair

Shape: TypeAlias = Sequence[int]


@dataclass(frozen=True)
class Axis:
    """The field along one axis, in pixels of the picture."""

    start: int
    size: int
    jump: int

    def window(self, k: int, stride: int, padding: int, dilation: int) -> Axis:
        return Axis(self.start - padding * self.jump, self.size + (k - 1) * dilation * self.jump, self.jump * stride)

    def joined(self, other: Axis) -> Axis | None:
        """The smallest field over both; None where they move by different steps."""
        if self.jump != other.jump:
            return None
        start = min(self.start, other.start)
        return Axis(start, max(self.start + self.size, other.start + other.size) - start, self.jump)


Field: TypeAlias = "tuple[Axis, Axis] | None"
"""Rows and columns; None: any pixel."""

PIXEL = (Axis(0, 1, 1), Axis(0, 1, 1))
SAME_PLACE = frozenset({"norm", "activation", "add", "concat"})
WHOLE_MAP = frozenset({"LayerNorm", "GroupNorm", "InstanceNorm2d", "layer_norm", "group_norm", "instance_norm"})
"""Normalisations whose every value depends on its whole map."""
POOLS = frozenset({"maxpool2d", "avgpool2d", "lppool2d", "adaptivemaxpool2d", "adaptiveavgpool2d"})


def field(
    kind: str, type_: str, options: Mapping[str, Any], shapes: Sequence[Shape], output: Shape, fields: Sequence[Field]
) -> Field:
    """The output's field from the inputs': ``shapes`` and ``output`` as torch has them, (1, C, H, W)."""
    if not fields or any(f is None for f in fields) or len(output) != 4:
        return None
    if kind in SAME_PLACE:
        if type_ in WHOLE_MAP or (kind == "concat" and options.get("dim") not in (1, -3)):
            return None
        if kind != "add" and any(tuple(shape[2:]) != tuple(output[2:]) for shape in shapes):
            return None
        return _joined(fields)
    source = fields[0]
    if source is None or not (kind == "conv" or (kind == "pool" and type_.lower().replace("_", "") in POOLS)):
        return None  # an operation that we do not know may look anywhere
    if options.get("transposed"):
        return None
    if options.get("adaptive"):
        return _adaptive(source, shapes[0], output)
    k, stride, dilation = pair(options["kernel_size"]), pair(options["stride"]), pair(options.get("dilation", 1))
    padding = _padding(options.get("padding", 0), k, dilation)
    reach = [(k[i] - 1) * dilation[i] for i in range(2)]
    if not _stays(options.get("padding_mode", "zeros"), padding, reach):
        return None
    return _windows(source, k, stride, padding, dilation)


def _stays(mode: str, padding: Shape, reach: Shape) -> bool:
    """Whether what padding stands for lies in the window itself, so that the field is the window's."""
    if mode == "circular":
        return not any(padding)
    most = {"reflect": 2, "replicate": 1}.get(mode, 0)
    return all(most * p <= r for p, r in zip(padding, reach, strict=True))


def _windows(source: Field, k: Shape, stride: Shape, padding: Shape, dilation: Shape) -> Field:
    assert source is not None
    rows, columns = (source[i].window(k[i], stride[i], padding[i], dilation[i]) for i in range(2))
    return rows, columns


def _padding(padding: Any, k: Shape, dilation: Shape) -> tuple[int, int]:
    if padding == "valid":
        return (0, 0)
    if padding == "same":  # of an odd total the larger part comes after
        return dilation[0] * (k[0] - 1) // 2, dilation[1] * (k[1] - 1) // 2
    return pair(padding)


def _adaptive(source: tuple[Axis, Axis], shape: Shape, output: Shape) -> Field:
    """Bins of equal size where the sides divide; else they overlap unevenly, and any pixel is said."""
    axes = []
    for axis, n_in, n_out in zip(source, shape[2:], output[2:], strict=True):
        if n_in % n_out:
            return None
        k = n_in // n_out
        axes.append(axis.window(k, k, 0, 1))
    return axes[0], axes[1]


def _joined(fields: Sequence[Field]) -> Field:
    result = fields[0]
    for other in fields[1:]:
        if result is None or other is None:
            return None
        rows, columns = result[0].joined(other[0]), result[1].joined(other[1])
        if rows is None or columns is None:
            return None
        result = rows, columns
    return result


def described(field: Field) -> dict[str, Any] | None:
    """The field as a frame's note tells it."""
    if field is None:
        return None
    return {name: [getattr(axis, name) for axis in field] for name in ("size", "jump", "start")}


def pixels(receptive: Mapping[str, Any] | None, y: int, x: int, sides: Shape) -> list[int]:
    """[first row, first column, end row, end column) of the picture that the value at (y, x) sees, cut at the picture's edges."""
    if receptive is None:
        return [0, 0, sides[0], sides[1]]
    begin = [receptive["start"][i] + receptive["jump"][i] * (y, x)[i] for i in range(2)]
    end = [begin[i] + receptive["size"][i] for i in range(2)]
    return [
        *(max(0, min(b, side)) for b, side in zip(begin, sides, strict=True)),
        *(min(e, s) for e, s in zip(end, sides, strict=True)),
    ]
