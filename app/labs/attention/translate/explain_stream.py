r"""Along the residual stream: what a sub-layer adds, the sum, its normalisation, lengths; the feed-forward's hidden units."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from app.labs.attention.encoder.sums import Product, long_sum
from app.labs.attention.translate.frames import NORMS
from app.labs.attention.translate.opened import F64, SUBS, Opened, error, f64, index, line, meaning
from app.labs.contract import Equation, Explanation, Message, Reference, Target, Term


def _sub(o: Opened) -> str:
    return SUBS["encoder" if o.encodes else "decoder"][o.sub]


def _named(o: Opened) -> Message:
    return Message(f"attention.translate.sub.{_sub(o)}")


def _linear(formula: str, x: F64, linear: nn.Linear, c: int, symbols: tuple[str, str, str], opens: Any) -> Equation:
    """sum_m x_m W_mc + b_c."""
    w, b = f64(linear.weight[c]), float(linear.bias[c].detach())
    a, matrix, bias = symbols
    products: list[Product] = [
        (
            [
                Term(f"{a}_{{{m + 1}}}", float(x[m]), None, opens(m)),
                Term(f"{matrix}_{{{m + 1},{c + 1}}}", float(w[m]), meaning("matrix")),
            ],
            float(x[m] * w[m]),
        )
        for m in range(len(x))
    ]
    return long_sum(formula, products, [Term(f"{bias}_{{{c + 1}}}", b, meaning("bias"))])


def branch(o: Opened, target: Target) -> Explanation:
    """A number of what the sub-layer adds: Concat(heads) W_O + b_O, or hidden W_2 + b_2."""
    c = index(target, "column", o.translator.net.shape.d_model)
    where = {"sub": o.sub, "token": o.token} if o.encodes else {"sub": o.sub}
    linear: nn.Linear
    if _sub(o) == "feed_forward":
        forward = o.block.feed_forward
        assert forward is not None
        hidden, linear = _hidden(o), forward.linear2
        equation = _linear(
            rf"f_{{{c + 1}}} = \sum_u u_u \, W^2_{{u,{c + 1}}} + b^2_{{{c + 1}}}",
            hidden,
            linear,
            c,
            ("u", "W^2", "b^2"),
            lambda m: o.opens("hidden", unit=m, **where),
        )
    else:
        kind = o.map if o.encodes else _sub(o)
        every = o.of("o" if o.encodes else f"{kind}_o")
        heads = every[:, o.token] if o.encodes else every  # (H, d_k)
        attention = o.block.cross_attention if kind == "cross" else o.block.self_attention
        assert attention is not None
        linear, size = attention.W_o, heads.shape[-1]

        def opens(m: int) -> Target:
            return {**o.opens("output", head=m // size, column=m % size, **({"query": o.token} if o.encodes else {})), "map": kind}

        equation = _linear(
            rf"f_{{{c + 1}}} = \sum_m o_m \, W^O_{{m,{c + 1}}} + b^O_{{{c + 1}}}",
            heads.reshape(-1),
            linear,
            c,
            ("o", "W^O", "b^O"),
            opens,
        )
    theirs = float(o.sublayer("branch")[c])
    title = o.titled("branch", sub=_named(o), column=c + 1)
    reference = Reference("torch.nn.functional.linear", theirs, abs(equation.value - theirs))
    return Explanation(title, target, [equation], equation.value, reference, [Message(f"attention.translate.remark.{_sub(o)}")])


def _hidden(o: Opened) -> F64:
    """(d_ff,) after the activation."""
    if o.encodes:
        return np.asarray(o.of("hidden")[o.token])
    return np.asarray(o.of("active"))


def hidden(o: Opened, target: Target) -> Explanation:
    """A unit of the feed-forward sub-layer: relu(x W_1 + b_1)."""
    forward = o.block.feed_forward
    assert forward is not None
    subs = SUBS["encoder" if o.encodes else "decoder"]
    x = o.of("x")[len(subs) - 1]
    x = np.asarray(x[o.token] if o.encodes else x)
    u = index(target, "unit", forward.linear1.out_features)
    a = _linear(
        rf"z_{{{u + 1}}} = \sum_m x_m \, W^1_{{m,{u + 1}}} + b^1_{{{u + 1}}}",
        x,
        forward.linear1,
        u,
        ("x", "W^1", "b^1"),
        lambda m: None,
    )
    last = Equation(
        rf"u_{{{u + 1}}} = \max(0, z_{{{u + 1}}})", r"\max(0, \num{z})", max(0.0, a.value), {"z": Term("z", a.value)}, line("relu")
    )
    theirs = float(_hidden(o)[u])
    out = float(forward.linear2.weight[:, u].detach().norm())
    values = {"length": last.value * out}
    remark = Message(f"attention.translate.remark.{'unit_on' if last.value else 'unit_off'}", values if last.value else {})
    title = o.titled("hidden", unit=u + 1)
    return Explanation(title, target, [a, last], last.value, Reference("torch.relu", theirs, abs(last.value - theirs)), [remark])


def added(o: Opened, target: Target) -> Explanation:
    """x + Sublayer(x), one number."""
    c = index(target, "column", o.translator.net.shape.d_model)
    x, f = float(o.sublayer("x")[c]), float(o.sublayer("branch")[c])
    equation = _plus(o, c, x, f)
    theirs = float(torch.add(torch.tensor(x, dtype=torch.float32), torch.tensor(f, dtype=torch.float32)))
    title = o.titled("sum", sub=_named(o), column=c + 1)
    reference = Reference("torch.add", theirs, abs(equation.value - theirs))
    return Explanation(title, target, [equation], equation.value, reference, [Message("attention.translate.remark.residual")])


def _plus(o: Opened, c: int, x: float, f: float) -> Equation:
    where = {"sub": o.sub, "token": o.token} if o.encodes else {"sub": o.sub}
    terms = {
        "x": Term(f"x_{{{c + 1}}}", x, meaning("stream")),
        "f": Term(f"f_{{{c + 1}}}", f, meaning("adds"), o.opens("branch", column=c, **where)),
    }
    return Equation(rf"r_{{{c + 1}}} = x_{{{c + 1}}} + f_{{{c + 1}}}", r"\num{x} + \num{f}", x + f, terms, line("residual"))


def normed(o: Opened, target: Target) -> Explanation:
    """LayerNorm(x + Sublayer(x)), one number: mean and variance over the features, then gain and bias."""
    c = index(target, "column", o.translator.net.shape.d_model)
    x, f = o.sublayer("x"), o.sublayer("branch")
    r = x + f
    norm = _norm(o)
    n = len(r)
    mean, variance = math.fsum(r) / n, math.fsum((r - math.fsum(r) / n) ** 2) / n
    d = Term("d", n, meaning("features"))
    parts: list[Product] = [([Term(f"r_{{{m + 1}}}", float(r[m]))], float(r[m])) for m in range(n)]
    squares: list[Product] = [
        ([Term(rf"(r_{{{m + 1}}} - \mu)^2", float((r[m] - mean) ** 2))], float((r[m] - mean) ** 2)) for m in range(n)
    ]
    wrap = r"\frac{1}{\num{d}} \left( {} \right)"
    mu = long_sum(
        r"\mu = \frac{1}{d} \sum_m r_m", parts, label=line("mean"), wrap=wrap, value=lambda total: total / n, more={"d": d}
    )
    sigma = long_sum(
        r"\sigma^2 = \frac{1}{d} \sum_m (r_m - \mu)^2",
        squares,
        label=line("variance"),
        wrap=wrap,
        value=lambda total: total / n,
        more={"d": d},
    )
    gain, bias = float(norm.weight[c].detach()), float(norm.bias[c].detach())
    plus = _plus(o, c, float(x[c]), float(f[c]))
    last = Equation(
        rf"y_{{{c + 1}}} = g_{{{c + 1}}} \frac{{r_{{{c + 1}}} - \mu}}{{\sqrt{{\sigma^2 + \epsilon}}}} + b_{{{c + 1}}}",
        r"\num{g} \cdot \frac{\num{r} - \num{m}}{\sqrt{\num{v} + \num{e}}} + \num{b}",
        gain * (plus.value - mean) / math.sqrt(variance + norm.eps) + bias,
        {
            "g": Term(f"g_{{{c + 1}}}", gain, meaning("gain")),
            "r": Term(f"r_{{{c + 1}}}", plus.value),
            "m": Term(r"\mu", mean),
            "v": Term(r"\sigma^2", variance),
            "e": Term(r"\epsilon", norm.eps, meaning("eps")),
            "b": Term(f"b_{{{c + 1}}}", bias, meaning("bias")),
        },
        line("normed"),
    )
    weight, offset = (p.detach().double().cpu() for p in (norm.weight, norm.bias))
    theirs = float(functional.layer_norm(torch.from_numpy(r), [n], weight, offset, norm.eps)[c])
    title = o.titled("out", sub=_named(o), column=c + 1)
    reference = Reference("torch.nn.functional.layer_norm, float64", theirs, abs(last.value - theirs))
    return Explanation(title, target, [plus, mu, sigma, last], last.value, reference, [Message("attention.translate.remark.norm")])


def _norm(o: Opened) -> nn.LayerNorm:
    block = o.block
    found = {"self": block.self_norm, "cross": block.cross_norm, "feed_forward": block.feed_forward_norm}[_sub(o)]
    assert found is not None
    return found


def length(o: Opened, target: Target) -> Explanation:
    """The length of x, of what is added, of their sum or of what goes on."""
    of = target.get("of", "x")
    if of not in NORMS:
        raise error("of", got=str(of), known=", ".join(NORMS))
    vector = o.sublayer("x") + o.sublayer("branch") if of == "sum" else o.sublayer(str(of))
    letter = {"x": "x", "branch": "f", "sum": "r", "out": "y"}[str(of)]
    where = {"sub": o.sub, "token": o.token} if o.encodes else {"sub": o.sub}
    products: list[Product] = []
    for m, value in enumerate(vector):
        opens = None if of == "x" else o.opens(str(of), column=m, **where)
        term = Term(f"{letter}_{{{m + 1}}}", float(value), None, opens)
        products.append(([term, term], float(value) ** 2))
    equation = long_sum(
        rf"\lVert {letter} \rVert = \sqrt{{\sum_m {letter}_m^2}}", products, wrap=r"\left( {} \right)^{1/2}", value=math.sqrt
    )
    theirs = float(torch.linalg.vector_norm(torch.from_numpy(vector)))
    title = o.titled("norm", sub=_named(o), of=Message(f"attention.translate.norm.{of}"))
    return Explanation(
        title, target, [equation], equation.value, Reference("torch.linalg.vector_norm", theirs, abs(equation.value - theirs))
    )
