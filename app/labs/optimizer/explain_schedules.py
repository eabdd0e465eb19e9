"""The schedules as closed formulas of the step: what torch's schedulers reach by recursion, written for one step.

``rate(schedule, lr, steps, t)`` gives the lines of the learning rate of step t and the numbers put in; ``n = t - 1`` counts the
schedule's steps from 0, as torch does.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from app.labs.optimizer.schedule_kinds import (
    Cosine,
    Cyclical,
    Exponential,
    InverseSqrt,
    OneCycle,
    RangeTest,
    Restarts,
    StepDecay,
    Warmup,
)


class Lines(NamedTuple):
    """Lines of arithmetic and the numbers that they start from."""

    text: str
    given: dict[str, float]


def rate(schedule: Any, lr: float, steps: int, t: int) -> Lines:
    """The learning rate ``eta`` of step t of a run of ``steps``."""
    n, steps = t - 1, max(steps, 1)
    start = {"eta_0": lr, "n": float(n)}
    match schedule:
        case StepDecay():
            return Lines("eta = eta_0 * gamma_l**floor(n / S)", {**start, "gamma_l": schedule.gamma, "S": schedule.step_size})
        case Exponential():
            return Lines("eta = eta_0 * gamma_l**n", {**start, "gamma_l": schedule.gamma})
        case Cosine():
            return _cosine(start, schedule.eta_min, n, schedule.T_max or steps)
        case Restarts():
            return _cosine(start, schedule.eta_min, *_since_restart(n, schedule.T_0, schedule.T_mult))
        case Cyclical():
            base = lr / 10 if schedule.base_lr is None else schedule.base_lr
            lines = _triangle(schedule, n)
            return Lines(f"{lines.text}\neta = eta_low + (eta_0 - eta_low) * h", {**start, **lines.given, "eta_low": base})
        case OneCycle():
            low = lr / schedule.div_factor
            heights = (
                (low, lr, low / schedule.final_div_factor)
                if not schedule.three_phase
                else (low, lr, low, low / schedule.final_div_factor)
            )
            return _phase(schedule, heights, steps, n, "eta")
        case Warmup():
            end = schedule.total_steps or steps
            if n < schedule.warmup:
                return Lines("eta = eta_0 * t / U", {**start, "t": t, "U": schedule.warmup})
            return Lines("eta = eta_0 * max(0, (T - n) / max(1, T - U))", {**start, "T": end, "U": schedule.warmup})
        case InverseSqrt():
            return Lines("eta = eta_0 * min(t / U, sqrt(U / t))", {**start, "t": t, "U": schedule.warmup})
        case RangeTest():
            last = max(1, (schedule.num_steps or steps) - 1)
            given = {**start, "eta_end": schedule.end_lr, "N": last}
            if schedule.mode == "linear":
                return Lines("eta = eta_0 + (eta_end - eta_0) * min(1, n / N)", given)
            return Lines("eta = eta_0 * (eta_end / eta_0)**min(1, n / N)", given)
        case _:
            return Lines("eta = eta_0", {"eta_0": lr})


def momentum(schedule: Any, steps: int, t: int) -> Lines | None:
    """The momentum ``mu`` of step t where the schedule cycles it, else None."""
    if not getattr(schedule, "cycle_momentum", False):
        return None
    high, low = schedule.max_momentum, schedule.base_momentum
    match schedule:
        case Cyclical():
            lines = _triangle(schedule, t - 1)
            return Lines(
                f"{lines.text}\nmu = mu_max - (mu_max - mu_min) * h", {**lines.given, "n": t - 1, "mu_max": high, "mu_min": low}
            )
        case _:
            heights = (high, low, high) if not schedule.three_phase else (high, low, high, high)
            return _phase(schedule, heights, max(steps, 1), t - 1, "mu")


def _cosine(start: dict[str, float], eta_min: float, n: int, period: int) -> Lines:
    text = "eta = eta_min + (eta_0 - eta_min) * (1 + cos(pi * n / T)) / 2"
    return Lines(text, {**start, "n": n, "eta_min": eta_min, "T": period})


def _since_restart(n: int, period: int, factor: int) -> tuple[int, int]:
    """Steps since the last warm restart and the length of the cycle they are in."""
    while n >= period:
        n, period = n - period, period * factor
    return n, period


def _triangle(schedule: Cyclical, n: int) -> Lines:
    """The height ``h`` of CyclicLR's triangle, from 0 to 1 and back."""
    down = schedule.step_size_up if schedule.step_size_down is None else schedule.step_size_down
    period = schedule.step_size_up + down
    share = schedule.step_size_up / period
    cycle = math.floor(1 + n / period)
    place = 1 + n / period - cycle
    text = "c = floor(1 + n / P)\nz = 1 + n / P - c\n" + ("h = z / q" if place <= share else "h = (z - 1) / (q - 1)")
    given = {"P": period, "q": share}
    if schedule.mode == "triangular2":
        text += " / 2**(c - 1)"
    if schedule.mode == "exp_range":
        text += " * gamma_l**n"
        given["gamma_l"] = schedule.gamma
    return Lines(text, {**given, "n": n})


def _phase(schedule: OneCycle, heights: tuple[float, ...], steps: int, n: int, name: str) -> Lines:
    """One-cycle's anneal from one height to the next; after its last step the last height stays."""
    total = schedule.total_steps or steps
    n = min(n, total - 1)
    first = schedule.pct_start * total - 1
    ends = [first, total - 1] if not schedule.three_phase else [first, 2 * schedule.pct_start * total - 2, total - 1]
    phase = next((i for i, end in enumerate(ends) if n <= end or i == len(ends) - 1))
    begin = ends[phase - 1] if phase else 0.0
    given = {"n": n, "n_0": begin, "n_1": ends[phase], "h_0": heights[phase], "h_1": heights[phase + 1]}
    shape = "h_1 + (h_0 - h_1) / 2 * (1 + cos(pi * z))" if schedule.anneal_strategy == "cos" else "h_0 + (h_1 - h_0) * z"
    return Lines(f"z = (n - n_0) / (n_1 - n_0)\n{name} = {shape}", given)
