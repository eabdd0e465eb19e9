"""The part of a copied script that makes the optimizers and their schedules: torch's classes by name, ours written out."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from typing import Any

import torch

from app.labs.optimizer.racers import Raced, Racer
from app.labs.optimizer.rules import lookahead, swats
from app.labs.optimizer.rules.build import is_switched, recipe
from app.labs.optimizer.rules.catalogue import catalogue, make
from app.labs.optimizer.schedule_kinds import Constant, Cosine, Cyclical, Exponential, OneCycle, Restarts, StepDecay
from app.labs.optimizer.schedules import factor

_BESIDE: Mapping[type, str] = {swats.SWATS: f"ADAM, SGD = {swats.ADAM!r}, {swats.SGD!r}\n\n\n{inspect.getsource(swats.rate)}"}
"""What a class uses of its module besides itself."""
RATES = '''

def rates(make, lr, steps, last=None):
    """(rate, momentum) of every step, from torch's own scheduler on an optimizer that holds nothing."""
    holder = torch.optim.SGD([torch.zeros(())], lr=lr, momentum=0.9)
    scheduler, found = make(holder), []
    for t in range(steps):
        found.append((holder.param_groups[0]["lr"], holder.param_groups[0]["momentum"]))
        if last is None or t + 1 < last:  # torch's one-cycle ends with an error; here its last rate stays
            holder.step()
            scheduler.step()
    return found
'''


def classes(params: Raced) -> list[type]:
    """Every class of ours that the racers need, parents first."""
    found: dict[type, None] = {}
    for r, racer in enumerate(params.racers):
        used: list[type] = [lookahead.Lookahead] if racer.rule == "lookahead" else [_recipe(params, r, racer)[0]]
        for cls in used:
            for parent in reversed(cls.__mro__):
                if parent.__module__.startswith("app."):
                    found.setdefault(parent)
    return list(found)


def class_code(found: Iterable[type]) -> str:
    """The sources of the classes, as they run here."""
    pieces = []
    for cls in found:
        text = inspect.getsource(cls)
        pieces.append(_BESIDE[cls].rstrip() + "\n\n\n" + text if cls in _BESIDE else text)
    return "\n\n".join(piece.rstrip() + "\n" for piece in pieces)


def _recipe(params: Raced, r: int, racer: Racer) -> tuple[type[torch.optim.Optimizer], dict[str, Any]]:
    return recipe(racer.settings(), any(is_switched(later.racers[r].settings()) for _, later in params.segments()))


def constructor(params: Raced, r: int) -> str:
    """The expression that makes racer r's optimizer over ``[p]``."""
    racer = params.racers[r]
    if racer.rule == "lookahead":
        h = racer.settings()
        if h["base"] == "adam":
            inner = _call(torch.optim.Adam, {name: h[name] for name in ("lr", "betas", "eps", "weight_decay")})
        else:
            momentum = h["momentum"] if h["base"] == "sgdm" else 0.0
            inner = _call(torch.optim.SGD, {"lr": h["lr"], "momentum": momentum, "weight_decay": h["weight_decay"]})
        return f"Lookahead({inner}, k={h['k']}, alpha={h['alpha']})"
    return _call(*_recipe(params, r, racer))


def _call(cls: type[torch.optim.Optimizer], options: Mapping[str, Any]) -> str:
    """``torch.optim.Adam([p], lr=0.09)``: settings that are the class's defaults are left out."""
    options = {("weight_decay" if name == "decay" else name): value for name, value in options.items()}
    defaults = {name: p.default for name, p in inspect.signature(cls.__init__).parameters.items()}
    told = {name: value for name, value in options.items() if name == "lr" or value != defaults.get(name)}
    name = f"torch.optim.{cls.__name__}" if cls.__module__.startswith("torch.optim") else cls.__name__
    if cls.__module__.startswith("pytorch_optimizer"):
        name = f"pytorch_optimizer.{cls.__name__}"
    return f"{name}([p], {', '.join(f'{key}={value!r}' for key, value in told.items())})"


def group_rate(params: Raced, r: int, racer: Racer) -> float:
    """The rate in racer r's group with these settings: some classes of the catalogue make another one of that they are given."""
    first = params.racers[r]
    if racer.rule not in catalogue():
        return racer.lr
    p = torch.zeros(2)
    p.grad = torch.zeros(2)
    made: float = make(first.settings(), p).param_groups[0]["lr"]
    return made if racer.lr == first.lr else made / first.lr * racer.lr


def changed_options(params: Raced, r: int, racer: Racer) -> dict[str, Any]:
    """What a branch writes into racer r's parameter group."""
    settings = racer.settings()
    if racer.rule == "lookahead":
        known = {"lr", "weight_decay", "k", "alpha", *(("betas", "eps") if settings["base"] == "adam" else ())}
        known |= {"momentum"} if settings["base"] == "sgdm" else set()
        return {name: settings[name] for name in settings if name in known}
    if racer.rule in catalogue():
        return {"lr": group_rate(params, r, racer)}
    options = _recipe(params, r, racer)[1]
    return {name: value for name, value in options.items() if name != "initial_accumulator_value"}


def schedule_code(params: Raced, r: int, racer: Racer) -> str | None:
    """``rates(lambda o: StepLR(o, 50, 0.1), 0.1, 160)``, or None for a constant rate."""
    schedule, lr, steps = racer.schedule, group_rate(params, r, racer), params.steps
    if schedule is None or isinstance(schedule, Constant):
        return None
    maker, last = _maker(schedule, lr, max(steps, 1))
    return f"rates(lambda o: {maker}, {lr!r}, {steps}{f', last={last}' if last else ''})"


def _maker(schedule: Any, lr: float, steps: int) -> tuple[str, int | None]:
    match schedule:
        case StepDecay():
            return f"StepLR(o, {schedule.step_size}, {schedule.gamma!r})", None
        case Exponential():
            return f"ExponentialLR(o, {schedule.gamma!r})", None
        case Cosine():
            return f"CosineAnnealingLR(o, {schedule.T_max or steps}, {schedule.eta_min!r})", None
        case Restarts():
            return f"CosineAnnealingWarmRestarts(o, {schedule.T_0}, {schedule.T_mult}, {schedule.eta_min!r})", None
        case Cyclical():
            base = lr / 10 if schedule.base_lr is None else schedule.base_lr
            told = _told(schedule, "kind", "base_lr")
            return f"CyclicLR(o, base_lr={base!r}, max_lr={lr!r}, {told})", None
        case OneCycle():
            total = schedule.total_steps or steps
            return f"OneCycleLR(o, max_lr={lr!r}, total_steps={total}, {_told(schedule, 'kind', 'total_steps')})", total
        case _:
            return f"LambdaLR(o, {_factor(schedule, lr, steps)})", None


def _told(schedule: Any, *left_out: str) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in schedule.model_dump().items() if name not in left_out)


def _factor(schedule: Any, lr: float, steps: int) -> str:
    """The lambda that ``schedules.factor`` gives, with its numbers put in."""
    rule = factor(schedule, lr, steps)
    source = inspect.getsource(rule)
    numbers = inspect.getclosurevars(rule).nonlocals
    body = source[source.index("lambda epoch:") :].strip()
    for name, value in numbers.items():
        body = re.sub(rf"\b{name}\b", repr(value), body)
    return body


def scheduler_names(codes: Iterable[str]) -> list[str]:
    """The scheduler classes that the expressions name."""
    return sorted({name for code in codes for name in re.findall(r"lambda o: (\w+)\(", code)})
