"""Every number of ``attention/generate`` opened: a weight, what it is made of, a head's patterns; what was drawn and from what."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch.nn import functional

from app.labs.attention.encoder.explain_weight import weight_lines
from app.labs.attention.encoder.opened import line, meaning
from app.labs.attention.encoder.sums import Product, long_sum
from app.labs.attention.generate.models import Model, shipped, writer
from app.labs.attention.generate.opened import Opened, error, place
from app.labs.attention.generate.patterns import PATTERNS
from app.labs.attention.params.generate import GenerateParams
from app.labs.contract import Equation, Explanation, Frame, Message, Plain, Reference, Scene, Target, Term
from app.labs.writing import explain as writing
from app.nn.attention import MultiHeadAttention


def explain(params: GenerateParams, scene: Scene, previous: Frame | None, frame: Frame, target: Target) -> Explanation:
    """Opens ``{"kind": "weight" | "scaled", "layer", "head", "query", "key"}``: between two places, ``query`` the newest where none
    is given, else one whose row this frame computed. ``{"kind": "q" | "k" | "v", "layer", "head", "token", "column"}``.
    ``{"kind": "output", "layer", "head", "query", "column"}``: a number that the head passes on.
    ``{"kind": "pattern", "layer", "head", "pattern"}``. All from 0. And what ``app.labs.writing.explain`` opens.

    Raises UserError for what does not exist, and where nothing has been written yet for what is of a written token.
    """
    kind = target.get("kind")
    model = shipped(params.model)
    if not isinstance(kind, str) or kind not in _KINDS:
        return writing.explain(writer(params), frame, target, lambda k: _logit(model, frame, k))
    layer = place(target, "layer", 0, model.net.shape.layers, 0)
    opened = Opened(frame, layer, _tokens(scene, frame))
    return _KINDS[kind](model, opened, target)


def _tokens(scene: Scene, frame: Frame) -> Sequence[str]:
    """What has been read by the frame."""
    prompt = scene.note["prompt"]
    ids = frame.tensors["read"]
    vocabulary = scene.note["vocabulary"]
    assert isinstance(prompt, list)
    assert isinstance(vocabulary, list)
    written = [str(vocabulary[k]) for k in ids[len(prompt) :].tolist()]
    return [*map(str, prompt), *written]


def _weight(model: Model, o: Opened, target: Target) -> Explanation:
    """a_ij = exp(e_ij) / sum over j' <= i of exp(e_ij'); a later token's weight is exactly 0."""
    head, i, j = _places(model, o, target)
    if j > i:
        return _later(o, target, head, i, j)
    equations = weight_lines(o, head, i, j)
    q = torch.from_numpy(o.vector("q", head, i)).float()
    k = torch.from_numpy(np.stack([o.vector("k", head, at) for at in range(o.size)])).float()
    seen = torch.arange(o.size) <= i
    # with the identity for values the output is the weights themselves
    theirs = functional.scaled_dot_product_attention(q[None, None, None], k[None, None], torch.eye(o.size)[None, None], seen[None])
    own, result = float(theirs[0, 0, 0, j]), equations[-1].value
    remarks = [Message("attention.generate.remark.weight", {"query": o.tokens[i], "count": i + 1})]
    return _told(o, "weight", target, head, equations, _sdpa(own, result), remarks, **_pair(o, i, j))


def _later(o: Opened, target: Target, head: int, i: int, j: int) -> Explanation:
    symbol = f"{o.letter('a', head)}_{{{i + 1},{j + 1}}}"
    formula = rf"{symbol} = \frac{{e^{{-\infty}}}}{{\sum_j e^{{m_{{{i + 1},j}}}}}}"
    equation = Equation(formula, r"\num{a}", 0.0, {"a": Term(symbol, 0.0)})
    remarks = [Message("attention.generate.remark.later", _pair(o, i, j))]
    return _told(o, "weight", target, head, [equation], None, remarks, **_pair(o, i, j))


def _scaled(model: Model, o: Opened, target: Target) -> Explanation:
    """q_i . k_j / sqrt(d_k), what the softmax is given."""
    head, i, j = _places(model, o, target)
    if j > i:
        return _later(o, target, head, i, j)
    equations = weight_lines(o, head, i, j)[:3]
    q, k = (torch.from_numpy(o.vector(name, head, at)) for name, at in (("q", i), ("k", j)))
    own, result = float(torch.dot(q, k) / math.sqrt(len(q))), equations[-1].value
    return _told(o, "scaled", target, head, equations, Reference("torch.dot", own, abs(result - own)), [], **_pair(o, i, j))


def _output(model: Model, o: Opened, target: Target) -> Explanation:
    """o_ic = sum over j <= i of a_ij v_jc."""
    head, i, _ = _places(model, o, target)
    c = place(target, "column", 0, model.net.shape.d_model // model.net.shape.heads, 0)
    scores = o.row(head, i)
    exp = np.exp(scores - scores.max())
    v = np.stack([o.vector("v", head, j) for j in range(i + 1)])
    products: list[Product] = [
        (
            [
                Term(
                    f"{o.letter('a', head)}_{{{i + 1},{j + 1}}}",
                    float(a),
                    meaning("weight", {"query": o.tokens[i], "key": o.tokens[j]}),
                    o.target("weight", head=head, query=i, key=j),
                ),
                Term(
                    f"{o.letter('v', head)}_{{{j + 1},{c + 1}}}",
                    float(v[j, c]),
                    Message("attention.generate.term.value", {"token": o.tokens[j]}),
                    o.target("v", head=head, token=j, column=c),
                ),
            ],
            float(a * v[j, c]),
        )
        for j, a in enumerate(exp / exp.sum())
    ]
    symbol = f"{o.letter('o', head)}_{{{i + 1},{c + 1}}}"
    equation = long_sum(rf"{symbol} = \sum_j {o.letter('a', head)}_{{{i + 1},j}} \, {o.letter('v', head)}_{{j,{c + 1}}}", products)
    k = np.stack([o.vector("k", head, j) for j in range(i + 1)])
    query, keys, values = (torch.from_numpy(one)[None] for one in (o.vector("q", head, i)[None], k, v))
    reference = _sdpa(float(functional.scaled_dot_product_attention(query, keys, values)[0, 0, c]), equation.value)
    remarks = [Message("attention.generate.remark.output")]
    return _told(o, "output", target, head, [equation], reference, remarks, query=o.tokens[i], row=i + 1, column=c + 1)


def _projected(model: Model, o: Opened, target: Target) -> Explanation:
    """q_ic = sum over m of x_im W_mc + b_c, x what comes into the attention; k and v alike."""
    name = str(target["kind"])
    shape = model.net.shape
    size = shape.d_model // shape.heads
    head = place(target, "head", 0, shape.heads, 0)
    token = place(target, "token", 0, o.size, o.size - 1)
    c = place(target, "column", 0, size, 0)
    attention = model.net.decoder.blocks[o.layer].self_attention
    assert isinstance(attention, MultiHeadAttention)
    linear = {"q": attention.W_q, "k": attention.W_k, "v": attention.W_v}[name]
    row = head * size + c
    x = np.asarray(o.frame.tensors["x"][o.layer, token], np.float64)
    w, b = linear.weight[row].detach().double().numpy(), float(linear.bias[row].detach())
    upper = name.upper()
    products: list[Product] = [
        (
            [
                Term(f"x_{{{token + 1},{m + 1}}}", float(x[m]), meaning("x", {"token": o.tokens[token]})),
                Term(f"W^{upper}_{{{m + 1},{c + 1}}}", float(w[m]), meaning("matrix")),
            ],
            float(x[m] * w[m]),
        )
        for m in range(len(x))
    ]
    bias = Term(f"b^{upper}_{{{c + 1}}}", b, meaning("bias"))
    symbol = f"{o.letter(name, head)}_{{{token + 1},{c + 1}}}"
    equation = long_sum(rf"{symbol} = \sum_m x_{{{token + 1},m}} \, W^{upper}_{{m,{c + 1}}} + {bias.latex}", products, [bias])
    weight, bias_row = (tensor.detach()[row : row + 1].double() for tensor in (linear.weight, linear.bias))
    own = float(functional.linear(torch.from_numpy(x), weight, bias_row))
    reference = Reference("torch.nn.functional.linear", own, abs(equation.value - own))
    return _told(o, "projected", target, head, [equation], reference, [], name=name, token=o.tokens[token], column=c + 1)


def _pattern(model: Model, o: Opened, target: Target) -> Explanation:
    """The mean, over the tokens that have such a place, of what they give to it."""
    head = place(target, "head", 0, model.net.shape.heads, 0)
    name = target.get("pattern")
    if not isinstance(name, str) or name not in PATTERNS:
        raise error("pattern", got=str(name), known=", ".join(PATTERNS))
    at = PATTERNS.index(name)
    shares = np.asarray(o.frame.tensors["given"][o.layer, head, at], np.float64)
    asking = np.flatnonzero(~np.isnan(shares)).tolist()
    called = Message(f"attention.generate.pattern.{name}")
    if not asking:
        raise error("nothing", pattern=called)
    products: list[Product] = [
        (
            [Term(f"s_{{{i + 1}}}", float(shares[i]), Message("attention.generate.term.gives", {"token": o.tokens[i]}))],
            float(shares[i]),
        )
        for i in asking
    ]
    total = long_sum(
        r"S = \sum_i s_i, \quad s_i = \sum_{j \in P_i} " + o.letter("a", head) + "_{i,j}", products, label=line("pattern")
    )
    terms = {"s": Term("S", total.value), "n": Term("n", len(asking), meaning("asking"))}
    mean = Equation(r"s = \frac{S}{n}", r"\frac{\num{s}}{\num{n}}", total.value / len(asking), terms, line("mean"))
    own = float(torch.from_numpy(shares).nanmean())
    chance = float(o.frame.tensors["chance"][at])
    remarks = [
        Message(f"attention.generate.about.{name}"),
        Message("attention.encoder.remark.chance", {"chance": round(chance, 4)}),
    ]
    reference = Reference("torch.nanmean", own, abs(mean.value - own))
    return _told(o, "pattern", target, head, [total, mean], reference, remarks, pattern=called)


def _logit(model: Model, frame: Frame, k: int) -> tuple[Equation, Reference]:
    """l_k = E_k . h: the embedding's own row says how likely its token is."""
    table = model.net.embedding.tokens.weight.detach().double()
    h = torch.from_numpy(frame.tensors["h"]).double()
    products: list[Product] = [
        (
            [
                Term(f"E_{{{k + 1},{m + 1}}}", float(table[k, m]), Message("attention.generate.term.embedding")),
                Term(f"h_{{{m + 1}}}", float(h[m]), Message("attention.generate.term.state")),
            ],
            float(table[k, m] * h[m]),
        )
        for m in range(len(h))
    ]
    equation = long_sum(rf"\ell_{{{k + 1}}} = E_{{{k + 1}}} \cdot h", products)
    own = float(functional.linear(h, table[k : k + 1]))
    return equation, Reference("torch.nn.functional.linear", own, abs(equation.value - own))


def _places(model: Model, o: Opened, target: Target) -> tuple[int, int, int]:
    """Head, query and key."""
    head = place(target, "head", 0, model.net.shape.heads, 0)
    query = place(target, "query", o.first, o.size, o.size - 1)
    return head, query, place(target, "key", 0, o.size, 0)


def _pair(o: Opened, i: int, j: int) -> dict[str, Plain | Message]:
    return {"query": o.tokens[i], "key": o.tokens[j], "row": i + 1, "column": j + 1}


def _sdpa(own: float, result: float) -> Reference:
    return Reference("torch.nn.functional.scaled_dot_product_attention", own, abs(result - own))


def _told(
    o: Opened,
    kind: str,
    target: Target,
    head: int,
    equations: Sequence[Equation],
    reference: Reference | None,
    remarks: Sequence[Message],
    **values: Plain | Message,
) -> Explanation:
    title = Message(f"attention.generate.title.{kind}", {**values, "layer": o.layer + 1, "head": head + 1})
    return Explanation(title, target, equations, equations[-1].value, reference, remarks)


_KINDS: Mapping[str, Callable[[Model, Opened, Target], Explanation]] = {
    "weight": _weight,
    "scaled": _scaled,
    "q": _projected,
    "k": _projected,
    "v": _projected,
    "output": _output,
    "pattern": _pattern,
}
