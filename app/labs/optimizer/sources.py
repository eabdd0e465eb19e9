"""Where a race's gradients come from: a surface, a fit over samples, or a list that asks no position.

``make_source(params, dtype, device)`` gives a :class:`Source`; the race calls its ``evaluate`` once a step for all racers. A source
keeps nothing between steps: batches, noise and rare events are pure functions of (seed, step), so a run can go on from
any step, and a branch with other settings is another source. At one step every racer meets the same batch and the same
noise: the race is fair. A racer marked ``full`` (gradient descent) is touched by neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from app.labs.contract import Message, UserError
from app.labs.optimizer import least_squares
from app.labs.optimizer.expression import TorchFunction, parse
from app.labs.optimizer.expression.grid import check_on_grid, mesh
from app.labs.optimizer.params.race import OfList, OfRare, RaceParams
from app.labs.optimizer.rare import LinearLosses, rare_batches, typed_list
from app.labs.optimizer.surfaces import SURFACES, Box, Point
from app.labs.optimizer.valleys import find_minima

TYPED_VIEW: Box = (-5.0, 5.0, -5.0, 5.0)
TYPED_START: Point = (-3.0, 2.0)
"""The picture and the start of a typed f(x, y)."""

_NOISE_STREAM = 2  # the first word of the noise generator's seed; least_squares and rare have 1 and 3


class Evaluation(NamedTuple):
    """One step's losses and gradients of R racers."""

    loss: Tensor
    """(R,): the whole loss, noise and batches left out."""
    gradient: Tensor
    """(R, 2): what the rules are handed; the very object ``raw_gradient`` where nothing changes it."""
    raw_gradient: Tensor
    """(R, 2): the gradient of ``loss``."""
    samples: Tensor
    """(R,) int64: samples that this step's gradient cost each racer."""


@dataclass(frozen=True)
class Picture:
    """What a scene needs to know of a source; ``minima`` are (x, y, loss)."""

    surface: str | None
    expression: str
    latex: str
    view: Box
    start: Point
    minima: tuple[tuple[float, float, float], ...]
    minimum: float | None
    saddles: tuple[Point, ...] = ()
    levels: str = "linear"
    citation: str = ""


class Losses(Protocol):
    """The two functions that tell one kind of source from another."""

    def whole(self, x: Tensor, y: Tensor) -> Tensor:
        """The loss at points of any one shape."""
        ...

    def gradients(self, positions: Tensor, step: int, axis: int = 1) -> tuple[Tensor, Tensor, Tensor | None, int, int]:
        """whole loss (R,), its gradient, this step's gradient (None: the same), samples of a full and of a batch gradient.

        x and y lie along ``axis`` of the positions.
        """
        ...


def value_and_gradient(f: TorchFunction, positions: Tensor, axis: int = 1) -> tuple[Tensor, Tensor]:
    """f (R,) and its gradient (R, 2) at positions (R, 2): one forward and one backward pass for all racers.

    The columns stay strided views of one leaf, and each loss depends on its own row only. x and y lie along ``axis``: with 0,
    positions are (2, ...), which for many is twice as fast.
    """
    with torch.enable_grad():
        leaf = positions.detach().requires_grad_()
        x, y = leaf.unbind(axis)
        loss = f(x, y)
        (gradient,) = torch.autograd.grad(loss, leaf, _ones(loss.shape, loss.dtype, loss.device))
    return loss.detach(), gradient


@lru_cache(maxsize=64)
def _ones(shape: torch.Size, dtype: torch.dtype, device: torch.device) -> Tensor:
    return torch.ones(shape, dtype=dtype, device=device)


@dataclass(frozen=True)
class SurfaceLosses:
    """f(x, y), of the table or typed. One evaluation counts as one sample."""

    f: TorchFunction

    def whole(self, x: Tensor, y: Tensor) -> Tensor:
        return self.f(x, y)

    def gradients(self, positions: Tensor, step: int, axis: int = 1) -> tuple[Tensor, Tensor, Tensor | None, int, int]:
        loss, gradient = value_and_gradient(self.f, positions, axis)
        return loss, gradient, None, 1, 1


@dataclass(frozen=True)
class FitLosses:
    """The least-squares fit: the whole loss over all samples, this step's gradient over its batch."""

    seed: int
    batch_size: int

    def whole(self, x: Tensor, y: Tensor) -> Tensor:
        return least_squares.full_loss(x, y)

    def gradients(self, positions: Tensor, step: int, axis: int = 1) -> tuple[Tensor, Tensor, Tensor | None, int, int]:
        loss, whole = value_and_gradient(least_squares.full_loss, positions, axis)
        batch = least_squares.batch(self.seed, step, self.batch_size)
        indices = torch.tensor(batch, device=positions.device)
        _, gradient = value_and_gradient(lambda x, y: least_squares.batch_loss(x, y, indices), positions, axis)
        return loss, whole, gradient, least_squares.N, len(batch)


@dataclass(frozen=True)
class ListLosses:
    """Linear losses f_t = g_t . theta: the gradient asks no position."""

    losses: LinearLosses

    def whole(self, x: Tensor, y: Tensor) -> Tensor:
        mean = self.losses.mean
        return x * mean[0] + y * mean[1]

    def gradients(self, positions: Tensor, step: int, axis: int = 1) -> tuple[Tensor, Tensor, Tensor | None, int, int]:
        loss = self.whole(positions[:, 0], positions[:, 1])
        now = positions.new_tensor(self.losses.at(step)).expand_as(positions)
        if not self.losses.batches:
            return loss, now, None, 1, 1
        return loss, positions.new_tensor(self.losses.mean).expand_as(positions), now, self.losses.period, 1


class Source:
    """Hands the racers their losses and gradients. ``picture`` is for the scene; ``bounds`` is a box that positions are
    projected into after every update (None: the whole plane)."""

    def __init__(self, losses: Losses, picture: Picture, bounds: Box | None, noise: float, seed: int) -> None:
        self.losses = losses
        self.picture = picture
        self.bounds = bounds
        self.noise = noise
        self.seed = seed
        self._full: Tensor | None = None
        self._column = torch.empty(0)
        self._any_full = self._all_full = False
        self._samples: dict[tuple[int, int], Tensor] = {}

    def evaluate(self, positions: Tensor, step: int, full: Tensor) -> Evaluation:
        """Losses and gradients for step 1, 2, ... at ``positions`` (R, 2); ``full`` (R,) bool marks gradient descent.

        Step 0 stands for each that comes before a race of straight losses: it has no noise.
        Pass the same ``full`` object at every step: what follows from it is kept.
        """
        if full is not self._full:
            self._look_at(full)
        loss, whole, batch, n_full, n_batch = self.losses.gradients(positions, step)
        gradient = whole if batch is None else batch
        if self.noise and step > 0 and not self._all_full:
            gradient = gradient + _noise(self.seed, step, self.noise, positions.dtype, positions.device)
        if self._any_full and gradient is not whole:
            gradient = torch.where(self._column, whole, gradient)
        samples = self._samples.get((n_full, n_batch))
        if samples is None:
            samples = self._samples[n_full, n_batch] = torch.where(full, n_full, n_batch)
        return Evaluation(loss, gradient, whole, samples)

    def slopes(self, positions: Tensor, step: int, full: bool) -> tuple[Tensor, Tensor]:
        """The whole loss and the gradient handed to the rule, as ``evaluate`` has them, for very many racers of one kind.

        positions and gradient (2, height, width), loss (height, width).
        """
        loss, whole, batch, _, _ = self.losses.gradients(positions, step, axis=0)
        gradient = whole if batch is None or full else batch
        if self.noise and not full:
            gradient = gradient + _noise(self.seed, step, self.noise, positions.dtype, positions.device)[:, None, None]
        return loss, gradient

    def loss(self, positions: Tensor) -> Tensor:
        """The whole loss (R,) at positions (R, 2), without a gradient."""
        with torch.no_grad():
            return self.losses.whole(positions[:, 0], positions[:, 1])

    def grid(self, n: int, dtype: torch.dtype = torch.float64) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """x (n,), y (n,) and the whole loss z (n, n), rows along y, over the view: float32, by the racers' own function."""
        x, y = mesh(self.picture.view, n, dtype)
        with torch.no_grad():
            z = self.losses.whole(x.expand(n, n).contiguous(), y.expand(n, n).contiguous())
        return _plain(x), _plain(y), _plain(z).reshape(n, n)

    def project(self, positions: Tensor) -> Tensor:
        """The nearest positions inside ``bounds``; the same object where there are none."""
        if self.bounds is None:
            return positions
        x0, x1, y0, y1 = self.bounds
        return torch.stack([positions[:, 0].clamp(x0, x1), positions[:, 1].clamp(y0, y1)], dim=1)

    def _look_at(self, full: Tensor) -> None:
        self._full, self._column = full, full[:, None]
        self._any_full, self._all_full = bool(full.any()), bool(full.all())
        self._samples = {}


def _plain(t: Tensor) -> np.ndarray:
    return t.to(torch.float32).flatten().numpy()


_NOISE_BLOCK = 1024


@lru_cache(maxsize=8)
def _noise_block(seed: int, block: int, std: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    draws = np.random.default_rng((_NOISE_STREAM, seed, block)).standard_normal((_NOISE_BLOCK, 2))
    return torch.tensor(std * draws, dtype=dtype, device=device)


def _noise(seed: int, step: int, std: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    """(2,): normal with standard deviation ``std`` in each coordinate, a pure function of (seed, step)."""
    block, place = divmod(step, _NOISE_BLOCK)
    return _noise_block(seed, block, std, dtype, device)[place]


def make_source(params: RaceParams, dtype: torch.dtype = torch.float32, device: str = "cpu") -> Source:
    """The source that a race's params ask for.

    Raises UserError for a typed expression that cannot be read or is not finite all over its picture, and for a start at
    which the loss or its gradient is not finite.
    """
    bounds: Box | None = None
    match params.source:
        case OfList(values=values):
            losses, picture = _of_list(typed_list(values))
        case OfRare(case=case):
            linear = rare_batches(case, params.seed, params.steps)
            losses, picture = _of_list(linear)
            bounds = linear.bounds
        case _:
            losses, picture = _of_table(params) if params.expression is None else _of_text(params, params.expression, dtype)
    source = Source(losses, picture, bounds, params.noise, params.seed)
    _check_start(source, params.start or picture.start, dtype, device)
    return source


def _off_centre(view: Box) -> Point:
    """A start in a quarter of the view: its middle is often where a slope is zero."""
    return 0.25 * view[0] + 0.75 * view[1], 0.25 * view[2] + 0.75 * view[3]


def _of_list(linear: LinearLosses) -> tuple[Losses, Picture]:
    picture = Picture(
        surface=None,
        expression="",
        latex=linear.latex,
        view=linear.view,
        start=linear.start,
        minima=linear.minima,
        minimum=linear.minimum,
        citation=linear.citation,
    )
    return ListLosses(linear), picture


def _view(params: RaceParams, own: Box) -> Box:
    """The sides that the params give, else the surface's own."""
    return (*(params.x_range or own[:2]), *(params.y_range or own[2:]))


def _of_text(params: RaceParams, text: str, dtype: torch.dtype) -> tuple[Losses, Picture]:
    expression = parse(text)
    view = _view(params, TYPED_VIEW)
    check_on_grid(expression, view, dtype)
    f = expression.compile()
    minima = find_minima(f, view)
    picture = Picture(
        surface=None,
        expression=text,
        latex=expression.latex(),
        view=view,
        start=TYPED_START if params.x_range is None and params.y_range is None else _off_centre(view),
        minima=minima,
        minimum=minima[0][2] if minima else None,
    )
    return SurfaceLosses(f), picture


def _of_table(params: RaceParams) -> tuple[Losses, Picture]:
    surface = SURFACES[params.surface]
    losses: Losses
    if surface.data:
        losses, latex = FitLosses(params.seed, params.batch_size), least_squares.LATEX
    else:
        expression = parse(surface.expression, {name: getattr(params, name) for name in surface.constants})
        losses, latex = SurfaceLosses(expression.compile()), expression.latex()
    minimum = surface.minimum
    picture = Picture(
        surface=surface.name,
        expression=surface.expression,
        latex=latex,
        view=_view(params, surface.view),
        start=surface.start,
        minima=() if minimum is None else tuple((x, y, minimum) for x, y in surface.minima),
        minimum=minimum,
        saddles=surface.saddles,
        levels=surface.levels,
        citation=surface.citation,
    )
    return losses, picture


def _check_start(source: Source, start: Point, dtype: torch.dtype, device: str) -> None:
    at = torch.tensor([start], dtype=dtype, device=device)
    evaluation = source.evaluate(at, 1, torch.tensor([True], device=device))
    if not bool(torch.isfinite(evaluation.loss).all() and torch.isfinite(evaluation.raw_gradient).all()):
        raise UserError(Message("expression.start", {"x": start[0], "y": start[1]}), path=("start",))
