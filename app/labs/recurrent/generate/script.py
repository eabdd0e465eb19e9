"""A run of ``recurrent/generate`` as a standalone PyTorch script: torch's module, or a Jordan network by its equations."""

from __future__ import annotations

from app.labs.recurrent.params.generate import GenerateParams
from app.labs.recurrent.trained import shipped

_HEAD = '''\
"""Prints for each character written: its step, itself, its nats, and u, the number that decided."""

import math

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional

torch.set_num_threads(1)
torch.set_grad_enabled(False)

CHARACTERS = {characters!r}
PROMPT = {prompt!r}  # as the model reads it
CHOSEN = {chosen}  # step: a character's number
TEMPERATURE, TOP_K, TOP_P = {temperature}, {top_k}, {top_p}

w = {{name: value.float() for name, value in load_file("app/nn/weights/characters_{model}.safetensors").items()}}  # {data}
'''
_TORCH = """\
core = nn.{cls}({inputs}, {hidden}, {layers})
core.load_state_dict({{name.removeprefix("core."): value for name, value in w.items() if name.startswith("core.")}})
state = None


def say(k):
    global state
    out, state = core(w["embedding.weight"][k][None], state)
    return functional.linear(out[0], w["head.weight"], w["head.bias"])
"""
_JORDAN = """\
y = torch.zeros(len(CHARACTERS))


def say(k):
    global y
    x = w["embedding.weight"][k]
    h = torch.tanh(w["core.w_ih"] @ x + w["core.w_hh"] @ y + w["core.b_ih"])
    y = torch.softmax(w["core.w_hy"] @ h + w["core.b_y"], -1)
    return y.clamp_min(1e-38).log()
"""
_TAIL = """\

draws = torch.Generator().manual_seed({seed})
for one in PROMPT:
    logits = say(max(CHARACTERS.find(one), 0))
for step in range(1, {count} + 1):
    p = logits.double().softmax(-1)
    order = p.argsort(descending=True, stable=True)
    logits = logits.double()
    logits[0] = -math.inf  # what stands for unknown characters is never written
    if TEMPERATURE == 0:
        q = torch.zeros_like(p)
        q[logits.argmax()] = 1
    else:
        q = (logits / TEMPERATURE).softmax(-1)
    falling = q.sort(descending=True).values
    keep = falling.cumsum(0) - falling < TOP_P  # the mass of the likelier ones
    if TOP_K is not None:
        keep[TOP_K:] = False
    q[q.sort(descending=True).indices[~keep]] = 0
    q /= q.sum()
    u = torch.rand((), generator=draws, dtype=torch.float64)
    place = min(int(torch.searchsorted(q[order].cumsum(0), u, right=True)), int(q[order].nonzero()[-1]))
    k = CHOSEN.get(step, int(order[place]))
    print(step, repr(CHARACTERS[k]), -math.log(p[k]), math.nan if step in CHOSEN else u.item())
    logits = say(k)
"""


def script(params: GenerateParams) -> str:
    """Prints step, character, nats and u, a line a character. Raises UserError as ``scene`` does."""
    model = shipped(params.model)
    read = model.read(params.prompt or "\n")
    head = _HEAD.format(
        characters="".join(model.vocabulary),
        prompt="".join(read.tokens),
        chosen={one.at: one.token for one in params.chosen},
        temperature=params.temperature,
        top_k=params.top_k,
        top_p=params.top_p,
        model=params.model,
        data=model.told["data"],
    )
    if model.module is None:
        head, body = head.replace("from torch import nn\nfrom torch.nn import functional\n", ""), _JORDAN
    else:
        core = model.module
        body = _TORCH.format(cls=type(core).__name__, inputs=core.input_size, hidden=core.hidden_size, layers=core.num_layers)
    return head + body + _TAIL.format(seed=params.seed, count=params.count)
