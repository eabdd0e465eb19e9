r"""Every number of ``optimizer/race`` opened: the formula, the formula with this step's numbers, the result, torch's own value.

``explain`` is a pure function of the two frames: it recomputes the number in float64 from what the previous frame held
and sets it beside the frame's, which torch computed in the run's dtype; the difference is shown. The rules are in
``explain_rules`` and ``explain_adaptive``, the schedules in ``explain_schedules``, the losses in ``explain_loss``, how
they curve in ``explain_curvature``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from app.labs.contract import Equation, Explanation, Frame, Message, Plain, Reference, Scene, Target, Term, UserError
from app.labs.optimizer.explain_curvature import curvature, explain_curvature
from app.labs.optimizer.explain_loss import explain_gradient, explain_loss
from app.labs.optimizer.explain_sheet import Sheet, needed
from app.labs.optimizer.explain_symbols import LATEX
from app.labs.optimizer.explain_view import AXES, View
from app.labs.optimizer.params.race import RaceParams
from app.labs.optimizer.rules.table import states


def targets(params: RaceParams) -> list[Target]:
    """One example of every kind of value that can be opened."""
    found: list[Target] = [{"kind": kind, "racer": 0, "coordinate": 0} for kind in _PER_COORDINATE]
    found += [{"kind": kind, "racer": 0} for kind in _PER_RACER]
    for r, racer in enumerate(params.racers):
        for state in states(racer.settings()):
            found.append({"kind": "state", "racer": r, "name": state.name, "coordinate": 0})
    return found


def explain(params: RaceParams, scene: Scene, previous: Frame | None, frame: Frame, target: Target) -> Explanation:
    """Open the value that ``target`` names in ``frame``; ``previous`` is the frame of the step before, None at step 0.

    A target is ``{"kind": KIND, "racer": R}``, with ``"coordinate": 0 | 1`` where the value has one and ``"name"`` for a state.
    Raises UserError for a target that does not exist. The note tells how the surface curves where the racer stands.
    """
    kind = target.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise UserError(Message("explain.error.kind", {"got": str(kind), "known": ", ".join(_KINDS)}))
    view = View(params, scene, previous, frame, target)
    told = _opened(view, kind)
    return dataclasses.replace(told, note={**told.note, **curvature(view)})


def _opened(view: View, kind: str) -> Explanation:
    frame = view.frame
    if kind in _PER_COORDINATE:
        view.coordinate  # noqa: B018  (checked even where the start asks for nothing else)
    if kind == "state":
        _check_state(view)
    if kind in ("loss", "curvature"):
        return _KINDS[kind](view, _title(view, kind))
    if frame.step == 0:
        return _given(view, kind, "explain.remark.start")
    if view.before is None:
        raise UserError(Message("explain.error.previous", {"step": frame.step}))
    if view.out and kind not in ("gradient", "lr", "samples"):
        return _given(view, kind, "explain.remark.out")
    return _KINDS[kind](view, _title(view, kind))


def _position(view: View, title: Message) -> Explanation:
    sheet = _moved(view)
    result = sheet.explain(title, view.target, view.now("position", view.coordinate), remarks=_remarks(view))
    return _left(result) if view.leaves else result


def _update(view: View, title: Message) -> Explanation:
    sheet = _moved(view)
    sheet.line("update = theta_t - theta")
    result = sheet.explain(title, view.target, view.now("update", view.coordinate), remarks=_remarks(view))
    return _left(result) if view.leaves else result


def _moved(view: View) -> Sheet:
    """The rule's lines up to theta_t. A rule whose inside is not drawn is shown as the way it went."""
    sheet = view.sheet(view.coordinate)
    if view.work is None:
        sheet.values["update"] = view.now("update", view.coordinate)
        sheet.targets["update"] = {**view.target, "kind": "update"}
        sheet.line("theta_t = theta + update")
        return sheet
    bounds = _bounds(view)
    last = "theta_free" if bounds else "theta_t"
    sheet.lines(needed(view.work.lines.replace("theta_t =", f"{last} ="), last))
    if bounds:
        low, high = bounds[2 * view.coordinate : 2 * view.coordinate + 2]
        sheet.line(f"theta_t = clip(theta_free, {low}, {high})")
    return sheet


def _bounds(view: View) -> tuple[float, float, float, float] | None:
    """The box that positions are put back into; only Reddi et al.'s losses have one."""
    source = view.params.source
    return (-1.0, 1.0, -1.0, 1.0) if source.kind == "rare" and source.case == "reddi" else None


def _state(view: View, title: Message) -> Explanation:
    name = str(view.target["name"])
    value = view.state(view.frame, name, view.coordinate)
    if view.h["rule"] == "swats" and name in ("gamma", "lambda", "phase"):
        return _swats(view, title, name, value)
    work = view.work
    symbol = next((s for s, state in work.after.items() if state == name), None) if work else None
    if work is None or symbol is None:
        return _given(view, "state", "explain.remark.kept")
    sheet = view.sheet(view.coordinate)
    sheet.lines(needed(work.lines, symbol))
    return sheet.explain(title, view.target, value)


def _swats(view: View, title: Message, name: str, value: float) -> Explanation:
    """SWATS's estimate of SGD's rate: Adam's step projected on the gradient, over both coordinates at once."""
    if view.switched:
        return _given(view, "state", "explain.remark.handed_over")
    sheet = view.sheet(view.coordinate)
    assert view.work is not None
    assert view.before is not None
    for coordinate, axis in enumerate(AXES):
        one = view.sheet(coordinate)
        one.lines(needed(view.work.lines, "d"))
        sheet.values[f"step_{axis}"] = one.values["d"]
        sheet.values[f"g_{axis}"] = one.values["g_w" if "g_w" in one.values else "g"]
        sheet.targets[f"g_{axis}"] = {"kind": "gradient", "racer": view.r, "coordinate": coordinate}
    along = sheet.values["step_x"] * sheet.values["g_x"] + sheet.values["step_y"] * sheet.values["g_y"]
    if along == 0:
        return _given(view, "state", "explain.remark.kept")
    sheet.values["lambda_s"] = view.state(view.before, "lambda", 0)
    sheet.line("gamma_s = (step_x**2 + step_y**2) / -(step_x * g_x + step_y * g_y)")
    if name == "gamma":
        return sheet.explain(title, view.target, value)
    sheet.line("lambda_t = beta_2 * lambda_s + (1 - beta_2) * gamma_s")
    if name == "lambda":
        return sheet.explain(title, view.target, value)
    sheet.line("Lambda = lambda_t / (1 - beta_2**t)")
    distance = sheet.line("distance = abs(Lambda - gamma_s)")
    bound = sheet.line("bound = epsilon" if view.step.form == "paper" else "bound = 1e-8 + epsilon * gamma_s")
    agrees = view.made > 1 and distance <= bound and (view.step.form == "paper" or sheet.values["Lambda"] > 0)
    sheet.values["agrees"] = float(agrees)
    sheet.line("phase = agrees")
    return sheet.explain(title, view.target, value)


def _lr(view: View, title: Message) -> Explanation:
    if view.work is None and abs(view.eta - view.now("lr")) > 1e-6 * view.eta:
        return _given(view, "lr", "explain.remark.own_rate")
    lines = view.rate_lines()
    sheet = Sheet(lines.given, LATEX)
    sheet.lines(lines.text)
    if not view.switched:
        return sheet.explain(title, view.target, view.now("lr"))
    assert view.before is not None
    sheet.values["eta_before"] = View(view.run, view.scene, None, view.before, view.target).eta
    if any(view.state(view.before, "momentum_buffer", coordinate) for coordinate in (0, 1)):
        sheet.values["Lambda_before"] = view.past("lr")
        sheet.line("Lambda = Lambda_before * eta / eta_before")
    else:  # the hand-over was at the step before: the rate is the corrected mean of then
        sheet.values |= {"lambda_s": view.state(view.before, "lambda", 0), "beta_2": view.h["betas"][1], "t": view.made}
        sheet.line("Lambda = lambda_s / (1 - beta_2**(t - 1)) * eta / eta_before")
    return sheet.explain(title, view.target, view.now("lr"), remarks=(Message("explain.remark.handed_over"),))


def _momentum(view: View, title: Message) -> Explanation:
    value = view.now("momentum")
    lines = view.momentum_lines()
    if lines is None:
        return _given(view, "momentum", "explain.remark.momentum" if value else "explain.remark.no_momentum")
    sheet = Sheet(lines.given, LATEX)
    sheet.lines(lines.text)
    return sheet.explain(title, view.target, value)


def _effective(view: View, title: Message) -> Explanation:
    value = view.now("effective_lr", view.coordinate)
    sheet = view.sheet(view.coordinate)
    if view.work is None:
        sheet.values["update"] = view.now("update", view.coordinate)
        sheet.line("effective = -update / g")
        return sheet.explain(title, view.target, value, remarks=_remarks(view))
    text = f"{view.work.lines}\neffective = {view.work.rate}"
    sheet.lines(needed(text, "effective"))
    return sheet.explain(title, view.target, value)


def _angle(view: View, title: Message) -> Explanation:
    if view.now("angle") != view.now("angle"):
        return _given(view, "angle", "explain.remark.no_angle")
    here: Mapping[str, Plain] = {"racer": view.r}
    numbers, opened = {}, {}
    for coordinate, axis in enumerate(AXES):
        numbers[f"u_{axis}"], numbers[f"g_{axis}"] = view.now("update", coordinate), view.now("gradient", coordinate)
        opened[f"u_{axis}"] = {"kind": "update", "coordinate": coordinate, **here}
        opened[f"g_{axis}"] = {"kind": "gradient", "coordinate": coordinate, **here}
    sheet = Sheet(numbers, LATEX, opened)
    sheet.lines("along = -(u_x * g_x + u_y * g_y)\nacross = abs(u_x * g_y - u_y * g_x)\nangle = 180 / pi * atan2(across, along)")
    return sheet.explain(title, view.target, view.now("angle"))


def _samples(view: View, title: Message) -> Explanation:
    seen, before = view.now("samples"), view.past("samples")
    sheet = Sheet({"n_before": before, "n_step": seen - before}, LATEX)
    sheet.line("n_t = n_before + n_step")
    return sheet.explain(title, view.target, seen)


def _given(view: View, kind: str, remark: str) -> Explanation:
    """A value that is not worked out at this step: the start's, a setting, or one that stayed."""
    if kind == "state":
        symbol, value = _state_latex(view), view.state(view.frame, str(view.target["name"]), view.coordinate)
    else:
        symbol = r"\theta_0" if kind == "position" and view.t == 0 else LATEX[_SYMBOLS[kind]]
        value = view.now(kind, view.coordinate if kind in _PER_COORDINATE else None)
    equation = Equation(symbol, r"\num{value}", value, {"value": Term(symbol, value)})
    return Explanation(_title(view, kind), view.target, (equation,), value, Reference("torch", value, 0.0), (Message(remark),))


def _check_state(view: View) -> None:
    """Raises UserError for a state that the racer does not have."""
    name = view.target.get("name")
    known = [state.name for state in states(view.h)]
    if name not in known or not view.has(view.frame, str(name)):
        raise UserError(Message("explain.error.state", {"got": str(name), "known": ", ".join(known) or "-"}))


def _state_latex(view: View) -> str:
    return next(state.latex for state in states(view.h) if state.name == view.target["name"])


def _remarks(view: View) -> tuple[Message, ...]:
    found = []
    if view.work is None:
        found.append(Message("explain.remark.inside"))
    if view.h["rule"] == "nadam":
        found.append(Message("explain.remark.nadam"))
    if view.h["form"] == "notes" and view.h["rule"] in ("sgdm", "adagrad", "rmsprop"):
        found.append(Message(f"explain.remark.notes.{view.h['rule']}"))
    return tuple(found)


def _left(explanation: Explanation) -> Explanation:
    """The step that took a racer out of the race: its result is no position, so torch's position is not compared."""
    remarks = (*explanation.remarks, Message("explain.remark.left"))
    return Explanation(explanation.title, explanation.target, explanation.equations, explanation.result, None, remarks)


def _title(view: View, kind: str) -> Message:
    values: dict[str, Plain | Message] = {"racer": view.label, "step": view.t}
    if kind in _PER_COORDINATE:
        values["axis"] = AXES[view.coordinate]
    if kind == "state":
        values["axis"], values["name"] = AXES[view.coordinate], str(view.target.get("name"))
        if view.frame.tensors[f"state/{view.r}/{values['name']}"].size == 1:
            return Message("explain.title.state.whole", values)
    return Message(f"explain.title.{kind}", values)


_SYMBOLS = {
    "position": "theta_t",
    "update": "update",
    "gradient": "g",
    "effective_lr": "effective",
    "lr": "eta",
    "momentum": "mu",
    "angle": "angle",
    "samples": "n_t",
}
_PER_COORDINATE = ("position", "update", "gradient", "effective_lr")
_PER_RACER = ("loss", "curvature", "lr", "momentum", "angle", "samples")
_KINDS: Mapping[str, Callable[[View, Message], Explanation]] = {
    "position": _position,
    "update": _update,
    "gradient": explain_gradient,
    "effective_lr": _effective,
    "loss": explain_loss,
    "curvature": explain_curvature,
    "lr": _lr,
    "momentum": _momentum,
    "angle": _angle,
    "samples": _samples,
    "state": _state,
}
