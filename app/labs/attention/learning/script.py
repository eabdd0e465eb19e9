"""A run of ``attention/learning`` as a standalone PyTorch script: the task's own source, the network and its training."""

from __future__ import annotations

import inspect
import sys
from types import ModuleType

from app.labs.attention.learning.learners import AT_ONCE, TESTED, Translating, learner, recipe
from app.labs.attention.params.learning import LearningParams
from app.nn.tasks import induction, labelled, pairs
from app.nn.tasks.pairs import Task

_NETWORK = '''\
"""{task}: prints the steps trained and the loss on the test examples, nats a token, a line a checkpoint."""

from __future__ import annotations

import math
{imports}
import torch
from torch import nn
from torch.nn import functional

{examples}


torch.set_num_threads(1)
torch.manual_seed({seed})
D, HEADS, D_FF = {d_model}, {heads}, {d_ff}


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.k, self.v, self.o = (nn.Linear(D, D) for _ in range(4))

    def forward(self, x, memory, mask):
        q, k, v = (
            linear(of).view(len(of), -1, HEADS, D // HEADS).transpose(1, 2)
            for linear, of in ((self.q, x), (self.k, memory), (self.v, memory))
        )
        scores = ((q @ k.transpose(-2, -1)) * (1 / math.sqrt(D // HEADS))).masked_fill(~mask, -math.inf)
        exp = (scores - scores.amax(-1, keepdim=True)).exp()
        return self.o(((exp / exp.sum(-1, keepdim=True)) @ v).transpose(1, 2).flatten(2))  # softmax(Q K^T / sqrt(d_k)) V


class Block(nn.Module):
    def __init__(self, cross):
        super().__init__()
        self.own, self.own_norm = Attention(), nn.LayerNorm(D)
        if cross:
            self.cross, self.cross_norm = Attention(), nn.LayerNorm(D)
        if D_FF:
            self.up, self.down, self.norm = nn.Linear(D, D_FF), nn.Linear(D_FF, D), nn.LayerNorm(D)

    def forward(self, x, mask, memory=None, memory_mask=None):
{block}


class Embedding(nn.Embedding):
    def __init__(self, words):
        super().__init__(words, D)
        nn.init.normal_(self.weight, std=D**-0.5)
{table}

    def forward(self, ids):
        return super().forward(ids) * math.sqrt(D) + self.positions[: ids.shape[1]]


def seen(length):
    return torch.ones(length, length, dtype=torch.bool).tril()


def padded(rows):
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[0] * (longest - len(row))] for row in rows])


{body}

parameters = {parameters}
optimizer = torch.optim.Adam(parameters, lr={lr}, betas={betas}, eps=1e-9)
up = max(1, round({warm_up} * {steps}))
schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: min((t + 1) / up, ({steps} - t) / max(1, {steps} - up)))


def tell(step):
    with torch.no_grad():
        losses = [functional.cross_entropy(*answers(some), reduction="sum", ignore_index=0).item() for some in test]
    print(step, sum(losses) / sum(int((answers(some)[1] != 0).sum()) for some in test))


tell(0)
for step in range(1, {steps} + 1):
    loss = functional.cross_entropy(*answers(draw()), ignore_index=0)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(parameters, {clip})
    optimizer.step()
    schedule.step()
    if step % {every} == 0 or step == {steps}:
        tell(step)
'''
_POST = """\
        x = self.own_norm(x + self.own(x, x, mask))
        if memory is not None:
            x = self.cross_norm(x + self.cross(x, memory, memory_mask))
        return self.norm(x + self.down(functional.relu(self.up(x)))) if D_FF else x"""
_PRE = """\
        inner = self.own_norm(x)
        return x + self.own(inner, inner, mask)"""
_SINUSOIDAL = """\
        pos, two_i = torch.arange({most}, dtype=torch.float64)[:, None], torch.arange(0, D, 2, dtype=torch.float64)
        angle = pos / 10_000 ** (two_i / D)
        self.positions = torch.stack([angle.sin(), angle.cos()], -1).flatten(1).float()"""
_LEARNED = "        self.positions = nn.Parameter(torch.randn({most}, D) * 0.02)"

_PAIRS = """\
def Message(text, values=None):
    return text, values


class UserError(ValueError):
    pass


{source}"""
_SEQUENCES = """\
WORDS = tuple(ascii_letters + digits)
BOS, SHORTEST, LONGEST, PIECES, MOST = {constants}
VOCABULARY = SimpleNamespace(ids=lambda tokens: [{first} + WORDS.index(token) for token in tokens])


{source}"""
_TRANSLATING = """\
task = {cls}()
source_words, target_words = (Vocabulary(words) for words in (task.source_words, task.target_words))
source, target = Embedding(len(source_words)), Embedding(len(target_words))
encoder = nn.ModuleList(Block(False) for _ in range({layers}))
decoder = nn.ModuleList(Block(True) for _ in range({layers}))
look = {source!r}  # never trained on
held = [pair for pair in held_out(task, {tested}) if pair.source != look]
stream = (pair for pair in examples(task, {seed}, held) if pair.source != look)
test = [held[at : at + {at_once}] for at in range(0, len(held), {at_once})]


def draw():
    return [next(stream) for _ in range({batch})]


def answers(pairs):
    read = padded([[*source_words.ids(pair.source), 2] for pair in pairs])
    wanted = padded([[*target_words.ids(pair.target), 2] for pair in pairs])
    given = padded([[1, *target_words.ids(pair.target)] for pair in pairs])
    mask = (read != 0)[:, None, None, :]
    x = source(read)
    for block in encoder:
        x = block(x, mask)
    y = target(given)
    for block in decoder:
        y = block(y, seen(given.shape[1]), x, mask)
    return (y @ target.weight.T).flatten(0, 1), wanted.flatten()
"""
_INDUCING = """\
embedding = Embedding({words})
decoder = nn.ModuleList(Block(False) for _ in range({layers}))
{last}
for block in decoder:
    for linear in block.own.children():
        nn.init.xavier_uniform_(linear.weight, {gain})
stream = batches({seed}, {batch})
held = held_out({tested})
second = torch.zeros(held.shape[1] - 1, dtype=torch.bool)
second[held.shape[1] // 2 + 1 :] = True  # the second half but its first token can be known
test = [(ids, second.expand(len(ids), -1)) for ids in held.split({at_once})]


def draw():
    return next(stream)


def answers(drawn):
    ids, known = drawn
    x = embedding(ids[:, :-1])
    for block in decoder:
        x = block(x, seen(x.shape[1]))
    logits = {out} @ embedding.weight.T
    return logits[known], ids[:, 1:][known]
"""


def script(params: LearningParams) -> str:
    """Prints the steps and the test loss, a line a checkpoint. Raises UserError as ``scene`` does."""
    one = learner(params)
    shape = one.net.shape
    known = recipe(params)
    values = {
        **vars(shape),
        "task": params.task,
        "seed": params.seed,
        "tested": TESTED,
        "at_once": AT_ONCE,
        "batch": params.batch,
        "steps": params.steps,
        "every": params.every,
        "lr": params.lr,
        "betas": known.betas,
        "warm_up": known.warm_up,
        "clip": known.clip,
    }
    pre = shape.norm == "pre"
    if isinstance(one, Translating):
        cls, imports = type(one.translator.task), ""
        examples = _PAIRS.format(source=_sources(one.translator.task))
        body = _TRANSLATING.format(**values, cls=cls.__name__, source=one.pair.source)
        parts = ["source", "target", "encoder", "decoder"]
    else:
        imports = "from random import Random\nfrom string import ascii_letters, digits\nfrom types import SimpleNamespace\n"
        constants = (pairs.BOS, induction.SHORTEST, induction.LONGEST, induction.PIECES, induction.MOST)
        functions = (induction.in_pieces, induction.batches, induction.held_out)
        source = "\n\n".join(inspect.getsource(one) for one in functions)
        examples = _SEQUENCES.format(constants=constants, first=len(pairs.SPECIAL), source=source.rstrip())
        last = "last = nn.LayerNorm(D)" if pre else ""
        words = one.net.embedding.tokens.num_embeddings
        body = _INDUCING.format(**values, words=words, gain=induction.GAIN, last=last, out="last(x)" if pre else "x")
        parts = ["embedding", "decoder", *(["last"] if pre else [])]
    return _NETWORK.format(
        **values,
        imports=imports,
        examples=examples,
        block=_PRE if pre else _POST,
        table=(_LEARNED if shape.positions == "learned" else _SINUSOIDAL).format(**values),
        body=body,
        parameters="[" + ", ".join(f"*{part}.parameters()" for part in parts) + "]",
    )


def _sources(task: Task) -> str:
    """The task's module and what it builds on, without what they import from one another."""
    own = sys.modules[type(task).__module__]
    modules: list[ModuleType] = [pairs, *([labelled] if "app.nn.tasks.labelled" in inspect.getsource(own) else []), own]
    lines = [line for module in modules for line in inspect.getsource(module).splitlines()]
    return "\n".join(line for line in lines if not line.startswith(("from __future__", "from app."))).rstrip()
