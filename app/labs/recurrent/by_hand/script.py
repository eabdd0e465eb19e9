"""A run of ``recurrent/by-hand`` as a standalone PyTorch script: torch's module where it has one, else the equations in a loop."""

from __future__ import annotations

from app.labs.recurrent.by_hand.network import network, torchs
from app.labs.recurrent.params.by_hand import ByHandParams

_HEAD = '''\
"""{what}: prints the outputs y, a line a step."""

import torch
from torch import nn

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
x = torch.tensor({x})  # (T, inputs)
w_ih = torch.tensor({w_ih})  # (directions, gates, hidden, inputs), gates {gates}
w_hh = torch.tensor({w_hh})  # (directions, gates, hidden, {back})
w_hy = torch.tensor({w_hy})  # (outputs, directions x hidden)
b_ih, b_hh = torch.tensor({b_ih}), torch.tensor({b_hh})  # (directions, gates, hidden)

'''
_MODULE = """\
module = nn.{cls}({inputs}, {hidden}, bidirectional={bidirectional}{more})
with torch.no_grad():
    for d, end in enumerate(["l0", "l0_reverse"][: len(w_ih)]):
        getattr(module, f"weight_ih_{{end}}").copy_(w_ih[d].flatten(0, 1))
        getattr(module, f"weight_hh_{{end}}").copy_(w_hh[d].flatten(0, 1))
        getattr(module, f"bias_ih_{{end}}").copy_(b_ih[d].flatten())
        getattr(module, f"bias_hh_{{end}}").copy_(b_hh[d].flatten())
    output, _ = module(x)
    y = output @ w_hy.T
"""
_CLAMP = """\
def put(name, t, value):
    \"\"\"{name} of {units} is {value} from step {first} to {last}.\"\"\"
    if name == "{name}" and {first} <= t + 1 <= {last}:
        value = value.clone()
        value[{index}] = {value}
    return value


"""
_LOOP = """\
sigmoid = torch.sigmoid
phi = {phi}


def unroll(d, times):
    w, u, b, e = w_ih[d], w_hh[d], b_ih[d], b_hh[d]
    h, c, s = torch.zeros({hidden}), torch.zeros({hidden}), torch.zeros({outputs})
    outs = {{}}
    for t in times:
{body}    return torch.stack([outs[t] for t in range(len(x))])


T = len(x)
"""
_LAST = {
    1: "output = unroll(0, range(T))\n",
    2: "output = torch.cat([unroll(0, range(T)), unroll(1, range(T - 1, -1, -1))], 1)\n",
}
_BODIES = {
    "rnn": """\
        h = put("h", t, phi(w[0] @ x[t] + b[0] + u[0] @ h + e[0]))
        outs[t] = h
""",
    "jordan": """\
        h = put("h", t, phi(w[0] @ x[t] + b[0] + u[0] @ s + e[0]))
        y = put("y", t, w_hy @ h)
        s = {state}
        outs[t] = y
""",
    "lstm": """\
        a = torch.einsum("ghi,i->gh", w, x[t]) + b + torch.einsum("ghj,j->gh", u, h) + e
        i, f = put("i", t, sigmoid(a[0])), put("f", t, sigmoid(a[1]))
        g, o = put("g", t, phi(a[2])), put("o", t, sigmoid(a[3]))
        c = put("c", t, f * c + i * g)
        h = put("h", t, o * phi(c))
        outs[t] = h
""",
    "gru": """\
        r = put("r", t, sigmoid(w[0] @ x[t] + b[0] + u[0] @ h + e[0]))
        z = put("z", t, sigmoid(w[1] @ x[t] + b[1] + u[1] @ h + e[1]))
        n = put("n", t, phi(w[2] @ x[t] + b[2] + {reset}))
        h = put("h", t, (1 - z) * n + z * h)
        outs[t] = h
""",
}
_RESET = {"after": "r * (u[2] @ h + e[2])", "before": "u[2] @ (r * h) + e[2]"}
_NO_CLAMP = """\
def put(name, t, value):
    return value


"""
_TAIL = """
for t, outputs in enumerate(y.tolist()):
    print(t + 1, outputs)
"""


def script(params: ByHandParams) -> str:
    """Python source that needs torch alone."""
    net = network(params)
    b_ih, b_hh = _biases(params)
    head = _HEAD.format(
        what=f"{params.cell}, {params.activation}",
        x=net.x.tolist(),
        w_ih=net.w_ih.tolist(),
        w_hh=net.w_hh.tolist(),
        w_hy=net.w_hy.tolist(),
        gates=", ".join(params.gates),
        back="outputs" if params.cell == "jordan" else "hidden",
        b_ih=b_ih,
        b_hh=b_hh,
    )
    module = torchs(net)
    if isinstance(module, str) or params.clamp.name != "none":
        return head.replace("from torch import nn\n", "") + _loop(params) + _TAIL
    made = _MODULE.format(
        cls=type(module).__name__,
        inputs=net.x.shape[1],
        hidden=params.hidden,
        bidirectional=params.directions == 2,
        more=f', nonlinearity="{"tanh" if params.activation == "tanh" else "relu"}"' if params.cell == "rnn" else "",
    )
    return head + made + _TAIL


def _loop(params: ByHandParams) -> str:
    clamp = params.clamp
    put = _NO_CLAMP
    if clamp.name != "none":
        index = ":" if clamp.unit is None else str(clamp.unit - 1)
        units = "all units" if clamp.unit is None else f"unit {clamp.unit}"
        put = _CLAMP.format(name=clamp.name, units=units, index=index, value=clamp.value, first=clamp.first, last=clamp.last)
    state = "y" if params.leak is None else f"{params.leak} * s + y"
    body = _BODIES[params.cell].format(state=state, reset=_RESET[params.reset])
    phi = {"identity": "lambda a: a", "relu": "torch.relu", "tanh": "torch.tanh"}[params.activation]
    loop = _LOOP.format(phi=phi, hidden=params.hidden, outputs=params.outputs, body=body)
    return put + loop + _LAST[params.directions] + ("y = output\n" if params.cell == "jordan" else "y = output @ w_hy.T\n")


def _biases(params: ByHandParams) -> tuple[list[list[list[float]]], list[list[list[float]]]]:
    """b_ih and b_hh (directions, gates, hidden), zeros where there are none."""
    net = network(params)
    shape = (params.directions, len(params.gates), params.hidden)
    weights = net.recurrent.layers[0]
    zeros = net.w_ih.new_zeros(shape[1:])
    found = [
        [(zeros if given is None else given.reshape(shape[1:])).tolist() for given in (getattr(w, name) for w in weights)]
        for name in ("b_ih", "b_hh")
    ]
    return found[0], found[1]
