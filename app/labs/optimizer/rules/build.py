"""From a racer's settings to the optimizer that steps it: torch's class wherever torch has the rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from app.labs.optimizer.rules.adabound import AdaBound, PaperAdaBound
from app.labs.optimizer.rules.catalogue import catalogue_class, chosen
from app.labs.optimizer.rules.lion import Lion
from app.labs.optimizer.rules.lookahead import Lookahead
from app.labs.optimizer.rules.notes import NotesAdagrad, NotesMomentum, NotesRMSprop
from app.labs.optimizer.rules.paper import PaperAMSGrad, PaperMomentum, PaperRMSprop
from app.labs.optimizer.rules.sgdw import SGDW
from app.labs.optimizer.rules.swats import SWATS, PaperSWATS
from app.labs.optimizer.rules.switched import SwitchedAdam
from app.labs.optimizer.rules.table import RULES, SWITCH_NAMES

TORCH: Mapping[tuple[str, str], tuple[type[torch.optim.Optimizer], dict[str, Any]]] = {
    ("gd", "torch"): (torch.optim.SGD, {}),
    ("sgd", "torch"): (torch.optim.SGD, {}),
    ("sgd", "notes"): (torch.optim.SGD, {}),
    ("sgdm", "torch"): (torch.optim.SGD, {}),
    ("sgdm", "paper"): (PaperMomentum, {}),
    ("sgdm", "notes"): (NotesMomentum, {}),
    ("nesterov", "torch"): (torch.optim.SGD, {"nesterov": True}),
    ("nesterov", "paper"): (PaperMomentum, {"nesterov": True}),
    ("sgdw", "torch"): (SGDW, {}),
    ("adagrad", "torch"): (torch.optim.Adagrad, {}),
    ("adagrad", "notes"): (NotesAdagrad, {}),
    ("rmsprop", "torch"): (torch.optim.RMSprop, {}),
    ("rmsprop", "paper"): (PaperRMSprop, {}),
    ("rmsprop", "notes"): (NotesRMSprop, {}),
    ("adadelta", "torch"): (torch.optim.Adadelta, {}),
    ("adam", "torch"): (torch.optim.Adam, {}),
    ("amsgrad", "torch"): (torch.optim.Adam, {"amsgrad": True}),
    ("amsgrad", "paper"): (PaperAMSGrad, {}),
    ("adamw", "torch"): (torch.optim.AdamW, {}),
    ("nadam", "torch"): (torch.optim.NAdam, {}),
    ("radam", "torch"): (torch.optim.RAdam, {}),
    ("adabound", "torch"): (AdaBound, {}),
    ("adabound", "paper"): (PaperAdaBound, {}),
    ("amsbound", "torch"): (AdaBound, {"amsbound": True}),
    ("amsbound", "paper"): (PaperAdaBound, {"amsbound": True}),
    ("swats", "torch"): (SWATS, {}),
    ("swats", "paper"): (PaperSWATS, {}),
    ("lion", "torch"): (Lion, {}),
}
"""The class of every (rule, form), and what it is told besides the racer's settings."""

_NOT_OPTIONS = {"rule", "form", "schedule", "base", "k"}


def recipe(racer: Mapping[str, Any], switched: bool = False) -> tuple[type[torch.optim.Optimizer], dict[str, Any]]:
    """The class that steps a racer, and the options of its parameter group. ``switched``: some part of Adam is off at some time."""
    rule = str(racer["rule"])
    if rule not in RULES:
        return catalogue_class(rule), {"lr": racer["lr"], **chosen(racer)}
    cls, more = TORCH[rule, str(racer["form"])]
    if switched:
        cls, more = SwitchedAdam, {**more, "decoupled_weight_decay": rule == "adamw"}
    known = inspect_options(cls)
    options = {name: value for name, value in racer.items() if name in known and name not in _NOT_OPTIONS}
    if cls is SGDW:
        options["decay"] = options.pop("weight_decay")
    return cls, {**options, **more}


def inspect_options(cls: type[torch.optim.Optimizer]) -> set[str]:
    """Names of the settings that a class takes."""
    import inspect

    return set(inspect.signature(cls.__init__).parameters) - {"self", "params"}


def is_switched(racer: Mapping[str, Any]) -> bool:
    """Whether a part of Adam is off."""
    return not all(racer.get(name, True) for name in SWITCH_NAMES)


def lookahead(racer: Mapping[str, Any], p: torch.Tensor) -> Lookahead:
    """Lookahead over the inner rule that the racer names."""
    inner: torch.optim.Optimizer
    decay = racer["weight_decay"]
    match racer["base"]:
        case "adam":
            inner = torch.optim.Adam([p], lr=racer["lr"], betas=racer["betas"], eps=racer["eps"], weight_decay=decay, foreach=False)
        case base:
            momentum = racer["momentum"] if base == "sgdm" else 0.0
            inner = torch.optim.SGD([p], lr=racer["lr"], momentum=momentum, weight_decay=decay, foreach=False)
    return Lookahead(inner, racer["k"], racer["alpha"])
