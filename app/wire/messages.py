"""The control messages of /ws: what a page may say and what it hears back.

Text messages carry JSON. Requests form a discriminated union on ``type``: every one is bounded,
refuses unknown fields, and is answered by exactly one ``reply`` with its ``id``. Binary messages
(scene, frames, tensor slices) are described in ``app.wire.blocks``. docs/protocol.md is written from
these models.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

RunState: TypeAlias = Literal["queued", "running", "paused", "done", "failed", "cancelled"]
Mode: TypeAlias = Literal["every", "live"]
RunId: TypeAlias = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_-]+$")]

MAX_STEP = 1_000_000_000


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class _Request(_Strict):
    id: int = Field(ge=0, le=2**53 - 1, description="Echoed in the one reply to this request.")


class _RunRequest(_Request):
    run: RunId = Field(description="The run it is about, as the reply to start named it.")


class Start(_Request):
    """Start a run. The reply carries ``run``, ``state``, ``length`` (last step or null) and the full ``params``."""

    type: Literal["start"]
    experiment: str = Field(max_length=80, pattern=r"^[a-z][a-z0-9-]*/[a-z][a-z0-9-]*$")
    params: dict[str, Any] = Field(default_factory=dict)
    mode: Mode = Field("every", description="every: no frame is missed and the engine waits; live: the newest frame wins.")
    ack: bool = Field(True, description="Whether this viewer acknowledges; false: only the socket's own pressure holds the engine.")
    replaces: RunId | None = Field(
        None, description="A run of this connection that is cancelled first, as a drag does dozens of times."
    )
    skip: int = Field(-1, ge=-1, le=MAX_STEP, description="Take up a lost run: send nothing up to and including this seq.")
    paused: bool = Field(False, description="Compute frame 0 and wait.")


class Attach(_RunRequest):
    """View a run or take it up again after a lost connection: sends the scene and every frame after ``seq``."""

    type: Literal["attach"]
    seq: int = Field(-1, ge=-1, le=MAX_STEP, description="The last frame this page has; -1: none.")
    mode: Mode = "every"
    ack: bool = True
    owner: str | None = Field(None, max_length=64, description="The owner's token from the start reply; without it one only views.")


class Pause(_RunRequest):
    """Stop computing after the step in progress."""

    type: Literal["pause"]


class Resume(_RunRequest):
    """Go on after a pause."""

    type: Literal["resume"]


class Step(_RunRequest):
    """Compute ``n`` more steps of a paused run, then pause again."""

    type: Literal["step"]
    n: int = Field(1, ge=1, le=10_000)


class Seek(_RunRequest):
    """Send the frames from ``step`` on again: from the ring, or by replaying the run with progress."""

    type: Literal["seek"]
    step: int = Field(ge=0, le=MAX_STEP)


class Speed(_RunRequest):
    """At most this many steps a second; 0: as fast as they come."""

    type: Literal["speed"]
    steps_per_second: float = Field(0, ge=0, le=1_000_000)


class Cancel(_RunRequest):
    """End the run. Idempotent: cancelling an ended run is ok."""

    type: Literal["cancel"]


class Explain(_RunRequest):
    """Open a value of frame ``seq``. The reply carries ``explanation``."""

    type: Literal["explain"]
    seq: int = Field(ge=0, le=MAX_STEP)
    target: dict[str, Any]


class TensorSlice(_RunRequest):
    """Fetch exact values. A binary ``tensor`` message with this id comes before the reply."""

    type: Literal["tensor"]
    seq: int = Field(ge=-1, le=MAX_STEP, description="-1: the scene.")
    name: str = Field(max_length=200)
    slice: list[tuple[int, int] | int] = Field(
        default_factory=list, max_length=8, description="Per axis an index or [start, stop]."
    )


class Ack(_RunRequest):
    """Every frame up to ``seq`` is on this page's timeline. The reply is left out when ``id`` is 0."""

    type: Literal["ack"]
    seq: int = Field(ge=-1, le=MAX_STEP)


class Script(_RunRequest):
    """The run as a standalone PyTorch script. The reply carries ``script``."""

    type: Literal["script"]


Request: TypeAlias = Annotated[
    Start | Attach | Pause | Resume | Step | Seek | Speed | Cancel | Explain | TensorSlice | Ack | Script,
    Field(discriminator="type"),
]
REQUESTS: TypeAdapter[Request] = TypeAdapter(Request)


class MessageJson(_Strict):
    """A sentence as its catalogue id and values."""

    id: str
    values: dict[str, Any] = Field(default_factory=dict)


class FieldErrorJson(_Strict):
    """A sentence about one field of the params."""

    path: list[str | int]
    message: MessageJson


class Reply(_Strict):
    """The one answer to a request; ``ok`` false comes with ``error``, and ``fields`` where params were bad."""

    type: Literal["reply"] = "reply"
    id: int
    ok: bool
    error: MessageJson | None = None
    fields: list[FieldErrorJson] = Field(default_factory=list)
    run: str | None = None
    state: RunState | None = None
    experiment: str | None = Field(None, description="start and attach: what runs.")
    owner: str | None = Field(None, description="start: the token that lets another connection of this user control the run.")
    length: int | None = None
    params: dict[str, Any] | None = None
    explanation: dict[str, Any] | None = None
    script: str | None = None


class StateEvent(_Strict):
    """A run's state changed, or it made progress that is no frame."""

    type: Literal["state"] = "state"
    run: str
    state: RunState
    computed: int = Field(description="The highest seq computed so far; -1: none.")
    place: int | None = Field(None, description="Place in the queue, from 1, while queued.")
    progress: dict[str, Any] | None = Field(None, description="{done, total, stage: message} while no frame is ready.")
    gap: list[int] | None = Field(None, description="[from, to] seqs left out in live mode or out of the ring's reach.")
    error: MessageJson | None = Field(None, description="failed: why.")
    fields: list[FieldErrorJson] = Field(
        default_factory=list, description="failed: the same beside the fields of the params that would mend it."
    )
    viewers: int = 1
