"""The cells that show their gates against torch's own modules and against direct transcriptions of their equations."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from app.nn.recurrent import Options, Recurrent, Weights, from_torch

torch.set_num_threads(1)
F64 = torch.float64

shapes = st.fixed_dictionaries(
    {
        "input_size": st.integers(1, 4),
        "hidden_size": st.integers(2, 5),
        "num_layers": st.integers(1, 3),
        "bidirectional": st.booleans(),
        "bias": st.booleans(),
    }
)
MODULES = {
    "rnn": lambda **options: nn.RNN(nonlinearity="tanh", **options),
    "relu": lambda **options: nn.RNN(nonlinearity="relu", **options),
    "lstm": nn.LSTM,
    "proj": lambda **options: nn.LSTM(proj_size=options["hidden_size"] - 1, **options),
    "gru": nn.GRU,
}


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=F64, generator=torch.Generator().manual_seed(seed))


@given(
    st.sampled_from(sorted(MODULES)),
    shapes,
    st.integers(1, 6),
    st.lists(st.integers(1, 6), min_size=1, max_size=3),
    st.integers(0, 999),
)
def test_every_sequence_is_torchs(kind: str, shape: dict[str, Any], steps: int, lengths: list[int], seed: int) -> None:
    torch.manual_seed(seed)
    module: Any = MODULES[kind](**shape).to(F64)
    lengths = [min(n, steps) for n in lengths]
    lengths[0] = steps
    x = random(steps, len(lengths), shape["input_size"], seed=seed)
    packed = nn.utils.rnn.pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=False)
    with torch.no_grad():
        output, last = module(packed)
        expected, _ = nn.utils.rnn.pad_packed_sequence(output)
        found = from_torch(module).unroll(x, torch.tensor(lengths))
    assert (found.output - expected).abs().max() <= 1e-12
    h, c = last if isinstance(last, tuple) else (last, None)
    assert (found.final["h"] - h).abs().max() <= 1e-12
    if c is not None:
        assert (found.final["c"] - c).abs().max() <= 1e-12
    # What is kept adds up: the last layer's h, direction by direction, is the output; padding has no gates.
    width = h.shape[2]
    directions = 2 if shape["bidirectional"] else 1
    for b, n in enumerate(lengths):
        for d in range(directions):
            kept = found.at["h"][:n, -directions + d, b]
            assert torch.equal(kept, found.output[:n, b, d * width : (d + 1) * width])
        assert all(values[n:, :, b].isnan().all() for values in found.at.values())


@given(st.sampled_from(["rnn", "lstm", "proj", "gru"]), shapes, st.integers(0, 999))
def test_gates_are_the_functions_of_their_pre_activations(kind: str, shape: dict[str, Any], seed: int) -> None:
    torch.manual_seed(seed)
    module: Any = MODULES[kind](**shape).to(F64)
    with torch.no_grad():
        found = from_torch(module).unroll(random(4, 2, shape["input_size"], seed=seed))
    for name, value in found.pre.items():
        function = torch.tanh if name in ("h", "g", "n") else torch.sigmoid
        assert (function(value) - found.at[name]).abs().max() <= 1e-15


def test_a_step_at_a_time_is_the_same_as_the_whole() -> None:
    module = nn.LSTM(3, 4, 2).to(F64)
    net = from_torch(module)
    x = random(5, 2, 3)
    with torch.no_grad():
        whole = net.unroll(x)
        states: Any = net.start(2)
        for t in range(5):
            steps, out = net.step(x[t], states)
            states = [step.state for step in steps]
            assert (out - whole.output[t]).abs().max() <= 1e-14
            for layer, step in enumerate(steps):
                for name, value in step.at.items():
                    assert (value - whole.at[name][t, layer]).abs().max() <= 1e-14
    with pytest.raises(ValueError, match="bidirectional"):
        from_torch(nn.GRU(1, 1, bidirectional=True)).step(torch.zeros(1, 1), [])


def test_an_initial_state_is_taken() -> None:
    module = nn.LSTM(2, 3, 2, bidirectional=True).to(F64)
    x, h, c = random(3, 2, 2), random(4, 2, 3, seed=1), random(4, 2, 3, seed=2)
    with torch.no_grad():
        expected, _ = module(x, (h, c))
        found = from_torch(module).unroll(x, initial={"h": h, "c": c})
    assert (found.output - expected).abs().max() <= 1e-12


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 2), st.sampled_from([None, 0.0, 0.5, 1.0]), st.integers(0, 999))
def test_jordan_feeds_back_its_output(size: int, hidden: int, outputs: int, leak: float | None, seed: int) -> None:
    w_ih, w_hs, w_hy = (
        random(hidden, size, seed=seed),
        random(hidden, outputs, seed=seed + 1),
        random(outputs, hidden, seed=seed + 2),
    )
    b, b_y = random(hidden, seed=seed + 3), random(outputs, seed=seed + 4)
    net = Recurrent("jordan", [[Weights(w_ih, w_hs, b, None, w_hy=w_hy, b_y=b_y)]], Options(leak=leak, output="tanh"))
    x = random(5, 1, size, seed=seed + 5)
    found = net.unroll(x)
    state = torch.zeros(outputs, dtype=F64)
    for t in range(5):
        h = torch.tanh(w_ih @ x[t, 0] + w_hs @ state + b)
        y = torch.tanh(w_hy @ h + b_y)
        assert (found.at["h"][t, 0, 0] - h).abs().max() <= 1e-12
        assert (found.output[t, 0] - y).abs().max() <= 1e-12
        state = y if leak is None else leak * state + y


@given(st.integers(1, 3), st.integers(1, 3), st.integers(0, 999))
def test_reset_before_is_the_papers_network(size: int, hidden: int, seed: int) -> None:
    w, u = random(3 * hidden, size, seed=seed), random(3 * hidden, hidden, seed=seed + 1)
    b, d = random(3 * hidden, seed=seed + 2), random(3 * hidden, seed=seed + 3)
    before = Recurrent("gru", [[Weights(w, u, b, d)]], Options(reset="before"))
    after = Recurrent("gru", [[Weights(w, u, b, d)]])
    x = random(4, 1, size, seed=seed + 4)
    found = before.unroll(x)
    h = torch.zeros(hidden, dtype=F64)
    (w_r, w_z, w_n), (u_r, u_z, u_n) = w.chunk(3), u.chunk(3)
    (b_r, b_z, b_n), (d_r, d_z, d_n) = b.chunk(3), d.chunk(3)
    for t in range(4):
        r = torch.sigmoid(w_r @ x[t, 0] + b_r + u_r @ h + d_r)
        z = torch.sigmoid(w_z @ x[t, 0] + b_z + u_z @ h + d_z)
        n = torch.tanh(w_n @ x[t, 0] + b_n + u_n @ (r * h) + d_n)
        h = (1 - z) * n + z * h
        assert (found.output[t, 0] - h).abs().max() <= 1e-12
    assert (after.unroll(x).output - found.output).abs().max() > 0  # they are two networks


def test_the_network_that_is_worked_out_by_hand() -> None:
    """Two inputs, two hidden units, two linear outputs, all weights 1, no biases: Hung-yi Lee's example."""
    ones = torch.ones(2, 2, dtype=F64)
    net = Recurrent("rnn", [[Weights(ones, ones)]], Options(activation="identity"))
    for sequence, sums in (([[1, 1], [1, 1], [2, 2]], [4, 12, 32]), ([[1, 1], [2, 2], [1, 1]], [4, 16, 36])):
        hidden = net.unroll(torch.tensor(sequence, dtype=F64)[:, None]).output[:, 0]
        assert (hidden @ ones.T).tolist() == [[total, total] for total in sums]


def test_the_lstm_that_is_worked_out_by_hand() -> None:
    """Gate weights 100, biases -10, +10, -10, g and h linear: x_2 writes or clears, x_3 reads."""
    w = torch.tensor([[0, 100, 0], [0, 100, 0], [1, 0, 0], [0, 0, 100]], dtype=F64)
    b = torch.tensor([-10, 10, 0, -10], dtype=F64)
    net = Recurrent("lstm", [[Weights(w, torch.zeros(4, 1, dtype=F64), b, None)]], Options(activation="identity"))
    x = torch.tensor([[1, 0, 0], [3, 1, 0], [4, 1, 0], [2, 0, 0], [1, 0, 1], [3, -1, 0]], dtype=F64)[:, None]
    found = net.unroll(x)
    assert found.at["c"][:, 0, 0, 0].tolist() == pytest.approx([0, 3, 7, 7, 7, 0], abs=2e-3)
    assert found.output[:, 0, 0].tolist() == pytest.approx([0, 0, 0, 0, 7, 0], abs=2e-3)
    # A closed output gate leaves the cell as it is.
    shut = net.unroll(x, edit={(0, 0): lambda name, value: value * 0 if name == "o" else value})
    assert torch.equal(shut.at["c"], found.at["c"])
    assert not shut.output.any()


def test_an_edit_changes_what_comes_after_it() -> None:
    module = nn.GRU(1, 2).to(F64)
    x = random(3, 1, 1)
    with torch.no_grad():
        kept = from_torch(module).unroll(x, edit={(0, 0): lambda name, value: torch.ones_like(value) if name == "z" else value})
    assert not kept.output.any()  # z = 1 keeps the zeros of the start


def test_the_bidirectional_trap() -> None:
    module = nn.RNN(1, 2, bidirectional=True).to(F64)
    with torch.no_grad():
        found = from_torch(module).unroll(random(4, 1, 1))
    assert torch.equal(found.final["h"][1, 0], found.output[0, 0, 2:])
    assert not torch.equal(found.final["h"][1, 0], found.output[-1, 0, 2:])
