r"""Every rule as lines of arithmetic, in the form that was run: torch's, the paper's or the notes'.

A :class:`Work` is the arithmetic of one coordinate of one step. ``before`` says which number of the previous
frame's state a symbol is, ``after`` in which state of this frame a worked-out symbol is kept, so that the same
lines explain the position and every state. Symbols are the literature's (``explain_symbols``):
``theta``, ``g``, ``eta`` are theta_{t-1}, g_t, eta_t; ``m``, ``v`` are the previous step's, ``m_t``, ``v_t`` this step's.

torch's forms are read from ``torch.optim`` (single tensor code), the papers' from the papers that ``rules.table`` cites.
Here: gradient descent and the rules with momentum, Adagrad and RMSProp; ``explain_adaptive`` has Adam's family.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Step:
    """What a rule's lines depend on: its settings ``h``, its form, the number of the step.

    ``fresh``: the momentum buffer does not exist yet. ``switched``: SWATS has handed over to SGD.
    """

    h: Mapping[str, Any]
    t: int
    form: str = "torch"
    fresh: bool = False
    switched: bool = False

    def on(self, name: str) -> bool:
        """Whether a setting is there and not zero."""
        return bool(self.h.get(name))


@dataclass(frozen=True)
class Work:
    """Lines of arithmetic, and where their symbols live in the frames."""

    lines: str
    before: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)
    rate: str = "eta"
    """The effective rate: what multiplies the direction in this coordinate."""


def decayed(step: Step) -> tuple[str, str]:
    """The line that adds weight decay to the gradient, and the name of the gradient to go on with."""
    return ("g_w = g + w * theta\n", "g_w") if step.on("weight_decay") else ("", "g")


def decoupled(step: Step) -> tuple[str, str]:
    """The line that shrinks the weights themselves, and the name of the weights to go on with."""
    return ("theta_w = theta - eta * w * theta\n", "theta_w") if step.on("weight_decay") else ("", "theta")


def sgd(step: Step) -> Work:
    """torch.optim.SGD without momentum, and gradient descent: the gradient itself is the direction."""
    line, g = decayed(step)
    return Work(f"{line}theta_t = theta - eta * {g}")


def sgdm(step: Step) -> Work:
    """torch: the buffer starts as the first gradient, the rate stands outside it. Paper: it stands inside. Notes: two gradients."""
    line, g = decayed(step)
    if step.form == "paper":
        return _velocity(f"{line}v_t = mu * v - eta * {g}\ntheta_t = theta + v_t")
    if step.form == "notes":
        return _velocity(f"{line}v_t = -eta * {g}\ntheta_t = theta + v_t + mu * v")
    return _buffer(step, line, g, "theta")


def nesterov(step: Step) -> Work:
    """The step looks ahead along the buffer: once more momentum, and the gradient beside it."""
    line, g = decayed(step)
    if step.form == "paper":
        return _velocity(f"{line}v_t = mu * v - eta * {g}\ntheta_t = theta + mu * v_t - eta * {g}")
    return _buffer(step, line, g, "theta", ahead=True)


def sgdw(step: Step) -> Work:
    """I. Loshchilov and F. Hutter 2019, algorithm 1: the decay acts on the weights, not through the buffer."""
    line, theta = decoupled(step)
    return _buffer(step, line, "g", theta)


def _velocity(lines: str) -> Work:
    return Work(lines, {"v": "velocity"}, {"v_t": "velocity"})


def _buffer(step: Step, line: str, g: str, theta: str, ahead: bool = False) -> Work:
    if not step.on("momentum"):
        return Work(f"{line}theta_t = {theta} - eta * {g}")
    damped = f"(1 - tau) * {g}" if step.on("dampening") else g
    buffer = f"b_t = {g}" if step.fresh else f"b_t = mu * b + {damped}"
    end = f"d = {g} + mu * b_t\ntheta_t = {theta} - eta * d" if ahead else f"theta_t = {theta} - eta * b_t"
    return Work(f"{line}{buffer}\n{end}", {"b": "momentum_buffer"}, {"b_t": "momentum_buffer"})


def adagrad(step: Step) -> Work:
    """The squares are summed for ever; the notes leave epsilon out."""
    line, g = decayed(step)
    rate = "eta / (1 + (t - 1) * delta)" if step.on("lr_decay") and step.form == "torch" else "eta"
    divisor = "sqrt(s_t)" if step.form == "notes" else "(sqrt(s_t) + epsilon)"
    text = f"{line}s_t = s + {g}**2\ntheta_t = theta - {rate} / {divisor} * {g}"
    return Work(text, {"s": "sum"}, {"s_t": "sum"}, f"{rate} / {divisor}")


def rmsprop(step: Step) -> Work:
    """torch starts from v_0 = 0, the lecture from v_1 = g_1^2, the notes from v_1 = g_0."""
    line, g = decayed(step)
    before, after = {"v": "square_avg"}, {"v_t": "square_avg"}
    text = f"{line}v_t = alpha * v + (1 - alpha) * {g}**2\n"
    if step.form != "torch":
        first = f"{line}v_t = {g}**2\n" if step.form == "paper" else f"{line}v_t = {g}\n"
        return Work(f"{first if step.t == 1 else text}theta_t = theta - eta / sqrt(v_t) * {g}", before, after, "eta / sqrt(v_t)")
    spread = "v_t"
    if step.on("centered"):
        text += f"a_t = alpha * a + (1 - alpha) * {g}\n"
        spread = "v_t - a_t**2"
        before["a"], after["a_t"] = "grad_avg", "grad_avg"
    if step.on("momentum"):
        text += f"b_t = mu * b + {g} / (sqrt({spread}) + epsilon)\ntheta_t = theta - eta * b_t"
        before["b"], after["b_t"] = "momentum_buffer", "momentum_buffer"
    else:
        text += f"theta_t = theta - eta / (sqrt({spread}) + epsilon) * {g}"
    return Work(text, before, after, f"eta / (sqrt({spread}) + epsilon)")
