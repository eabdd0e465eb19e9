"""The operator's own model: ``FILE.py:FACTORY``, from ``--model`` or the environment's UNROLLED_MODEL.

FACTORY takes nothing and returns an ``nn.Module``, or the module and a dict of what else is to be known of it (docs/models.md).
The file is run in the workers, once for its contents, and what it raises becomes one sentence.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

from app.labs.contract import Message, UserError
from app.labs.offered import fingerprint, offered

T = TypeVar("T")
Maker = Callable[[nn.Module, Mapping[str, Any], str, str], T]
"""(the module at rest, its options, the factory's name, the file's hash) to what a lab runs; raises what is wrong with them."""


def own(wanted: str | None, field: str, maker: Maker[T]) -> T:
    """The operator's model as ``maker`` reads it, made once for the file's contents.

    Raises UserError, of the params' ``field``, where there is none, it cannot be made, or its file's hash is not ``wanted``.
    """
    if (named := offered()) is None:
        raise UserError(Message("own.error.no_model"), (field,))
    file, factory = named
    try:
        found = fingerprint(file)
    except OSError as error:
        told = {"file": file, "problem": error.strerror or str(error)}
        raise UserError(Message("own.error.model_file", told), (field,)) from None
    if wanted is not None and wanted != found:
        raise UserError(Message("own.error.model_changed", {"wanted": wanted, "found": found}), (field,))
    try:
        made: T = _made(file, factory, found, maker)
    except UserError:
        raise
    except (Exception, SystemExit) as error:  # whatever the operator's code raises
        told = {"file": Path(file).name, "factory": factory, "problem": problem(error)}
        raise UserError(Message("own.error.model_failed", told), (field,)) from error
    return made


@lru_cache(maxsize=4)
def _made(file: str, factory: str, found: str, maker: Maker[Any]) -> Any:
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(0)  # weights that are drawn are the same in every worker
        made = getattr(_module(file, found), factory)()
    net, options = made if isinstance(made, tuple) and len(made) == 2 else (made, {})
    if not isinstance(net, nn.Module):
        raise TypeError(f"{factory}() returned {type(net).__name__}, not an nn.Module")
    if not isinstance(options, Mapping):
        raise TypeError(f"{factory}() returned a module and {type(options).__name__}, not a dict of options")
    return maker(net.eval(), options, factory, found)


def known(options: Mapping[str, Any], names: tuple[str, ...]) -> None:
    """Raises ValueError where the options hold others than ``names``."""
    if unknown := [str(name) for name in options if name not in names]:
        raise ValueError(f"no such option: {', '.join(unknown)}; known: {', '.join(names)}")


def problem(error: BaseException) -> str:
    """What the operator's code raised, in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


def _module(file: str, found: str) -> Any:
    """The file, run as a module; files beside it can be imported, as in a script."""
    name = f"unrolled_model_{found}"
    if name in sys.modules:
        return sys.modules[name]
    spec = spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{Path(file).name} is no Python file")
    code = module_from_spec(spec)
    sys.modules[name] = code  # dataclasses and pickles look their module up
    folder = str(Path(file).parent)
    if folder not in sys.path:
        sys.path.append(folder)
    try:
        spec.loader.exec_module(code)
    except BaseException:
        del sys.modules[name]
        raise
    return code
