"""The network of ``recurrent/by-hand`` from its params: our cells with every gate kept, and torch's module where it has one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor, nn

from app.labs.recurrent.params.by_hand import ByHandParams
from app.nn.recurrent import Options, Recurrent, Unrolled, Weights
from app.nn.recurrent.cells import FUNCTIONS, Edit

F64 = torch.float64
Reason: TypeAlias = Literal["jordan", "identity", "before", "negative"]
"""Why torch has no such module: no Jordan network, g and h are tanh, it resets after, its only other function is ReLU."""


@dataclass(frozen=True)
class Network:
    """The sequence x (T, I) and its weights.

    ``w_ih`` (D, G, H, I), ``w_hh`` (D, G, H, P), ``w_hy`` (O, D H), ``bias`` (D, rows, H) or None.
    """

    params: ByHandParams
    x: Tensor
    w_ih: Tensor
    w_hh: Tensor
    w_hy: Tensor
    bias: Tensor | None

    @property
    def recurrent(self) -> Recurrent:
        """The cells of ``app.nn.recurrent`` with these weights."""
        options = Options(self.params.activation, self.params.reset, self.params.leak)
        return Recurrent(self.params.cell, [[self._weights(d) for d in range(len(self.w_ih))]], options)

    def _weights(self, d: int) -> Weights:
        b_ih, b_hh = self._biases(d)
        jordan = self.params.cell == "jordan"
        return Weights(self.w_ih[d].flatten(0, 1), self.w_hh[d].flatten(0, 1), b_ih, b_hh, w_hy=self.w_hy if jordan else None)

    def _biases(self, d: int) -> tuple[Tensor | None, Tensor | None]:
        """Of all rows b_ih takes one a gate; a GRU's fourth is b_hn, the only part of b_hh that is not 0."""
        if self.bias is None:
            return None, None
        gates = len(self.params.gates)
        rows = self.bias[d]
        inner = torch.zeros_like(rows[:gates])
        if len(rows) > gates:
            inner = torch.cat([inner[:-1], rows[gates:]])
        return rows[:gates].flatten(), inner.flatten()


@dataclass(frozen=True)
class Values:
    """Everything a run computes: ``at`` and ``pre`` by name (T, D, n), ``out`` (T, D H or O), ``y`` (T, O)."""

    at: Mapping[str, Tensor]
    pre: Mapping[str, Tensor]
    out: Tensor
    y: Tensor


def network(params: ByHandParams, device: str = "cpu") -> Network:
    """The network in float64."""

    def tensor(numbers: object) -> Tensor:
        return torch.tensor(numbers, dtype=F64, device=device)

    bias = params.biases()
    return Network(
        params,
        tensor(params.x),
        tensor(params.blocks("w_ih")),
        tensor(params.blocks("w_hh")),
        tensor(params.readout()),
        None if bias is None else tensor(bias),
    )


def compute(net: Network, edits: Mapping[int, Edit] | None = None) -> Values:
    """The sequence from beginning to end; ``edits`` by direction."""
    found = net.recurrent.unroll(net.x[:, None], edit={(0, d): edit for d, edit in (edits or {}).items()})
    return _values(net, found, 2)


def alone(net: Network) -> Values:
    """The memoryless network: the same weights, every step read as a sequence of its own, from the zero state."""
    return _values(net, net.recurrent.unroll(net.x[None]), 0)


def _values(net: Network, found: Unrolled, one: int) -> Values:
    """Of an unrolling whose time is either its steps or, each alone, its batch; the axis ``one`` of (T, D, B, n) is dropped."""
    at, pre = (
        {name: kept.squeeze(2) if one == 2 else kept[0].transpose(0, 1) for name, kept in of.items()}
        for of in (found.at, found.pre)
    )
    out = found.output.squeeze(1) if one == 2 else found.output[0]
    return Values(at, pre, out, out if net.params.cell == "jordan" else out @ net.w_hy.T)


def clamps(params: ByHandParams) -> dict[int, Edit]:
    """The Edits of the params' clamp, by direction, for one unrolling; empty where nothing is clamped."""
    if params.clamp.name == "none":
        return {}
    return {d: Clamping(params, d) for d in range(params.directions)}


class Clamping:
    """An Edit that knows the time: a cell asks for every name once a step, in its direction's order."""

    def __init__(self, params: ByHandParams, direction: int) -> None:
        self._params = params
        self._direction = direction
        self._asked = 0

    def __call__(self, name: str, value: Tensor) -> Tensor:
        clamp = self._params.clamp
        if name != clamp.name:
            return value
        t = self._asked if self._direction == 0 else len(self._params.x) - 1 - self._asked
        self._asked += 1
        if not clamp.first <= t + 1 <= clamp.last:
            return value
        units = torch.arange(value.shape[-1], device=value.device)
        here = units == units if clamp.unit is None else units == clamp.unit - 1
        return torch.where(here, torch.as_tensor(clamp.value, dtype=value.dtype, device=value.device), value)


def clamped(params: ByHandParams, name: str, t: int, unit: int) -> bool:
    """Whether this value (t and unit from 0) is put in the place of the computed one."""
    clamp = params.clamp
    return name == clamp.name and clamp.first <= t + 1 <= clamp.last and clamp.unit in (None, unit + 1)


def torchs(net: Network) -> nn.RNNBase | Reason:
    """torch's module with the same weights, or why it has none.

    The identity is no nonlinearity of nn.RNN; as long as no pre-activation is negative ReLU is the same function.
    """
    params = net.params
    if params.cell == "jordan":
        return "jordan"
    if params.cell == "gru" and params.reset == "before":
        return "before"
    if params.cell != "rnn" and params.activation != "tanh":
        return "identity"
    if params.cell == "rnn" and params.activation == "identity" and bool((compute(net).pre["h"] < 0).any()):
        return "negative"
    return _module(net)


def _module(net: Network) -> nn.RNNBase:
    params = net.params
    cls: Any = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[params.cell]
    more = {"nonlinearity": "tanh" if params.activation == "tanh" else "relu"} if params.cell == "rnn" else {}
    module: nn.RNNBase = cls(net.x.shape[1], params.hidden, bias=net.bias is not None, bidirectional=params.directions == 2, **more)
    module.to(net.x)
    weights = net.recurrent.layers[0]
    with torch.no_grad():
        for d, suffix in enumerate(("l0", "l0_reverse")[: len(weights)]):
            for ours, theirs in (("w_ih", "weight_ih"), ("w_hh", "weight_hh"), ("b_ih", "bias_ih"), ("b_hh", "bias_hh")):
                given = getattr(weights[d], ours)
                if given is not None:
                    getattr(module, f"{theirs}_{suffix}").copy_(given)
    return module


def by_torch(module: nn.RNNBase, x: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
    """torch's output (T, D H), h_n (D, H) and, of an LSTM, c_n (D, H) for one sequence x (T, I)."""
    with torch.no_grad():
        output, last = module(x)
    return (output, *last) if isinstance(last, tuple) else (output, last, None)


def function(name: str, activation: str) -> str:
    """What is applied to a pre-activation: ``sigmoid`` for gates, else the params' activation; a Jordan network's y has none."""
    return "sigmoid" if name in "ifo" or name in "rz" else "identity" if name == "y" else activation


def apply(kind: str, value: float) -> float:
    """That function of one number."""
    tensor = torch.tensor(value, dtype=F64)
    return float(torch.sigmoid(tensor) if kind == "sigmoid" else FUNCTIONS[kind](tensor))
