"""Further rules, from the package ``pytorch_optimizer``: those that step a 2-vector with their defaults.

``catalogue.json`` has of each its class, its defaults and its state, so that params and page need neither torch nor the package;
it is written by ``python -m app.labs.optimizer.rules.catalogue`` and a test tells when it drifts. Left out: rules under a
non-commercial licence (Fromage, Nero), rules that draw random numbers (a run must be the same each time), that need a closure, a
model, a Hessian or a matrix, that step in float32 only, that have no rate or do not move, and those that the race has of its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.labs.contract import Message, UserError
from app.labs.optimizer.rules.table import RULES

if TYPE_CHECKING:
    import torch

FILE = Path(__file__).with_name("catalogue.json")
NON_COMMERCIAL = {"fromage", "nero"}
WITH_HESSIAN = {"adahessian", "sophiah"}
SAME_AS_OURS = set(RULES)
_STEPS = 25
_NO_SETTINGS = {"params", "lr", "maximize", "foreach", "kwargs", "capturable", "differentiable", "fused"}


@cache
def catalogue() -> Mapping[str, Mapping[str, Any]]:
    """Rule -> {"title", "lr", "options": {name: default}, "state": {name: shape}}."""
    known: Mapping[str, Mapping[str, Any]] = json.loads(FILE.read_text())
    return known


def catalogue_class(rule: str) -> type[torch.optim.Optimizer]:
    """The class of a rule; imports the package."""
    import pytorch_optimizer

    cls: type[torch.optim.Optimizer] = pytorch_optimizer.load_optimizer(rule)
    return cls


def chosen(racer: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that a catalogue racer's ``options`` name, lists as the tuples that torch takes."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in racer["options"].items()}


def make(racer: Mapping[str, Any], *parameters: torch.Tensor) -> torch.optim.Optimizer:
    """The optimizer of a catalogue racer over its own parameters. Raises UserError for settings that the rule refuses."""
    rate: dict[str, Any] = {} if racer["lr"] is None else {"lr": racer["lr"]}
    try:
        return catalogue_class(racer["rule"])([*parameters], **rate, **chosen(racer))
    except Exception as error:  # whatever a foreign constructor raises, the settings are to blame
        raise UserError(Message("error.refused", {"rule": racer["rule"], "why": str(error)[:200]})) from error


def describe() -> dict[str, dict[str, Any]]:
    """What ``catalogue.json`` should say with the installed ``pytorch_optimizer``."""
    import pytorch_optimizer

    found = {}
    for name in sorted(pytorch_optimizer.get_supported_optimizers()):
        if name in NON_COMMERCIAL | WITH_HESSIAN | SAME_AS_OURS:
            continue
        try:
            paths = [_try(name, seed) for seed in (0, 1)]
            _try(name, 0, double=True)
        except Exception:  # whatever stops a rule from stepping a 2-vector keeps it out
            continue
        (path, state), (again, _) = paths
        settings = _settings(name)
        if path == again and path[0] != path[-1] and settings["lr"] is not None:
            found[name] = {**settings, "state": state}
    return found


def _try(name: str, seed: int, double: bool = False) -> tuple[list[list[float]], dict[str, list[int]]]:
    """A few steps down a bowl; the positions and what is remembered in vectors and numbers."""
    import random

    import numpy as np
    import torch

    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    positions = torch.tensor([[-0.3, -0.7], [1.0, 1.0]], dtype=torch.float64 if double else torch.float32)
    p = positions[0]
    p.grad = torch.zeros_like(p)
    optimizer = make({"rule": name, "lr": None, "options": {}}, p)
    path = [p.tolist()]
    for _ in range(_STEPS):
        p.grad.copy_(2 * p + torch.tensor([1.0, -3.0]))
        optimizer.step()
        path.append(p.tolist())
    if not bool(torch.isfinite(p).all()):
        raise ArithmeticError(name)
    kept = optimizer.state.get(p, {})
    shapes = {key: [2] if value.numel() == 2 else [] for key, value in kept.items() if _shown(key, value)}
    return path, shapes


def _shown(key: str, value: Any) -> bool:
    import torch

    return key != "step" and isinstance(value, torch.Tensor) and value.numel() in (1, 2) and not value.dtype.is_complex


def _settings(name: str) -> dict[str, Any]:
    import inspect
    import math

    import pytorch_optimizer

    cls = pytorch_optimizer.load_optimizer(name)
    defaults = {key: one.default for key, one in inspect.signature(cls.__init__).parameters.items() if one.default is not one.empty}

    def plain(value: Any) -> bool:
        if isinstance(value, tuple):
            return all(isinstance(v, int | float) for v in value)
        return isinstance(value, bool | str) or (isinstance(value, int | float) and math.isfinite(value))

    options = {key: value for key, value in defaults.items() if key not in _NO_SETTINGS and plain(value)}
    return {"title": cls.__name__, "lr": defaults.get("lr"), "options": options}


if __name__ == "__main__":
    FILE.write_text(json.dumps(json.loads(json.dumps(describe())), indent=1) + "\n")
