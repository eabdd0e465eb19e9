"""A run of ``recurrent/learning`` as a standalone PyTorch script: the task's own source and torch's module."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

from app.labs.recurrent.learning.learner import TEST_SEED, TESTED, task_of
from app.labs.recurrent.params.learning import KEEPS, LearningParams
from app.nn.tasks import sequences, surnames

_SCRIPT = '''\
"""{task}: prints the steps trained and the loss on {tested} test examples, a line a checkpoint."""

from __future__ import annotations

import math
{more}from collections import namedtuple
{path}
import torch
from torch import nn
from torch.nn import functional

torch.set_num_threads(1)
Batch = namedtuple("Batch", "x y")  # (T, B, inputs), (asked, B)
LETTERS = "{letters}"


{source}
{model}
test = {held}(torch.Generator().manual_seed({test_seed}), {tested}, {length})
generator = torch.Generator().manual_seed({seed})
optimizer = torch.optim.Adam(parameters, lr={lr})


def loss_of(batch):
    out = network(batch.x)[-len(batch.y) :]
    return {loss}


def tell(step):
    with torch.no_grad():
        print(step, loss_of(test).item())


tell(0)
for step in range(1, {steps} + 1):
{warm}    loss = loss_of(draw(generator, {batch}, {length}))
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(parameters, {clip})
    optimizer.step()
    if step % {every} == 0 or step == {steps}:
        tell(step)
'''
_WARM = """\
    optimizer.param_groups[0]["lr"] = {lr} * min(1, step / {warm_up})
"""
_MODULE = """
torch.manual_seed({seed})
core = nn.{cls}({inputs}, {hidden}, bidirectional={bidirectional})
head = nn.Linear({read}, {outputs})
{keep}parameters = [*core.parameters(), *head.parameters()]


def network(x):
    return head(core(x)[0])


"""
_NAMES = """
LANGUAGES, training, held = names(Path(os.environ["UNROLLED_DATA"]) / "surnames")
SYMBOLS = ["·", *sorted(set("".join(name for name, _ in training)))]


def drawing(some):
    def draw(generator, batch, length):
        rows = torch.randint(len(some), (batch,), generator=generator).tolist()
        return Batch(*encoded([some[k] for k in rows], SYMBOLS, length))

    return draw


draw = drawing(training)"""
_KEEP = """\
with torch.no_grad():
    for end in ("l0", "l0_reverse")[: {directions}]:
        getattr(core, f"bias_ih_{{end}}")[{hidden} : 2 * {hidden}] = {bias}  # {gate}
        getattr(core, f"bias_hh_{{end}}")[{hidden} : 2 * {hidden}] = 0
"""
_JORDAN = """
torch.manual_seed({seed})
bound = 1 / math.sqrt({hidden})
shapes = [({hidden}, {inputs}), ({hidden}, {outputs}), ({hidden},), ({outputs}, {hidden}), ({outputs},)]
parameters = [nn.Parameter(torch.empty(shape).uniform_(-bound, bound)) for shape in shapes]
w, u, b, v, c = parameters


def network(x):
    s, outs = torch.zeros(x.shape[1], {outputs}), []
    for x_t in x:
        h = torch.tanh(x_t @ w.T + b + s @ u.T)
        outs.append(h @ v.T + c)
        s = torch.softmax(outs[-1], -1)
    return torch.stack(outs)


"""


def script(params: LearningParams) -> str:
    """Prints the steps and the test loss, a line a checkpoint."""
    task = task_of(params)
    classes = bool(task.classes)
    values = {
        "seed": params.seed,
        "hidden": params.hidden,
        "inputs": len(task.symbols),
        "outputs": task.outputs,
        "read": params.hidden * params.directions,
        "directions": params.directions,
        "bidirectional": params.directions == 2,
        "cls": params.cell.upper(),
    }
    keep = ""
    if params.keep and params.cell in KEEPS:
        keep = _KEEP.format(**values, bias=math.log(params.length_of), gate="f" if params.cell == "lstm" else "z")
    dyck = params.task.startswith("dyck")
    function = sequences.dyck if dyck else task.draw
    loss = (
        "functional.cross_entropy(out.flatten(0, 1), batch.y.flatten())" if classes else "functional.mse_loss(out[..., 0], batch.y)"
    )
    names = params.task == "surnames"
    needed: list[Callable[..., Any]] = [surnames.names, surnames.encoded] if names else [sequences.one_hot, function]
    source = "\n\n".join(inspect.getsource(one) for one in needed)
    drawn = f"dyck({1 if params.task == 'dyck-1' else 2}, {sequences.DEEPEST[params.task]})" if dyck else function.__name__
    return _SCRIPT.format(
        task=params.task,
        tested=TESTED,
        test_seed=TEST_SEED,
        letters=sequences.LETTERS,
        source=source + (_NAMES if names else f"\ndraw = {drawn}"),
        held="drawing(held)" if names else "draw",
        more="import os\nimport random\n" if names else "",
        path="from pathlib import Path\n" if names else "",
        model=_JORDAN.format(**values) if params.cell == "jordan" else _MODULE.format(**values, keep=keep),
        loss=loss,
        seed=params.seed,
        length=params.length_of,
        batch=params.batch,
        lr=params.lr,
        warm=_WARM.format(lr=params.lr, warm_up=params.warm_up) if params.warm_up else "",
        steps=params.steps,
        every=params.every,
        clip=params.clip if params.clip is not None else "math.inf",
    )
