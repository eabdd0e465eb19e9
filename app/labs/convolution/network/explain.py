r"""A value of a layer opened: its equation with this run's numbers, worked out in float64, and torch's own value beside it.

Everything comes from the frame: the layer's options in its note; its inputs, weights and maps among its tensors.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from app.labs.contract import Equation, Explanation, Frame, Message, Plain, Reference, Scene, Target, Term, UserError
from app.labs.convolution.network import receptive
from app.labs.convolution.network.explain_conv import convolution
from app.labs.convolution.network.explain_pool import pooling
from app.labs.convolution.network.explain_why import attribution, gradient
from app.labs.convolution.network.lines import Line, Opened, biggest, term
from app.labs.convolution.params.network import NetworkParams


def explain(params: NetworkParams, scene: Scene, frame: Frame, target: Target) -> Explanation:
    """Opens ``{"kind": "value", "channel", "y", "x"}`` of a stack of maps or ``{"kind": "value", "index"}`` of a vector.

    What is missing is the middle of the first map, or the first element. A frame of kind attribution or gradient is asked by
    that kind too. Raises UserError for what the layer does not have.
    """
    layer: Any = frame.note["layer"]
    if target.get("kind") not in ("value", *({layer["kind"]} & {"attribution", "gradient"})):
        raise UserError(Message("convolution.network.error.kind", {"got": str(target.get("kind"))[:80]}))
    if layer["kind"] == "attribution":
        return _attribution(layer, frame, target)
    o = _open(scene, frame, target)
    if o.channel in o.layer.get("ablated", ()):
        found = Line([Equation("y = 0", "", 0.0)], [Message("convolution.network.explain.ablated")])
    else:
        found = _LINES.get(o.layer["kind"], _other)(o) or _other(o)
    what = "vector" if o.vector else "gradient" if o.layer["kind"] == "gradient" else "map"
    sees: Plain = list(receptive.pixels(o.layer["receptive"], o.y, o.x, scene.tensors["rgb"].shape[:2]))
    where = {"layer": o.layer["name"], "channel": o.channel, "y": o.y, "x": o.x}
    return _told(Message(f"convolution.network.explain.title.{what}", where), target, found, "torch", float(o.value), sees)


def _attribution(layer: Any, frame: Frame, target: Target) -> Explanation:
    """A pixel of an attribution; what is missing is the middle."""
    heat = frame.tensors["attribution"]
    y, x = (_index(target, name, n, n // 2) for name, n in zip("yx", heat.shape, strict=True))
    title = Message("convolution.network.explain.title.attribution", {"method": layer["type"], "y": y, "x": x})
    return _told(title, target, attribution(frame, y, x), "Captum", float(heat[y, x]), None)


def _told(title: Message, target: Target, found: Line, by: str, value: float, sees: Plain) -> Explanation:
    """The lines with the same number by another road beside them."""
    result = found.equations[-1].value
    difference = 0.0 if result == value or (math.isnan(result) and math.isnan(value)) else abs(result - value)
    return Explanation(
        title,
        target,
        found.equations,
        result,
        Reference(by, value, difference),
        found.remarks,
        {"receptive": sees, **found.note},
    )


def _open(scene: Scene, frame: Frame, target: Target) -> Opened:
    layer: dict[str, Any] = frame.note["layer"]  # type: ignore[assignment]
    maps = frame.tensors["maps"]
    if maps.ndim == 1:
        index = _index(target, "index", len(maps), 0)
        return Opened(layer, frame.tensors, scene, index, 0, 0, maps[index], True)
    if maps.ndim != 3:
        raise UserError(Message("convolution.network.error.shape", {"shape": str(list(maps.shape))}))
    channels, height, width = maps.shape
    channel = _index(target, "channel", channels, 0)
    y, x = _index(target, "y", height, height // 2), _index(target, "x", width, width // 2)
    return Opened(layer, frame.tensors, scene, channel, y, x, maps[channel, y, x], False)


def _index(target: Target, name: str, length: int, missing: int) -> int:
    """A whole number of the target from 0 to length - 1. Raises UserError for anything else."""
    value = target.get(name, missing)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < length:
        raise UserError(Message("convolution.network.error.index", {"name": name, "got": str(value)[:80], "last": length - 1}))
    return value


def _input(o: Opened) -> Line | None:
    r"""x = (v / 255 - \mu) / \sigma, v the pixel. The operator's own preprocessing may have done anything."""
    note: Any = o.scene.note
    if not note["mean"]:
        return None
    v = int(o.scene.tensors["rgb"][o.y, o.x, o.channel])
    mean, std = note["mean"][o.channel], note["std"][o.channel]
    terms = {"v": term("v", v, "pixel"), "m": term(r"\mu", mean, "mean"), "s": term(r"\sigma", std, "std")}
    value = (v / 255 - mean) / std
    return Line([Equation(r"x = \frac{v / 255 - \mu}{\sigma}", r"\frac{\num{v} / 255 - \num{m}}{\num{s}}", value, terms)])


def _norm(o: Opened) -> Line | None:
    r"""Batch normalisation at rest: y = \gamma (x - \mu) / \sqrt{\sigma^2 + \epsilon} + \beta, the running mean and variance."""
    if "weights/running_mean" not in o.tensors or "input/0" not in o.tensors or o.layer["options"].get("training"):
        return None
    c = o.channel
    x, mean, variance = o.at("input/0"), float(o.tensors["weights/running_mean"][c]), float(o.tensors["weights/running_var"][c])
    eps = float(o.layer["options"].get("eps", 1e-5))
    gamma = float(o.tensors["weights/weight"][c]) if "weights/weight" in o.tensors else 1.0
    beta = float(o.tensors["weights/bias"][c]) if "weights/bias" in o.tensors else 0.0
    terms = {
        "x": term("x", x, "input"),
        "m": term(r"\mu", mean, "running_mean"),
        "v": term(r"\sigma^2", variance, "running_var"),
        "e": term(r"\epsilon", eps, "eps"),
        "g": term(r"\gamma", gamma, "gamma"),
        "b": term(r"\beta", beta, "beta"),
    }
    value = gamma * (x - mean) / math.sqrt(variance + eps) + beta
    formula = r"y = \gamma \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta"
    numbers = r"\num{g} \cdot \frac{\num{x} - \num{m}}{\sqrt{\num{v} + \num{e}}} + \num{b}"
    return Line([Equation(formula, numbers, value, terms)])


_ACTIVATIONS: Mapping[str, tuple[str, str, Callable[[float], float]]] = {
    "relu": (r"y = \max(0, x)", r"\max(0, \num{x})", lambda x: 0.0 if x < 0 else x),
    "relu6": (r"y = \min(\max(0, x), 6)", r"\min(\max(0, \num{x}), 6)", lambda x: 0.0 if x < 0 else 6.0 if x > 6 else x),
    "sigmoid": (r"y = \frac{1}{1 + e^{-x}}", r"\frac{1}{1 + e^{-(\num{x})}}", lambda x: 1 / (1 + math.exp(-x))),
    "silu": (r"y = \frac{x}{1 + e^{-x}}", r"\frac{\num{x}}{1 + e^{-(\num{x})}}", lambda x: x / (1 + math.exp(-x))),
    "tanh": (r"y = \tanh x", r"\tanh \num{x}", math.tanh),
    "gelu": (
        r"y = \frac{x}{2} \left(1 + \operatorname{erf} \frac{x}{\sqrt 2}\right)",
        r"\frac{\num{x}}{2} \left(1 + \operatorname{erf} \frac{\num{x}}{\sqrt 2}\right)",
        lambda x: x / 2 * (1 + math.erf(x / math.sqrt(2))),
    ),
}


def _activation(o: Opened) -> Line | None:
    known = _ACTIVATIONS.get(o.layer["type"].lower())
    if known is None or "input/0" not in o.tensors or o.layer["options"].get("approximate", "none") != "none":
        return None
    formula, numbers, f = known
    x = o.at("input/0")
    if x < -700:  # exp would overflow
        return None
    return Line([Equation(formula, numbers, f(x), {"x": term("x", x, "input")})])


def _add(o: Opened) -> Line | None:
    """y = a + b, both of the output's shape."""
    if "input/1" not in o.tensors or any(o.tensors[f"input/{i}"].shape != o.tensors["maps"].shape for i in range(2)):
        return None
    a, b = o.at("input/0"), o.at("input/1")
    return Line([Equation("y = a + b", r"\num{a} + \num{b}", a + b, {"a": term("a", a, "input"), "b": term("b", b, "input")})])


def _concat(o: Opened) -> Line | None:
    """Channels of the inputs in order: the output's channel c is a channel of one of them."""
    if o.vector or o.layer["options"].get("dim", 1) not in (1, -3):
        return None
    if sum(len(o.tensors[f"input/{i}"]) for i in range(len(o.layer["inputs"]))) != len(o.tensors["maps"]):
        return None  # something that did not come from the picture is among them
    first = 0
    for i in range(len(o.layer["inputs"])):
        source = o.tensors[f"input/{i}"]
        if o.channel < first + len(source):
            c = o.channel - first
            x = float(source[c, o.y, o.x])
            name = f"x^{{({i + 1})}}_{{{c}}}"
            return Line([Equation(f"y_{{{o.channel}}} = {name}", r"\num{x}", x, {"x": term(name, x, "input")})])
        first += len(source)
    return None


def _flatten(o: Opened) -> Line | None:
    source = o.tensors.get("input/0")
    if source is None or not o.vector or source.size != o.tensors["maps"].size:
        return None
    at = [int(i) for i in np.unravel_index(o.channel, source.shape)]
    x = float(source[tuple(at)])
    name = f"x_{{{','.join(map(str, at))}}}"
    return Line([Equation(f"y_{{{o.channel}}} = {name}", r"\num{x}", x, {"x": term(name, x, "input")})])


def _linear(o: Opened) -> Line | None:
    r"""y_j = \sum_i w_{ji} x_i + b_j: the summands that weigh most one by one, the others together."""
    if not o.vector or "weights/weight" not in o.tensors or o.tensors["input/0"].ndim != 1:
        return None
    j, x = o.channel, o.tensors["input/0"].astype(np.float64)
    w = o.tensors["weights/weight"][j].astype(np.float64)
    b = float(o.tensors["weights/bias"][j]) if "weights/bias" in o.tensors else 0.0
    shown = biggest(w * x)
    terms: dict[str, Term] = {}
    parts = []
    for i in shown:
        terms |= {f"w{i}": term(f"w_{{{j},{i}}}", w[i], "weight"), f"x{i}": term(f"x_{{{i}}}", x[i], "input")}
        parts.append(rf"\num{{w{i}}} \cdot \num{{x{i}}}")
    rest = math.fsum(np.delete(w * x, shown))
    if len(shown) < len(x):
        terms["r"] = Term("r", rest, Message("convolution.network.explain.rest", {"count": len(x) - len(shown)}))
        parts.append(r"\num{r}")
    terms["b"] = term(f"b_{{{j}}}", b, "bias")
    value = math.fsum([*(w * x), b])
    return Line([Equation(rf"y_{{{j}}} = \sum_i w_{{{j},i}} x_i + b_{{{j}}}", " + ".join([*parts, r"\num{b}"]), value, terms)])


def _softmax(o: Opened) -> Line | None:
    r"""p_i = e^{z_i - m} / \sum_j e^{z_j - m}, m the greatest z."""
    z = o.tensors.get("input/0")
    if z is None or not o.vector or z.shape != o.tensors["maps"].shape or o.layer["type"].lower() != "softmax":
        return None
    z = z.astype(np.float64)
    if (z >= 0).all() and abs(z.sum() - 1) < 1e-4:  # the network put out probabilities itself
        p = float(z[o.channel])
        return Line([Equation(f"p_{{{o.channel}}} = z_{{{o.channel}}}", r"\num{z}", p, {"z": term("z", p, "input")})])
    m, i = float(z.max()), o.channel
    total = math.fsum(np.exp(z - m))
    terms = {"z": term(f"z_{{{i}}}", z[i], "logit"), "m": term("m", m, "greatest"), "s": term("S", total, "exponentials")}
    first = Equation(r"S = \sum_j e^{z_j - m}", "", total, {})
    value = math.exp(z[i] - m) / total
    return Line(
        [first, Equation(rf"p_{{{i}}} = \frac{{e^{{z_{{{i}}} - m}}}}{{S}}", r"\frac{e^{\num{z} - \num{m}}}{\num{s}}", value, terms)]
    )


def _other(o: Opened) -> Line:
    """An operation that is not opened: torch's value, and the inputs at the same place where they have one."""
    remark = Message("convolution.network.explain.other", {"type": o.layer["type"]})
    return Line([Equation(rf"y = \operatorname{{{_latin(o.layer['type'])}}}(x)", "", float(o.value))], [remark])


def _latin(name: str) -> str:
    return "".join(c for c in name if c.isalnum()) or "f"


_LINES: Mapping[str, Callable[[Opened], Line | None]] = {
    "input": _input,
    "conv": convolution,
    "norm": _norm,
    "activation": _activation,
    "pool": pooling,
    "add": _add,
    "concat": _concat,
    "flatten": _flatten,
    "linear": _linear,
    "softmax": _softmax,
    "gradient": gradient,
}
