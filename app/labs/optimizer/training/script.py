"""The race as a standalone PyTorch script: it prints the run's own numbers."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any, TypeAlias

from app.labs.optimizer.params.landscape import LandscapeParams
from app.labs.optimizer.params.training import TrainingParams
from app.labs.optimizer.race import labels
from app.labs.optimizer.rules.table import RULES
from app.labs.optimizer.script_rules import (
    RATES,
    changed_options,
    class_code,
    classes,
    constructor,
    schedule_code,
    scheduler_names,
)
from app.labs.optimizer.training.data import CIFAR_HELD
from app.labs.optimizer.training.tuning import TUNING_SEED
from app.nn import feedforward
from app.nn.tasks import supervised
from app.training.kit import cifar10

Trained: TypeAlias = TrainingParams | LandscapeParams
_POINTS = """\
class Part(NamedTuple):
    x: Tensor
    y: Tensor


{functions}

generator = Generator().manual_seed({seed})
(x, y), validation, test = ({name}(n, {noise!r}, generator) for n in ({count}, {held}, {held}))
"""
_DIGITS = """\
images, labels = load_digits(return_X_y=True)
order = torch.randperm(len(labels), generator=Generator().manual_seed(0))
images = torch.tensor(images, dtype=torch.float32).view(-1, 1, 8, 8)[order] / 16
labels = torch.tensor(labels)[order]
(x, y), validation, test = zip(torch.split(images, {parts}), torch.split(labels, {parts}))
x, y = x[:{count}], y[:{count}]
"""
_CIFAR = '''\
def pictures(part, first, last):
    """The first-th to last-th picture of every class, one of each class after the other."""
    of_class = []
    for kind in {classes}:
        folder = f"/{{part}}/{{kind}}/"
        names = sorted(n for n in archive.namelist() if folder in f"/{{n}}" and n.endswith(".jpg"))[first:last]
        images = [np.asarray(Image.open(BytesIO(archive.read(n))).convert("RGB")) for n in names]
        of_class.append(torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2))
    x = torch.stack(of_class, 1).flatten(0, 1).float() / 255
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in ({mean}, {std}))
    return (x - mean) / std, torch.arange(10).repeat(last - first)


archive = zipfile.ZipFile(os.path.join(os.environ["UNROLLED_DATA"], "{file}"))
x, y = (part[:{count}] for part in pictures("train", 0, {each}))
validation, test = pictures("train", {each}, {each} + {held}), pictures("test", 0, 2 * {held})
'''
STEP = """\
        rows = rows or list(torch.randperm(len(x), generator=order).split(len(x) if r in FULL else BATCH))
        batch = rows.pop(0)
        gradient.zero_()
        mean = losses(model(x[batch]), y[batch]).mean()
        mean.backward()
        if schedule:
            optimizer.param_groups[0]["lr"], momentum = schedule[t]
            if CYCLES[r] and "betas" in optimizer.param_groups[0]:
                optimizer.param_groups[0]["betas"] = (momentum, optimizer.param_groups[0]["betas"][1])
            elif CYCLES[r]:
                optimizer.param_groups[0]["momentum"] = momentum
        before = theta.clone()
        optimizer.step()
        if not (mean.isfinite() and theta.isfinite().all()):  # it has diverged: it stays where it was
            theta.copy_(before)
            diverged = True
"""
"""A step of ``model`` on its next batch, in a loop over t from 0."""
_LOOP = '''\
STEPS, EVERY, BATCH, PATIENCE, TUNING_SEED = {steps}, {every}, {batch}, {patience}, {tuning_seed}
FULL = {full}  # racers whose batch is all examples
LAYERS = {layers}  # racers whose rule steps layer by layer


def net():
    return {network}


def losses(out, y):
    return {losses}


def loss(net, part):
    with torch.no_grad():
        return losses(net(part[0]), part[1]).double().mean().item()


def train(r, candidate, seed):
    """Yields (step, network, whether it diverged) at the start and after every EVERY steps."""
    rate, make, schedule = candidate
    torch.manual_seed(seed)
    model = net()
    theta, gradient = flatten(model)
    optimizer = make(model.parameters() if r in LAYERS else [theta])
    order, rows = Generator().manual_seed(seed), []
    patience, best, waited, early, diverged = PATIENCE, math.inf, 0, False, False
    for t in range(STEPS + 1):
        if t % EVERY == 0 or t == STEPS:
            yield t, model, diverged
            now = loss(model, validation)
            best, waited = (now, 0) if now < best else (best, waited + 1)
            early = early or (patience is not None and waited >= patience and seed != TUNING_SEED)
{branches}        if t == STEPS or early or diverged:
            continue
{step}

def tried(r, candidate):
    *_, (_, model, diverged) = train(r, candidate, TUNING_SEED)
    return math.inf if diverged else loss(model, validation)


for r, (name, candidates) in enumerate(racers):
    chosen = min(candidates, key=lambda candidate: tried(r, candidate)) if len(candidates) > 1 else candidates[0]
    for seed in range({seed}, {seed} + {seeds}):
        for t, model, _ in train(r, chosen, seed):
            print(name, chosen[0], seed, t, loss(model, (x, y)), loss(model, test), sep="\\t")
'''


def script(params: TrainingParams) -> str:
    """Prints racer, rate, seed, step, training loss and test loss, tab-separated, a line a measurement."""
    candidates = [_candidates(params, r) for r in range(len(params.racers))]
    codes = [code for each in candidates for _, _, code in each if code]
    codes += [
        code for _, now in params.segments() for r, racer in enumerate(now.racers) if (code := schedule_code(params, r, racer))
    ]
    pieces = [
        head(f"{params.data}: prints racer, rate, seed, step, training loss and test loss, tab-separated.", params, codes),
        data_code(params),
        network_code(params),
        class_code(classes(params)),
        RATES.strip("\n") if codes else "",
        _racers(params, candidates),
        _loop(params),
    ]
    return "\n\n\n".join(piece.strip("\n") for piece in pieces if piece.strip()) + "\n"


def _candidates(params: TrainingParams, r: int) -> list[tuple[float, str, str | None]]:
    """(rate, the optimizer's code, its schedule's) of every rate that is tried, or of the racer's own."""
    found = []
    for rate in params.rates(r) or [params.racers[r].lr]:
        racers = [*params.racers]
        racers[r] = racers[r].model_copy(update={"lr": rate})
        now = params.model_copy(update={"racers": racers})
        found.append((rate, constructor(now, r).replace("[p]", "p"), schedule_code(now, r, racers[r])))
    return found


def head(title: str, params: Trained, codes: list[str]) -> str:
    """The docstring and the imports; ``codes``: the schedules'."""
    imports = {
        "digits": ["from sklearn.datasets import load_digits"],
        "cifar10": ["import numpy as np", "from PIL import Image"],
    }
    standard = ["import itertools", "import math"]
    if params.data == "cifar10":
        standard += ["import os", "import zipfile", "from io import BytesIO"]
    standard += ["from collections.abc import Callable, Sequence", "from typing import Any, NamedTuple"]
    lines = [
        f'"""{title}"""',
        "",
        "from __future__ import annotations",
        "",
        *standard,
        "",
        *imports.get(params.data, []),
        "import torch",
        "from torch import Generator, Tensor, nn",
        "from torch.nn import functional",
    ]
    if codes:
        lines.append(f"from torch.optim.lr_scheduler import {', '.join(scheduler_names(codes))}")
    if any(racer.rule not in RULES for racer in params.racers):
        lines.append("import pytorch_optimizer")
    return "\n".join([*lines, "", "torch.set_num_threads(1)"])


def data_code(params: Trained) -> str:
    """``x``, ``y`` to train on; ``validation`` and ``test``, pairs of such."""
    if params.data == "digits":
        return _DIGITS.format(parts=supervised.DIGITS, count=params.count)
    if params.data == "cifar10":
        held = CIFAR_HELD // 10
        told = {"file": cifar10.FILE, "classes": cifar10.CLASSES, "mean": cifar10.MEAN, "std": cifar10.STD}
        return _CIFAR.format(**told, count=params.count, each=-(-params.count // 10), held=held)
    function = supervised.MADE[params.data]
    needed: list[Callable[..., Any]] = [function] if params.data == "line" else [supervised._classes, supervised._spread, function]
    functions = "\n\n".join(inspect.getsource(one) for one in needed)
    if params.data == "line":
        functions = f"SLOPE, INTERCEPT = {supervised.SLOPE}, {supervised.INTERCEPT}\n\n\n{functions}"
    made: dict[str, Any] = {"name": params.data, "noise": params.noise, "seed": params.seed}
    return _POINTS.format(functions=functions, count=params.count, held=supervised.HELD_OUT, **made)


def network_code(params: Trained) -> str:
    """The functions that make the network and flatten it."""
    made = feedforward.cnn if params.model == "cnn" else feedforward.mlp
    sources = "\n\n".join(inspect.getsource(one) for one in (made, feedforward.flatten, feedforward.attach))
    return 'ACTIVATIONS = {"tanh": nn.Tanh, "relu": nn.ReLU}\n\n\n' + sources


def _racers(params: TrainingParams, candidates: list[list[tuple[float, str, str | None]]]) -> str:
    lines = ["racers = ["]
    for name, each in zip(labels(params), candidates, strict=True):
        tried = [f"        ({rate!r}, lambda p: {code}, {schedule}),\n" for rate, code, schedule in each]
        lines.append(f"    ({name!r}, [\n{''.join(tried)}    ]),")
    return "\n".join([*lines, "]", f"CYCLES = {cycles(params)}"])


def net_code(params: Trained) -> str:
    """The expression that makes the network."""
    shape, outputs = params.shape, params.outputs
    if params.model == "cnn":
        return f"cnn({shape}, {params.channels}, {outputs}, {params.activation!r})"
    return f"mlp({math.prod(shape)}, {params.sizes()}, {outputs}, {params.activation!r})"


def losses_code(params: Trained) -> str:
    """The expression of every example's loss from ``out`` and ``y``."""
    return "(out[:, 0] - y) ** 2" if params.data == "line" else 'functional.cross_entropy(out, y, reduction="none")'


def those(params: Trained, *, full: bool) -> str:
    """The racers whose batch is all examples, or those whose rule steps layer by layer, as a set."""
    found = {r for r, racer in enumerate(params.racers) if (racer.rule == "gd" if full else racer.rule not in RULES)}
    return str(found or "()")


def cycles(params: Trained) -> list[bool]:
    """Of every racer whether its schedule cycles the momentum."""
    return [bool(getattr(racer.schedule, "cycle_momentum", False)) for racer in params.racers]


def _loop(params: TrainingParams) -> str:
    return _LOOP.format(
        steps=params.steps,
        every=params.every or params.epoch,
        batch=params.batch_size,
        patience=params.patience,
        full=those(params, full=True),
        layers=those(params, full=False),
        network=net_code(params),
        losses=losses_code(params),
        branches=_branches(params),
        step=STEP,
        tuning_seed=params.seed + TUNING_SEED,
        seed=params.seed,
        seeds=params.seeds,
    )


def _branches(params: TrainingParams) -> str:
    """What the changes set, at the steps from which they hold; the seed that tunes knows of none."""
    lines = []
    every = params.every or params.epoch
    before = params
    for first, now in params.segments():
        at = (first - 1) * every
        if before.patience != now.patience:
            lines += [f"        if t == {at}:", f"            patience = {now.patience}"]
        if first > 1:
            for r, (old, racer) in enumerate(zip(before.racers, now.racers, strict=True)):
                if old == racer:
                    continue
                told = changed_options(params, r, racer)
                if racer.lr == params.racers[r].lr:
                    told["lr"] = None
                options = ", ".join(f"{name}={'rate' if value is None else repr(value)}" for name, value in told.items())
                lines += [
                    f"        if (r, t) == ({r}, {at}) and seed != TUNING_SEED:",
                    f"            optimizer.param_groups[0].update({options})",
                    f"            schedule = {schedule_code(params, r, racer)}",
                ]
        before = now
    return "".join(line + "\n" for line in lines)
