"""The loss and the gradient opened: the surface's formula, its slope, this step's batch, the noise and the clipping."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from app.labs.contract import Explanation, Message
from app.labs.optimizer import least_squares
from app.labs.optimizer.explain_sheet import Sheet
from app.labs.optimizer.explain_surface import FIT_LOSS, FIT_SLOPE, fit_means, loss_text, slope_text
from app.labs.optimizer.explain_symbols import LATEX
from app.labs.optimizer.explain_view import AXES, View
from app.labs.optimizer.expression import parse
from app.labs.optimizer.params.race import OfList, OfRare, RaceParams
from app.labs.optimizer.rare import LinearLosses, rare_batches, typed_list
from app.labs.optimizer.surfaces import SURFACES

_NOISE_STREAM, _NOISE_BLOCK = 2, 1024
"""As ``sources`` draws it: noise is a pure function of (seed, step)."""
_CLIP_EPS = "0.000001"
"""What torch.nn.utils.clip_grad_norm_ adds to the norm."""


class Losses(NamedTuple):
    """The whole loss and its slopes in the language of sheets, and the numbers besides x and y that they name."""

    loss: str
    slopes: tuple[str, str]
    numbers: dict[str, float]


def losses(params: RaceParams) -> Losses:
    """The formulas of the surface, the fit or the list of gradients that the params name."""
    linear = _linear(params)
    if linear is not None:
        x, y = linear.mean
        return Losses("slope_x * x + slope_y * y", ("slope_x", "slope_y"), {"slope_x": x, "slope_y": y})
    if params.expression is None and SURFACES[params.surface].data:
        return Losses(FIT_LOSS, FIT_SLOPE, fit_means())
    if params.expression is not None:
        expression, constants = parse(params.expression), {}
    else:
        surface = SURFACES[params.surface]
        constants = {name: float(getattr(params, name)) for name in surface.constants}
        expression = parse(surface.expression, constants)
    return Losses(loss_text(expression), (slope_text(expression, 0), slope_text(expression, 1)), constants)


def _linear(params: RaceParams) -> LinearLosses | None:
    """The straight losses of a list of gradients or of rare batches."""
    match params.source:
        case OfList(values=values):
            return typed_list(values)
        case OfRare(case=case):
            return rare_batches(case, params.seed, params.steps)
        case _:
            return None


def explain_loss(view: View, title: Message) -> Explanation:
    """The loss at the frame's own position: of the whole surface or all samples, without noise."""
    known = losses(view.params)
    place = {axis: view.now("position", c) for c, axis in enumerate(AXES)}
    sheet = Sheet({**known.numbers, **place}, LATEX)
    for coordinate, axis in enumerate(AXES):
        sheet.targets[axis] = {"kind": "position", "racer": view.r, "coordinate": coordinate}
    sheet.line(f"loss = {known.loss}")
    return sheet.explain(title, view.target, view.now("loss"))


def explain_gradient(view: View, title: Message) -> Explanation:
    """The gradient that the rule was handed: made at the position before the step, then noise, then clipping."""
    params, c = view.params, view.coordinate
    sheets = [Sheet({axis: view.past("position", i) for i, axis in enumerate(AXES)}, LATEX) for _ in AXES]
    numbers = [_before_clipping(view, sheet, coordinate) for coordinate, sheet in enumerate(sheets)]
    sheet, name = sheets[c], numbers[c]
    if params.clip is None:
        sheet.line(f"g = {name}")
        return sheet.explain(title, view.target, view.now("gradient", c))
    for axis, other, own in zip(AXES, sheets, numbers, strict=True):
        sheet.values[f"g_noisy_{axis}"] = other.values[own]
    sheet.values["c_max"] = params.clip
    sheet.line("norm = sqrt(g_noisy_x**2 + g_noisy_y**2)")
    sheet.line(f"factor = min(1, c_max / (norm + {_CLIP_EPS}))")
    sheet.line(f"g = factor * g_noisy_{AXES[c]}")
    return sheet.explain(title, view.target, view.now("gradient", c))


def _before_clipping(view: View, sheet: Sheet, coordinate: int) -> str:
    """Add the slope and the noise of one coordinate; the name of the last symbol."""
    params = view.params
    full = view.h["rule"] == "gd"
    known = losses(params)
    sheet.values |= known.numbers
    name = "g_raw"
    linear = _linear(params)
    if linear is not None:
        whole = full and linear.batches
        sheet.values["g_now"] = (linear.mean if whole else linear.at(view.t))[coordinate]
        sheet.line(f"{name} = g_now")
    elif params.expression is None and SURFACES[params.surface].data and not full:
        name = "g_batch"
        sheet.values |= fit_means(least_squares.batch(params.seed, view.t, params.batch_size))
        sheet.line(f"{name} = {known.slopes[coordinate]}")
    else:
        sheet.line(f"{name} = {known.slopes[coordinate]}")
    if not params.noise or full:
        return name
    sheet.values["noise"] = params.noise * _draw(params.seed, view.t)[coordinate]
    sheet.line(f"g_noisy = {name} + noise")
    return "g_noisy"


def _draw(seed: int, step: int) -> np.ndarray:
    """(2,): this step's standard normal numbers."""
    block, place = divmod(step, _NOISE_BLOCK)
    draws: np.ndarray = np.random.default_rng((_NOISE_STREAM, seed, block)).standard_normal((_NOISE_BLOCK, 2))[place]
    return draws
