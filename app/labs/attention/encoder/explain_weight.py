r"""A weight between two tokens: q . k, the scale, the mask, the softmax; and a number of q, k or v."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from app.labs.attention.encoder.opened import Opened, Weighed, asking, error, index, line, meaning, pair
from app.labs.attention.encoder.sums import SHOWN, Product, long_sum
from app.labs.contract import Equation, Explanation, Message, Plain, Reference, Target, Term


def weight(o: Opened, target: Target) -> Explanation:
    """a_ij = exp(m_ij) / sum_j' exp(m_ij'), m_ij = q_i . k_j / sqrt(d_k), and what the mask adds."""
    count = len(o.tokens)
    head, i, j = index(target, "head", o.heads), index(target, "query", count), index(target, "key", count)
    equations = lines(o, head, i, j)
    values: dict[str, Plain | Message] = {**o.pair(i, j), "layer": o.named, "head": head + 1}
    result = equations[-1].value
    return Explanation(
        Message("attention.encoder.title.weight", values),
        target,
        equations,
        result,
        by_torch(o, head, i, j, result),
        [Message("attention.encoder.remark.weight", {"query": o.tokens[i]})],
    )


def lines(o: Opened, head: int, i: int, j: int) -> list[Equation]:
    """The same with what the model multiplies by and adds."""
    return weight_lines(o, head, i, j, o.scale, o.masked(head, i))


def weight_lines(
    o: Weighed, head: int, i: int, j: int, multiplied: float | None = None, added: NDArray[np.float64] | None = None
) -> list[Equation]:
    """From the dot product to the quotient. ``multiplied``: the scale, where it is not 1 / sqrt(d_k); ``added`` (S,): the mask."""
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
    scaled = dot.value * (1 / math.sqrt(len(q)) if multiplied is None else multiplied)
    scale = _scale(s, e, dot.value, len(q), scaled, multiplied)
    mask = _mask(m, e, scaled, 0.0 if added is None else float(added[j]), o.mask(i))
    logits = [float(one) for one in o.row(head, i)]
    logits[j] = mask.value
    if max(logits) == -math.inf:
        return [dot, scale, mask, Equation(f"{letters['a']}_{{{here}}}", "0", 0.0, {}, line("blind"))]
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
    above = Term("u", math.exp(mask.value - most), meaning("numerator"))
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


def _scale(s: str, e: str, dot: float, size: int, scaled: float, multiplied: float | None) -> Equation:
    """e = s / sqrt(d_k), or whatever the model multiplies by."""
    if multiplied is None or math.isclose(multiplied, 1 / math.sqrt(size), rel_tol=1e-6):
        terms = {"s": Term(s, dot), "d": Term("d_k", size, meaning("d_k"))}
        return Equation(rf"{e} = \frac{{{s}}}{{\sqrt{{d_k}}}}", r"\frac{\num{s}}{\sqrt{\num{d}}}", scaled, terms, line("scale"))
    terms = {"s": Term(s, dot), "c": Term("c", multiplied, meaning("scale"))}
    return Equation(rf"{e} = c \, {s}", r"\num{c} \cdot \num{s}", scaled, terms, line("other_scale"))


def _mask(m: str, e: str, scaled: float, added: float, seen: Message) -> Equation:
    """m = e where the key is seen, -infinity where it is not; e + b where the model adds a bias."""
    if added == -math.inf:
        return Equation(m, r"-\infty", added, {}, line("masked"))
    terms = {"e": Term(e, scaled)}
    if added == 0:
        return Equation(f"{m} = {e}", r"\num{e}", scaled, terms, seen)
    terms["b"] = Term("b", added, meaning("bias_of_place"))
    return Equation(f"{m} = {e} + b", r"\num{e} + \num{b}", scaled + added, terms, line("biased"))


def logit(o: Opened, target: Target) -> Explanation:
    """m_ij, what the softmax is given."""
    count = len(o.tokens)
    head, i, j = index(target, "head", o.heads), index(target, "query", count), index(target, "key", count)
    equations = lines(o, head, i, j)[:3]
    q, k = (torch.from_numpy(np.asarray(o.frame.tensors[name][head, at])) for name, at in (("q", i), ("k", j)))
    theirs = float(torch.dot(q, k) * o.scale) + float(o.masked(head, i)[j])
    result = equations[-1].value
    values: dict[str, Plain | Message] = {**o.pair(i, j), "layer": o.named, "head": head + 1}
    title = Message("attention.encoder.title.logit", values)
    return Explanation(
        title, target, equations, result, Reference("torch.dot", theirs, 0.0 if result == theirs else abs(result - theirs))
    )


def by_torch(o: Opened, head: int, i: int, j: int, ours: float) -> Reference:
    """The same by torch's function, which gives the weights themselves where the values are the identity."""
    q, k = (torch.from_numpy(np.asarray(o.frame.tensors[name][head]))[None, None] for name in "qk")
    identity = torch.eye(k.shape[2])[None, None]
    mask = torch.from_numpy(o.masked(head, i)).float()[None, None, None]
    made = functional.scaled_dot_product_attention(q[:, :, i : i + 1], k, identity, mask, scale=o.scale)
    theirs = float(made[0, 0, 0, j])
    return Reference("torch.nn.functional.scaled_dot_product_attention", theirs, abs(ours - theirs))


def _number(o: Weighed, name: str, head: int, token: int, column: int) -> Term:
    target = o.target(name, head=head, token=token, column=column)
    value, tokens = float(o.vector(name, head, token)[column]), asking(o) if name == "q" else o.tokens
    return Term(f"{o.letter(name, head)}_{{{token + 1},{column + 1}}}", value, meaning(name, {"token": tokens[token]}), target)


def projected(o: Opened, target: Target) -> Explanation:
    """q_ic = sum_m x_im W_mc + b_c, x what comes into the layer; k and v alike."""
    name = str(target["kind"])
    size = o.frame.tensors[name].shape[2]
    head, i = index(target, "head", o.heads), index(target, "token", len(o.tokens))
    c = index(target, "column", size)
    if o.previous is None:
        raise error("embeddings")
    linear = o.sentence.model.linear(o.layer, name)
    if linear is None:
        raise error("not_linear", name=name)
    row = head * size + c
    x = o.previous.tensors["hidden"][i]
    w, b = linear.weight[row].detach().cpu().numpy(), float(linear.bias[row].detach())
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
    matrix, added = linear.weight[row][None].detach().cpu(), linear.bias[row][None].detach().cpu()
    theirs = float(functional.linear(torch.from_numpy(np.asarray(x)), matrix, added))
    values: dict[str, Plain | Message] = {
        "name": name,
        "token": o.tokens[i],
        "column": c + 1,
        "layer": o.named,
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
