"""The networks by hand one click away. A title is ``recurrent.by-hand.preset.ID``, its caption the same with ``.caption``.

Data only, no torch. A test runs every preset and measures what its caption says.
"""

from __future__ import annotations

from typing import Any

from app.labs.contract import Message, Preset


def _preset(id: str, citation: str = "", **params: Any) -> Preset:
    name = f"recurrent.by-hand.preset.{id}"
    return Preset(id, Message(name), Message(f"{name}.caption"), params, citation)


_ELMAN = "J. L. Elman, 1990, Finding structure in time"
_LSTM = "S. Hochreiter and J. Schmidhuber, 1997; F. A. Gers, J. Schmidhuber and F. Cummins, 2000"
_GRU = "K. Cho et al., 2014, arXiv:1406.1078"

_CELL: dict[str, Any] = {
    "cell": "lstm",
    "activation": "identity",
    "hidden": 1,
    "outputs": 1,
    "w_ih": [[[0, 100, 0]], [[0, 100, 0]], [[1, 0, 0]], [[0, 0, 100]]],
    "w_hh": [[[0]]],
    "w_hy": [[1]],
    "bias": [[-10], [10], [0], [-10]],
}
"""One memory cell: the second input writes (1) or wipes (-1), the third reads; the gates i, f, g, o."""

_HEARD: dict[str, Any] = {
    "cell": "gru",
    "activation": "tanh",
    "x": [[1], [1], [1]],
    "w_ih": [[[9], [-9]], [[-9], [-9]], [[0.5], [0.5]]],
    "w_hh": [[[0, 0], [0, 0]], [[0, 0], [0, 0]], [[0, 1], [1, 0]]],
    "w_hy": [[1, 0], [0, 1]],
}
"""Each unit's n hears the other unit only; unit 1's reset gate is open, unit 2's shut."""

BY_HAND = (
    _preset("memory", _ELMAN),
    _preset("order", _ELMAN, x=[[1, 1], [2, 2], [1, 1]]),
    _preset("relu", activation="relu", w_hh=[[[-1, -1], [-1, -1]]]),
    _preset("jordan", "M. I. Jordan, 1986, Serial order", cell="jordan"),
    _preset("lstm", _LSTM, **_CELL, x=[[3, 1, 0], [4, 1, 0], [2, 0, 0], [1, 0, 1], [3, -1, 0]]),
    _preset(
        "output-shut",
        _LSTM,
        **_CELL,
        x=[[3, 1, 0], [4, 1, 0], [1, 0, 1], [1, 0, 1]],
        clamp={"name": "o", "first": 3, "last": 3, "value": 0},
    ),
    _preset(
        "gru-keeps",
        _GRU,
        cell="gru",
        activation="identity",
        hidden=1,
        outputs=1,
        x=[[3, 1], [5, 0], [7, 1], [2, 0]],
        w_ih=[[[0, 0]], [[0, -100]], [[1, 0]]],
        w_hh=[[[0]]],
        w_hy=[[1]],
        bias=[[0], [10], [0]],
    ),
    _preset("reset-after", "PyTorch, torch.nn.GRU", **_HEARD, reset="after"),
    _preset("reset-before", _GRU, **_HEARD, reset="before"),
    _preset(
        "trap",
        "M. Schuster and K. K. Paliwal, 1997; PyTorch, torch.nn.RNN",
        bidirectional=True,
        hidden=1,
        outputs=1,
        x=[[1], [2], [3]],
    ),
)
"""In the order in which the page lists them."""
