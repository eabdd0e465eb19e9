"""The operator's own network: ``FILE.py:FACTORY``, from ``--model`` or the environment's UNROLLED_MODEL.

FACTORY takes nothing and returns an ``nn.Module``, or the module and a dict of what else is to be known of it (docs/models.md):
``classes``, ``mean``, ``std``, ``size``, ``preprocess``, ``title``. The file is run in the workers, once for its contents, and
what it raises becomes one sentence.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import lru_cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import torch
from torch import nn

from app.labs.contract import Message, UserError
from app.labs.convolution.network.models import Model
from app.labs.convolution.offered import fingerprint, offered

OPTIONS = ("classes", "mean", "std", "size", "preprocess", "title")
MOST_CLASSES = 100_000
SIZES = (4, 512)
"""The sides of an input that a model may ask for."""


def own(wanted: str | None) -> Model:
    """The operator's network. Raises UserError where there is none, it cannot be made, or its file's hash is not ``wanted``."""
    if (named := offered()) is None:
        raise UserError(Message("convolution.network.error.no_model"), ("network",))
    file, factory = named
    try:
        found = fingerprint(file)
    except OSError as error:
        told = {"file": file, "problem": error.strerror or str(error)}
        raise UserError(Message("convolution.network.error.model_file", told), ("network",)) from None
    if wanted is not None and wanted != found:
        raise UserError(Message("convolution.network.error.model_changed", {"wanted": wanted, "found": found}), ("network",))
    return _made(file, factory, found)


@lru_cache(maxsize=2)
def _made(file: str, factory: str, found: str) -> Model:
    try:
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(0)  # weights that are drawn are the same in every worker
            made = getattr(_module(file, found), factory)()
        net, options = made if isinstance(made, tuple) and len(made) == 2 else (made, {})
        if not isinstance(net, nn.Module):
            raise TypeError(f"{factory}() returned {type(net).__name__}, not an nn.Module")
        return Model(
            net.eval(), card={"parameters": sum(p.numel() for p in net.parameters())}, hash=found, **_options(options, factory)
        )
    except (Exception, SystemExit) as error:  # whatever the operator's code raises
        told = {"file": Path(file).name, "factory": factory, "problem": problem(error)}
        raise UserError(Message("convolution.network.error.model_failed", told), ("network",)) from error


def problem(error: BaseException) -> str:
    """What the operator's code raised, in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


def _module(file: str, found: str) -> Any:
    """The file, run as a module; files beside it can be imported, as in a script."""
    spec = spec_from_file_location(f"unrolled_model_{found}", file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{Path(file).name} is no Python file")
    code = module_from_spec(spec)
    sys.modules[spec.name] = code  # dataclasses and pickles look their module up
    folder = str(Path(file).parent)
    if folder not in sys.path:
        sys.path.append(folder)
    spec.loader.exec_module(code)
    return code


def _options(given: Any, factory: str) -> dict[str, Any]:
    """The dict beside the module, checked. Raises TypeError or ValueError."""
    if not isinstance(given, Mapping):
        raise TypeError(f"{factory}() returned a module and {type(given).__name__}, not a dict of options")
    if unknown := [str(name) for name in given if name not in OPTIONS]:
        raise ValueError(f"no such option: {', '.join(unknown)}; known: {', '.join(OPTIONS)}")
    options: dict[str, Any] = {"title": str(given.get("title", factory))[:200]}
    classes = tuple(str(name)[:200] for name in given.get("classes", ()))
    if len(classes) > MOST_CLASSES:
        raise ValueError(f"at most {MOST_CLASSES} classes (got {len(classes)})")
    options["classes"] = classes
    for name in ("mean", "std"):
        if name in given:
            options[name] = tuple(float(value) for value in given[name])
    shape = {len(options.get("mean", (0.0,) * len(options.get("std", "rgb")))), len(options.get("std", options.get("mean", "rgb")))}
    if shape - {1, 3} or len(shape) > 1:
        raise ValueError("mean and std need one number for grey pictures or three for coloured ones, the same for both")
    if shape == {1}:
        options = {"mean": (0.0,), "std": (1.0,), **options}
    if any(value <= 0 for value in options.get("std", ())):
        raise ValueError("std must be above 0")
    if given.get("size") is not None:
        options["size"] = int(given["size"])
        if not SIZES[0] <= options["size"] <= SIZES[1]:
            raise ValueError(f"size must be from {SIZES[0]} to {SIZES[1]} (got {options['size']})")
    if given.get("preprocess") is not None:
        if not callable(given["preprocess"]):
            raise TypeError("preprocess must be a function of a PIL image")
        options["preprocess"] = given["preprocess"]
    return options
