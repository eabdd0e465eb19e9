r"""A shared weight opened: what one number does at every step, dL/dw = \sum_t \delta_t m_t, L the sum of all outputs.

\delta_t is the derivative by the weight's pre-activation at step t, m_t what the weight multiplies there. \delta_t comes from a
zero that is added to the gate at every step (an Edit) and the slope of the gate's function; autograd's derivative by the weight
itself is the other road.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from app.labs.contract import Equation, Explanation, Message, Plain, Reference, Target, Term
from app.labs.recurrent.by_hand.network import F64, Network, Values, clamps, compute, function
from app.labs.recurrent.by_hand.reading import Place, Reading, meaning
from app.labs.sums import Sum
from app.nn.recurrent.cells import FUNCTIONS, Edit


@dataclass(frozen=True)
class Shared:
    """One weight: ``gate`` counts the blocks, ``column`` is None for a bias."""

    matrix: str
    gate: int
    d: int
    row: int
    column: int | None

    def of(self, net: Network) -> Tensor:
        """The weight itself (0-dimensional)."""
        whole: Tensor = getattr(net, self.matrix)
        if self.matrix == "w_hy":
            return whole[self.row, self.column]
        return whole[self.d, self.gate, self.row] if self.column is None else whole[self.d, self.gate, self.row, self.column]


class Probe:
    """An Edit that adds a zero to one name at every step, before ``then``; the zeros' gradients are kept in the order of asking."""

    def __init__(self, name: str, then: Edit | None) -> None:
        self._name, self._then = name, then
        self.zeros: list[Tensor] = []

    def __call__(self, name: str, value: Tensor) -> Tensor:
        if name == self._name:
            self.zeros.append(torch.zeros_like(value, requires_grad=True))
            value = value + self.zeros[-1]
        return value if self._then is None else self._then(name, value)


def shared_weight(net: Network, values: Values, weight: Shared, target: Target) -> Explanation:
    """Its number, then the sum over the steps."""
    r = Reading(net, values, False)
    symbol = r.weight_symbol(weight.matrix, weight.gate, weight.d, weight.row, weight.column)
    own = float(weight.of(net))
    first = Equation(symbol, r"\num{w}", own, {"w": Term(symbol, own, meaning(weight.matrix))})
    total = Sum()
    for t, (delta, met) in enumerate(zip(_deltas(net, weight), _met(r, weight), strict=True)):
        total.add(Term(rf"\delta_{{{t + 1}}}", delta, meaning("delta")), met[t])
    formula = rf"\frac{{\partial L}}{{\partial {symbol}}} = \sum_t \delta_t \, m_t"
    second = total.line(formula, Message("recurrent.by-hand.line.shared"))
    road = _autograd(net, weight)
    title: dict[str, Plain | Message] = {"steps": len(net.x)}
    told: dict[str, Plain] = {"steps": len(net.x)}
    return Explanation(
        Message("recurrent.by-hand.title.weight", title),
        target,
        [first, second],
        second.value,
        Reference("autograd", road, abs(road - second.value)),
        [Message("recurrent.by-hand.remark.shared", told)],
        {"weight": [weight.matrix, weight.gate, weight.d, weight.row, weight.column]},
    )


def _met(r: Reading, weight: Shared) -> list[dict[int, Term]]:
    """What the weight multiplies at step t, under t."""
    return [{t: _at(r, weight, t)} for t in range(len(r.net.x))]


def _at(r: Reading, weight: Shared, t: int) -> Term:
    p = Place(t, weight.d, weight.row)
    name = "m"
    gates, column = r.params.gates, weight.column
    symbol = f"{name}_{{{t + 1}}}"
    inner = r.params.cell == "gru" and weight.gate >= 2 and weight.matrix in ("w_hh", "bias")
    if weight.matrix == "w_hy":
        assert column is not None
        d, unit = divmod(column, r.params.hidden)
        return replace(r.term("h", Place(t, d, unit)), latex=symbol, meaning=meaning("met"))
    if column is None:
        fourth = weight.gate == len(gates)
        reset = inner and fourth and r.params.reset == "after"
        return Term(symbol, r.value("r", p) if reset else 1.0, meaning("met"))
    if weight.matrix == "w_ih":
        return replace(r.term("x", Place(t, weight.d, column)), latex=symbol, meaning=meaning("met"))
    if r.state() == "s":
        return replace(r.term("s", Place(t, weight.d, column)), latex=symbol, meaning=meaning("met"))
    past = r.past("h", p, column)
    if inner:
        past *= r.value("r", p if r.params.reset == "after" else Place(t, weight.d, column))
    return Term(symbol, past, meaning("met"))


def _deltas(net: Network, weight: Shared) -> Sequence[float]:
    """dL / d pre-activation of the weight's row at every step, L the sum of all y."""
    steps = len(net.x)
    if weight.matrix == "w_hy":
        return [float(d) for d in _readout_deltas(net, weight.row)]
    name = [*net.params.gates, "n"][weight.gate]
    edits: dict[int, Edit] = dict(clamps(net.params))
    probe = Probe(name, edits.get(weight.d))
    edits[weight.d] = probe
    values = compute(net, edits)
    grads = torch.autograd.grad(values.y.sum(), probe.zeros, allow_unused=True)
    found = []
    for t in range(steps):
        grad = grads[steps - 1 - t if weight.d else t]
        slope = _slope(function(name, net.params.activation), values.pre[name][t, weight.d, weight.row])
        found.append(0.0 if grad is None else float(grad[0, weight.row]) * slope)
    return found


def _readout_deltas(net: Network, row: int) -> Tensor:
    """dL / dy at every step: 1, and of a Jordan network what comes back with it."""
    if net.params.cell != "jordan":
        return torch.ones(len(net.x), dtype=F64)
    edits: dict[int, Edit] = dict(clamps(net.params))
    probe = Probe("y", edits.get(0))
    compute_y = compute(net, {0: probe}).y.sum()
    grads = torch.autograd.grad(compute_y, probe.zeros, allow_unused=True)
    return torch.stack([torch.zeros((), dtype=F64) if grad is None else grad[0, row] for grad in grads])


def _slope(kind: str, pre: Tensor) -> float:
    """The function's derivative."""
    a = pre.detach().clone().requires_grad_()
    value = torch.sigmoid(a) if kind == "sigmoid" else FUNCTIONS[kind](a)
    return float(torch.autograd.grad(value, a)[0])


def _autograd(net: Network, weight: Shared) -> float:
    """The derivative by the weight itself."""
    whole = getattr(net, weight.matrix).clone().requires_grad_()
    copy = replace(net, **{weight.matrix: whole})
    y = compute(copy, clamps(net.params)).y.sum()
    if not y.requires_grad:
        return 0.0
    (grad,) = torch.autograd.grad(y, whole, allow_unused=True)
    return 0.0 if grad is None else float(weight.of(replace(net, **{weight.matrix: grad})))
