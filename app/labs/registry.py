"""Finds the experiments: every Params class of ``app/labs/LAB/params.py`` (or the package ``params/``) that names one.

Nobody edits a list, but for the order: ``tabs``. Params are imported without torch; an experiment's own module (torch) only when
it is asked for.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from app.labs.contract import Experiment, Message, Params, Preset, UserError
from app.labs.errors import ParamsError, field_errors
from app.labs.tabs import ordered


@cache
def _found() -> dict[str, type[Params]]:
    found: dict[str, type[Params]] = {}
    for lab in pkgutil.iter_modules([str(Path(__file__).parent)]):
        name = f"app.labs.{lab.name}.params"
        if not lab.ispkg or find_spec(name) is None:
            continue
        for _, cls in inspect.getmembers(importlib.import_module(name), inspect.isclass):
            if issubclass(cls, Params) and f"{cls.__module__}.".startswith(f"{name}.") and "experiment" in vars(cls):
                found[cls.experiment] = cls
    return {name: found[name] for name in ordered(found)}


def experiments() -> dict[str, type[Params]]:
    """Each experiment's name, e.g. ``"optimizer/race"``, and the class of its params, in the order of tabs. Imports no torch."""
    return dict(_found())


def module(experiment: str) -> Experiment:
    """The experiment's module, imported at the first call. Raises UserError for a name that nobody has."""
    _known(experiment)
    return cast(Experiment, importlib.import_module(f"app.labs.{_file(experiment).replace('/', '.')}"))


def _file(experiment: str) -> str:
    """Where the experiment's module lies under ``app/labs``: "attention/by-hand" in ``attention/by_hand``."""
    return experiment.replace("-", "_")


def has_module(name: str) -> bool:
    """Whether ``"LAB/NAME"`` has an experiment's module, told by the files alone: nothing is imported."""
    path = Path(__file__).parent / _file(name)
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def presets(experiment: str) -> Sequence[Preset]:
    """The experiment's presets, () where it has none. Imports no torch."""
    _known(experiment)
    lab, _, name = experiment.partition("/")
    path = f"app.labs.{lab}.presets"
    if find_spec(f"app.labs.{lab}") is None or find_spec(path) is None:
        return ()
    all_presets: Mapping[str, Sequence[Preset]] = importlib.import_module(path).PRESETS
    return tuple(all_presets.get(name, ()))


def params_from(experiment: str, values: Mapping[str, Any]) -> Params:
    """Checked params. Raises ParamsError, which says of every bad field what would be good; UserError for an unknown experiment."""
    try:
        return _known(experiment).model_validate(dict(values))
    except ValidationError as error:
        raise ParamsError(field_errors(error)) from error


def _known(experiment: str) -> type[Params]:
    known = _found()
    if experiment not in known:
        raise UserError(Message("error.experiment", {"got": experiment, "known": ", ".join(known)}))
    return known[experiment]
