"""A run of ``recurrent/gradients`` as a standalone PyTorch script: torch's own cells, and autograd at every state."""

from __future__ import annotations

from app.labs.recurrent.params.gradients import GradientsParams

_SCRIPT = '''\
"""|dL/dh_t| of a simple RNN, an LSTM and a GRU: a line a step, from the last state back to the initial one."""

import math

import torch
from torch import nn

torch.set_num_threads(1)
T, H, F64 = {steps}, {hidden}, torch.float64
draw = torch.Generator().manual_seed({seed})
x = ({inputs} * torch.randn(T, H, generator=draw, dtype=F64)).to(torch.{dtype})
v = torch.randn(H, generator=draw, dtype=F64)
v = (v / v.norm()).to(torch.{dtype})  # L = v . h


def weights(gates, candidate, keeps):
    """torch's own start, but rho Q for the candidate and biases of 0 except the keeping gate's."""
    draw = torch.Generator().manual_seed({seed} + 1)
    q, r = torch.linalg.qr(torch.randn(H, H, generator=draw, dtype=F64))
    q = q * r.diagonal().sign()
    bound = 1 / math.sqrt(H)
    uniform = lambda: torch.empty(H, H, dtype=F64).uniform_(-bound, bound, generator=draw)
    w_ih = torch.cat([uniform() for _ in gates])
    w_hh = torch.cat([{radius} * q if gate == candidate else uniform() for gate in gates])
    bias = torch.cat([torch.full((H,), {bias} if gate == keeps else 0.0, dtype=F64) for gate in gates])
    return w_ih, w_hh, bias


def fill(cell, w_ih, w_hh, bias):
    cell = cell.to(torch.{dtype})
    with torch.no_grad():
        for parameter, value in zip(cell.parameters(), (w_ih, w_hh, bias, torch.zeros_like(bias)), strict=True):
            parameter.copy_(value)
    return cell


{rnn}
cells = {{
    "rnn": fill(rnn, *weights("h", "h", None)),
    "lstm": fill(nn.LSTMCell(H, H), *weights("ifgo", "g", "f")),
    "gru": fill(nn.GRUCell(H, H), *weights("rzn", "n", "z")),
}}
lengths = {{}}
for name, cell in cells.items():
    state = h = torch.zeros(1, H, dtype=torch.{dtype}, requires_grad=True)
    if name == "lstm":
        state = (h, torch.zeros_like(h))
    states = [h]
    for t in range(T):
{cut}        state = cell(x[t : t + 1], state)
        h = state[0] if name == "lstm" else state
        states.append(h)
    loss = {loss}
    found = torch.autograd.grad(loss, states, allow_unused=True)
    lengths[name] = [0.0 if g is None else g.norm().item() for g in found]
for t in range(T, -1, -1):
    print(t, *(repr(lengths[name][t]) for name in cells))
'''
_IDENTITY = '''\
class Linear(nn.RNNCell):
    """h = W x + U h + b: no activation."""

    def forward(self, x, h):
        return x @ self.weight_ih.T + self.bias_ih + h @ self.weight_hh.T + self.bias_hh


rnn = Linear(H, H)'''
_CUT = """\
        if t and t % {truncate} == 0:
            state = tuple(s.detach() for s in state) if name == "lstm" else state.detach()
"""


def script(params: GradientsParams) -> str:
    """Prints t and the three lengths of dL/dh_t, a line a position."""
    known = params.activation != "identity"
    return _SCRIPT.format(
        steps=params.steps,
        hidden=params.hidden,
        seed=params.seed,
        inputs=params.inputs,
        dtype=params.dtype,
        radius=params.radius,
        bias=params.bias,
        rnn=f'rnn = nn.RNNCell(H, H, nonlinearity="{params.activation}")' if known else _IDENTITY,
        cut=_CUT.format(truncate=params.truncate) if params.truncate else "",
        loss="states[-1][0] @ v" if params.loss == "last" else "sum(h[0] @ v for h in states[1:])",
    )
