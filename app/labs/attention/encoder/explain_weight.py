r"""A weight between two tokens: q . k, the scale, the mask, the softmax; and a number of q, k or v."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch.nn import functional

from app.labs.attention.encoder.opened import Opened, Weighed, error, index, line, meaning, pair
from app.labs.attention.encoder.sums import SHOWN, Product, long_sum
from app.labs.contract import Equation, Explanation, Message, Plain, Reference, Target, Term
from app.nn import minilm


def weight(o: Opened, target: Target) -> Explanation:
    """a_ij = exp(m_ij) / sum_j' exp(m_ij'), m_ij = q_i . k_j / sqrt(d_k): nothing is masked."""
    count = len(o.tokens)
    head, i, j = index(target, "head", o.heads), index(target, "query", count), index(target, "key", count)
    equations = weight_lines(o, head, i, j)
    values: dict[str, Plain | Message] = {**o.pair(i, j), "layer": o.layer + 1, "head": head + 1}
    result = equations[-1].value
    return Explanation(
        Message("attention.encoder.title.weight", values),
        target,
        equations,
        result,
        by_torch(o, head, i, j, result),
        [Message("attention.encoder.remark.weight", {"query": o.tokens[i]})],
    )


def weight_lines(o: Weighed, head: int, i: int, j: int) -> list[Equation]:
    """From the dot product to the quotient."""
    q, k = o.vector("q", head, i), o.vector("k", head, j)
    letters = {name: o.letter(name, head) for name in "qksmauz"}
    here = f"{i + 1},{j + 1}"
    s, e, m = (f"{o.letter(name, head)}_{{{here}}}" for name in "sem")
    products: list[Product] = [
        (
            [
                _number(o, "q", head, i, c),
                _number(o, "k", head, j, c),
            ],
            float(q[c] * k[c]),
        )
        for c in range(len(q))
    ]
    dot = long_sum(f"{s} = {letters['q']}_{{{i + 1}}} \\cdot {letters['k']}_{{{j + 1}}}", products, label=line("dot"))
    d_k = Term("d_k", len(q), meaning("d_k"))
    scaled = dot.value / math.sqrt(len(q))
    scale = Equation(
        rf"{e} = \frac{{{s}}}{{\sqrt{{d_k}}}}",
        r"\frac{\num{s}}{\sqrt{\num{d}}}",
        scaled,
        {"s": Term(s, dot.value), "d": d_k},
        line("scale"),
    )
    mask = Equation(f"{m} = {e}", r"\num{e}", scaled, {"e": Term(e, scaled)}, o.mask(i))
    logits = [float(one) for one in o.row(head, i)]
    logits[j] = scaled
    order = sorted(range(len(logits)), key=lambda at: -logits[at])
    most = logits[order[0]]

    def logit(at: int) -> Term:
        opens = None if at == j else o.target("logit", head=head, query=i, key=at)
        symbol = f"{o.letter('m', head)}_{{{i + 1},{at + 1}}}"
        return Term(symbol, logits[at], meaning("logit", pair(o, i, at)), opens)

    hat = Term(rf"\hat{{m}}_{{{i + 1}}}", most, meaning("largest", {"key": o.tokens[order[0]]}))
    few = {f"n{at}": logit(at) for at in order[:3]}
    told = ", ".join(rf"\num{{{name}}}" for name in few) + (r", \ldots" if len(order) > 3 else "")
    largest = Equation(rf"{hat.latex} = \max_j {letters['m']}_{{{i + 1},j}}", rf"\max({told})", most, few, line("largest"))
    above = Term("u", math.exp(scaled - most), meaning("numerator"))
    numerator = Equation(
        rf"u = e^{{{m} - {hat.latex}}}", r"e^{\num{m} - \num{h}}", above.value, {"m": logit(j), "h": hat}, line("numerator")
    )
    shown = sorted({*order[:SHOWN], j})
    rest = [at for at in order if at not in shown]
    terms = {"h": hat, **{f"n{at}": logit(at) for at in shown}}
    pieces = [rf"e^{{\num{{n{at}}} - \num{{h}}}}" for at in shown]
    if rest:
        left = math.fsum(math.exp(logits[at] - most) for at in rest)
        terms["r"] = Term(rf"\Sigma_{{{len(rest)}}}", left, meaning("rest", {"count": len(rest)}))
        pieces.append(r"\num{r}")
    rows = [" + ".join(pieces[at : at + 2]) for at in range(0, len(pieces), 2)]
    written = r"\begin{aligned} & " + r" \\ & {} + ".join(rows) + r" \end{aligned}"
    total = math.fsum(math.exp(one - most) for one in logits)
    denominator = Equation(
        rf"z = \sum_j e^{{{letters['m']}_{{{i + 1},j}} - {hat.latex}}}", written, total, terms, line("denominator")
    )
    last = Equation(
        rf"{letters['a']}_{{{here}}} = \frac{{u}}{{z}}",
        r"\frac{\num{u}}{\num{z}}",
        above.value / total,
        {"u": above, "z": Term("z", total, meaning("denominator"))},
        line("quotient"),
    )
    return [dot, scale, mask, largest, numerator, denominator, last]


def logit(o: Opened, target: Target) -> Explanation:
    """m_ij, what the softmax is given."""
    count = len(o.tokens)
    head, i, j = index(target, "head", o.heads), index(target, "query", count), index(target, "key", count)
    equations = weight_lines(o, head, i, j)[:3]
    q, k = (torch.from_numpy(np.asarray(o.frame.tensors[name][head, at])) for name, at in (("q", i), ("k", j)))
    theirs = float(torch.dot(q, k) / math.sqrt(len(q)))
    result = equations[-1].value
    values: dict[str, Plain | Message] = {**o.pair(i, j), "layer": o.layer + 1, "head": head + 1}
    title = Message("attention.encoder.title.logit", values)
    return Explanation(title, target, equations, result, Reference("torch.dot", theirs, abs(result - theirs)))


def by_torch(o: Opened, head: int, i: int, j: int, ours: float) -> Reference:
    """The same by torch's function, which gives the weights themselves where the values are the identity."""
    q, k = (torch.from_numpy(np.asarray(o.frame.tensors[name][head]))[None, None] for name in "qk")
    identity = torch.eye(k.shape[2])[None, None]
    theirs = float(functional.scaled_dot_product_attention(q[:, :, i : i + 1], k, identity)[0, 0, 0, j])
    return Reference("torch.nn.functional.scaled_dot_product_attention", theirs, abs(ours - theirs))


def _number(o: Weighed, name: str, head: int, token: int, column: int) -> Term:
    target = o.target(name, head=head, token=token, column=column)
    value = float(o.vector(name, head, token)[column])
    return Term(f"{o.letter(name, head)}_{{{token + 1},{column + 1}}}", value, meaning(name, {"token": o.tokens[token]}), target)


def projected(o: Opened, target: Target) -> Explanation:
    """q_ic = sum_m x_im W_mc + b_c, x what comes into the layer; k and v alike."""
    name = str(target["kind"])
    size = o.frame.tensors[name].shape[2]
    head, i = index(target, "head", o.heads), index(target, "token", len(o.tokens))
    c = index(target, "column", size)
    if o.previous is None:
        raise error("embeddings")
    linear = getattr(minilm.network().encoder.blocks[o.layer].self_attention, f"W_{name}")
    row = head * size + c
    x = o.previous.tensors["hidden"][i]
    w, b = linear.weight[row].detach().numpy(), float(linear.bias[row].detach())
    symbol, upper = f"{o.letter(name, head)}_{{{i + 1},{c + 1}}}", name.upper()
    products: list[Product] = [
        (
            [
                Term(f"x_{{{i + 1},{m + 1}}}", float(x[m]), meaning("x", {"token": o.tokens[i]})),
                Term(f"W^{upper}_{{{m + 1},{c + 1}}}", float(w[m]), meaning("matrix")),
            ],
            float(x[m]) * float(w[m]),
        )
        for m in range(len(x))
    ]
    bias = Term(f"b^{upper}_{{{c + 1}}}", b, meaning("bias"))
    formula = rf"{symbol} = \sum_m x_{{{i + 1},m}} \, W^{upper}_{{m,{c + 1}}} + {bias.latex}"
    equation = long_sum(formula, products, [bias])
    theirs = float(functional.linear(torch.from_numpy(np.asarray(x)), linear.weight[row][None], linear.bias[row][None]).detach())
    values: dict[str, Plain | Message] = {
        "name": name,
        "token": o.tokens[i],
        "column": c + 1,
        "layer": o.layer + 1,
        "head": head + 1,
    }
    return Explanation(
        Message("attention.encoder.title.projected", values),
        target,
        [equation],
        equation.value,
        Reference("torch.nn.functional.linear", theirs, abs(equation.value - theirs)),
        [Message("attention.encoder.remark.projected")],
    )
