r"""One step of each recurrent cell, every gate in the open: equations first, then the code that is the equation.

Vectors are rows of a batch: x (B, I), h (B, P), c (B, H). ``at`` names the values as the equations do, ``pre`` what each
one's function is applied to. An ``Edit`` may put another value in the place of a gate's or a state's own: what comes after it is
computed with that value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import torch
from torch import Tensor

Edit: TypeAlias = Callable[[str, Tensor], Tensor]
"""(name, value) to the value that is used instead."""


def untouched(name: str, value: Tensor) -> Tensor:
    """The Edit that changes nothing."""
    return value


def identity(x: Tensor) -> Tensor:
    """No nonlinearity, for networks that are worked out by hand."""
    return x


def softmax(x: Tensor) -> Tensor:
    """A distribution over the units of a layer."""
    return torch.softmax(x, -1)


FUNCTIONS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "identity": identity,
    "softmax": softmax,
}


@dataclass(frozen=True)
class Weights:
    """Of one layer in one direction, laid out as torch does: the gates' blocks one below the other.

    ``w_ih`` (G H, I), ``w_hh`` (G H, P), ``b_ih`` and ``b_hh`` (G H,) or None; G is 1 for simple RNNs, 4 for LSTM (i, f, g, o), 3
    for GRU (r, z, n). ``w_hr`` (P, H) projects an LSTM's h. ``w_hy`` (O, H) and ``b_y`` (O,) make a Jordan network's output.
    """

    w_ih: Tensor
    w_hh: Tensor
    b_ih: Tensor | None = None
    b_hh: Tensor | None = None
    w_hr: Tensor | None = None
    w_hy: Tensor | None = None
    b_y: Tensor | None = None


@dataclass(frozen=True)
class Options:
    """What a cell may be asked besides its weights."""

    activation: str = "tanh"
    """Of a simple RNN's h, an LSTM's g and h, a GRU's n."""
    reset: str = "after"
    """GRU: ``after`` the product with W_hn (nn.GRU) or ``before`` it (the paper): two different networks."""
    leak: float | None = None
    """Jordan: a in s_t = a s_{t-1} + y_{t-1}; None: the state is y_{t-1} alone."""
    output: str = "identity"
    """Jordan: the function of y."""


@dataclass(frozen=True)
class Step:
    """``at``: every named value (B, H); ``state``: what the next step starts from, by name; ``out``: what the layer puts out."""

    at: Mapping[str, Tensor]
    state: Mapping[str, Tensor]
    out: Tensor
    pre: Mapping[str, Tensor] = field(default_factory=dict)


def linear(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """x W^T + b."""
    product = x @ weight.T
    return product if bias is None else product + bias


def rnn(x: Tensor, state: Mapping[str, Tensor], w: Weights, options: Options, edit: Edit = untouched) -> Step:
    r"""Elman (1990): h_t = \phi(W_{ih} x_t + b_{ih} + W_{hh} h_{t-1} + b_{hh})."""
    a = linear(x, w.w_ih, w.b_ih) + linear(state["h"], w.w_hh, w.b_hh)
    h = edit("h", FUNCTIONS[options.activation](a))
    return Step({"h": h}, {"h": h}, h, {"h": a})


def jordan(x: Tensor, state: Mapping[str, Tensor], w: Weights, options: Options, edit: Edit = untouched) -> Step:
    r"""Jordan (1986): h_t = \phi(W_{ih} x_t + W_{hh} s_t + b), y_t = \phi_y(V h_t + b_y), s_{t+1} = a s_t + y_t (or y_t alone).

    The output, not the hidden state, is what comes back: W_{hh} is (H, O) here. ``out`` is y.
    """
    assert w.w_hy is not None
    s = state["s"]
    a = linear(x, w.w_ih, w.b_ih) + linear(s, w.w_hh, w.b_hh)
    h = edit("h", FUNCTIONS[options.activation](a))
    b = linear(h, w.w_hy, w.b_y)
    y = edit("y", FUNCTIONS[options.output](b))
    following = y if options.leak is None else options.leak * s + y
    return Step({"s": s, "h": h, "y": y}, {"s": following}, y, {"h": a, "y": b})


def lstm(x: Tensor, state: Mapping[str, Tensor], w: Weights, options: Options, edit: Edit = untouched) -> Step:
    r"""Hochreiter and Schmidhuber (1997) with a forget gate (Gers et al., 2000), as nn.LSTM has it:

    i, f, o = \sigma(W x + U h + b) each with weights of its own, g = \tanh(W_g x + U_g h + b_g),
    c = f c_{t-1} + i g, h = o \tanh(c); with a projection h = W_{hr} (o \tanh(c)).
    """
    phi = FUNCTIONS[options.activation]
    blocks = linear(x, w.w_ih, w.b_ih) + linear(state["h"], w.w_hh, w.b_hh)
    pre = dict(zip("ifgo", blocks.chunk(4, -1), strict=True))
    i = edit("i", torch.sigmoid(pre["i"]))
    f = edit("f", torch.sigmoid(pre["f"]))
    g = edit("g", phi(pre["g"]))
    o = edit("o", torch.sigmoid(pre["o"]))
    c = edit("c", f * state["c"] + i * g)
    h = o * phi(c)
    h = edit("h", h if w.w_hr is None else linear(h, w.w_hr, None))
    return Step({"i": i, "f": f, "g": g, "o": o, "c": c, "h": h}, {"h": h, "c": c}, h, pre)


def gru(x: Tensor, state: Mapping[str, Tensor], w: Weights, options: Options, edit: Edit = untouched) -> Step:
    r"""Cho et al. (arXiv 1406.1078): r, z = \sigma(W x + b + U h + d), h = (1 - z) n + z h_{t-1}: z near 1 keeps.

    Reset after (nn.GRU): n = \tanh(W_n x + b_n + r (U_n h + d_n)).
    Reset before (the paper): n = \tanh(W_n x + b_n + U_n (r h) + d_n).
    """
    h_before = state["h"]
    x_r, x_z, x_n = linear(x, w.w_ih, w.b_ih).chunk(3, -1)
    u_r, u_z, u_n = w.w_hh.chunk(3)
    d_r, d_z, d_n = w.b_hh.chunk(3) if w.b_hh is not None else (None, None, None)
    pre = {"r": x_r + linear(h_before, u_r, d_r), "z": x_z + linear(h_before, u_z, d_z)}
    r = edit("r", torch.sigmoid(pre["r"]))
    z = edit("z", torch.sigmoid(pre["z"]))
    pre["n"] = x_n + (r * linear(h_before, u_n, d_n) if options.reset == "after" else linear(r * h_before, u_n, d_n))
    n = edit("n", FUNCTIONS[options.activation](pre["n"]))
    h = edit("h", (1 - z) * n + z * h_before)
    return Step({"r": r, "z": z, "n": n, "h": h}, {"h": h}, h, pre)


CELLS: Mapping[str, Callable[[Tensor, Mapping[str, Tensor], Weights, Options, Edit], Step]] = {
    "rnn": rnn,
    "jordan": jordan,
    "lstm": lstm,
    "gru": gru,
}


def start(kind: str, w: Weights, batch: int) -> dict[str, Tensor]:
    """The state before the first step: zeros."""
    zeros = w.w_ih.new_zeros
    if kind == "jordan":
        return {"s": zeros(batch, w.w_hh.shape[1])}
    state = {"h": zeros(batch, w.w_hh.shape[1])}
    return {**state, "c": zeros(batch, w.w_hh.shape[0] // 4)} if kind == "lstm" else state
