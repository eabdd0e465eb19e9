"""recurrent/by-hand: the lecture's numbers, torch's modules, direct transcriptions, and when a value is known."""

from __future__ import annotations

import ast
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from app import labs
from app.labs.contract import UserError
from app.labs.recurrent import by_hand

torch.set_num_threads(1)
NAME = "recurrent/by-hand"
GATES = {"rnn": 1, "jordan": 1, "lstm": 4, "gru": 3}


def last(**params: Any) -> Any:
    """The tensors of the last frame."""
    return list(labs.run(NAME, **params))[-1].tensors


def outputs(**params: Any) -> list[float]:
    """Both outputs are the same number in the lecture's example."""
    y = last(**params)["y"]
    assert np.array_equal(y[:, 0], y[:, 1])
    return y[:, 0].tolist()


def f64(numbers: Any) -> torch.Tensor:
    return torch.tensor(numbers, dtype=torch.float64)


def drawn(
    cell: str, seed: int, inputs: int = 3, hidden: int = 2, count: int = 2, directions: int = 1, **more: Any
) -> dict[str, Any]:
    """Params with random weights and biases, every gate and direction its own."""
    random = np.random.default_rng(seed)
    back = count if cell == "jordan" else hidden

    def some(*shape: int) -> list[Any]:
        return random.normal(size=shape).round(3).tolist()

    blocks = GATES[cell] * directions
    return {
        "cell": cell,
        "hidden": hidden,
        "outputs": count,
        "bidirectional": directions == 2,
        "x": some(4, inputs),
        "w_ih": some(blocks, hidden, inputs),
        "w_hh": some(blocks, hidden, back),
        "w_hy": some(count, directions * hidden),
        "bias": some(blocks + (directions if cell == "gru" else 0), hidden),
        **more,
    }


def test_the_lectures_numbers() -> None:
    assert outputs() == [4, 12, 32]
    assert outputs(x=[[1, 1], [2, 2], [1, 1]]) == [4, 16, 36]
    assert outputs(activation="relu") == [4, 12, 32]
    assert labs.scene(NAME).tensors["alone/y"][:, 0].tolist() == [4, 4, 8]  # without memory: the order changes nothing but itself
    assert labs.scene(NAME, x=[[1, 1], [2, 2], [1, 1]]).tensors["alone/y"][:, 0].tolist() == [4, 8, 4]


def test_jordan_by_hand() -> None:
    """h = x1 + x2 + s1 + s2, y = h1 + h2: 2, 4; 2 + 8, 20; 4 + 40, 88. With a leak of a half s_3 = 2 + 20: h = 4 + 44."""
    assert outputs(cell="jordan") == [4, 20, 88]
    assert outputs(cell="jordan", leak=0.5) == [4, 20, 96]
    assert last(cell="jordan")["s"][:, 0, 0].tolist() == [0, 4, 20]


def test_a_block_serves_all_gates_and_both_directions() -> None:
    one, every = [[[1, 2], [3, 4]]], [[[1, 2], [3, 4]]] * 8
    a, b = (last(cell="lstm", bidirectional=True, activation="tanh", w_ih=w)["y"] for w in (one, every))
    assert np.array_equal(a, b)


@settings(max_examples=30)
@given(st.sampled_from(["rnn", "relu", "lstm", "gru"]), st.sampled_from([1, 2]), st.integers(1, 4), st.integers(0, 999))
def test_torchs_module_runs_the_same(kind: str, directions: int, hidden: int, seed: int) -> None:
    cell = "rnn" if kind == "relu" else kind
    params = drawn(cell, seed, hidden=hidden, directions=directions, activation="relu" if kind == "relu" else "tanh")
    more = {"nonlinearity": kind.replace("rnn", "tanh")} if cell == "rnn" else {}
    module: Any = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[cell](3, hidden, bidirectional=directions == 2, **more).double()
    gates = GATES[cell]
    rows = gates + (cell == "gru")
    with torch.no_grad():
        for d, end in enumerate(["l0", "l0_reverse"][:directions]):
            getattr(module, f"weight_ih_{end}").copy_(f64(params["w_ih"][d * gates : (d + 1) * gates]).flatten(0, 1))
            getattr(module, f"weight_hh_{end}").copy_(f64(params["w_hh"][d * gates : (d + 1) * gates]).flatten(0, 1))
            bias = f64(params["bias"][d * rows : (d + 1) * rows])
            getattr(module, f"bias_ih_{end}").copy_(bias[:gates].flatten())
            getattr(module, f"bias_hh_{end}").zero_()
            if cell == "gru":
                getattr(module, f"bias_hh_{end}")[-hidden:].copy_(bias[3])
        output, _ = module(f64(params["x"]))
    expected = (output @ f64(params["w_hy"]).T).numpy()
    assert np.abs(last(**params)["y"] - expected).max() <= 1e-12
    parity = labs.scene(NAME, **params).note["parity"]
    assert parity["module"] == f"nn.{cell.upper()}"
    assert parity["difference"] <= 1e-12


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"cell": "jordan"}, "jordan"),
        ({"cell": "lstm"}, "identity"),
        ({"cell": "gru", "activation": "tanh", "reset": "before"}, "before"),
        ({"x": [[-1, 0]]}, "negative"),
    ],
)
def test_why_torch_has_no_such_module(params: dict[str, Any], reason: str) -> None:
    parity = labs.scene(NAME, **params).note["parity"]
    assert (parity["module"], parity["reason"], parity["difference"]) == (None, reason, None)


def test_the_identity_is_relu_while_nothing_is_negative() -> None:
    assert labs.scene(NAME).note["parity"] == {"module": "nn.RNN", "reason": "relu", "difference": 0.0}


def test_reset_before_is_the_papers_equation() -> None:
    params = drawn("gru", 3, activation="tanh", reset="before")
    w, u, b = (np.array(params[name]) for name in ("w_ih", "w_hh", "bias"))
    sigmoid = lambda a: 1 / (1 + np.exp(-a))  # noqa: E731
    h = np.zeros(2)
    found = last(**params)
    for t, x in enumerate(np.array(params["x"])):
        r, z = (sigmoid(w[k] @ x + u[k] @ h + b[k]) for k in range(2))
        n = np.tanh(w[2] @ x + b[2] + u[2] @ (r * h) + b[3])
        h = (1 - z) * n + z * h
        assert np.abs(found["n"][t, 0] - n).max() <= 1e-12
        assert np.abs(found["h"][t, 0] - h).max() <= 1e-12
    other = labs.scene(NAME, **params).tensors["other/h"]
    assert np.abs(other - last(**{**params, "reset": "after"})["h"]).max() == 0
    assert np.abs(other - found["h"]).max() > 1e-3


def test_a_frame_knows_what_both_directions_have_read() -> None:
    frames = list(labs.run(NAME, **drawn("lstm", 1, directions=2, activation="tanh")))
    assert [frame.note["at"] for frame in frames] == [[], [1, 4], [2, 3], [3, 2], [4, 1]]
    for k, frame in enumerate(frames):
        known = ~np.isnan(frame.tensors["c"][:, :, 0])
        assert known[:, 0].tolist() == [t < k for t in range(4)]
        assert known[:, 1].tolist() == [t >= 4 - k for t in range(4)]
        assert (~np.isnan(frame.tensors["y"][:, 0])).tolist() == [max(t + 1, 4 - t) <= k for t in range(4)]


def test_the_bidirectional_trap() -> None:
    """output[-1] holds the reverse direction's first step; its h_n is output[0]."""
    params = drawn("gru", 5, directions=2, activation="tanh")
    tensors = labs.scene(NAME, **params).tensors
    output, h_n, h = tensors["output"], tensors["h_n"], last(**params)["h"]
    assert np.array_equal(output[-1, 2:], h[-1, 1])
    assert np.array_equal(h_n[1], output[0, 2:])
    assert np.array_equal(h_n[0], output[-1, :2])
    only = last(**{**params, "x": params["x"][-1:]})["h"]
    assert np.array_equal(output[-1, 2:], only[0, 1]), "the reverse direction has read one step there"


@pytest.mark.parametrize(
    ("cell", "name", "unit", "directions"),
    [("lstm", "o", None, 1), ("lstm", "c", 2, 2), ("gru", "z", 1, 2), ("jordan", "y", 1, 1), ("rnn", "h", 2, 1)],
)
def test_a_clamped_value_is_used_and_the_rest_follows(cell: str, name: str, unit: int | None, directions: int) -> None:
    params = drawn(cell, 7, directions=directions, activation="tanh")
    clamp = {"name": name, "unit": unit, "first": 2, "last": 3, "value": 0.5}
    found, before = last(**params, clamp=clamp), last(**params)
    units = slice(None) if unit is None else unit - 1
    values = found[name].reshape(4, directions, -1)[:, :, units]
    untouched = before[name].reshape(4, directions, -1)[:, :, units]
    assert (values[1:3] == 0.5).all()
    assert np.array_equal(values[0, 0], untouched[0, 0])
    assert (values[3, 0] != 0.5).all()
    assert not np.array_equal(found["y"], before["y"])
    assert np.array_equal(labs.scene(NAME, **params, clamp=clamp).tensors["untouched/y"], before["y"])


BAD: list[tuple[dict[str, Any], tuple[Any, ...], str]] = [
    ({"x": [[1, 1], [1]]}, ("x",), "ragged"),
    ({"w_ih": [[[1, 1], [1, 1]]] * 2}, ("w_ih",), "blocks"),
    ({"w_ih": [[[1, 1, 1], [1, 1, 1]]]}, ("w_ih",), "shape"),
    ({"w_hh": [[[1, 1], [1]]]}, ("w_hh",), "shape"),
    ({"w_hy": [[1, 1]]}, ("w_hy",), "shape"),
    ({"bidirectional": True, "w_hy": [[1, 1], [1, 1]]}, ("w_hy",), "shape"),
    ({"bias": [[1, 1], [1, 1]]}, ("bias",), "biases"),
    ({"bias": [[1]]}, ("bias",), "shape"),
    ({"clamp": {"name": "i"}}, ("clamp", "name"), "clamp"),
    ({"clamp": {"name": "h", "unit": 3}}, ("clamp", "unit"), "unit"),
    ({"clamp": {"name": "h", "first": 3, "last": 2}}, ("clamp", "last"), "clamp_order"),
]


@pytest.mark.parametrize(("params", "path", "id"), BAD)
def test_what_does_not_fit_is_told_at_its_field(params: dict[str, Any], path: tuple[Any, ...], id: str) -> None:
    with pytest.raises(labs.ParamsError) as refused:
        labs.params_from(NAME, params)
    ((found, message),) = refused.value.errors
    assert (found, message.id) == (path, f"recurrent.by-hand.error.{id}")


@settings(max_examples=30)
@given(st.sampled_from(sorted(GATES)), st.integers(1, 2), st.booleans(), st.integers(0, 999), st.randoms(use_true_random=False))
def test_every_value_and_weight_opened_is_the_runs(cell: str, directions: int, clamped: bool, seed: int, random: Any) -> None:
    directions = 1 if cell == "jordan" else directions
    more: dict[str, Any] = {"activation": random.choice(["identity", "tanh", "relu"]), "reset": random.choice(["after", "before"])}
    if cell == "jordan":
        more["leak"] = random.choice([None, 0.5])
    names = {"rnn": "h", "jordan": "hy", "lstm": "ifgoch", "gru": "rznh"}[cell]
    if clamped:
        more["clamp"] = {"name": random.choice(names), "unit": random.choice([None, 1]), "first": 2, "last": 2, "value": 0.25}
    params = drawn(cell, seed, directions=directions, **more)
    made, scene, frames = labs.params_from(NAME, params), labs.scene(NAME, **params), list(labs.run(NAME, **params))
    d, t, unit = (random.randrange(n) for n in (directions, 4, 2))
    for name in dict.fromkeys((*names, "y", *("s" if cell == "jordan" else ""))):
        target: dict[str, Any] = {"kind": "value", "name": name, "step": t + 1, "unit": unit}
        if name != "y":
            target["direction"] = d
        found = by_hand.explain(made, scene, None, frames[-1], target)
        tensor = frames[-1].tensors[name]
        assert found.result == pytest.approx(tensor[t, unit] if name == "y" else tensor[t, d, unit], abs=1e-9)
        single = by_hand.explain(made, scene, None, frames[-1], {**target, "alone": True})
        alone = scene.tensors[f"alone/{name}"]
        assert single.result == pytest.approx(alone[t, unit] if name == "y" else alone[t, d, unit], abs=1e-9)
        for one in (found, single):
            assert one.reference is not None
            assert one.reference.difference <= 1e-9
    rows = {"bias": GATES[cell] + (cell == "gru"), "w_hy": 1}
    for matrix, column in (("w_ih", 2), ("w_hh", 1), ("bias", None), ("w_hy", 1)):
        for gate in range(rows.get(matrix, GATES[cell])):
            weight: dict[str, Any] = {"kind": "weight", "matrix": matrix, "row": unit}
            weight |= {} if matrix == "w_hy" else {"gate": gate, "direction": d}
            weight |= {} if column is None else {"column": column}
            found = by_hand.explain(made, scene, None, frames[0], weight)
            assert found.reference is not None
            assert found.reference.name == "autograd"
            assert found.reference.difference <= 1e-7 * max(1, abs(found.result)), weight


def test_torchs_own_number_stands_beside_h_c_and_y() -> None:
    params = drawn("lstm", 2, directions=2, activation="tanh")
    made, scene, frame = labs.params_from(NAME, params), labs.scene(NAME, **params), list(labs.run(NAME, **params))[-1]
    for name, road in (("h", "nn.LSTM"), ("c", "nn.LSTM"), ("y", "nn.LSTM"), ("f", "app.nn.recurrent.cells.lstm")):
        for d in (0, 1):
            target = {"kind": "value", "name": name, "step": 2, "direction": d, "unit": 1}
            found = by_hand.explain(made, scene, None, frame, target)
            assert found.reference is not None
            assert found.reference.name == road
            assert found.reference.difference <= 1e-12


def test_the_arithmetic_names_its_terms() -> None:
    made, scene, frames = labs.params_from(NAME, {}), labs.scene(NAME), list(labs.run(NAME))
    found = by_hand.explain(made, scene, frames[1], frames[2], {"kind": "value", "name": "h", "unit": 0})
    assert [line.value for line in found.equations] == [6, 6]
    assert sorted(term.value for term in found.equations[0].terms.values()) == [1, 1, 1, 1, 1, 1, 2, 2]
    opens = [term.target for term in found.equations[0].terms.values()]
    assert {"kind": "value", "name": "h", "step": 1, "unit": 1, "direction": 0} in opens
    assert {"kind": "weight", "matrix": "w_hh", "gate": 0, "direction": 0, "row": 0, "column": 1} in opens


@pytest.mark.parametrize(
    ("target", "at", "id"),
    [
        ({"kind": "nothing"}, 1, "kind"),
        ({"kind": "value", "name": "c"}, 1, "name"),
        ({"kind": "value", "name": "h"}, 0, "none_yet"),
        ({"kind": "value", "name": "h", "step": 3}, 1, "not_yet"),
        ({"kind": "value", "name": "h", "step": 0}, 1, "index"),
        ({"kind": "value", "name": "h", "step": 4}, 1, "index"),
        ({"kind": "value", "name": "h", "unit": True}, 1, "index"),
        ({"kind": "weight", "matrix": "bias"}, 1, "matrix"),
        ({"kind": "weight", "matrix": "w_ih", "gate": 1}, 1, "index"),
    ],
)
def test_what_is_not_there_is_told(target: Any, at: int, id: str) -> None:
    frame = list(labs.run(NAME))[at]
    with pytest.raises(UserError) as refused:
        by_hand.explain(labs.params_from(NAME, {}), labs.scene(NAME), None, frame, target)
    assert refused.value.message.id == f"recurrent.by-hand.error.{id}"


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"cell": "jordan", "leak": 0.5},
        drawn("lstm", 1, directions=2, activation="tanh"),
        drawn("gru", 2, activation="tanh"),
        drawn("gru", 3, directions=2, activation="tanh", reset="before"),
        drawn("rnn", 4, clamp={"name": "h", "unit": 2, "first": 2, "last": 3, "value": -1}),
        drawn("lstm", 5, clamp={"name": "o", "first": 3, "last": 3}),
        drawn("gru", 6, clamp={"name": "z", "first": 1, "last": 2, "value": 0.5}),
    ],
)
def test_the_script_prints_the_runs_numbers(params: dict[str, Any]) -> None:
    source = by_hand.script(labs.params_from(NAME, params))
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=120, check=True)
    printed = [ast.literal_eval(line.partition(" ")[2]) for line in done.stdout.splitlines()]
    assert np.abs(np.array(printed) - last(**params)["y"]).max() <= 1e-9
