r"""The schedules' settings, torch's names and defaults wherever torch has the schedule. No torch here; ``schedules`` runs them.

The racer's ``lr`` is the highest rate of every schedule but the range test, which starts there.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Steps: TypeAlias = Annotated[int, Field(ge=1, le=100_000)]


class _Kind(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Constant(_Kind):
    """The rate stays."""

    kind: Literal["constant"] = "constant"


class StepDecay(_Kind):
    """Times ``gamma`` every ``step_size`` steps (StepLR)."""

    kind: Literal["step"] = "step"
    step_size: Steps = 50
    gamma: float = Field(0.1, gt=0, le=1)


class Exponential(_Kind):
    """Times ``gamma`` at every step (ExponentialLR)."""

    kind: Literal["exponential"] = "exponential"
    gamma: float = Field(0.98, gt=0, le=1)


class Cosine(_Kind):
    """Half a cosine from ``lr`` down to ``eta_min`` in ``T_max`` steps, None: the whole run (CosineAnnealingLR)."""

    kind: Literal["cosine"] = "cosine"
    T_max: Steps | None = None
    eta_min: float = Field(0.0, ge=0, le=1000)


class Cyclical(_Kind):
    """Up from ``base_lr`` (None: a tenth of ``lr``) to ``lr`` and down again (CyclicLR; L. N. Smith 2017, arXiv:1506.01186)."""

    kind: Literal["cyclical"] = "cyclical"
    base_lr: float | None = Field(None, gt=0, le=1000)
    step_size_up: Steps = 20
    step_size_down: Steps | None = None
    mode: Literal["triangular", "triangular2", "exp_range"] = "triangular"
    gamma: float = Field(1.0, gt=0, le=1)
    cycle_momentum: bool = False
    base_momentum: float = Field(0.8, ge=0, lt=1)
    max_momentum: float = Field(0.9, ge=0, lt=1)


class Restarts(_Kind):
    """SGDR: a cosine of ``T_0`` steps, again and again ``T_mult`` times as long (CosineAnnealingWarmRestarts; arXiv:1608.03983)."""

    kind: Literal["sgdr"] = "sgdr"
    T_0: Steps = 20
    T_mult: int = Field(2, ge=1, le=10)
    eta_min: float = Field(0.0, ge=0, le=1000)


class OneCycle(_Kind):
    """Once up to ``lr`` and down again to almost nothing (OneCycleLR; arXiv:1708.07120). ``total_steps`` None: the whole run."""

    kind: Literal["one-cycle"] = "one-cycle"
    total_steps: Steps | None = None
    pct_start: float = Field(0.3, gt=0, lt=1)
    anneal_strategy: Literal["cos", "linear"] = "cos"
    div_factor: float = Field(25.0, ge=1, le=1e6)
    final_div_factor: float = Field(1e4, ge=1, le=1e9)
    three_phase: bool = False
    cycle_momentum: bool = False
    base_momentum: float = Field(0.85, ge=0, lt=1)
    max_momentum: float = Field(0.95, ge=0, lt=1)


class Warmup(_Kind):
    """Linear up to ``lr`` in ``warmup`` steps, then down to 0 at ``total_steps`` (None: the whole run), as BERT was trained."""

    kind: Literal["warmup"] = "warmup"
    warmup: Steps = 16
    total_steps: Steps | None = None


class InverseSqrt(_Kind):
    """Linear warm-up to ``lr``, then lr sqrt(warmup / t): the Transformer's schedule (arXiv:1706.03762, eq. 3)."""

    kind: Literal["inverse-sqrt"] = "inverse-sqrt"
    warmup: Steps = 16


class RangeTest(_Kind):
    """From ``lr`` to ``end_lr`` over ``num_steps`` (None: the whole run): where the loss falls fastest is the rate to take."""

    kind: Literal["range-test"] = "range-test"
    end_lr: float = Field(1.0, gt=0, le=1000)
    num_steps: Steps | None = None
    mode: Literal["exponential", "linear"] = "exponential"


Schedule: TypeAlias = Annotated[
    Constant | StepDecay | Exponential | Cosine | Cyclical | Restarts | OneCycle | Warmup | InverseSqrt | RangeTest,
    Field(discriminator="kind"),
]
KINDS = ("constant", "step", "exponential", "cosine", "cyclical", "sgdr", "one-cycle", "warmup", "inverse-sqrt", "range-test")
