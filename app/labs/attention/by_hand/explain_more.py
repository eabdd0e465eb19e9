"""What ``attention/by-hand`` opens besides its stages: what goes in, how hard a softmax is, what a changed order did."""

from __future__ import annotations

import math
from dataclasses import replace

import torch

from app.labs.attention.by_hand.heads import Stages, compute, given
from app.labs.attention.by_hand.reading import Place, Reading, meaning
from app.labs.contract import Equation, Explanation, Message, Plain, Reference, Target, Term
from app.labs.sums import Sum


def weight(r: Reading, name: str, p: Place, target: Target) -> Explanation:
    """A number that goes in: what it adds to the query, key, value or result of every word, then the number itself."""
    value = r.value(name, p)
    titled: dict[str, Plain | Message] = {"row": p.row + 1, "column": p.column + 1}
    if name in ("embedding", "place"):
        symbol = f"{'w' if name == 'embedding' else 'p'}_{{{p.row + 1},{p.column + 1}}}"
        titled["word"] = r.words[p.row]
        equations = []
        remark = Message(f"attention.by-hand.remark.{name}", {"word": r.words[p.row], "column": p.column + 1})
    else:
        symbol = r.symbol(name, p)
        titled["name"] = f"W {name[-1].upper()}"
        made = "projected" if name == "w_o" else name[-1]
        equations = [_adds(r, name, made, p, i) for i in range(len(r.words))]
        remark = Message("attention.by-hand.remark.weight")
    term = Term(symbol, value, meaning(name))
    last = Equation(symbol, r"\num{w}", value, {"w": term}, Message("attention.by-hand.line.itself"))
    title = name if name in ("embedding", "place") else "weight"
    return Explanation(
        Message(f"attention.by-hand.title.{title}", titled), target, [*equations, last], value, None, [remark], {"matrix": name}
    )


def _adds(r: Reading, name: str, made: str, p: Place, i: int) -> Equation:
    """What the weight adds to column ``p.column`` of word i."""
    taken = "concat" if name == "w_o" else "x"
    total = Sum()
    total.add(r.term(taken, Place(0, i, p.row)), r.term(name, p))
    factor = r.symbol(taken, Place(0, i, p.row))
    goes = r.symbol(made, Place(p.head, i, p.column))
    label = Message("attention.by-hand.line.adds", {"word": r.words[i]})
    return total.line(rf"{factor} \, {r.symbol(name, p)} \;\to\; {goes}", label)


def saturated(r: Reading, measure: str, scaled: bool, p: Place, target: Target) -> Explanation:
    """One measure of a row of weights, computed with the scale or without it, whatever the run's own switch says."""
    of = replace(r.given, scale=1 / math.sqrt(r.params.d_k) if scaled else 1.0)
    stages = compute(of)
    row = stages.weights[p.head, p.row]
    open_here = scaled == r.params.scale
    terms = [
        Term(
            f"a_{{{p.row + 1},{j + 1}}}",
            float(a),
            meaning("weights"),
            {"kind": "value", "name": "weights", "head": p.head, "row": p.row, "column": j} if open_here else None,
        )
        for j, a in enumerate(row)
    ]
    equations = {"largest": _largest, "entropy": _entropy, "gradient": _gradient}[measure](terms)
    result = equations[-1].value
    side = Message(f"attention.by-hand.side.{'with' if scaled else 'without'}")
    values: dict[str, Plain | Message] = {"word": r.words[p.row], "head": p.head + 1, "side": side}
    remarks = [Message(f"attention.by-hand.remark.{measure}", {"words": len(terms)})]
    return Explanation(
        Message(f"attention.by-hand.title.{measure}", values),
        target,
        equations,
        result,
        _second(measure, stages, p, result),
        remarks,
    )


def _second(measure: str, stages: Stages, p: Place, result: float) -> Reference | None:
    """torch's own road; None for a row that sees nothing, which is no distribution."""
    masked, weights = stages.masked[p.head, p.row], stages.weights[p.head, p.row]
    if not bool(weights.any()):
        return None
    if measure == "largest":
        road, value = "torch.softmax", torch.softmax(masked, -1).amax()
    elif measure == "entropy":
        road, value = "torch.distributions.Categorical", torch.distributions.Categorical(probs=weights).entropy()  # type: ignore[no-untyped-call]
    else:
        jacobian = torch.func.jacrev(lambda e: torch.softmax(e, -1))(masked)
        road, value = "torch.func.jacrev", torch.linalg.matrix_norm(jacobian)
    second = float(value)
    return Reference(road, second, abs(result - second))


def _largest(a: list[Term]) -> list[Equation]:
    terms = {f"n{j}": term for j, term in enumerate(a)}
    told = ", ".join(rf"\num{{{name}}}" for name in terms)
    return [Equation(r"\max_j a_j", rf"\max({told})", max(term.value for term in a), terms)]


def _entropy(a: list[Term]) -> list[Equation]:
    """-sum a ln a; what weighs nothing adds nothing."""
    terms = {f"n{j}": term for j, term in enumerate(a) if term.value > 0}
    told = " + ".join(rf"\num{{{name}}} \ln \num{{{name}}}" for name in terms)
    value = -math.fsum(term.value * math.log(term.value) for term in terms.values()) + 0.0
    return [Equation(r"H = -\sum_j a_j \ln a_j", rf"-\left({told or '0'}\right)", value, terms)]


def _gradient(a: list[Term]) -> list[Equation]:
    """The Jacobian's entries on its diagonal are a_j (1 - a_j), beside it -a_i a_j."""
    terms = {f"n{j}": term for j, term in enumerate(a)}
    names = list(terms)
    diagonal = math.fsum((t.value * (1 - t.value)) ** 2 for t in a)
    pairs = [(i, j) for i in range(len(a)) for j in range(i)]
    beside = 2 * math.fsum((a[i].value * a[j].value) ** 2 for i, j in pairs)
    on = " + ".join(rf"\left(\num{{{n}}} (1 - \num{{{n}}})\right)^2" for n in names)
    off = " + ".join(rf"\left(\num{{{names[j]}}} \cdot \num{{{names[i]}}}\right)^2" for i, j in pairs)
    both = {
        "d": Term("D", diagonal, meaning("diagonal")),
        "b": Term("B", beside, meaning("beside")),
    }
    return [
        Equation(r"D = \sum_j \left(a_j (1 - a_j)\right)^2", on, diagonal, terms),
        Equation(r"B = 2 \sum_{i<j} (a_i a_j)^2", rf"2 \left({off or '0'}\right)", beside, terms if pairs else {}),
        Equation(
            r"\left\| \frac{\partial a}{\partial e} \right\| = \sqrt{D + B}",
            r"\sqrt{\num{d} + \num{b}}",
            math.sqrt(diagonal + beside),
            both,
        ),
    ]


def moved(r: Reading, p: Place, target: Target) -> Explanation:
    """A value of the result minus the same word's value had the words stood in the order given."""
    name = "projected" if r.params.heads > 1 else "output"
    places = list(r.params.places)
    before = compute(given(r.params, order=range(len(places)))).result
    symbol = r.symbol(name, p)
    at = places[p.row]
    other = symbol.partition("_")[0] + f"'_{{{at + 1},{p.column + 1}}}"
    terms = {
        "y": r.term(name, p),
        "z": Term(other, float(before[at, p.column]), Message("attention.by-hand.term.given")),
    }
    value = terms["y"].value - terms["z"].value
    equation = Equation(rf"{symbol} - {other}", r"\num{y} - \num{z}", value, terms)
    values: dict[str, Plain | Message] = {"word": r.words[p.row], "place": p.row + 1, "was": at + 1, "column": p.column + 1}
    remark = "order_positions" if r.params.positions != "none" else "order_mask" if r.params.mask != "none" else "order"
    return Explanation(
        Message("attention.by-hand.title.order", values),
        target,
        [equation],
        value,
        None,
        [Message(f"attention.by-hand.remark.{remark}")],
    )
