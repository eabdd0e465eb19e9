"""A recurrent network learns a small task while one looks on: ``recurrent/learning``. Each frame is a checkpoint.

Frame 0 is the network as it begins. At every checkpoint the same example is read, and its gates are filmed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from app.labs.contract import Frame, Message, Plain, Progress, Scene, Target
from app.labs.pace import Pace
from app.labs.recurrent.learning.explain import explain
from app.labs.recurrent.learning.learner import Checkpoint, measure, task_of, test_batch, train
from app.labs.recurrent.learning.script import script
from app.labs.recurrent.params.learning import LearningParams
from app.nn.tasks.sequences import Batch

__all__ = ["explain", "run", "scene", "script", "targets"]

NAMES = {"rnn": ("h",), "jordan": ("s", "h"), "lstm": ("i", "f", "g", "o", "c", "h"), "gru": ("r", "z", "n", "h")}
"""What is filmed of a cell."""


def scene(params: LearningParams, device: str = "cpu") -> Scene:
    """The example that is filmed. Tensors: ``x`` (T, inputs), ``y`` (asked,): class numbers, or one number."""
    task, batch = task_of(params), test_batch(params, device)
    x, y = batch.x[:, 0], batch.y[:, 0]
    note: dict[str, Plain] = {
        "task": params.task,
        "symbols": [] if params.task == "adding" else [task.symbols[i] for i in x.argmax(1).tolist()],
        "classes": list(task.classes),
        "every_step": task.every,
        "names": list(NAMES[params.cell]),
        "directions": params.directions,
        "hidden": params.hidden,
        "tested": batch.y.shape[1],
        "chance": _chance(params, batch),
    }
    return Scene({"x": _host(x), "y": _host(y)}, note)


def run(params: LearningParams, device: str = "cpu") -> Iterator[Frame | Progress]:
    """A frame a checkpoint. Tensors: ``loss`` (2,) of the steps since the last checkpoint and of the test examples; ``accuracy``
    (3,): answers, whole sequences, mean over the classes; ``gradient`` (1,) its mean length before clipping; ``recall`` (classes,);
    of the example every gate and state ``NAME`` (T, D, H) and ``answer`` (asked, outputs), probabilities or the number. On demand
    ``confusion`` (classes, classes) and ``weight/NAME``, the parameters. The note has the step, and ``parity``: the largest
    |difference| of the gates in the open to torch's module.
    """
    batch = test_batch(params, device)
    pace = Pace()
    frame = 0
    for one in train(params, device):
        if isinstance(one, Checkpoint):
            yield _frame(frame, one, params, batch)
            frame += 1
            pace.rest()
        elif pace.due():
            yield Progress(one, params.steps, Message("recurrent.learning.stage"))


@torch.no_grad()
def _frame(number: int, checkpoint: Checkpoint, params: LearningParams, batch: Batch) -> Frame:
    task, learner = task_of(params), checkpoint.learner
    measured = measure(task, learner, batch)
    x = batch.x[:, :1]
    unrolled = learner.recurrent().unroll(x)
    out = learner.read(unrolled)
    difference = float((out - learner(x)).abs().max())
    answer = out[-len(batch.y) :, 0]
    if task.classes:
        answer = answer.softmax(-1)
    macro = float(measured.recall.nanmean()) if task.classes else math.nan
    tensors = {
        "loss": np.array([checkpoint.trained, measured.loss]),
        "accuracy": np.array([measured.accuracy, measured.whole, macro]),
        "gradient": np.array([checkpoint.gradient]),
        "recall": _host(measured.recall),
        "answer": _host(answer),
        "confusion": _host(measured.confusion),
        **{name: _host(unrolled.at[name][:, :, 0]) for name in NAMES[params.cell]},
        **{f"weight/{name}": _host(value).copy() for name, value in learner.named_parameters()},
    }
    on_demand = [name for name in tensors if name == "confusion" or name.startswith("weight/")]
    return Frame(number, tensors, {"step": checkpoint.step, "parity": difference}, on_demand)


def targets(params: LearningParams) -> Sequence[Target]:
    """Every gate and state at the first and the last step, and an answer."""
    found: list[Target] = []
    for name in NAMES[params.cell]:
        if name == "s":
            continue  # an answer that came back
        for step in (1, params.length_of):
            found.append({"kind": "value", "name": name, "step": step, "direction": params.directions - 1, "unit": 0})
    found.append({"kind": "answer"})
    return [*found, {"kind": "accuracy"}] if task_of(params).classes else found


def _chance(params: LearningParams, batch: Batch) -> float:
    """What the best constant answer reaches: a share of right answers, or the mean squared error."""
    classes = task_of(params).classes
    if not classes:
        return float(batch.y.var(correction=0))
    return float(torch.bincount(batch.y.flatten(), minlength=len(classes)).max() / batch.y.numel())


def _host(tensor: Tensor) -> np.ndarray:
    return np.ascontiguousarray(tensor.detach().cpu().numpy())
