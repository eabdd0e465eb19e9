"""``train``: runs one of ``app/training``'s modules, which make data, train, report and save shipped weights."""

from __future__ import annotations

import argparse
import importlib
import pkgutil

import app.training
from app.cli.words import refuse
from app.labs.contract import Message, UserError


def train(options: argparse.Namespace) -> int:
    """Trains what is named; without a name prints what there is."""
    names = [module.name for module in pkgutil.iter_modules(app.training.__path__) if not module.ispkg]
    if options.name is None:
        print("\n".join(names))
        return 0
    if options.name not in names:
        return refuse(Message("cli.train.unknown", {"name": options.name, "known": ", ".join(names)}))
    module = importlib.import_module(f"app.training.{options.name}")
    try:
        module.main(options.data)
    except UserError as error:
        return refuse(error.message)
    return 0
