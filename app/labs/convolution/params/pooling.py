"""The params of ``convolution/pooling``: one input, several ways to pool it, side by side. No torch, no numpy here."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.labs.contract import Message, UserError
from app.labs.convolution.params.source import MAX_CHANNELS, MAX_SIDE, SmallInput, Value, of

Kernel: TypeAlias = Annotated[int, Field(ge=1, le=MAX_SIDE)]
Pad: TypeAlias = Annotated[int, Field(ge=0, le=8)]
Place: TypeAlias = Annotated[int, Field(ge=0, le=MAX_SIDE - 1)]

POOLS = (
    "max",
    "average",
    "attention",
    "softpool",
    "mean",
    "lp",
    "global_max",
    "global_average",
    "adaptive_max",
    "adaptive_average",
)
"""Every pool's name, in the order in which they stand side by side; each is a switch of the params."""


def _pool(on: bool, folded: bool = False) -> Any:
    return Field(on, json_schema_extra=of("pools", folded=folded))


class Changed(BaseModel):
    """One channel of the input, multiplied by ``value``: 0 switches it off, -1 turns it over, 1 changes nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    channel: int = Field(0, ge=0, le=MAX_CHANNELS - 1)
    value: float = Field(0.0, ge=-10, le=10)


class PoolingParams(SmallInput):
    """Several pools over the windows of one small input (at most 4 channels of 16 x 16)."""

    experiment: ClassVar[str] = "convolution/pooling"

    max: bool = _pool(True)
    average: bool = _pool(True)
    attention: bool = _pool(True)
    softpool: bool = _pool(False)
    mean: bool = _pool(False, folded=True)
    lp: bool = _pool(False, folded=True)
    global_max: bool = _pool(False, folded=True)
    global_average: bool = _pool(False, folded=True)
    adaptive_max: bool = _pool(False, folded=True)
    adaptive_average: bool = _pool(False, folded=True)

    kernel: tuple[Kernel, Kernel] = Field((2, 2), json_schema_extra=of("window", widget="point", axes=["h", "w"]))
    stride: tuple[Kernel, Kernel] | None = Field(None, json_schema_extra=of("window", widget="point", axes=["h", "w"]))
    padding: tuple[Pad, Pad] = Field((0, 0), json_schema_extra=of("window", widget="point", axes=["h", "w"]))
    ceil_mode: bool = Field(False, json_schema_extra=of("window"))
    dilation: tuple[Kernel, Kernel] = Field((1, 1), json_schema_extra=of("window", widget="point", axes=["h", "w"], folded=True))
    count_include_pad: bool = Field(True, json_schema_extra=of("window"))
    divisor_override: int | None = Field(None, ge=-256, le=256, json_schema_extra=of("window", folded=True))
    adaptive: tuple[Kernel, Kernel] = Field((4, 4), json_schema_extra=of("window", widget="point", axes=["h", "w"], folded=True))

    temperature: float = Field(1.0, ge=1e-3, le=1e3, json_schema_extra=of("attention", log=True))
    query: list[Value] | None = Field(None, min_length=1, max_length=MAX_CHANNELS, json_schema_extra=of("attention"))
    pixel: tuple[Place, Place] | None = Field(None, json_schema_extra=of("attention", widget="point", axes=["y", "x"]))

    power: float = Field(3.0, ge=0.1, le=32, json_schema_extra=of("powers", log=True, folded=True))
    norm: float = Field(2.0, ge=1, le=16, json_schema_extra=of("powers", folded=True))
    changed: Changed = Field(Changed(), json_schema_extra=of("changed", folded=True))
    dtype: Literal["float64", "float32"] = Field("float64", json_schema_extra=of("run", folded=True))

    def pools(self) -> list[str]:
        """The pools that are switched on, in the order in which they stand."""
        return [name for name in POOLS if getattr(self, name)]

    def steps(self) -> tuple[int, int]:
        """The stride, which is the kernel where none is given."""
        return self.stride or self.kernel

    @model_validator(mode="after")
    def _check(self) -> PoolingParams:
        if not self.pools():
            raise UserError(Message("convolution.pooling.error.no_pool"), ("max",))
        return self
