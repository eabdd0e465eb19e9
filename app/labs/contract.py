"""What every experiment is made of: Params, Frame, Scene, Progress, Explanation, Message.

This module knows pydantic, and numpy by name only. It stands under the web process, which imports
neither torch nor numpy, and under the workers, which do. An experiment ``LAB/NAME`` is

* a frozen :class:`Params` subclass in ``app/labs/LAB/params.py`` (or, imported by its ``__init__``, in
  a file of the package ``params/``) whose ``experiment`` says
  ``"LAB/NAME"`` (no torch there), and
* a module ``app/labs/LAB/NAME.py`` (torch allowed) with the functions of :class:`Experiment`.

``app.labs.registry`` finds both; nobody edits a list.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    import numpy as np

Plain: TypeAlias = "str | int | float | bool | list[Plain] | dict[str, Plain] | None"
"""A value that JSON can carry. NaN and infinities travel in tensors, never here."""

Target: TypeAlias = dict[str, Plain]
"""What an explanation is asked of, e.g. ``{"kind": "update", "racer": 2, "coordinate": 0}``."""


@dataclass(frozen=True)
class Message:
    """A sentence as an id of the catalogues in ``app/locale`` and the values it names.

    Below ``app.web`` nobody writes prose: the page (or the command line) picks the language.
    A value may itself be a Message.
    """

    id: str
    values: Mapping[str, Plain | Message] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        values = {k: v.as_json() if isinstance(v, Message) else v for k, v in self.values.items()}
        return {"id": self.id, "values": values}


class UserError(ValueError):
    """Something the user can mend, told as a Message; never a bug of ours.

    ``path`` names the field of the params it belongs to, () when there is none.
    """

    def __init__(self, message: Message, path: Sequence[str | int] = ()) -> None:
        super().__init__(message.id, dict(message.values))
        self.message = message
        self.path = tuple(path)


class Params(BaseModel):
    """Everything that decides a run. Frozen, every number bounded, unknown fields refused.

    A field says how the page shows it through ``json_schema_extra``: ``widget`` (one of WIDGETS;
    left out, it follows from the type), ``group`` (fields of one group stand together), ``folded``
    (true: behind a disclosure), ``unit``, ``log`` (true: a slider on a logarithmic scale), ``lines`` of a
    text, ``live`` (true: every letter is answered at once). Its label
    is the catalogue's message ``LAB.NAME.FIELD``, its help ``LAB.NAME.FIELD.help``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    experiment: ClassVar[str]
    version: ClassVar[int] = 1
    """Part of a permalink; raise it when the same params would mean another run."""

    seed: int = Field(0, ge=0, le=2**31 - 1, json_schema_extra={"group": "run", "folded": True})

    def length(self) -> int | None:
        """The last step's number when it is known before the run, else None."""
        return None

    def parts(self) -> int | None:
        """How many independent parts the run has, None: it is one piece. Frame k is then part k (see :class:`Experiment`),
        and all workers share in them."""
        return None


WIDGETS = (
    "number",
    "slider",
    "choice",
    "switch",
    "text",
    "code",
    "matrix",
    "image",
    "point",
    "racers",
    "changes",
    "mask",
    "hidden",
)
"""The closed list of widgets that a params field may name."""


@dataclass(frozen=True)
class Frame:
    """The state after one step; frame 0 (``step`` 0) is the initial state.

    Tensors named in ``on_demand`` are not streamed: the page learns their dtype and shape, and fetches slices
    with ``tensor`` requests. They are not copied when the frame is kept, so nobody may write into them after the yield.
    """

    step: int
    tensors: Mapping[str, np.ndarray]
    note: Mapping[str, Plain] = field(default_factory=dict)
    on_demand: Collection[str] = ()


@dataclass(frozen=True)
class Scene:
    """What stays fixed during a run: sent once, before frame 0, binary like a frame."""

    tensors: Mapping[str, np.ndarray] = field(default_factory=dict)
    note: Mapping[str, Plain] = field(default_factory=dict)


@dataclass(frozen=True)
class Progress:
    """Yielded instead of a frame at least every 100 ms while a frame is not ready. ``total`` 0: nobody knows yet."""

    done: int
    total: int
    stage: Message


@dataclass(frozen=True)
class Term:
    """One symbol of a formula and the number it has at this step.

    ``latex`` is the symbol as typeset; ``meaning`` says in words what it is; ``target`` is set where the
    number can itself be opened.
    """

    latex: str
    value: float
    meaning: Message | None = None
    target: Target | None = None


@dataclass(frozen=True)
class Equation:
    r"""One line of arithmetic: the formula, the same with numbers, its value.

    ``formula`` is LaTeX. ``substitution`` is LaTeX in which ``\num{NAME}`` stands for the number of
    ``terms[NAME]``; the page formats it (and shows every digit on hover). ``value`` is what the
    line comes to, computed here from the terms; the page shows it after an equals sign.
    """

    formula: str
    substitution: str
    value: float
    terms: Mapping[str, Term] = field(default_factory=dict)
    label: Message | None = None


@dataclass(frozen=True)
class Reference:
    """The same quantity by another road: torch's own value, or an independent formula's."""

    name: str
    value: float
    difference: float


@dataclass(frozen=True)
class Explanation:
    """A value opened: what it is, its equations in order, the result and torch's own number.

    ``note`` is what the lab's own drawing marks meanwhile: a receptive field, a patch and its kernel.
    """

    title: Message
    target: Target
    equations: Sequence[Equation]
    result: float
    reference: Reference | None = None
    remarks: Sequence[Message] = ()
    note: Mapping[str, Plain] = field(default_factory=dict)


@dataclass(frozen=True)
class Preset:
    """One click on the page: a title, what to look for, the params, and the source cited."""

    id: str
    title: Message
    caption: Message
    params: Mapping[str, Plain]
    citation: str = ""


class Experiment(Protocol):
    """The functions of an experiment's module ``app/labs/LAB/NAME.py``.

    ``script`` may be missing. Where ``params.parts()`` is a number, ``part(params, k, device)`` yields any Progress and then
    frame k, whose step is k, alone: it asks nothing of the parts before, and explanations get no previous frame. A lab's presets
    are data: ``PRESETS`` in its ``presets.py`` (no torch), a mapping from the experiment's name to its Presets.
    """

    def scene(self, params: Any, device: str = "cpu") -> Scene: ...

    def run(self, params: Any, device: str = "cpu") -> Iterator[Frame | Progress]:
        """Frames in order from step 0. A pure function of (params, device): same bytes each time."""
        ...

    def part(self, params: Any, k: int, device: str = "cpu") -> Iterator[Frame | Progress]:
        """Frame k of a run of independent parts, the same as ``run``'s. Only where ``params.parts()`` is a number."""
        ...

    def targets(self, params: Any) -> Sequence[Target]:
        """One example of every kind of value that can be opened; the contract test asks each."""
        ...

    def explain(self, params: Any, scene: Scene, previous: Frame | None, frame: Frame, target: Target) -> Explanation:
        """Replays nothing. Raises UserError for a target that does not exist."""
        ...

    def script(self, params: Any) -> str:
        """A standalone PyTorch script that prints the same numbers as the run."""
        ...
