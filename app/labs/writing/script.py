"""A run that writes a token a frame as a standalone PyTorch script: settings and draw; between them the model's ``say``."""

from __future__ import annotations

from collections.abc import Sequence

from app.labs.writing.drawing import Writer

_HEAD = '''\
"""Prints for each token written: its step, itself, its nats, and u, the number that decided{more}."""

import math

import torch
from safetensors.torch import load_file
{imports}
torch.set_num_threads(1)
torch.set_grad_enabled(False)

TOKENS = {tokens}
PROMPT = {prompt}  # {text!r}
CHOSEN = {chosen}  # step: a token's number
TEMPERATURE, TOP_K, TOP_P = {temperature}, {top_k}, {top_p}

w = {{name: value.float() for name, value in load_file("app/nn/weights/{weights}.safetensors").items()}}  # {data}
'''
_TAIL = """\

draws = torch.Generator().manual_seed({seed})
for k in PROMPT[:-1]:
    say(k)
k = PROMPT[-1]
for step in range(1, {count} + 1):
    logits = say(k).double()
    p = logits.softmax(-1)
    order = p.argsort(descending=True, stable=True)
    logits[{never}] = -math.inf  # never written: what stands for unknown ones, and marks
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
    print(step, repr(TOKENS[k]), -math.log(p[k]), math.nan if step in CHOSEN else u.item())
"""


def script(
    writer: Writer,
    prompt: Sequence[int],
    count: int,
    weights: str,
    data: str,
    imports: str,
    say: str,
    after: str = "",
    more: str = "",
) -> str:
    """``say`` defines ``say(k)``: reads token k and gives the logits (V,) of the next; ``after`` prints ``more`` at the end."""
    single = all(len(token) == 1 for token in writer.vocabulary)
    head = _HEAD.format(
        more=more,
        imports=imports,
        tokens=repr("".join(writer.vocabulary)) if single else repr(list(writer.vocabulary)),
        prompt=list(prompt),
        text="".join(writer.vocabulary[k] for k in prompt),
        chosen={one.at: one.token for one in writer.chosen},
        temperature=writer.draw.temperature,
        top_k=writer.draw.top_k,
        top_p=writer.draw.top_p,
        weights=weights,
        data=data,
    )
    return head + say + _TAIL.format(seed=writer.seed, count=count, never=list(writer.never)) + after
