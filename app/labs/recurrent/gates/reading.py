"""A model reads a text: every gate and state of each step, in pieces of some steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from app.labs.pace import Pace
from app.labs.recurrent.params.gates import Held
from app.nn.recurrent import Recurrent
from app.nn.recurrent.cells import CELLS, Edit, Step, untouched

FIRST_PIECE, PIECE = 8, 64
"""Steps: the first piece is soon there, larger ones cost less a step."""


@dataclass(frozen=True)
class Piece:
    """Some steps, from ``first`` (0-based): each value (n, L D, size), ``out`` (n, D P) of the last layer.

    ``before`` is the state that each step began with.
    """

    first: int
    at: Mapping[str, Tensor]
    pre: Mapping[str, Tensor]
    before: Mapping[str, Tensor]
    out: Tensor


@torch.no_grad()
def pieces(net: Recurrent, x: Tensor, held: Sequence[Held] = (), whole: bool = False) -> Iterator[Piece | int]:
    """The steps of x (T, I) in order, or ``whole`` all in one piece; a number is how many are done while none can be shown."""
    if net.directions == 2:
        yield from _both_ways(net, x, held)
        return
    states = net.start(1)
    first, many, pace = 0, len(x) if whole else FIRST_PIECE, Pace()
    while first < len(x):
        steps, befores = [], []
        for t in range(first, min(len(x), first + many)):
            made, _ = net.step(x[t : t + 1], states, _edits(held, len(net.layers), t))
            befores.append(states)
            states = [dict(step.state) for step in made]
            steps.append(made)
            if pace.due():
                yield t + 1
        yield _piece(first, steps, befores, torch.cat([made[-1].out for made in steps]))
        first, many = first + len(steps), PIECE
        pace.rest()


def _both_ways(net: Recurrent, x: Tensor, held: Sequence[Held]) -> Iterator[Piece | int]:
    """Layer by layer, each forward and in reverse."""
    count, done, pace = len(x), 0, Pace()
    grid: list[list[Step]] = [[] for _ in range(count)]
    befores: list[list[Mapping[str, Tensor]]] = [[] for _ in range(count)]
    layer_input = x[:, None]
    for number, layer in enumerate(net.layers):
        outs = []
        for d, weights in enumerate(layer):
            state: Mapping[str, Tensor] = net.start(1)[number]
            made: dict[int, Tensor] = {}
            for t in range(count) if d == 0 else reversed(range(count)):
                edit = edit_of([one for one in held if one.layer == number + 1 and one.direction == WAYS[d]], t)
                step = CELLS[net.kind](layer_input[t], state, weights, net.options, edit)
                befores[t].append(state)
                grid[t].append(step)
                state, made[t] = step.state, step.out
                done += 1
                if pace.due():
                    yield done // (2 * len(net.layers))
            outs.append(torch.stack([made[t] for t in range(count)]))
        layer_input = torch.cat(outs, -1)
    yield _piece(0, grid, befores, layer_input[:, 0])


WAYS = ("forward", "reverse")


def _piece(first: int, steps: Sequence[Sequence[Step]], befores: Sequence[Sequence[Mapping[str, Tensor]]], out: Tensor) -> Piece:
    return Piece(
        first,
        {name: _stacked([[one.at[name] for one in made] for made in steps]) for name in steps[0][0].at},
        {name: _stacked([[one.pre[name] for one in made] for made in steps]) for name in steps[0][0].pre},
        {name: _stacked([[one[name] for one in made] for made in befores]) for name in befores[0][0]},
        out,
    )


def _stacked(values: Sequence[Sequence[Tensor]]) -> Tensor:
    """Steps of layers of (1, size) to (n, L D, size)."""
    flat = torch.cat([one for made in values for one in made])
    return flat.view(len(values), len(values[0]), -1)


def _edits(held: Sequence[Held], layers: int, t: int) -> list[Edit] | None:
    """Of each layer at step t (from 0); None where nothing is held there."""
    now = [one for one in held if _holds(one, t)]
    return [edit_of([one for one in now if one.layer == layer + 1], t) for layer in range(layers)] if now else None


def _holds(one: Held, t: int) -> bool:
    return one.first <= t + 1 and (one.last is None or t + 1 <= one.last)


def edit_of(held: Sequence[Held], t: int) -> Edit:
    """The held values of a layer at step t (from 0) in the place of those that the cell found."""
    now = [one for one in held if _holds(one, t)]
    if not now:
        return untouched

    def edit(name: str, value: Tensor) -> Tensor:
        for one in now:
            if one.name == name:
                value = value.clone()
                value[:, slice(None) if one.unit is None else one.unit] = one.value
        return value

    return edit
