r"""One step of each recurrent cell backwards: the equations of ``cells`` differentiated by hand, the paths kept apart.

Given dL/dh_t and dL/dc_t a cell's step says what arrives at h_{t-1} and c_{t-1}, by every path of its own: through which gate, or
along which product. Their sum is the gradient (Werbos, 1990, "Backpropagation through time", section III); no path alone is.
Shapes as in ``cells``: dh (B, H), x (B, I).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from app.nn.recurrent.cells import Options, Step, Weights

SLOPES: Mapping[str, Callable[[Tensor], Tensor]] = {
    "tanh": lambda h: 1 - h * h,
    "relu": lambda h: (h > 0).to(h.dtype),
    "identity": torch.ones_like,
}
"""Of each activation the derivative, told by its value."""


@dataclass(frozen=True)
class Back:
    """``h`` and ``c``: what arrives at the state before, by path (B, H); ``a``: dL/d(what each gate's function is applied to), by
    gate; ``x``: dL/dx_t (B, I)."""

    h: Mapping[str, Tensor]
    a: Mapping[str, Tensor]
    x: Tensor
    c: Mapping[str, Tensor] = field(default_factory=dict)


PATHS = {"rnn": ("h",), "lstm": ("i", "f", "g", "o"), "gru": ("keep", "r", "z", "n")}
"""To h_{t-1}, in the order of the equations; an LSTM's c_{t-1} has one more, ``keep``."""


def rnn(step: Step, before: Mapping[str, Tensor], w: Weights, options: Options, dh: Tensor, dc: Tensor) -> Back:
    r"""da = dh \phi'(a);  dh_{t-1} = da W_{hh}."""
    a = dh * SLOPES[options.activation](step.at["h"])
    return Back({"h": a @ w.w_hh}, {"h": a}, a @ w.w_ih)


def lstm(step: Step, before: Mapping[str, Tensor], w: Weights, options: Options, dh: Tensor, dc: Tensor) -> Back:
    r"""``dc`` is all of dL/dc_t, what came through h_t included (``out_of_h``). tanh cells without projection.

    di = dc g, df = dc c_{t-1}, dg = dc i, do = dh \tanh c_t; each times its function's slope;
    dh_{t-1} = \sum_k da_k U_k;  dc_{t-1} = dc f.
    """
    i, f, g, o = (step.at[name] for name in "ifgo")
    a = {
        "i": dc * g * i * (1 - i),
        "f": dc * before["c"] * f * (1 - f),
        "g": dc * i * (1 - g * g),
        "o": dh * torch.tanh(step.at["c"]) * o * (1 - o),
    }
    rows = dict(zip(a, w.w_hh.chunk(4), strict=True))
    x = torch.cat(list(a.values()), -1) @ w.w_ih
    return Back({name: a[name] @ rows[name] for name in a}, a, x, {"keep": dc * f})


def out_of_h(step: Step, dh: Tensor) -> Tensor:
    r"""What reaches an LSTM's c_t through h_t = o \tanh c_t:  dh o (1 - \tanh^2 c_t)."""
    phi = torch.tanh(step.at["c"])
    return dh * step.at["o"] * (1 - phi * phi)


def gru(step: Step, before: Mapping[str, Tensor], w: Weights, options: Options, dh: Tensor, dc: Tensor) -> Back:
    r"""Reset after, as nn.GRU.  dn = dh (1 - z), dz = dh (h_{t-1} - n), dr = da_n (U_n h_{t-1} + d_n); each times its slope;
    dh_{t-1} = dh z + da_r U_r + da_z U_z + (da_n r) U_n.
    """
    r, z, n, h = step.at["r"], step.at["z"], step.at["n"], before["h"]
    u_r, u_z, u_n = w.w_hh.chunk(3)
    q = h @ u_n.T if w.b_hh is None else h @ u_n.T + w.b_hh.chunk(3)[2]
    a_n = dh * (1 - z) * (1 - n * n)
    a = {"r": a_n * q * r * (1 - r), "z": dh * (h - n) * z * (1 - z), "n": a_n}
    x = torch.cat(list(a.values()), -1) @ w.w_ih
    return Back({"keep": dh * z, "r": a["r"] @ u_r, "z": a["z"] @ u_z, "n": (a_n * r) @ u_n}, a, x)


CELLS: Mapping[str, Callable[[Step, Mapping[str, Tensor], Weights, Options, Tensor, Tensor], Back]] = {
    "rnn": rnn,
    "lstm": lstm,
    "gru": gru,
}
