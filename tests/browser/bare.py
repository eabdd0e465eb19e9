"""optimizer/bare: an experiment without a drawing module, for the generic drawing and for frames larger than a page can keep.

Run as a script this is ``python -m app`` with that experiment beside the app's own.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

if __name__ == "__main__":
    sys.path[:1] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

from app.labs import registry
from app.labs.contract import Explanation, Frame, Message, Params, Scene, Target, UserError

MODULE = "browser.bare"


class Bare(Params):
    """At step t a field of ``rows`` x ``columns`` that counts from t, and three numbers."""

    experiment: ClassVar[str] = "optimizer/bare"

    steps: int = Field(40, ge=0, le=100_000)
    rows: int = Field(6, ge=1, le=1000)
    columns: int = Field(8, ge=1, le=1000)
    pause: float = Field(0, ge=0, le=1, json_schema_extra={"unit": "s"})

    def length(self) -> int | None:
        return self.steps


def scene(params: Bare, device: str = "cpu") -> Scene:
    return Scene({}, {})


def run(params: Bare, device: str = "cpu") -> Iterator[Frame]:
    cells = np.arange(params.rows * params.columns, dtype="f4").reshape(params.rows, params.columns)
    for step in range(params.steps + 1):
        time.sleep(params.pause)
        yield Frame(step, {"field": cells + step, "three": np.float32([step, -step, step**2])}, {})


def targets(params: Bare) -> Sequence[Target]:
    return []


def explain(params: Bare, scene: Scene, previous: Frame | None, frame: Frame, target: Target) -> Explanation:
    raise UserError(Message("explain.error.kind", {"got": str(target), "known": "-"}))


def _add() -> None:
    """Adds it to what the registry finds, as if it were a file of app/labs/optimizer."""
    found = registry._found
    registry._found = lambda: {**found(), Bare.experiment: Bare}  # type: ignore[assignment]
    sys.modules["app.labs.optimizer.bare"] = sys.modules[__name__]


def main() -> int:
    """``create_app`` with workers that know the experiment too."""
    import app.main
    from app import __main__ as commands
    from app.cli import serve
    from app.engine import Limits, Pool
    from app.settings import Settings

    def create_app(settings: Settings) -> Any:
        made = app.main.create_app(settings)
        made.state.engine.runner = Pool(Limits.of(settings), [MODULE])
        return made

    serve.create_app = create_app
    return commands.main()


_add()

if __name__ == "__main__":
    sys.exit(main())
