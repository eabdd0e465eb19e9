"""What the decoder says, opened: logits, probabilities, nats; where its maps look; what the cache spares."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from app.labs.attention.encoder.sums import Product, long_sum
from app.labs.attention.params.translate import TranslateParams
from app.labs.attention.translate.opened import F64, Opened, error, f64, index, line, meaning
from app.labs.attention.translate.speaking import multiply_adds
from app.labs.contract import Equation, Explanation, Message, Reference, Target, Term
from app.labs.writing.said import probability as softmax


def _last(o: Opened) -> F64:
    """(d,): the state that the logits come from."""
    return np.asarray(o.frame.tensors[f"{o.row}/out"][-1, -1], np.float64)


def _titled(o: Opened, id: str, **values: Any) -> Message:
    who = Message(f"attention.translate.who.{o.row}")
    return Message(f"attention.translate.title.{id}", {"who": who, "step": o.t, **values})


def logit(o: Opened, target: Target) -> Explanation:
    """The state times the word's own embedding: the same matrix."""
    words = o.translator.target.words
    k = index(target, "token", len(words))
    s, e = _last(o), f64(o.translator.net.target.tokens.weight[k])
    where: Target = {"kind": "out", "map": "self", "layer": o.translator.net.shape.layers - 1, "row": o.row, "sub": 2}
    products: list[Product] = [
        (
            [
                Term(f"s_{{{c + 1}}}", float(s[c]), None, {**where, "column": c}),
                Term(f"E_{{{k + 1},{c + 1}}}", float(e[c]), meaning("embedding")),
            ],
            float(s[c] * e[c]),
        )
        for c in range(len(s))
    ]
    equation = long_sum(rf"\ell_{{{k + 1}}} = s_{{{o.t}}} \cdot E_{{{k + 1}}}", products)
    theirs = float(functional.linear(torch.from_numpy(s).float(), o.translator.net.target.tokens.weight.detach().cpu())[k])
    title = _titled(o, "logit", token=o.target(k))
    return Explanation(
        title,
        target,
        [equation],
        equation.value,
        Reference("torch.nn.functional.linear", theirs, abs(equation.value - theirs)),
        [Message("attention.translate.remark.tied")],
    )


def probability(o: Opened, target: Target, temperature: float = 1.0) -> Explanation:
    """softmax over the words, of the logits divided by a temperature."""
    k = index(target, "token", len(o.translator.target.words))
    logits = f64(o.translator.net.target.tokens.weight) @ _last(o)
    said = softmax(logits, k, temperature)
    terms = {
        name: replace(term, target=o.opens("logit", token=term.target["token"])) if term.target else term
        for name, term in said.terms.items()
    }
    name = "drawn" if target["kind"] == "drawn" else "p"
    theirs = float(o.frame.tensors[f"{o.row}/{name}"][k])
    title = _titled(o, "drawn" if name == "drawn" else "probability", token=o.target(k))
    reference = Reference("torch.softmax", theirs, abs(said.value - theirs))
    return Explanation(title, target, [replace(said, terms=terms)], said.value, reference)


def drawn(params: TranslateParams, o: Opened, target: Target) -> Explanation:
    """The probability that a token was drawn with."""
    if f"{o.row}/drawn" not in o.frame.tensors:
        raise error("not_drawn")
    return probability(o, target, params.temperature)


def loss(o: Opened, target: Target) -> Explanation:
    """-ln p of the right word."""
    wanted: Any = o.scene.note["wanted"]
    if not wanted or o.t > len(wanted):
        raise error("no_right")
    k = int(wanted[o.t - 1])
    p = float(o.frame.tensors[f"{o.row}/p"][k])
    term = Term(f"p_{{{k + 1}}}", p, meaning("probability", token=o.target(k)), o.opens("probability", token=k))
    equation = Equation(rf"-\ln p_{{{k + 1}}}", r"-\ln \num{p}", -math.log(max(p, 1e-38)), {"p": term})
    theirs = float(o.frame.tensors[f"{o.row}/loss"][0])
    title = _titled(o, "loss", token=o.target(k))
    return Explanation(
        title,
        target,
        [equation],
        equation.value,
        Reference("torch.nn.functional.cross_entropy", theirs, abs(equation.value - theirs)),
    )


def spared(o: Opened, target: Target) -> Explanation:
    """The multiply-adds of this step with the cache, without it, and their quotient."""
    shape, source = o.translator.net.shape, len(o.sources)
    terms = {
        "L": Term("L", shape.layers, meaning("layers")),
        "d": Term("d", shape.d_model, meaning("d_model")),
        "f": Term("d_{ff}", shape.d_ff, meaning("d_ff")),
        "S": Term("S", source, meaning("source")),
        "t": Term("t", o.t, meaning("keys")),
    }
    now = multiply_adds(shape, 1, o.t - 1, source, o.t > 1)
    without = multiply_adds(shape, o.t, 0, source, False)
    token = r"6 \cdot \num{d}^2 + 2 \cdot (\num{t} + \num{S}) \cdot \num{d} + 2 \cdot \num{d} \cdot \num{f}"
    memory = r" + 2 \cdot \num{S} \cdot \num{d}^2"
    first, first_number = (r" + 2 S d^2", memory) if o.t == 1 else ("", "")
    each = r"6 d^2 + 2 (t + S) d + 2 d \, d_{ff}"
    kept = Equation(rf"c = L \left({each}{first}\right)", rf"\num{{L}} ({token}{first_number})", float(now), terms, line("cached"))
    again = Equation(
        rf"n = L \left(t \left({each}\right) + 2 S d^2\right)",
        rf"\num{{L}} (\num{{t}} ({token}){memory})",
        float(without),
        terms,
        line("uncached"),
    )
    share = Equation(
        r"1 - c / n", r"1 - \num{c} / \num{n}", 1 - now / without, {"c": Term("c", now), "n": Term("n", without)}, line("spared")
    )
    return Explanation(
        _titled(o, "spared"), target, [kept, again, share], share.value, None, [Message("attention.translate.remark.spared")]
    )


def on_gold(o: Opened, target: Target) -> Explanation:
    """How many of the words until now a map points right for."""
    head = index(target, "head", o.heads + 1)
    value = float(o.frame.tensors[f"{o.row}/gold"][o.layer, head])
    if math.isnan(value):
        raise error("no_gold")
    count = int(o.frame.note[o.row]["counted"])  # type: ignore[index, call-overload, arg-type]
    hits = round(value * count)
    terms = {"n": Term("n", hits, meaning("hits")), "w": Term("w", count, meaning("counted"))}
    equation = Equation(r"\frac{n}{w}", r"\frac{\num{n}}{\num{w}}", hits / count, terms)
    name = (
        Message("attention.translate.head.mean") if head == o.heads else Message("attention.translate.head.one", {"head": head + 1})
    )
    title = _titled(o, "gold", layer=o.layer + 1, head=name)
    return Explanation(
        title,
        target,
        [equation],
        equation.value,
        Reference("torch.argmax", value, abs(equation.value - value)),
        [Message("attention.translate.remark.gold")],
    )
