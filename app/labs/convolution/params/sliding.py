"""The params of ``convolution/sliding``: one small input, one convolution. No torch, no numpy here."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Field, model_validator

from app.labs.contract import Message, UserError
from app.labs.convolution.params.source import MAX_CHANNELS, SmallInput, Value, of

MAX_KERNEL = 7
MOST_OUTPUTS = 4096
"""A run has a frame for each output value."""

Tap: TypeAlias = Annotated[int, Field(ge=1, le=MAX_KERNEL)]
Step: TypeAlias = Annotated[int, Field(ge=1, le=8)]
Pad: TypeAlias = Annotated[int, Field(ge=0, le=8)]
Move: TypeAlias = Annotated[int, Field(ge=-4, le=4)]
KernelRow: TypeAlias = Annotated[list[Value], Field(min_length=1, max_length=MAX_KERNEL)]
KernelRows: TypeAlias = Annotated[list[KernelRow], Field(min_length=1, max_length=MAX_KERNEL)]
Filter: TypeAlias = Annotated[list[KernelRows], Field(min_length=1, max_length=MAX_CHANNELS)]

SIZED = ("identity", "blur", "ones", "counting", "random")
"""Kernels of any size; the others have their own."""


def _point(group: str, *axes: str, **more: Any) -> dict[str, Any]:
    return of(group, widget="point", axes=list(axes), **more)


class SlidingParams(SmallInput):
    """One convolution of at most 4 channels of 16 x 16 numbers, one output value a step."""

    experiment: ClassVar[str] = "convolution/sliding"

    kernel: Literal[
        "custom",
        "sobel-x",
        "sobel-y",
        "edge",
        "sharpen",
        "laplacian",
        "blur",
        "identity",
        "ones",
        "counting",
        "random",
        "learned",
    ] = Field("sobel-x", json_schema_extra=of("kernel"))
    weight: list[Filter] = Field(
        [[[[0.0, 1.0], [2.0, 3.0]]]],
        min_length=1,
        max_length=MAX_CHANNELS,
        json_schema_extra=of("kernel", widget="matrix", when={"kernel": ["custom"]}),
    )
    """(Cout, Cin / groups, kh, kw), for transposed convolutions too."""
    kernel_size: tuple[Tap, Tap] = Field((3, 3), json_schema_extra=_point("kernel", "h", "w", when={"kernel": list(SIZED)}))
    learned: Literal["resnet", "vgg"] = Field("resnet", json_schema_extra=of("kernel", when={"kernel": ["learned"]}))
    learned_channel: int = Field(0, ge=0, le=12, json_schema_extra=of("kernel", when={"kernel": ["learned"]}))
    """The first of ``out_channels`` filters in a row."""
    out_channels: int = Field(
        1,
        ge=1,
        le=MAX_CHANNELS,
        json_schema_extra=of("kernel", when={"kernel": [*SIZED, "sobel-x", "sobel-y", "edge", "sharpen", "laplacian", "learned"]}),
    )
    bias: list[Value] | None = Field(None, min_length=1, max_length=MAX_CHANNELS, json_schema_extra=of("kernel"))
    """One number an output channel; None: the layer has no bias."""

    stride: tuple[Step, Step] = Field((1, 1), json_schema_extra=_point("options", "h", "w"))
    same: bool = Field(False, json_schema_extra=of("options"))
    padding: tuple[Pad, Pad] = Field((0, 0), json_schema_extra=_point("options", "h", "w", when={"same": [False]}))
    padding_mode: Literal["zeros", "reflect", "replicate", "circular"] = Field("zeros", json_schema_extra=of("options"))
    dilation: tuple[Step, Step] = Field((1, 1), json_schema_extra=_point("options", "h", "w"))
    groups: int = Field(1, ge=1, le=MAX_CHANNELS, json_schema_extra=of("options"))
    flip: bool = Field(False, json_schema_extra=of("options"))
    """True convolution: the kernel turned by 180 degrees; torch's layers correlate."""
    transposed: bool = Field(False, json_schema_extra=of("options"))
    output_padding: tuple[Annotated[int, Field(ge=0, le=7)], Annotated[int, Field(ge=0, le=7)]] = Field(
        (0, 0), json_schema_extra=_point("options", "h", "w", when={"transposed": [True]})
    )

    shift: tuple[Move, Move] = Field((0, 1), json_schema_extra=_point("shift", "y", "x", folded=True))
    shift_pool: Literal["max", "average"] = Field("max", json_schema_extra=of("shift", folded=True))
    dtype: Literal["float64", "float32"] = Field("float64", json_schema_extra=of("run", folded=True))

    @model_validator(mode="after")
    def _shapes(self) -> SlidingParams:
        """Every kernel typed has the same shape, and every output channel as many of them."""
        first = (len(self.weight[0]), len(self.weight[0][0]), len(self.weight[0][0][0]))
        for o, kernels in enumerate(self.weight):
            for i, rows in enumerate(kernels):
                for row in rows:
                    if (len(kernels), len(rows), len(row)) != first:
                        told = {"out": o, "in": i, "channels": first[0], "height": first[1], "width": first[2]}
                        raise UserError(Message("convolution.sliding.error.ragged", told), ("weight", o, i))
        return self
