r"""The effective rate of every rule: what multiplies its direction (gradient, momentum or corrected moment) in each coordinate.

Every rule here divides by a root, so one shape serves all:  rate = a / (b sqrt(v) + c),  clipped into AdaBound's band.
A rule says (v, a, b, c) for step t; ``v`` None stands for a plain rate, the same in both coordinates.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

Arrays: TypeAlias = Mapping[str, np.ndarray]
Parts: TypeAlias = "tuple[np.ndarray | None, float, float, float]"
Rate: TypeAlias = "Callable[[int, dict[str, Any], float, Arrays, Arrays], Parts] | None"
"""(t, the optimizer's group, the step's lr, state now, state before) -> (v, a, b, c). None: nobody knows the rule's inside."""


def plain(t: int, group: dict[str, Any], lr: float, now: Arrays, before: Arrays) -> Parts:
    return None, lr, 0.0, 1.0


def rooted(name: str) -> Callable[..., Parts]:
    """lr / (sqrt(v) + eps)."""

    def rate(t: int, group: dict[str, Any], lr: float, now: Arrays, before: Arrays) -> Parts:
        return now[name], lr, 1.0, group.get("eps", 0.0)

    return rate


def adagrad(t: int, group: dict[str, Any], lr: float, now: Arrays, before: Arrays) -> Parts:
    return now["sum"], lr / (1 + (t - 1) * group["lr_decay"]), 1.0, group["eps"]


def rmsprop(t: int, group: dict[str, Any], lr: float, now: Arrays, before: Arrays) -> Parts:
    v = now["square_avg"]
    return (v - now["grad_avg"] ** 2 if group["centered"] else v), lr, 1.0, group["eps"]


def adadelta(t: int, group: dict[str, Any], lr: float, now: Arrays, before: Arrays) -> Parts:
    eps = group["eps"]
    return (now["square_avg"] + eps) / (before["acc_delta"] + eps), lr, 1.0, 0.0


def adam(name: str) -> Callable[..., Parts]:
    """lr / (sqrt(v / (1 - beta_2^t)) + eps), on the corrected first moment; parts may be switched off."""

    def rate(t: int, group: dict[str, Any], lr: float, now: Arrays, before: Arrays) -> Parts:
        if not group.get("use_scaling", True):
            return None, lr, 0.0, 1.0
        corrected = group.get("bias_correction", True)
        return now[name], lr, 1 / math.sqrt(1 - group["betas"][1] ** t) if corrected else 1.0, group["eps"]

    return rate


def radam(t: int, group: dict[str, Any], lr: float, now: Arrays, before: Arrays) -> Parts:
    beta_2 = group["betas"][1]
    rho_inf = 2 / (1 - beta_2) - 1
    rho_t = rho_inf - 2 * t * beta_2**t / (1 - beta_2**t)
    if rho_t <= 5:
        return None, lr, 0.0, 1.0
    r_t = math.sqrt((rho_t - 4) * (rho_t - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho_t))
    return now["exp_avg_sq"], lr * r_t * math.sqrt(1 - beta_2**t), 1.0, group["eps"]


def bounded(name: str, paper: bool) -> Callable[..., Parts]:
    """AdaBound's rate before it is clipped into the band, on the uncorrected first moment."""

    def rate(t: int, group: dict[str, Any], lr: float, now: Arrays, before: Arrays) -> Parts:
        if paper:
            return now[name], lr, 1.0, 0.0
        beta_1, beta_2 = group["betas"]
        return now[name], lr * math.sqrt(1 - beta_2**t) / (1 - beta_1**t), 1.0, group["eps"]

    return rate


def swats(t: int, group: dict[str, Any], lr: float, now: Arrays, before: Arrays) -> Parts:
    if before["phase"]:
        return None, lr, 0.0, 1.0
    beta_1, beta_2 = group["betas"]
    return now["exp_avg_sq"], group["lr"] * math.sqrt(1 - beta_2**t) / (1 - beta_1**t), 1.0, group["eps"]


def rate_of(racer: Mapping[str, Any]) -> Rate:
    """The effective rate of a racer with these settings."""
    paper = racer["form"] != "torch"
    match racer["rule"]:
        case "adagrad":
            return rooted("sum") if paper else adagrad
        case "rmsprop":
            return rooted("square_avg") if paper else rmsprop
        case "adadelta":
            return adadelta
        case "amsgrad":
            return rooted("max_exp_avg_sq") if paper else adam("max_exp_avg_sq")
        case "adam" | "adamw" | "nadam":
            return adam("exp_avg_sq")
        case "lookahead":
            return adam("exp_avg_sq") if racer["base"] == "adam" else plain
        case "radam":
            return radam
        case "adabound":
            return bounded("exp_avg_sq", paper)
        case "amsbound":
            return bounded("max_exp_avg_sq", paper)
        case "swats":
            return swats
        case "gd" | "sgd" | "sgdm" | "nesterov" | "sgdw" | "lion":
            return plain
        case _:
            return None
