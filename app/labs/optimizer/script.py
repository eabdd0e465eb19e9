"""A race as a standalone PyTorch script: what it prints are the race's own numbers, digit for digit on the same torch.

The script holds only what the race needs. Random numbers (noise, batches, rare events) come from numpy's generator, seeded as here.
"""

from __future__ import annotations

from itertools import pairwise

from app.labs.optimizer.field import LIMIT
from app.labs.optimizer.params.race import RaceParams
from app.labs.optimizer.race import labels
from app.labs.optimizer.script_rules import (
    RATES,
    changed_options,
    class_code,
    classes,
    constructor,
    schedule_code,
    scheduler_names,
)
from app.labs.optimizer.script_source import bounds, needs_numpy, source_code
from app.labs.optimizer.surfaces import Point

_LOOP = """
p = torch.tensor(START, dtype=DTYPE)
positions = [p.clone() for _ in racers]
optimizers = [make(p) for (_, make), p in zip(racers, positions)]
racing = [True] * len(racers)


def show(t):
    for (name, _), p in zip(racers, positions):
        print(t, name, *p.tolist(), loss(p), sep="\\t")

{before}

show(0)
for t in range(1, STEPS + 1):
{branches}    for r, (p, optimizer) in enumerate(zip(positions, optimizers)):
        if not (racing[r] and abs(loss(p)) < float("inf")):  # NaN is not below either
            continue
        before = p.clone()
{rates}        g = gradient(p, t, full={full})
{noise}{clip}        p.grad = g
        optimizer.step()
{project}        if not (p.abs() <= {limit!r}).all():  # it has diverged: it stays where it was
            p.copy_(before)
            racing[r] = False
    show(t)
"""
_BEFORE = """
held = [p.clone() for p in positions]
for _ in range({steps}):  # steps before the first that is shown: the racers are put back to the start and only remember them
    for r, (p, optimizer) in enumerate(zip(positions, optimizers)):
{rates}        p.grad = gradient(p, 0, full={full})
        optimizer.step()
    for p, start in zip(positions, held):
        p.copy_(start)
"""
_RATE = """\
        if schedules[r]:
            group = optimizer.param_groups[0]
            group["lr"], momentum = schedules[r][t - 1]
"""
_CYCLE = """\
            if cycles[r] and "betas" in group:
                group["betas"] = (momentum, group["betas"][1])
            elif cycles[r]:
                group["momentum"] = momentum
"""


def script(params: RaceParams) -> str:
    """Python source that runs the race with torch alone and prints step, racer, x, y and loss of every racer at every step."""
    segments = [segment for _, segment in params.segments()]
    codes = [schedule_code(params, r, racer) for segment in segments for r, racer in enumerate(segment.racers)]
    scheduled = [code for code in codes if code]
    pieces = [
        head('"""A race of optimizers: prints step, racer, x, y and loss, tab-separated."""', params, scheduled)
        + f"START = {_start(params)!r}",
        source_code(params, segments),
        class_code(classes(params)),
        RATES.strip("\n") + "\n" if scheduled else "",
        _racers(params),
        _settings(params, segments, bool(scheduled)),
        _loop(params, segments, bool(scheduled)).strip("\n") + "\n",
    ]
    return "\n\n".join(piece.strip("\n") + "\n" for piece in pieces if piece.strip())


def head(title: str, params: RaceParams, scheduled: list[str]) -> str:
    """The docstring, the imports and the run's own constants; ``scheduled``: the schedules' code."""
    segments = [segment for _, segment in params.segments()]
    ours = classes(params)
    lines = [title, "", "from __future__ import annotations", ""]
    if ours:
        lines += ["import math", "from collections.abc import Callable", "from typing import Any", ""]
    if needs_numpy(params, segments):
        lines += ["import numpy as np"]
    lines += ["import torch"]
    if ours:
        lines += ["from torch import Tensor"]
    if scheduled:
        lines += [f"from torch.optim.lr_scheduler import {', '.join(scheduler_names(scheduled))}"]
    if any("pytorch_optimizer." in constructor(params, r) for r in range(len(params.racers))):
        lines += ["import pytorch_optimizer"]
    lines += [
        "",
        "torch.set_num_threads(1)",
        f"DTYPE = torch.{params.dtype}",
        f"SEED = {params.seed}",
        f"STEPS = {params.steps}",
    ]
    return "\n".join(lines) + "\n"


def _start(params: RaceParams) -> Point:
    if params.start is not None:
        return params.start
    from app.labs.optimizer.sources import make_source

    return make_source(params).picture.start


def _racers(params: RaceParams) -> str:
    names = labels(params)
    lines = [f"    ({names[r]!r}, lambda p: {constructor(params, r)})," for r in range(len(params.racers))]
    return "\n".join(["racers = [", *lines, "]"])


def _settings(params: RaceParams, segments: list[RaceParams], scheduled: bool) -> str:
    lines = [f"batch_size = {params.batch_size}"] if needs_numpy(params, segments) else []
    if any(segment.noise for segment in segments):
        lines.append(f"noise = {params.noise!r}")
    if any(segment.clip is not None for segment in segments):
        lines.append(f"clip = {params.clip!r}")
    if scheduled:
        lines += ["schedules = [", *(f"    {schedule_code(params, r, racer)}," for r, racer in enumerate(params.racers)), "]"]
        if _cycles(segments):
            lines.append(f"cycles = {[bool(getattr(racer.schedule, 'cycle_momentum', False)) for racer in params.racers]}")
    return "\n".join(lines)


def _cycles(segments: list[RaceParams]) -> bool:
    return any(getattr(racer.schedule, "cycle_momentum", False) for segment in segments for racer in segment.racers)


def _loop(params: RaceParams, segments: list[RaceParams], scheduled: bool) -> str:
    full = [racer.rule == "gd" for racer in params.racers]
    some = "True" if all(full) else "r in " + repr({r for r, whole in enumerate(full) if whole}) if any(full) else "False"
    unless = "" if not any(full) else f" and not ({some})"
    box = bounds(params)
    rates = _RATE + (_CYCLE if _cycles(segments) else "") if scheduled else ""
    return _LOOP.format(
        branches=_branches(params, scheduled, _cycles(segments)),
        before=_BEFORE.format(steps=params.before, rates=rates.replace("[t - 1]", "[0]"), full=some) if params.before else "",
        rates=rates,
        full=some,
        noise=f"        if noise{unless}:\n            g = g + draw(t)\n" if any(s.noise for s in segments) else "",
        clip="        if clip is not None:\n            g = clipped(g, clip)\n"
        if any(s.clip is not None for s in segments)
        else "",
        project=f"        p.clamp_({box[0]!r}, {box[1]!r})\n" if box else "",
        limit=LIMIT,
    )


def _branches(params: RaceParams, scheduled: bool, cycles: bool) -> str:
    """What the changes set, at the steps from which they hold."""
    lines = []
    segments = params.segments()
    for (_, old), (first, new) in pairwise(segments):
        lines.append(f"    if t == {first}:")
        for name in ("batch_size", "noise", "clip"):
            if getattr(old, name) != getattr(new, name):
                lines.append(f"        {name} = {getattr(new, name)!r}")
        for r, (was, racer) in enumerate(zip(old.racers, new.racers, strict=True)):
            if was == racer:
                continue
            told = ", ".join(f"{name}={value!r}" for name, value in changed_options(params, r, racer).items())
            lines.append(f"        optimizers[{r}].param_groups[0].update({told})")
            if scheduled:
                lines.append(f"        schedules[{r}] = {schedule_code(params, r, racer)}")
            if cycles:
                lines.append(f"        cycles[{r}] = {bool(getattr(racer.schedule, 'cycle_momentum', False))}")
        if lines[-1].endswith(":"):
            lines.append("        pass")
    return "".join(line + "\n" for line in lines)
