"""The three networks, read forwards and then worked backwards by hand, with torch's autograd beside every gradient."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from app.labs.recurrent.params.gradients import CELLS, GradientsParams
from app.nn.recurrent import backward, cells
from app.nn.recurrent.cells import Options, Step, Weights

KEEPS = {"lstm": "f", "gru": "z"}
"""The gate that keeps the state where it is near 1: its bias is on a dial."""
GATES = {"rnn": "h", "lstm": "ifgo", "gru": "rzn"}
CANDIDATE = {"rnn": "h", "lstm": "g", "gru": "n"}
"""Whose recurrent weights are rho Q."""
PARTS = {
    "rnn": ("loss", *backward.PATHS["rnn"]),
    "lstm": ("loss", *backward.PATHS["lstm"], "out", "keep"),
    "gru": ("loss", *backward.PATHS["gru"]),
}
"""What dL/dh_t is the sum of; an LSTM's last two make dL/dc_t instead."""


@dataclass(frozen=True)
class Passed:
    """One network. Positions t from 0 (the initial state) to T: ``dh``, ``dc`` (an LSTM's), ``dx`` (T + 1, H), 0 at x_0; ``parts``
    (T + 1, parts, H); ``a`` (T + 1, gates, H) of each step; ``forward`` (names, T + 1, H), NaN where a state has no step.

    ``autograd``: the same h, c and x by torch; ``gradients``: of the weights, by torch.
    """

    weights: Weights
    names: Sequence[str]
    forward: Tensor
    dh: Tensor
    dc: Tensor
    dx: Tensor
    parts: Tensor
    a: Tensor
    autograd: Mapping[str, Tensor]
    gradients: Mapping[str, Tensor]

    @property
    def difference(self) -> float:
        """The largest |difference| to autograd, as a share of the largest gradient of its position."""
        worst = 0.0
        for name, ours in (("h", self.dh), ("c", self.dc), ("x", self.dx)):
            if name in self.autograd:
                torchs = self.autograd[name]
                size = torchs.abs().amax(1)
                gap = (ours - torchs).abs().amax(1)
                worst = max(worst, float(torch.where(gap == 0, 0, gap / size).max()))
        return worst


@dataclass(frozen=True)
class Setting:
    """What all three share: ``x`` (T, H) and the loss's direction ``v`` (H), of length 1."""

    x: Tensor
    v: Tensor


def setting(params: GradientsParams, device: str) -> Setting:
    """Drawn in float64 on the CPU whatever runs: the numbers do not hang on the dtype or the device."""
    generator = torch.Generator().manual_seed(params.seed)
    x = params.inputs * torch.randn(params.steps, params.hidden, generator=generator, dtype=torch.float64)
    v = torch.randn(params.hidden, generator=generator, dtype=torch.float64)
    of = {"dtype": getattr(torch, params.dtype), "device": device}
    return Setting(x.to(**of), (v / v.norm()).to(**of))


def weights(kind: str, params: GradientsParams, device: str) -> Weights:
    r"""torch's own start, U(\pm 1/\sqrt H), but: the candidate's recurrent weights are rho Q with Q orthogonal, the biases 0
    except the keeping gate's."""
    h = params.hidden
    gates = GATES[kind]
    generator = torch.Generator().manual_seed(params.seed + 1)  # the same W for all three where they have the same
    bound = 1 / math.sqrt(h)
    q, r = torch.linalg.qr(torch.randn(h, h, generator=generator, dtype=torch.float64))
    q = q * r.diagonal().sign()  # uniform over the orthogonal matrices (Mezzadri, arXiv math-ph/0609050)

    def uniform() -> Tensor:
        return torch.empty(h, h, dtype=torch.float64).uniform_(-bound, bound, generator=generator)

    w_ih = torch.cat([uniform() for _ in gates])
    w_hh = torch.cat([params.radius * q if gate == CANDIDATE[kind] else uniform() for gate in gates])
    b_ih = torch.cat([torch.full((h,), params.bias if gate == KEEPS.get(kind) else 0.0, dtype=torch.float64) for gate in gates])
    of = {"dtype": getattr(torch, params.dtype), "device": device}
    return Weights(*(tensor.to(**of).requires_grad_() for tensor in (w_ih, w_hh, b_ih, torch.zeros_like(b_ih))))


def options(kind: str, params: GradientsParams) -> Options:
    """Only the simple RNN's activation is chosen."""
    return Options(activation=params.activation if kind == "rnn" else "tanh")


@lru_cache(maxsize=2)
def passed(params: GradientsParams, device: str) -> Mapping[str, Passed]:
    """All three networks, there and back."""
    return {kind: _passed(kind, params, device) for kind in CELLS}


def _passed(kind: str, params: GradientsParams, device: str) -> Passed:
    given, w, opts = setting(params, device), weights(kind, params, device), options(kind, params)
    x = given.x.requires_grad_()
    initial = {name: state.requires_grad_() for name, state in cells.start(kind, w, 1).items()}
    steps, befores = forwards(kind, x, initial, w, opts, params.truncate)
    last = params.steps if params.loss == "last" else 1
    loss = sum((step.at["h"][0] @ given.v for step in steps[last - 1 :]), torch.zeros((), dtype=x.dtype, device=device))
    states = {name: [initial[name], *(step.at[name] for step in steps)] for name in initial}
    named = {name: tensor for name, tensor in vars(w).items() if tensor is not None}
    asked = [*(s for each in states.values() for s in each), x, *named.values()]
    torchs = torch.autograd.grad(loss, asked, allow_unused=True)  # a cut leaves some without
    found = [torch.zeros_like(of) if one is None else one for one, of in zip(torchs, asked, strict=True)]
    every = params.steps + 1
    autograd = {name: torch.cat(found[k * every : (k + 1) * every]) for k, name in enumerate(states)}
    autograd["x"] = torch.cat([torch.zeros_like(x[:1]), found[len(states) * every]])
    gradients = dict(zip(named, found[len(states) * every + 1 :], strict=True))
    with torch.no_grad():
        names = tuple(steps[0].at)
        empty = torch.full_like(initial["h"], torch.nan)
        forward = torch.stack([torch.cat([initial.get(n, empty), *(s.at[n] for s in steps)]) for n in names])
        dh, dc, dx, parts, a = _backwards(kind, params, given, w, opts, steps, befores)
    return Passed(w, names, forward, dh, dc, dx, parts, a, autograd, gradients)


def forwards(
    kind: str, x: Tensor, initial: Mapping[str, Tensor], w: Weights, opts: Options, truncate: int
) -> tuple[list[Step], list[Mapping[str, Tensor]]]:
    """Each step and what it started from; a cut is a detached state."""
    state = initial
    steps: list[Step] = []
    befores: list[Mapping[str, Tensor]] = []
    for t in range(len(x)):
        if truncate and t and t % truncate == 0:
            state = {name: value.detach() for name, value in state.items()}
        steps.append(cells.CELLS[kind](x[t : t + 1], state, w, opts, cells.untouched))
        befores.append(state)
        state = steps[-1].state
    return steps, befores


def _backwards(
    kind: str,
    params: GradientsParams,
    given: Setting,
    w: Weights,
    opts: Options,
    steps: Sequence[Step],
    befores: Sequence[Mapping[str, Tensor]],
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """dh, dc, dx, parts and a of Passed, from the last position to the first."""
    every, h = params.steps + 1, params.hidden
    parts = torch.zeros(every, len(PARTS[kind]), h, dtype=given.x.dtype, device=given.x.device)
    dh, dc, dx = (torch.zeros_like(parts[:, 0]) for _ in range(3))
    a = torch.zeros(every, len(GATES[kind]), h, dtype=given.x.dtype, device=given.x.device)
    where = {name: i for i, name in enumerate(PARTS[kind])}
    towards_h = [where[name] for name in ("loss", *backward.PATHS[kind])]
    for t in range(params.steps, -1, -1):
        if t == params.steps or (params.loss == "every" and t > 0):
            parts[t, where["loss"]] = given.v
        dh[t] = parts[t, towards_h].sum(0)
        if kind == "lstm":
            if t:
                parts[t, where["out"]] = backward.out_of_h(steps[t - 1], dh[t : t + 1])[0]
            dc[t] = parts[t, where["out"]] + parts[t, where["keep"]]
        if not t:
            break
        back = backward.CELLS[kind](steps[t - 1], befores[t - 1], w, opts, dh[t : t + 1], dc[t : t + 1])
        dx[t] = back.x[0]
        a[t] = torch.cat([back.a[gate] for gate in GATES[kind]])
        if params.truncate and (t - 1) and (t - 1) % params.truncate == 0:
            continue  # the state before this step was cut off
        for name, value in (*back.h.items(), *back.c.items()):
            parts[t - 1, where[name]] = value[0]
    return dh, dc, dx, parts, a
