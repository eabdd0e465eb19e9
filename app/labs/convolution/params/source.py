"""The small input that ``sliding`` and ``pooling`` work on: typed numbers, a pattern or a patch of an image. No torch, no numpy."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, model_validator

from app.labs.contract import Message, Params, UserError

MAX_CHANNELS = 4
MAX_SIDE = 16

Value: TypeAlias = Annotated[float, Field(ge=-1e4, le=1e4)]
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Side: TypeAlias = Annotated[int, Field(ge=1, le=MAX_SIDE)]
Row: TypeAlias = Annotated[list[Value], Field(min_length=1, max_length=MAX_SIDE)]
Rows: TypeAlias = Annotated[list[Row], Field(min_length=1, max_length=MAX_SIDE)]

EXAMPLE = [
    [[1.0, 2.0, 0.0, 1.0], [3.0, 8.0, 1.0, 0.0], [0.0, 1.0, 5.0, 4.0], [2.0, 0.0, 4.0, 5.0]],
    [[0.0, 1.0, 4.0, 2.0], [1.0, 0.0, 2.0, 6.0], [7.0, 3.0, 1.0, 0.0], [2.0, 1.0, 0.0, 1.0]],
]


def of(group: str, **more: Any) -> dict[str, Any]:
    """What a field's schema says to the form."""
    return {"group": group, **more}


class SmallInput(Params):
    """At most 4 channels of 16 x 16 numbers."""

    source: Literal["pattern", "matrix", "image"] = Field("pattern", json_schema_extra=of("input"))
    input: list[Rows] = Field(
        EXAMPLE,
        min_length=1,
        max_length=MAX_CHANNELS,
        json_schema_extra=of("input", widget="matrix", when={"source": ["matrix"]}),
    )
    pattern: Literal["digits", "counting", "spots", "stripes", "ones", "minus-ones"] = Field(
        "digits", json_schema_extra=of("input", when={"source": ["pattern"]})
    )
    channels: int = Field(2, ge=1, le=MAX_CHANNELS, json_schema_extra=of("input", when={"source": ["pattern"]}))
    size: tuple[Side, Side] = Field(
        (6, 6), json_schema_extra=of("input", widget="point", axes=["h", "w"], when={"source": ["pattern", "image"]})
    )
    image: str = Field(
        "sample:cat", min_length=1, max_length=80, json_schema_extra=of("image", widget="image", when={"source": ["image"]})
    )
    corner: tuple[Share, Share] = Field(
        (0.5, 0.5), json_schema_extra=of("image", widget="point", axes=["y", "x"], when={"source": ["image"]})
    )
    span: float = Field(1.0, ge=0.01, le=1, json_schema_extra=of("image", log=True, when={"source": ["image"]}))

    @model_validator(mode="after")
    def _even(self) -> SmallInput:
        height, width = len(self.input[0]), len(self.input[0][0])
        for c, rows in enumerate(self.input):
            for y, row in enumerate(rows):
                if len(row) != width:
                    told = {"channel": c, "row": y, "got": len(row), "good": width}
                    raise UserError(Message("convolution.input.error.ragged", told), ("input", c, y))
            if len(rows) != height:
                told = {"channel": c, "got": len(rows), "good": height}
                raise UserError(Message("convolution.input.error.rows", told), ("input", c))
        return self
