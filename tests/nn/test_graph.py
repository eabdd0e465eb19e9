"""The diagram of a cell is the cell: computed node by node it comes to what the cell comes to."""

from __future__ import annotations

import pytest
import torch

from app.nn.recurrent import Options, Weights
from app.nn.recurrent.cells import CELLS
from app.nn.recurrent.graph import BLOCKS, graph

FUNCTIONS = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "softmax": lambda a: torch.softmax(a, -1),
    "one_minus": lambda a: 1 - a,
    "add": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
}


@pytest.mark.parametrize("kind", ["rnn", "jordan", "lstm", "gru"])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_computed_node_by_node_it_is_the_cell(kind: str, activation: str) -> None:
    torch.manual_seed(1)
    hidden, back = 5, 3 if kind == "jordan" else 5
    weights = Weights(*(torch.randn(BLOCKS[kind] * hidden, n, dtype=torch.float64) for n in (4, back)))
    if kind == "jordan":
        weights = Weights(weights.w_ih, weights.w_hh, w_hy=torch.randn(3, hidden, dtype=torch.float64))
    options = Options(activation=activation, output="softmax")
    x = torch.randn(1, 4, dtype=torch.float64)
    names = {"lstm": "hc", "jordan": "s"}.get(kind, "h")
    states = {name: torch.randn(1, back, dtype=torch.float64) for name in names}
    step = CELLS[kind](x, states, weights, options, lambda _, value: value)
    values = {"x": x, **{f"{name}'": value for name, value in states.items()}}
    for name, (what, of) in graph(kind, options).nodes.items():
        if what == "input":
            continue
        if what == "linear":  # the weights are the cell's: only what goes in is the diagram's
            values[name] = step.pre[name.removeprefix("a_")]
        else:
            values[name] = FUNCTIONS[what](*(values[one] for one in of))
    for name, expected in step.at.items():
        if name != "s":
            assert torch.equal(values[name], expected)


def test_gates_have_the_functions_and_inputs_of_the_equations() -> None:
    nodes = graph("lstm").nodes
    assert {name: what for name, (what, _) in nodes.items() if name in list("ifgo")} == {
        "i": "sigmoid",
        "f": "sigmoid",
        "g": "tanh",
        "o": "sigmoid",
    }
    assert all(set(nodes[f"a_{gate}"][1]) == {"x", "h'"} for gate in "ifgo")
    assert nodes["c"][0] == "add"
    gru = graph("gru").nodes
    assert set(gru["a_n"][1]) == {"x", "h'", "r"}
    assert set(gru["a_z"][1]) == {"x", "h'"}
    assert set(graph("jordan").nodes["a_h"][1]) == {"x", "s'"}
