"""A cell's diagram out of the code that computes it: one step is run, and autograd's record of it is read back.

So nothing is drawn by hand: a sigma stands where the code calls sigmoid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from app.nn.recurrent.cells import CELLS, Options, Step, Weights, start

FUNCTIONS = {
    "SigmoidBackward0": "sigmoid",
    "TanhBackward0": "tanh",
    "ReluBackward0": "relu",
    "SoftmaxBackward0": "softmax",
    "AddBackward0": "add",
    "MulBackward0": "mul",
    "RsubBackward1": "one_minus",
}
BLOCKS = {"rnn": 1, "jordan": 1, "lstm": 4, "gru": 3}


@dataclass
class Graph:
    """``nodes`` by name, in the order in which they can be computed: what each does and of which nodes.

    ``input`` x and the states before (``h'``); ``linear`` a weighted sum, the value that a gate's function is applied to (``a_i``);
    a function or an operation; a node that is a value of the equations has its name, others a number.
    """

    nodes: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)


def graph(kind: str, options: Options | None = None) -> Graph:
    """Of one step of a cell of this kind."""
    torch_rng = torch.Generator().manual_seed(0)

    def drawn(*shape: int) -> Tensor:
        return torch.randn(*shape, dtype=torch.float64, generator=torch_rng).requires_grad_()

    hidden, outputs = 3, 2
    back = outputs if kind == "jordan" else hidden
    rows = BLOCKS[kind] * hidden
    more = {"w_hy": drawn(outputs, hidden), "b_y": drawn(outputs)} if kind == "jordan" else {}
    weights = Weights(drawn(rows, 4), drawn(rows, back), drawn(rows), drawn(rows), **more)
    x = drawn(1, 4)
    states = {name: drawn(*value.shape) for name, value in start(kind, weights, 1).items()}
    step = CELLS[kind](x, states, weights, options or Options(output="softmax"), lambda _, value: value)
    return _read(step, {id(x): "x", **{id(value): f"{name}'" for name, value in states.items()}})


Place = tuple[Any, int]
"""What autograd recorded, and which of its outputs: a chunk has several."""


def _place(value: Tensor) -> Place:
    return value.grad_fn, value.output_nr


def _read(step: Step, inputs: Mapping[int, str]) -> Graph:
    found = Graph(dict.fromkeys(inputs.values(), ("input", ())))
    computed = {name: value for name, value in step.at.items() if value.grad_fn is not None}
    named = {_place(value): f"a_{name}" for name, value in step.pre.items()}
    sums = set(named) - {_place(value) for value in computed.values()}
    # A value that is its own pre-activation (the identity) keeps its name.
    named |= {_place(value): name for name, value in computed.items()}

    def visit(place: Place) -> str | None:
        """The node of what autograd recorded; None for weights."""
        fn, _ = place
        if hasattr(fn, "variable"):
            return inputs.get(id(fn.variable))
        if place in named and named[place] in found.nodes:
            return named[place]
        if place in sums:
            found.nodes[named[place]] = ("linear", tuple(below(place)))
            return named[place]
        of = [node for one in fn.next_functions if one[0] is not None and (node := visit(one)) is not None]
        named.setdefault(place, f"{len(found.nodes)}")
        found.nodes[named[place]] = (FUNCTIONS[fn.name()], tuple(of))
        return named[place]

    def below(place: Place) -> list[str]:
        """The named nodes that a sum is made of, each once, however deep."""
        parts: dict[str, None] = {}
        for one in place[0].next_functions:
            if one[0] is None:
                continue
            known = one in named or hasattr(one[0], "variable")
            parts |= dict.fromkeys(below(one) if not known else [node] if (node := visit(one)) is not None else [])
        return list(parts)

    for value in computed.values():
        visit(_place(value))
    return found
