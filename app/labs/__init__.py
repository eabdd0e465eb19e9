"""The labs from Python: ``for frame in labs.run("optimizer/race", surface="rosenbrock"): ...``, no server needed.

``experiments`` and ``presets`` import no torch; ``module``, ``scene`` and ``run`` do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.labs.contract import Frame, Scene
from app.labs.errors import ParamsError
from app.labs.registry import experiments, module, params_from, presets

__all__ = ["ParamsError", "experiments", "module", "params_from", "presets", "run", "scene"]


def run(experiment: str, *, device: str = "cpu", **params: Any) -> Iterator[Frame]:
    """The frames of an experiment such as ``"optimizer/race"``, from step 0 on.

    The params are checked at once, before the first frame is asked for: raises ParamsError.
    """
    checked = params_from(experiment, params)
    return (item for item in module(experiment).run(checked, device) if isinstance(item, Frame))


def scene(experiment: str, *, device: str = "cpu", **params: Any) -> Scene:
    """What stays fixed during the run of these params. Raises ParamsError."""
    return module(experiment).scene(params_from(experiment, params), device)
