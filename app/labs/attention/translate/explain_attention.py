"""What an attention computes, opened: weights, scores, their mean over the heads, q, k and v, a head's output."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from app.labs.attention.encoder import weights
from app.labs.attention.encoder.sums import Product, long_sum
from app.labs.attention.translate.opened import Opened, f64, index, meaning
from app.labs.contract import Explanation, Message, Reference, Target, Term


def weight(o: Opened, target: Target) -> Explanation:
    """a_ij of a head; of the head after the last the mean over all of them."""
    head, j = index(target, "head", o.heads + 1), index(target, "key", len(o.keys))
    if head == o.heads:
        return _mean(o, target, j)
    query = o.query(head)
    equations = weights.weight_lines(query, j)
    result = equations[-1].value
    remark = Message(f"attention.translate.remark.{_kind(o)}")
    title = o.titled("weight", map=_map(o), head=head + 1, key=query.keys[j])
    return Explanation(title, target, equations, result, weights.by_torch(query, j, result), [remark])


def _kind(o: Opened) -> str:
    return o.map if o.map != "self" else {"free": "self_free", "forced": "self_forced"}[o.row]


def _map(o: Opened) -> Message:
    return Message(f"attention.translate.map.{o.map}")


def _mean(o: Opened, target: Target, j: int) -> Explanation:
    """The mean over the heads, in which words are found best."""
    own = [weights.weight_lines(o.query(head), j)[-1].value for head in range(o.heads)]
    more: Target = {"query": o.token} if o.encodes else {}
    products: list[Product] = [
        (
            [
                Term(
                    f"{o.letter('a', head)}_{{{o.token + 1},{j + 1}}}",
                    value,
                    meaning("head", head=head + 1),
                    o.opens("weight", head=head, key=j, **more),
                )
            ],
            value,
        )
        for head, value in enumerate(own)
    ]
    count = Term("H", o.heads, meaning("heads"))
    formula = rf"\bar{{a}}_{{{o.token + 1},{j + 1}}} = \frac{{1}}{{H}} \sum_h a^{{{o.layer + 1},h}}_{{{o.token + 1},{j + 1}}}"
    wrap = r"\frac{1}{\num{H}} \left( {} \right)"
    mean = long_sum(formula, products, wrap=wrap, value=lambda total: total / o.heads, more={"H": count})
    if o.encodes:
        theirs = o.of("weights")[:, o.token, j].mean()
    else:
        theirs = np.asarray(o.frame.tensors[f"{o.row}/{o.map}"], np.float64)[o.layer, :, j].mean()
    title = o.titled("mean", map=_map(o), key=o.keys[j])
    return Explanation(title, target, [mean], mean.value, Reference("torch.mean", float(theirs), abs(mean.value - float(theirs))))


def score(o: Opened, target: Target) -> Explanation:
    """m_ij, what the softmax is given."""
    head, j = index(target, "head", o.heads), index(target, "key", len(o.keys))
    query = o.query(head)
    equations = weights.logit_lines(query, j)
    q, k = (torch.from_numpy(array) for array in (query.q, query.k[j]))
    result = equations[-1].value
    title = o.titled("score", map=_map(o), head=head + 1, key=query.keys[j])
    if not query.seen[j]:
        return Explanation(title, target, equations, result)
    theirs = float(torch.dot(q, k) / len(q) ** 0.5)
    return Explanation(title, target, equations, result, Reference("torch.dot, float64", theirs, abs(result - theirs)))


def projected(o: Opened, target: Target) -> Explanation:
    """q_ic = sum_m x_im W_mc + b_c; k and v alike, of the cross map out of the encoder's states."""
    name = str(target["kind"])
    head = index(target, "head", o.heads)
    own = o.heads_of(name)[head]
    size = own.shape[-1]
    c = index(target, "column", size)
    asks = name == "q"
    i = o.token if asks else index(target, "token", len(o.keys))
    x = _asking(o) if asks else np.asarray(o.inputs()[i])
    word = o.word if asks else o.keys[i]
    linear = getattr(o.attention, f"W_{name}")
    row = head * size + c
    w, b = f64(linear.weight[row]), float(linear.bias[row].detach())
    upper, source = name.upper(), "h" if o.map == "cross" and not asks else "x"
    symbol = f"{o.letter(name, head)}_{{{i + 1},{c + 1}}}"
    products: list[Product] = [
        (
            [
                Term(f"{source}_{{{i + 1},{m + 1}}}", float(x[m]), meaning("state", token=word)),
                Term(f"W^{upper}_{{{m + 1},{c + 1}}}", float(w[m]), meaning("matrix")),
            ],
            float(x[m] * w[m]),
        )
        for m in range(len(x))
    ]
    bias = Term(f"b^{upper}_{{{c + 1}}}", b, meaning("bias"))
    equation = long_sum(rf"{symbol} = \sum_m {source}_{{{i + 1},m}} \, W^{upper}_{{m,{c + 1}}} + {bias.latex}", products, [bias])
    theirs = float(own[c] if asks and not o.encodes else own[i, c])
    title = o.titled("projected", map=_map(o), name=name, head=head + 1, column=c + 1, token=word)
    remark = []
    if not o.encodes and not asks:
        kept = (o.map == "cross" and o.t > 1) or (o.map == "self" and i < o.token)
        remark = [Message(f"attention.translate.remark.{'kept' if kept else 'made'}", {"step": 1 if o.map == "cross" else i + 1})]
    reference = Reference("torch.nn.functional.linear", theirs, abs(equation.value - theirs))
    return Explanation(title, target, [equation], equation.value, reference, remark)


def output(o: Opened, target: Target) -> Explanation:
    """o_ic = sum_j a_ij v_jc."""
    head = index(target, "head", o.heads)
    v = o.heads_of("v")[head]
    c, keys = index(target, "column", v.shape[-1]), o.keys
    query = o.query(head)
    a = _softmax(query)
    more: Target = {"query": o.token} if o.encodes else {}
    products: list[Product] = [
        (
            [
                Term(
                    f"{o.letter('a', head)}_{{{o.token + 1},{j + 1}}}",
                    float(a[j]),
                    meaning("weight", key=keys[j]),
                    o.opens("weight", head=head, key=j, **more),
                ),
                Term(
                    f"{o.letter('v', head)}_{{{j + 1},{c + 1}}}",
                    float(v[j, c]),
                    meaning("value", key=keys[j]),
                    o.opens("v", head=head, token=j, column=c),
                ),
            ],
            float(a[j] * v[j, c]),
        )
        for j in range(len(keys))
        if query.seen[j]
    ]
    symbol = f"{o.letter('o', head)}_{{{o.token + 1},{c + 1}}}"
    formula = rf"{symbol} = \sum_j {o.letter('a', head)}_{{{o.token + 1},j}} \, {o.letter('v', head)}_{{j,{c + 1}}}"
    equation = long_sum(formula, products)
    q, k, values, seen = (
        torch.from_numpy(np.asarray(array)) for array in (query.q[None], query.k, v[: len(keys)], query.seen[None])
    )
    theirs = float(functional.scaled_dot_product_attention(q[None], k[None], values[None], attn_mask=seen[None])[0, 0, c])
    reference = Reference("torch.nn.functional.scaled_dot_product_attention, float64", theirs, abs(equation.value - theirs))
    title = o.titled("output", map=_map(o), head=head + 1, column=c + 1)
    return Explanation(title, target, [equation], equation.value, reference, [Message("attention.translate.remark.output")])


def _softmax(query: weights.Query) -> np.ndarray:
    """All weights of a query, from its scores."""
    e = np.where(query.seen, query.logits, -np.inf)
    exp = np.exp(e - e.max())
    return np.asarray(exp / exp.sum())


def _asking(o: Opened) -> np.ndarray:
    """(d,): what the asking token brings into the attention, which normalises after."""
    every = o.of("x")[1 if o.map == "cross" else 0]
    return np.asarray(every[o.token] if o.encodes else every)
