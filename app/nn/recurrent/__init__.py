"""Recurrent networks unrolled by hand: the same numbers as nn.RNN, nn.LSTM and nn.GRU, with every gate kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from app.nn.recurrent.cells import CELLS, Edit, Options, Step, Weights, start, untouched

__all__ = ["Options", "Recurrent", "Unrolled", "Weights", "from_torch"]


@dataclass(frozen=True)
class Unrolled:
    """A whole sequence. ``at`` and ``pre``: by the equations' names (T, L D, B, H), padded steps NaN; ``output`` (T, B, D P) of the
    last layer, padded steps 0; ``final``: the states after each sequence's own last step (L D, B, size).

    Layers and directions count as torch's h_n does: layer * D + direction. ``output[-1]`` holds the reverse direction's first step;
    its ``final`` is ``output[0]``.
    """

    at: Mapping[str, Tensor]
    pre: Mapping[str, Tensor]
    output: Tensor
    final: Mapping[str, Tensor]


@dataclass(frozen=True)
class Recurrent:
    """Layers of one kind of cell: ``layers[l][d]`` are the weights of layer l in direction d (0 forward, 1 reverse)."""

    kind: str
    layers: Sequence[Sequence[Weights]]
    options: Options = field(default_factory=Options)

    @property
    def directions(self) -> int:
        """2 for a bidirectional network, else 1."""
        return len(self.layers[0])

    def start(self, batch: int) -> list[dict[str, Tensor]]:
        """Zero states for ``step``, one a layer."""
        return [start(self.kind, layer[0], batch) for layer in self.layers]

    def step(
        self, x: Tensor, states: Sequence[Mapping[str, Tensor]], edits: Sequence[Edit] | None = None
    ) -> tuple[list[Step], Tensor]:
        """One time step of all layers, forward only: x (B, I) to each layer's Step and the last one's output (B, P).

        The next call's states are ``[step.state for step in steps]``. Raises ValueError for a bidirectional network, which has
        to see the end before it can begin.
        """
        if self.directions > 1:
            raise ValueError("a bidirectional network cannot go step by step")
        steps = []
        for layer, (weights, state) in enumerate(zip(self.layers, states, strict=True)):
            edit = untouched if edits is None else edits[layer]
            steps.append(CELLS[self.kind](x, state, weights[0], self.options, edit))
            x = steps[-1].out
        return steps, x

    def unroll(
        self,
        x: Tensor,
        lengths: Tensor | None = None,
        initial: Mapping[str, Tensor] | None = None,
        edit: Mapping[tuple[int, int], Edit] | None = None,
    ) -> Unrolled:
        """The sequences x (T, B, I); those shorter than T say so in ``lengths`` (B,), from 1 to T.

        ``initial``: states (L D, B, size) by name, zeros without; ``edit`` by (layer, direction).
        """
        steps, batch = x.shape[:2]
        live = torch.arange(steps)[:, None] < (torch.full((batch,), steps) if lengths is None else lengths)  # (T, B)
        traces: list[list[Step]] = []
        finals: list[Mapping[str, Tensor]] = []
        for number, layer in enumerate(self.layers):
            outputs = []
            for d, weights in enumerate(layer):
                index = number * self.directions + d
                state = start(self.kind, weights, batch)
                if initial is not None:
                    state = {name: initial[name][index] for name in state}
                trace, final = self._run(x, live, weights, state, d, (edit or {}).get((number, d), untouched))
                traces.append(trace)
                finals.append(final)
                outputs.append(torch.stack([torch.where(live[t, :, None], trace[t].out, 0) for t in range(steps)]))
            x = torch.cat(outputs, -1)
        names, pre = traces[0][0].at, traces[0][0].pre
        return Unrolled(
            {name: _stacked(traces, live, lambda step, name=name: step.at[name]) for name in names},
            {name: _stacked(traces, live, lambda step, name=name: step.pre[name]) for name in pre},
            x,
            {name: torch.stack([final[name] for final in finals]) for name in finals[0]},
        )

    def _run(
        self, x: Tensor, live: Tensor, weights: Weights, state: Mapping[str, Tensor], direction: int, edit: Edit
    ) -> tuple[list[Step], Mapping[str, Tensor]]:
        """One layer in one direction; the trace is in the order of time. A state waits through the padding, before or after."""
        order = range(len(x)) if direction == 0 else reversed(range(len(x)))
        trace: dict[int, Step] = {}
        for t in order:
            trace[t] = step = CELLS[self.kind](x[t], state, weights, self.options, edit)
            state = {name: torch.where(live[t, :, None], new, state[name]) for name, new in step.state.items()}
        return [trace[t] for t in range(len(x))], state


def _stacked(traces: Sequence[Sequence[Step]], live: Tensor, of: object) -> Tensor:
    """(T, L D, B, size), NaN in padded steps."""
    stacked = torch.stack([torch.stack([of(step) for step in trace]) for trace in traces], 1)  # type: ignore[operator]
    return stacked.masked_fill(~live[:, None, :, None], torch.nan)


def from_torch(module: nn.RNNBase) -> Recurrent:
    """The same network with the same parameters (not copied), whatever its layers, directions, biases or projection."""
    kinds = {nn.RNN: "rnn", nn.LSTM: "lstm", nn.GRU: "gru"}
    kind = next(name for cls, name in kinds.items() if isinstance(module, cls))
    layers = [[_weights(module, suffix) for suffix in _suffixes(module, number)] for number in range(module.num_layers)]
    activation = getattr(module, "nonlinearity", "tanh") if kind == "rnn" else "tanh"
    return Recurrent(kind, layers, Options(activation=activation))


def _suffixes(module: nn.RNNBase, layer: int) -> Iterator[str]:
    yield f"l{layer}"
    if module.bidirectional:
        yield f"l{layer}_reverse"


def _weights(module: nn.RNNBase, suffix: str) -> Weights:
    found: dict[str, Any] = {name: getattr(module, f"{torchs}_{suffix}", None) for name, torchs in _NAMES.items()}
    return Weights(**found)


_NAMES = {"w_ih": "weight_ih", "w_hh": "weight_hh", "b_ih": "bias_ih", "b_hh": "bias_hh", "w_hr": "weight_hr"}
