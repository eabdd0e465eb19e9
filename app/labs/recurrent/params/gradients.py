"""The params of ``recurrent/gradients``: three cells, one loss, and what comes back through time. No torch, no numpy here."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from app.labs.contract import Message, Params, UserError

MAX_STEPS = 200
MAX_HIDDEN = 64
CELLS = ("rnn", "lstm", "gru")
"""Side by side, in this order."""


def of(group: str, **more: Any) -> dict[str, Any]:
    """What a field's schema says to the form."""
    return {"group": group, **more}


class GradientsParams(Params):
    """A simple RNN, an LSTM and a GRU of the same size read the same random inputs; the loss is read off their states."""

    experiment: ClassVar[str] = "recurrent/gradients"

    steps: int = Field(50, ge=2, le=MAX_STEPS, json_schema_extra=of("network", widget="slider"))
    hidden: int = Field(16, ge=1, le=MAX_HIDDEN, json_schema_extra=of("network", widget="slider"))
    radius: float = Field(1.0, ge=0, le=3, json_schema_extra=of("network", widget="slider"))
    """rho: W_hh = rho Q with Q orthogonal; of the gated cells so the candidate's (g, n)."""
    bias: float = Field(0.0, ge=-8, le=8, json_schema_extra=of("network", widget="slider"))
    """Of the LSTM's forget gate and of the GRU's update gate: both keep where they are near 1."""
    activation: Literal["tanh", "relu", "identity"] = Field("tanh", json_schema_extra=of("network"))
    """Of the simple RNN; the gated cells have tanh."""
    inputs: float = Field(0.01, ge=1e-6, le=10, json_schema_extra=of("network", log=True))
    """Standard deviation of the inputs."""
    loss: Literal["last", "every"] = Field("last", json_schema_extra=of("network"))

    truncate: int = Field(0, ge=0, le=MAX_STEPS, json_schema_extra=of("gradient"))
    """The gradient is cut at every so many steps; 0: nowhere."""
    clip: Literal["norm", "value"] = Field("norm", json_schema_extra=of("gradient"))
    most: float = Field(1.0, ge=1e-3, le=1e6, json_schema_extra=of("gradient", log=True))
    """The largest norm of all gradients together, or the largest value of each."""

    wall: Literal["one-unit", "two-weights"] = Field("one-unit", json_schema_extra=of("cliff"))
    start: tuple[Annotated[float, Field(ge=-20, le=20)], Annotated[float, Field(ge=-20, le=20)]] | None = Field(
        None, json_schema_extra=of("cliff", widget="point", axes=["w", "b"])
    )
    """Where the descent begins; None: the wall's own place."""
    lr: float = Field(0.05, ge=1e-5, le=100, json_schema_extra=of("cliff", log=True))
    cliff_clip: float = Field(1.0, ge=1e-3, le=1e3, json_schema_extra=of("cliff", log=True))
    """The longest gradient of the descent that is clipped."""
    dtype: Literal["float64", "float32"] = Field("float64", json_schema_extra=of("run", folded=True))

    def length(self) -> int:
        """A frame a time step, from the last one back to the initial state."""
        return self.steps

    @model_validator(mode="after")
    def _cut_within(self) -> GradientsParams:
        if self.truncate >= self.steps:
            raise UserError(
                Message("recurrent.gradients.error.truncate", {"got": self.truncate, "last": self.steps - 1}), ("truncate",)
            )
        return self
