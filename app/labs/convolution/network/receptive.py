"""Which pixels of the picture an output value can depend on.

Per axis a field is (start, size, jump): output i sees the pixels q with start + i jump <= q < start + i jump + size, those
outside the picture being padding. A window of k taps with stride s, padding p and dilation d on a field makes
    start' = start - p jump,    size' = size + (k - 1) d jump,    jump' = s jump
(Araujo, Norris, Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill 2019). Where branches meet, the
field is the smallest that holds both.

Going up, the jump becomes a fraction of a pixel. A transposed convolution's output o takes the inputs i with
o = s i - p + k d for a tap k, so that (o + p - (K - 1) d) / s <= i <= (o + p) / s:
    start' = start + (p - (K - 1) d) jump / s,    size' = size + (K - 1) d jump / s,    jump' = jump / s
The bounds are met by some outputs, not by all: between two cells of the input a value sees fewer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

from app.labs.convolution.network.kinds import pair

Shape: TypeAlias = Sequence[int]


@dataclass(frozen=True)
class Axis:
    """The field along one axis, in pixels of the picture."""

    start: Fraction
    size: Fraction
    jump: Fraction

    def window(self, k: int, stride: int, padding: int, dilation: int) -> Axis:
        return self.cells(Fraction(-padding), Fraction((k - 1) * dilation), Fraction(stride))

    def transposed(self, k: int, stride: int, padding: int, dilation: int) -> Axis:
        reach = Fraction((k - 1) * dilation, stride)
        return self.cells(Fraction(padding, stride) - reach, reach, Fraction(1, stride))

    def cells(self, first: Fraction, reach: Fraction, step: Fraction) -> Axis:
        """Of outputs that take this axis's cells c with first + o step <= c <= first + o step + reach."""
        return Axis(self.start + first * self.jump, self.size + reach * self.jump, self.jump * step)

    def joined(self, other: Axis) -> Axis | None:
        """The smallest field over both; None where they move by different steps."""
        if self.jump != other.jump:
            return None
        start = min(self.start, other.start)
        return Axis(start, max(self.start + self.size, other.start + other.size) - start, self.jump)


Field: TypeAlias = "tuple[Axis, Axis] | None"
"""Rows and columns; None: any pixel."""

PIXEL = (Axis(Fraction(0), Fraction(1), Fraction(1)),) * 2
SAME_PLACE = frozenset({"norm", "activation", "add", "concat"})
CELLWISE = frozenset(
    {
        *("mul", "rmul", "imul", "multiply", "sub", "rsub", "isub", "subtract", "div", "rdiv", "idiv", "divide", "true_divide"),
        *("truediv", "rtruediv", "itruediv", "pow", "rpow", "ipow", "square", "sqrt", "rsqrt", "reciprocal", "neg", "negative"),
        *("abs", "absolute", "exp", "log", "log1p", "sign", "sin", "cos", "clamp", "clamp_min", "clamp_max", "clip"),
        *("maximum", "minimum", "lerp", "addcmul", "addcdiv", "add", "iadd", "radd"),
    }
)
"""Functions whose output at a place takes their inputs at that place only."""
WHOLE_MAP = frozenset({"LayerNorm", "GroupNorm", "InstanceNorm2d", "layer_norm", "group_norm", "instance_norm"})
"""Normalisations whose every value depends on its whole map."""
POOLS = frozenset({"maxpool2d", "avgpool2d", "lppool2d", "adaptivemaxpool2d", "adaptiveavgpool2d"})
UPSAMPLES = frozenset({"interpolate", "Upsample", "UpsamplingNearest2d", "UpsamplingBilinear2d"})
REACH = {"bilinear": 1, "bicubic": 2}
"""Cells to either side that an interpolation weighs."""
POWERS = frozenset(2**i for i in range(12))


def field(
    kind: str, type_: str, options: Mapping[str, Any], shapes: Sequence[Shape], output: Shape, fields: Sequence[Field]
) -> Field:
    """The output's field from the inputs': ``shapes`` and ``output`` as torch has them, (1, C, H, W)."""
    if not fields or any(f is None for f in fields) or len(output) != 4:
        return None
    same = kind in SAME_PLACE or (kind == "softmax" and options.get("dim") in (1, -3)) or (kind == "other" and type_ in CELLWISE)
    if same:
        if type_ in WHOLE_MAP or (kind == "concat" and options.get("dim") not in (1, -3)):
            return None
        # One value that meets a whole map, as in squeeze and excitation, brings what it saw to every place.
        return _joined(fields) if all(tuple(shape[2:]) == tuple(output[2:]) for shape in shapes) else None
    source = fields[0]
    assert source is not None
    if type_ in UPSAMPLES:
        return _interpolated(source, options, shapes[0], output)
    if not (kind == "conv" or (kind == "pool" and type_.lower().replace("_", "") in POOLS)):
        return None  # an operation that we do not know may look anywhere
    if options.get("adaptive"):
        return _adaptive(source, shapes[0], output)
    k, stride, dilation = pair(options["kernel_size"]), pair(options["stride"]), pair(options.get("dilation", 1))
    padding = _padding(options.get("padding", 0), k, dilation)
    if options.get("transposed"):
        rows, columns = (source[i].transposed(k[i], stride[i], padding[i], dilation[i]) for i in range(2))
        return rows, columns
    reach = [(k[i] - 1) * dilation[i] for i in range(2)]
    if not _stays(options.get("padding_mode", "zeros"), padding, reach):
        return None
    return _windows(source, k, stride, padding, dilation)


def _interpolated(source: tuple[Axis, Axis], options: Mapping[str, Any], shape: Shape, output: Shape) -> Field:
    """By a whole factor, up or down, each axis for itself; None where cells fall anyhow (other factors, aligned corners)."""
    mode = options.get("mode", "nearest")
    if mode == "area":
        return _adaptive(source, shape, output)
    if (mode != "nearest" and mode not in REACH) or options.get("align_corners") or options.get("antialias"):
        return None
    given, axes = options.get("scale_factor"), []
    for i, (n_in, n_out) in enumerate(zip(shape[2:], output[2:], strict=True)):
        r = Fraction(n_in, n_out)
        middle = (r - 1) / 2
        if 1 not in (r.numerator, r.denominator) or (given is not None and _factor(given, i) * n_in != n_out):
            return None
        # By thirds torch's places are rounded numbers: the next cell may get a weight of 1e-8, or be taken for this one.
        apart = Fraction(1, math.lcm(r.denominator, middle.denominator)) if r.denominator in POWERS else Fraction(0)
        if mode == "nearest":  # cell floor(o r)
            behind = 1 - (Fraction(1, r.denominator) if apart else apart)
            axes.append(source[i].cells(-behind, behind, r))
        else:  # around (o + 1/2) r - 1/2; a cell at the full reach weighs nothing
            reach = REACH[mode] - apart
            axes.append(source[i].cells(middle - reach, 2 * reach, r))
    return axes[0], axes[1]


def _factor(given: Any, i: int) -> float:
    return float(given[i] if isinstance(given, list | tuple) else given)


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
    return {name: [_number(getattr(axis, name)) for axis in field] for name in ("size", "jump", "start")}


def _number(value: Fraction) -> int | float:
    return value.numerator if value.denominator == 1 else float(value)


def pixels(receptive: Mapping[str, Any] | None, y: int, x: int, sides: Shape) -> list[int]:
    """[first row, first column, end row, end column) of the picture that the value at (y, x) sees, cut at the picture's edges."""
    if receptive is None:
        return [0, 0, sides[0], sides[1]]
    begin = [receptive["start"][i] + receptive["jump"][i] * (y, x)[i] for i in range(2)]
    end = [math.floor(round(begin[i] + receptive["size"][i], 6)) for i in range(2)]  # a third of a pixel is a rounded number
    return [
        *(max(0, min(math.ceil(round(b, 6)), side)) for b, side in zip(begin, sides, strict=True)),
        *(max(0, min(e, s)) for e, s in zip(end, sides, strict=True)),
    ]
