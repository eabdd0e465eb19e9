"""``train``: runs one of ``app/training``'s modules, which make data, train, report and save shipped weights."""

from __future__ import annotations

import argparse
import importlib
import pkgutil

import app.training
from app.cli.words import catalogue, refuse
from app.labs.contract import Message


def train(options: argparse.Namespace) -> int:
    """Trains what is named; without a name prints what there is."""
    names = [module.name for module in pkgutil.iter_modules(app.training.__path__)]
    if options.name is None:
        print("\n".join(names) if names else catalogue().text("cli.train.none"))
        return 0
    if options.name not in names:
        return refuse(Message("cli.train.unknown", {"name": options.name, "known": ", ".join(names) or "-"}))
    module = importlib.import_module(f"app.training.{options.name}")
    module.main()
    return 0
