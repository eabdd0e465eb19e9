"""Numbers of ``recurrent/gradients`` opened: a gradient's length, a unit's parts, a path's products, a clip, a step at the wall."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from torch import Tensor

from app.labs.contract import Equation, Explanation, Frame, Message, Plain, Reference, Scene, Target, Term, UserError
from app.labs.recurrent.gradients.cliff import descent
from app.labs.recurrent.gradients.clipping import Clipped, clipped
from app.labs.recurrent.gradients.networks import GATES, PARTS, Passed, passed
from app.labs.recurrent.params.gradients import CELLS, GradientsParams

SHOWN, PER_ROW = 4, 2
"""Terms of a long sum that stand alone, the largest; the others are one."""


def explain(params: GradientsParams, scene: Scene, previous: Frame | None, frame: Frame, target: Target) -> Explanation:
    """Opens, at the frame's position T - step:

    ``{"kind": "norm", "cell", "name"}`` |dL/dh|, |dL/dc| or |dL/dx|; ``{"kind": "unit", "cell", "name", "unit"}`` one entry of it
    as the sum of its parts; ``{"kind": "path", "cell", "path", "unit"}`` one part; and ``{"kind": "clip", "cell"}``,
    ``{"kind": "descent", "clipped"}``. Units count from 0. Raises UserError for what does not exist.
    """
    kind = target.get("kind")
    if kind == "descent":
        return _descent(params, frame.step, target)
    if kind not in ("norm", "unit", "path", "clip"):
        raise _error("kind", got=str(kind))
    cell = _choice(target, "cell", CELLS)
    network = passed(params, "cpu")[cell]
    t = params.steps - frame.step
    if kind == "clip":
        return _clip(params, clipped(params, network), cell, target)
    if kind == "norm":
        return _norm(network, cell, t, target)
    if kind == "unit":
        return _unit(params, network, cell, t, target)
    return _path(params, network, cell, t, target)


def _norm(network: Passed, cell: str, t: int, target: Target) -> Explanation:
    name = _choice(target, "name", ("h", "c", "x") if cell == "lstm" else ("h", "x"))
    if name == "x" and t == 0:
        raise _error("no_input")
    ours = {"h": network.dh, "c": network.dc, "x": network.dx}[name][t]
    torchs = float(network.autograd[name][t].double().norm())
    symbol = _d(name, t)
    squares = {
        u: Term(_d(name, t, u), value, target={"kind": "unit", "cell": cell, "name": name, "unit": u} if name != "x" else None)
        for u, value in enumerate(ours.tolist())
    }
    inside, terms = _sum({u: term.value**2 for u, term in squares.items()}, lambda u: (rf"\num{{d{u}}}^2", {f"d{u}": squares[u]}))
    total = math.fsum(term.value**2 for term in squares.values())
    first = Equation(rf"S = \sum_u \left({_d(name, t, 'u')}\right)^2", inside, total, terms)
    value = math.sqrt(total)
    line = Equation(rf"\left|{symbol}\right| = \sqrt S", r"\sqrt{\num{S}}", value, {"S": Term("S", total)})
    return Explanation(
        Message("recurrent.gradients.title.norm", {"name": name, "t": t, "cell": _cell(cell)}),
        target,
        [first, line],
        value,
        _other("autograd", torchs, value),
    )


def _unit(params: GradientsParams, network: Passed, cell: str, t: int, target: Target) -> Explanation:
    name = _choice(target, "name", ("h", "c") if cell == "lstm" else ("h",))
    unit = _index(target, params.hidden)
    own = [part for part in PARTS[cell] if (part in ("out", "keep")) == (name == "c")] if cell == "lstm" else list(PARTS[cell])
    terms = {}
    for part in own:
        opened: Target | None = None if part == "loss" else {"kind": "path", "cell": cell, "path": part, "unit": unit}
        terms[part] = Term(_part(part), _number(network.parts[t, PARTS[cell].index(part), unit]), _meaning(part, cell), opened)
    value = math.fsum(term.value for term in terms.values())
    formula = f"{_d(name, t, unit)} = {' + '.join(term.latex for term in terms.values())}"
    line = Equation(formula, " + ".join(rf"\num{{{part}}}" for part in own), value, terms)
    remarks = [Message("recurrent.gradients.remark.cut", {"t": t})] if _cut(params, t) else []
    return Explanation(
        Message("recurrent.gradients.title.unit", {"name": name, "t": t, "unit": unit + 1, "cell": _cell(cell)}),
        target,
        [line],
        value,
        _other("autograd", _number(network.autograd[name][t, unit]), value),
        remarks,
    )


def _path(params: GradientsParams, network: Passed, cell: str, t: int, target: Target) -> Explanation:
    """A gate's path is a product with a column of its weights; the others are products of single numbers."""
    path = _choice(target, "path", PARTS[cell][1:])
    unit = _index(target, params.hidden)
    at = {name: network.forward[i, :, unit] for i, name in enumerate(network.names)}
    if path == "out":
        if t == 0:
            raise _error("no_step")
        c, o, d = (_number(value) for value in (at["c"][t], at["o"][t], network.dh[t, unit]))
        terms = {
            "d": Term(_d("h", t, unit), d, target={"kind": "unit", "cell": cell, "name": "h", "unit": unit}),
            "o": Term(_at("o", t, unit), o),
            "c": Term(_at("c", t, unit), c),
        }
        formula = rf"{_d('h', t, unit)} \; {_at('o', t, unit)} \, (1 - \tanh^2 {_at('c', t, unit)})"
        line = Equation(formula, r"\num{d} \cdot \num{o} \cdot (1 - \tanh^2 \num{c})", d * o * (1 - math.tanh(c) ** 2), terms)
    elif t == params.steps or _cut(params, t):
        raise _error("no_path", t=t)
    elif path == "keep":
        name, gate = ("c", "f") if cell == "lstm" else ("h", "z")
        d = _number((network.dc if name == "c" else network.dh)[t + 1, unit])
        kept = _number(at[gate][t + 1])
        terms = {"d": Term(_d(name, t + 1, unit), d), "g": Term(_at(gate, t + 1, unit), kept)}
        line = Equation(rf"{_d(name, t + 1, unit)} \; {_at(gate, t + 1, unit)}", r"\num{d} \cdot \num{g}", d * kept, terms)
    else:
        line = _product(network, cell, path, t, unit)
    own = _number(network.parts[t, PARTS[cell].index(path), unit])
    values: dict[str, Plain | Message] = {"path": _meaning(path, cell), "t": t, "unit": unit + 1, "cell": _cell(cell)}
    return Explanation(
        Message("recurrent.gradients.title.path", values),
        target,
        [line],
        line.value,
        _other("app.nn.recurrent.backward", own, line.value),
    )


def _product(network: Passed, cell: str, gate: str, t: int, unit: int) -> Equation:
    """sum_j a_j U_ju; of a GRU's n every a_j is times r_j: what comes back through the product that r multiplies."""
    index = GATES[cell].index(gate)
    a = network.a[t + 1, index]
    column = network.weights.w_hh.detach().chunk(len(GATES[cell]))[index][:, unit]
    reset = network.forward[network.names.index("r"), t + 1] if (cell, gate) == ("gru", "n") else None
    products = a * column if reset is None else a * reset * column
    symbol = "" if cell == "rnn" else f"^{{({gate})}}"

    def one(j: int) -> tuple[str, dict[str, Term]]:
        terms = {
            f"a{j}": Term(f"a{symbol}_{{{t + 1},{j + 1}}}", _number(a[j])),
            f"u{j}": Term(f"U{symbol}_{{{j + 1},{unit + 1}}}", _number(column[j])),
        }
        if reset is None:
            return rf"\num{{a{j}}} \cdot \num{{u{j}}}", terms
        terms[f"r{j}"] = Term(_at("r", t + 1, j), _number(reset[j]))
        return rf"\num{{a{j}}} \cdot \num{{r{j}}} \cdot \num{{u{j}}}", terms

    inside, terms = _sum(dict(enumerate(products.tolist())), one)
    r = "" if reset is None else rf" \, r_{{{t + 1},j}}"
    formula = rf"\sum_j a{symbol}_{{{t + 1},j}}{r} \, U{symbol}_{{j,{unit + 1}}}"
    return Equation(formula, inside, math.fsum(products.tolist()), terms)


def _clip(params: GradientsParams, found: Clipped, cell: str, target: Target) -> Explanation:
    most = Term(r"m", params.most, Message("recurrent.gradients.term.most"))
    before = Term(r"\lVert g \rVert", found.before, Message("recurrent.gradients.term.before"))
    values: dict[str, Plain | Message] = {"cell": _cell(cell)}
    if params.clip == "norm":
        factor = min(1.0, params.most / (found.before + 1e-6))
        formula = r"\lVert g \rVert \min\left(1, \frac{m}{\lVert g \rVert + 10^{-6}}\right)"
        substitution = r"\num{n} \cdot \min\left(1, \frac{\num{m}}{\num{n} + 10^{-6}}\right)"
        line = Equation(formula, substitution, found.before * factor, {"n": before, "m": most})
        road = "torch.nn.utils.clip_grad_norm_"
    else:
        # Every entry is cut by itself; the length left is told by torch's own clipped gradient.
        formula = r"\lVert \max(-m, \min(m, g)) \rVert"
        line = Equation(formula, r"\left. \lVert g \rVert \right|_{\le \num{m}}", found.after, {"m": most})
        road = "torch.nn.utils.clip_grad_value_"
    turned: dict[str, Plain | Message] = {
        "angle": round(found.angle, 2) if math.isfinite(found.angle) else None,
        "share": found.share,
    }
    return Explanation(
        Message("recurrent.gradients.title.clip", values),
        target,
        [line],
        line.value,
        _other(road, found.after, line.value),
        [Message(f"recurrent.gradients.remark.clip.{params.clip}", turned)],
    )


def _descent(params: GradientsParams, step: int, target: Target) -> Explanation:
    with_clip = target.get("clipped") is True
    if step == 0:
        raise _error("no_descent")
    rows = descent(params, "cpu")[int(with_clip)].tolist()
    (w, b, _, gw, gb), after = rows[step - 1], rows[step]
    length = math.hypot(gw, gb)
    factor = min(1.0, params.cliff_clip / length) if with_clip and length else 1.0
    terms = {
        "lr": Term(r"\eta", params.lr),
        "k": Term("k", factor),
        "w": Term(f"w_{{{step - 1}}}", w),
        "b": Term(f"b_{{{step - 1}}}", b),
        "gw": Term(r"g_w", gw),
        "gb": Term(r"g_b", gb),
    }
    clip = Term("m", params.cliff_clip, Message("recurrent.gradients.term.most"))
    first = Equation(
        r"k = \min\left(1, \frac{m}{\sqrt{g_w^2 + g_b^2}}\right)" if with_clip else "k = 1",
        r"\min\left(1, \frac{\num{m}}{\sqrt{\num{gw}^2 + \num{gb}^2}}\right)" if with_clip else r"\num{k}",
        factor,
        {name: terms[name] for name in ("gw", "gb")} | {"m": clip} if with_clip else {"k": terms["k"]},
    )
    lines = [first]
    for name, start, g in (("w", w, gw), ("b", b, gb)):
        formula = rf"{name}_{{{step}}} = {name}_{{{step - 1}}} - \eta \, k \, g_{name}"
        used = {each: terms[each] for each in (name, "lr", "k", f"g{name}")}
        lines.append(
            Equation(
                formula, rf"\num{{{name}}} - \num{{lr}} \cdot \num{{k}} \cdot \num{{g{name}}}", start - params.lr * factor * g, used
            )
        )
    return Explanation(
        Message(
            "recurrent.gradients.title.descent",
            {"step": step, "how": Message(f"recurrent.gradients.descent.{'clipped' if with_clip else 'free'}")},
        ),
        target,
        lines,
        lines[-1].value,
        _other("torch", after[1], lines[-1].value),
    )


def _sum(values: Mapping[int, float], one: Callable[[int], tuple[str, dict[str, Term]]]) -> tuple[str, dict[str, Term]]:
    """A sum of which the largest terms are written out: LaTeX with its numbers, and their terms; the rest is one."""
    order = sorted(values, key=lambda k: -abs(values[k]))
    shown, rest = sorted(order[:SHOWN]), order[SHOWN:]
    pieces: list[str] = []
    terms: dict[str, Term] = {}
    for k in shown:
        piece, own = one(k)
        pieces.append(piece)
        terms |= own
    if rest:
        pieces.append(r"\num{rest}")
        terms["rest"] = Term(
            rf"\Sigma_{{{len(rest)}}}",
            math.fsum(values[k] for k in rest),
            Message("recurrent.gradients.term.rest", {"count": len(rest)}),
        )
    rows = [" + ".join(pieces[at : at + PER_ROW]) for at in range(0, len(pieces), PER_ROW)]
    return rows[0] if len(rows) == 1 else r"\begin{aligned} & " + r" \\ & {} + ".join(rows) + r" \end{aligned}", terms


def _cut(params: GradientsParams, t: int) -> bool:
    """Whether nothing comes back from step t + 1."""
    return bool(params.truncate and t and t % params.truncate == 0 and t < params.steps)


def _d(name: str, t: int, unit: int | str | None = None) -> str:
    place = f"{t}" if unit is None else f"{t},{unit + 1}" if isinstance(unit, int) else f"{t},{unit}"
    return rf"\frac{{\partial L}}{{\partial {name}_{{{place}}}}}"


def _at(name: str, t: int, unit: int) -> str:
    return f"{name}_{{{t},{unit + 1}}}"


def _part(part: str) -> str:
    return rf"p_{{\mathrm{{{part}}}}}"


def _meaning(part: str, cell: str) -> Message:
    """``h`` and ``keep`` are named by the cell whose they are."""
    return Message(f"recurrent.gradients.part.{f'{cell}.{part}' if part in ('h', 'keep') else part}")


def _cell(cell: str) -> Message:
    return Message(f"recurrent.gradients.cell.{cell}")


def _number(value: Tensor) -> float:
    return float(value)


def _other(road: str, second: float, ours: float) -> Reference:
    return Reference(road, second, 0.0 if ours == second else abs(ours - second))


def _choice(target: Target, name: str, known: Sequence[str]) -> str:
    value = target.get(name)
    if value not in known:
        raise _error("choice", name=name, got=str(value), known=", ".join(known))
    return str(value)


def _index(target: Target, end: int) -> int:
    value = target.get("unit", 0)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < end:
        raise _error("unit", got=str(value), last=end - 1)
    return value


def _error(id: str, **values: Plain) -> UserError:
    return UserError(Message(f"recurrent.gradients.error.{id}", dict(values)))
