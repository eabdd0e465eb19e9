"""The network that learns, its training, and what is measured at a checkpoint."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from app.labs.recurrent.params.learning import KEEPS, LearningParams
from app.nn.characters import MODULES, Jordan
from app.nn.recurrent import Recurrent, Unrolled, from_torch
from app.nn.tasks import surnames
from app.nn.tasks.sequences import TASKS, Batch, Task

TESTED = 500
"""Examples that are never trained on; they measure every checkpoint."""
TEST_SEED = 1_000_003
NEAR = 0.1
"""A number within this of the right one counts as right."""


def task_of(params: LearningParams) -> Task:
    """Raises UserError where the task's data is not there."""
    return surnames.task() if params.task == "surnames" else TASKS[params.task]


class Learner(nn.Module):
    """A recurrent layer and, but for a Jordan network, whose output is its own, a linear layer that reads it."""

    def __init__(self, params: LearningParams, task: Task) -> None:
        super().__init__()
        inputs, hidden = len(task.symbols), params.hidden
        self.core: nn.Module
        self.head: nn.Linear | None = None
        if params.cell == "jordan":
            self.core = Jordan(inputs, hidden, task.outputs)
        else:
            self.core = MODULES[params.cell](inputs, hidden, bidirectional=params.directions == 2)
            self.head = nn.Linear(hidden * params.directions, task.outputs)
            if params.keep and params.cell in KEEPS:
                keeping(self.core, params.hidden, params.length_of)

    def forward(self, x: Tensor) -> Tensor:
        """x (T, B, inputs) to logits, or numbers (T, B, outputs)."""
        if self.head is None:
            return self.recurrent().unroll(x).pre["y"][:, 0]
        logits: Tensor = self.head(self.core(x)[0])
        return logits

    def recurrent(self) -> Recurrent:
        """The layer with every gate in the open."""
        return self.core.recurrent() if isinstance(self.core, Jordan) else from_torch(self.core)  # type: ignore[arg-type]

    def read(self, unrolled: Unrolled) -> Tensor:
        """What ``forward`` gives, from the gates in the open."""
        if self.head is None:
            return unrolled.pre["y"][:, 0]
        logits: Tensor = self.head(unrolled.output)
        return logits


@torch.no_grad()
def keeping(core: nn.Module, hidden: int, length: int) -> None:
    """The bias of f (LSTM) or z (GRU) starts at ln(length), as Tallec and Ollivier (arXiv 1804.11188) advise."""
    for end in ("l0", "l0_reverse"):
        if hasattr(core, f"bias_ih_{end}"):
            rows = slice(hidden, 2 * hidden)  # f is the second of i f g o, z the second of r z n
            getattr(core, f"bias_ih_{end}")[rows] = math.log(length)
            getattr(core, f"bias_hh_{end}")[rows] = 0


def loss_of(task: Task, out: Tensor, batch: Batch) -> Tensor:
    """Cross-entropy in nats; of a task that asks for a number the mean squared error."""
    out = out[-len(batch.y) :]
    if not task.classes:
        return functional.mse_loss(out[..., 0], batch.y)
    return functional.cross_entropy(out.flatten(0, 1), batch.y.flatten())


@dataclass(frozen=True)
class Measured:
    """On the test examples: ``loss``; ``accuracy`` the share of answers that are right; ``whole`` the share of sequences whose
    answers are all right; ``recall`` (classes) the share of each class that was found, NaN where it never comes; ``confusion``
    (classes, classes), a row a right answer."""

    loss: float
    accuracy: float
    whole: float
    recall: Tensor
    confusion: Tensor


@torch.no_grad()
def measure(task: Task, learner: Learner, batch: Batch) -> Measured:
    """Of one batch."""
    out = learner(batch.x)
    loss = float(loss_of(task, out, batch))
    out = out[-len(batch.y) :]
    if not task.classes:
        right = (out[..., 0] - batch.y).abs() <= NEAR
        return Measured(loss, share(right), share(right.all(0)), torch.empty(0), torch.empty(0, 0))
    answers = out.argmax(-1)
    right = answers == batch.y
    count = len(task.classes)
    confusion = torch.bincount((batch.y * count + answers).flatten(), minlength=count * count).view(count, count)
    return Measured(loss, share(right), share(right.all(0)), confusion.diag() / confusion.sum(1), confusion)


def share(right: Tensor) -> float:
    """Of true among all."""
    return float(right.double().mean())


@dataclass(frozen=True)
class Checkpoint:
    """After ``step`` steps; ``trained``: mean loss of the steps since the checkpoint before, ``gradient``: the mean length of their
    gradients before clipping, NaN at the start."""

    step: int
    learner: Learner
    trained: float
    gradient: float


def test_batch(params: LearningParams, device: str) -> Batch:
    """The test examples; the first one is the one that is filmed."""
    generator = torch.Generator().manual_seed(TEST_SEED)
    task = task_of(params)
    batch = (task.draw_held or task.draw)(generator, TESTED, params.length_of)
    return Batch(batch.x.to(device), batch.y.to(device))


def train(params: LearningParams, device: str) -> Iterator[Checkpoint | int]:
    """A Checkpoint at the start and after every ``every`` steps; an int, the steps done, in between."""
    task = task_of(params)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(params.seed)
        learner = Learner(params, task)
    learner.to(device)
    generator = torch.Generator().manual_seed(params.seed)
    optimizer = torch.optim.Adam(learner.parameters(), lr=params.lr)
    yield Checkpoint(0, learner, math.nan, math.nan)
    losses: list[float] = []
    norms: list[float] = []
    for step in range(1, params.steps + 1):
        optimizer.param_groups[0]["lr"] = params.lr * (min(1, step / params.warm_up) if params.warm_up else 1)
        batch = task.draw(generator, params.batch, params.length_of)
        batch = Batch(batch.x.to(device), batch.y.to(device))
        loss = loss_of(task, learner(batch.x), batch)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        norms.append(float(nn.utils.clip_grad_norm_(learner.parameters(), params.clip or math.inf)))
        optimizer.step()
        losses.append(loss.item())
        if step % params.every == 0 or step == params.steps:
            yield Checkpoint(step, learner, sum(losses) / len(losses), sum(norms) / len(norms))
            losses, norms = [], []
        else:
            yield step
