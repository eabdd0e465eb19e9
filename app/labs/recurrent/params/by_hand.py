"""The params of ``recurrent/by-hand``: a network small enough to be worked out with a pencil. No torch, no numpy here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.labs.contract import Message, Params, UserError

MAX_SIZE = 4
"""Inputs, hidden units and outputs."""
MAX_STEPS = 12

Number: TypeAlias = Annotated[float, Field(ge=-1000, le=1000)]
Row: TypeAlias = Annotated[list[Number], Field(min_length=1, max_length=MAX_SIZE)]
Block: TypeAlias = Annotated[list[Row], Field(min_length=1, max_length=MAX_SIZE)]
Blocks: TypeAlias = Annotated[list[Block], Field(min_length=1, max_length=8)]
"""A block a gate, those of the reverse direction after those of the forward one."""
Readout: TypeAlias = Annotated[
    list[Annotated[list[Number], Field(min_length=1, max_length=2 * MAX_SIZE)]], Field(min_length=1, max_length=MAX_SIZE)
]
Biases: TypeAlias = Annotated[list[Row], Field(min_length=1, max_length=8)]
Time: TypeAlias = Annotated[int, Field(ge=1, le=MAX_STEPS)]

GATES = {"rnn": ("h",), "jordan": ("h",), "lstm": ("i", "f", "g", "o"), "gru": ("r", "z", "n")}
"""What has weights of its own, in torch's order of blocks."""
NAMES = {
    "rnn": ("h",),
    "jordan": ("s", "h", "y"),
    "lstm": ("i", "f", "g", "o", "c", "h"),
    "gru": ("r", "z", "n", "h"),
}
"""What a cell computes, in the order of computing."""


def of(group: str, **more: Any) -> dict[str, Any]:
    """What a field's schema says to the form."""
    return {"group": group, **more}


class Clamp(BaseModel):
    """From step ``first`` to ``last`` the value called ``name`` is ``value``; ``unit`` None: in all units."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: Literal["none", "i", "f", "g", "o", "r", "z", "n", "c", "h", "y"] = "none"
    unit: int | None = Field(None, ge=1, le=MAX_SIZE)
    first: Time = 1
    last: Time = MAX_STEPS
    value: Number = 0.0


class ByHandParams(Params):
    """At most 4 inputs, hidden units and outputs over 12 steps; every weight is typed, or 1."""

    experiment: ClassVar[str] = "recurrent/by-hand"

    cell: Literal["rnn", "jordan", "lstm", "gru"] = Field("rnn", json_schema_extra=of("network"))
    activation: Literal["identity", "relu", "tanh"] = Field("identity", json_schema_extra=of("network"))
    """Of a simple RNN's h, an LSTM's g and of its c on the way to h, a GRU's n."""
    reset: Literal["after", "before"] = Field("after", json_schema_extra=of("network", when={"cell": ["gru"]}))
    leak: float | None = Field(None, ge=0, le=1, json_schema_extra=of("network", when={"cell": ["jordan"]}))
    bidirectional: bool = Field(False, json_schema_extra=of("network", when={"cell": ["rnn", "lstm", "gru"]}))
    hidden: int = Field(2, ge=1, le=MAX_SIZE, json_schema_extra=of("network"))
    outputs: int = Field(2, ge=1, le=MAX_SIZE, json_schema_extra=of("network"))

    x: list[Row] = Field(
        [[1.0, 1.0], [1.0, 1.0], [2.0, 2.0]],
        min_length=1,
        max_length=MAX_STEPS,
        json_schema_extra=of("sequence", widget="matrix"),
    )
    """(T, inputs): a row a time step."""

    w_ih: Blocks | None = Field(None, json_schema_extra=of("weights", widget="matrix"))
    """Blocks (hidden, inputs); None: all 1, here and in the next two."""
    w_hh: Blocks | None = Field(None, json_schema_extra=of("weights", widget="matrix"))
    """Blocks (hidden, hidden), of a Jordan network (hidden, outputs)."""
    w_hy: Readout | None = Field(None, json_schema_extra=of("weights", widget="matrix"))
    """(outputs, directions x hidden)."""
    bias: Biases | None = Field(None, json_schema_extra=of("weights", widget="matrix", folded=True))
    """A row a gate; a GRU may have a fourth, which its reset gate multiplies too. None: no biases."""

    clamp: Clamp = Field(Clamp(), json_schema_extra=of("clamp", folded=True))

    def length(self) -> int:
        """A frame a time step."""
        return len(self.x)

    @property
    def directions(self) -> int:
        """A Jordan network has one whatever ``bidirectional`` says: its state is the output of both."""
        return 2 if self.bidirectional and self.cell != "jordan" else 1

    @property
    def gates(self) -> Sequence[str]:
        """The blocks' names."""
        return GATES[self.cell]

    @property
    def back(self) -> int:
        """How many numbers come back from the step before."""
        return self.outputs if self.cell == "jordan" else self.hidden

    def blocks(self, name: Literal["w_ih", "w_hh"]) -> list[list[list[list[float]]]]:
        """Of each direction the blocks of each gate: (directions, gates, hidden, inputs or ``back``)."""
        columns = len(self.x[0]) if name == "w_ih" else self.back
        given: Blocks = getattr(self, name) or [[[1.0] * columns for _ in range(self.hidden)]]
        every = len(self.gates)
        if len(given) == 1:
            given = given * every
        if len(given) == every:
            given = given * self.directions
        return [given[d * every : (d + 1) * every] for d in range(self.directions)]

    def readout(self) -> list[list[float]]:
        """The output's weights (outputs, directions x hidden)."""
        return self.w_hy or [[1.0] * (self.directions * self.hidden) for _ in range(self.outputs)]

    def biases(self) -> list[list[list[float]]] | None:
        """Of each direction the gates' rows (and a GRU's fourth); None where there are none."""
        if self.bias is None:
            return None
        each = next(n for n in self._bias_rows() if len(self.bias) in (n, n * self.directions))
        rows = self.bias * (self.directions if len(self.bias) == each else 1)
        return [rows[d * each : (d + 1) * each] for d in range(self.directions)]

    def _bias_rows(self) -> tuple[int, ...]:
        """How many rows of biases a direction may have."""
        return (3, 4) if self.cell == "gru" else (len(self.gates),)

    @model_validator(mode="after")
    def _fits(self) -> ByHandParams:
        for t, row in enumerate(self.x):
            if len(row) != len(self.x[0]):
                raise _error("ragged", ("x",), step=t + 1, got=len(row), good=len(self.x[0]))
        every = len(self.gates) * self.directions
        for name, columns in (("w_ih", len(self.x[0])), ("w_hh", self.back)):
            blocks: Blocks | None = getattr(self, name)
            if blocks is None:
                continue
            if len(blocks) not in (1, len(self.gates), every):
                raise _error("blocks", (name,), gates=", ".join(self.gates), good=every, got=len(blocks))
            for number, block in enumerate(blocks):
                _check(block, self.hidden, columns, name, number + 1)
        if self.w_hy is not None:
            _check(self.w_hy, self.outputs, self.directions * self.hidden, "w_hy", 1)
        if self.bias is not None:
            good = {n * d for n in self._bias_rows() for d in (1, self.directions)}
            if len(self.bias) not in good:
                raise _error("biases", ("bias",), gates=", ".join(self.gates), good=min(good), got=len(self.bias))
            _check(self.bias, len(self.bias), self.hidden, "bias", 1)
        self._clampable()
        return self

    def _clampable(self) -> None:
        clamp = self.clamp
        if clamp.name == "none":
            return
        known = [name for name in NAMES[self.cell] if name != "s"]
        if clamp.name not in known:
            raise _error("clamp", ("clamp", "name"), got=clamp.name, known=", ".join(known))
        units = self.outputs if clamp.name == "y" else self.hidden
        if clamp.unit is not None and clamp.unit > units:
            raise _error("unit", ("clamp", "unit"), got=clamp.unit, last=units)
        if clamp.first > clamp.last:
            raise _error("clamp_order", ("clamp", "last"), first=clamp.first, last=clamp.last)


def _check(block: Sequence[Sequence[float]], rows: int, columns: int, name: str, number: int) -> None:
    """Raises UserError for a block that is not rows x columns."""
    if len(block) != rows or any(len(row) != columns for row in block):
        got = f"{len(block)} x {'/'.join(str(n) for n in sorted({len(row) for row in block}))}"
        raise _error("shape", (name,), block=number, rows=rows, columns=columns, got=got)


def _error(id: str, path: tuple[str | int, ...], **values: str | int) -> UserError:
    return UserError(Message(f"recurrent.by-hand.error.{id}", dict(values)), path)
