"""Values of ``recurrent/translate`` opened: gates, states, attention's scores, weights and contexts, what is said, hypotheses."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from app.labs.contract import Equation, Explanation, Frame, Message, Plain, Reference, Scene, Target, Term, UserError
from app.labs.hypotheses import hypothesis, shown
from app.labs.recurrent.arithmetic import NAMES, Cell, Product, lines, long_sum
from app.labs.recurrent.params.translate import TranslateParams
from app.labs.recurrent.translate.speaking import Model, shipped
from app.nn.recurrent import Options, Weights
from app.nn.recurrent.cells import CELLS, untouched
from app.nn.recurrent.seq2seq import Additive

_WEIGHTS = {"weight_ih": "w_ih", "weight_hh": "w_hh", "bias_ih": "b_ih", "bias_hh": "b_hh"}
ROWS = ("free", "forced")


def explain(params: TranslateParams, scene: Scene, previous: Frame | None, frame: Frame, target: Target) -> Explanation:
    """Opens ``{"kind": "value", "name", "unit"}`` of the encoder while it reads and of the decoder's ``row`` while it speaks.

    Of the row also ``{"kind": "score" | "weight", "at"}``, ``at`` from 0 in the source, ``{"kind": "context", "unit"}``,
    ``{"kind": "logit" | "probability", "token"}``, ``{"kind": "loss"}``; ``{"kind": "hypothesis", "index"}`` of the beam's tree.

    Raises UserError for what does not exist at the frame, and in frame 0, where nothing has been read.
    """
    if frame.step == 0:
        raise _error("none_yet")
    kind = target.get("kind")
    model = shipped(params.model)
    if kind == "value":
        return _value(model, frame, target)
    if kind not in (*_OPENED, "hypothesis"):
        raise _error("kind", got=str(kind))
    if frame.note["phase"] != "say":
        raise _error("still_reads")
    if kind == "hypothesis":
        return hypothesis(frame, target, model.target, params.width, params.length_penalty)
    row = _row(frame, target)
    if kind in ("score", "weight", "context") and f"{row}/a" not in frame.tensors:
        raise _error("no_attention")
    return _OPENED[str(kind)](_Step(model, scene, frame, row), target)


class _Step:
    """A decoder's step, in float64."""

    def __init__(self, model: Model, scene: Scene, frame: Frame, row: str) -> None:
        self.model, self.scene, self.frame, self.row = model, scene, frame, row
        self.t = int(frame.note["at"])  # type: ignore[arg-type]

    def of(self, name: str) -> np.ndarray:
        """One of the row's tensors."""
        return _f64(self.frame.tensors[f"{self.row}/{name}"])

    @property
    def memory(self) -> np.ndarray:
        """(S, H)"""
        return _f64(self.frame.tensors["memory"])

    def opens(self, kind: str, **more: Plain) -> Target:
        """Where another value of this row opens."""
        return {"kind": kind, "row": self.row, **more}

    def titled(self, id: str, **values: Plain) -> Message:
        """The row and the step are in every title."""
        return Message(f"recurrent.translate.title.{id}", {**values, "who": _who(self.row), "step": self.t})

    def token(self, target: Target) -> int:
        """A number of the vocabulary."""
        return _index(target, "token", len(self.model.target))

    def at(self, target: Target) -> int:
        """A place of the source."""
        return _index(target, "at", len(self.memory))

    def shown(self, k: int) -> str:
        """A character of the target."""
        return shown(self.model.target[k])

    def source(self, j: int) -> str:
        """A character of the source."""
        tokens = self.scene.note["tokens"]
        assert isinstance(tokens, list)
        return shown(str(tokens[j]))


def _row(frame: Frame, target: Target) -> str:
    """The row that is asked, without a word the first that still speaks. Raises UserError for one that does not."""
    live = [row for row in ROWS if frame.note.get(row)]
    row = target.get("row", live[0] if live else "free")
    if row not in ROWS:
        raise _error("row", got=str(row))
    if row not in live:
        raise _error("row_over", row=_who(str(row)))
    return str(row)


def _who(row: str) -> Message:
    return Message(f"recurrent.translate.who.{row}")


def _value(model: Model, frame: Frame, target: Target) -> Explanation:
    known = NAMES[model.kind]
    name = target.get("name")
    if not isinstance(name, str) or name not in list(known):
        raise _error("name", got=str(name), known=", ".join(known))
    reads = frame.note["phase"] == "read"
    row = "encoder" if reads else _row(frame, target)
    step = int(frame.note["at"])  # type: ignore[arg-type]
    u = _index(target, "unit", model.net.shape.hidden)
    module = model.net.encoder if reads else model.net.decoder
    place: Target = {"kind": "value"} if reads else {"kind": "value", "row": row}
    states = ("h", "c") if model.kind == "lstm" else ("h",)
    cell = Cell(
        model.kind,
        {torchs: _array(getattr(module, f"{torchs}_l0")) for torchs in _WEIGHTS},
        _f64(frame.tensors[f"{row}/x"]),
        {each: _f64(frame.tensors[f"{row}/before/{each}"]) for each in states},
        {each: _f64(frame.tensors[f"{row}/{each}"]) for each in known},
        step,
        step - 1,
        # The state before belongs to another frame: it opens there.
        lambda each, past: None if past else {**place, "name": each},
    )
    found = lines(cell, name, u)
    road, other = _other_road(module, cell, name, u)
    remarks = [Message("recurrent.by-hand.remark.keeps")] if name == "z" else []
    if not reads and step == 1:
        remarks.append(Message("recurrent.translate.remark.handed"))
    title = Message("recurrent.translate.title.value", {"name": name, "unit": u + 1, "who": _who(row), "step": step})
    result = found[-1].value
    return Explanation(
        title, target, found, result, Reference(road, other, abs(result - other)), remarks, {"name": name, "unit": u}
    )


@torch.no_grad()
def _other_road(module: nn.RNNBase, cell: Cell, name: str, u: int) -> tuple[str, float]:
    """h and c of torch's module after this one step; what torch keeps to itself by our cell in float64."""
    x = torch.from_numpy(cell.x)[None]
    past = {key: torch.from_numpy(value)[None] for key, value in cell.past.items()}
    if name in "hc":
        double = copy.deepcopy(module).cpu().double()
        state: Any = (past["h"][None], past["c"][None]) if "c" in past else past["h"][None]
        _, last = double(x[None], state)
        found = (last[1] if name == "c" else last[0]) if isinstance(last, tuple) else last
        return f"nn.{type(module).__name__}", float(found[0, 0, u])
    weights = Weights(**{ours: _double(getattr(module, f"{torchs}_l0")) for torchs, ours in _WEIGHTS.items()})
    step = CELLS[cell.kind](x, past, weights, Options(), untouched)
    return f"app.nn.recurrent.cells.{cell.kind}, float64", float(step.at[name][0, u])


def _score(step: _Step, target: Target) -> Explanation:
    r"""s_t . h_j, or v . tanh(W s_t + U h_j)."""
    j = step.at(target)
    s, h = step.of("h"), step.memory[j]
    attention = copy.deepcopy(step.model.net.attention)
    assert attention is not None
    attention = attention.cpu().double()
    symbol = f"e_{{{step.t},{j + 1}}}"
    products: list[Product]
    if isinstance(attention, Additive):
        v = _array(attention.v.weight)[0]
        q = np.tanh(_array(attention.of_state.weight) @ s + _array(attention.of_memory.weight) @ h)
        products = [
            ([Term(f"v_{{{i + 1}}}", float(v[i])), Term(f"q_{{{i + 1}}}", float(q[i]))], float(v[i] * q[i])) for i in range(len(v))
        ]
        formula = rf"{symbol} = v \cdot q, \quad q = \tanh(W s_{{{step.t}}} + U h_{{{j + 1}}})"
    else:
        products = [([_s(step, i, s), Term(f"h_{{{j + 1},{i + 1}}}", float(h[i]))], float(s[i] * h[i])) for i in range(len(s))]
        formula = rf"{symbol} = s_{{{step.t}}} \cdot h_{{{j + 1}}}"
    line = long_sum(formula, [], products)
    with torch.no_grad():
        own = float(attention(torch.from_numpy(s)[None, None], torch.from_numpy(h)[None, None])[0, 0, 0])
    title = step.titled("score", token=step.source(j), place=j + 1)
    return Explanation(title, target, [line], line.value, Reference("torch, float64", own, abs(line.value - own)), [], {"at": j})


def _s(step: _Step, i: int, s: np.ndarray) -> Term:
    return Term(f"s_{{{step.t},{i + 1}}}", float(s[i]), target=step.opens("value", name="h", unit=i))


def _weight(step: _Step, target: Target) -> Explanation:
    r"""softmax over the source."""
    j = step.at(target)
    scores = step.of("e")
    line = _softmax(
        step, scores, j, "a", f"e_{{{step.t},%d}}", step.opens("score", at=j), step.opens("score", at=int(scores.argmax()))
    )
    own = float(step.of("a")[j])
    title = step.titled("weight", token=step.source(j), place=j + 1)
    return Explanation(title, target, [line], line.value, Reference("torch.softmax", own, abs(line.value - own)), [], {"at": j})


def _softmax(step: _Step, scores: np.ndarray, k: int, symbol: str, of: str, opens: Target, top: Target) -> Equation:
    most = float(scores.max())
    total = math.fsum(math.exp(float(one) - most) for one in scores)
    name, place = of % (k + 1), of.replace("%d", "j")
    left = f"{symbol}_{{{step.t},{k + 1}}}"
    return Equation(
        rf"{left} = \frac{{e^{{{name} - \max_j {place}}}}}{{\sum_j e^{{{place} - \max_j {place}}}}}",
        r"\frac{e^{\num{l} - (\num{m})}}{\num{s}}",
        math.exp(float(scores[k]) - most) / total,
        {
            "l": Term(name, float(scores[k]), target=opens),
            "m": Term(rf"\max_j {place}", most, target=top),
            "s": Term(r"\Sigma", total, Message("writing.term.total", {"count": len(scores)})),
        },
    )


def _context(step: _Step, target: Target) -> Explanation:
    r"""\sum_j a_j h_j, one unit."""
    u = _index(target, "unit", step.model.net.shape.hidden)
    a, memory = step.of("a"), step.memory
    products: list[Product] = [
        (
            [
                Term(f"a_{{{step.t},{j + 1}}}", float(a[j]), target=step.opens("weight", at=j)),
                Term(f"h_{{{j + 1},{u + 1}}}", float(memory[j, u])),
            ],
            float(a[j] * memory[j, u]),
        )
        for j in range(len(a))
    ]
    line = long_sum(rf"k_{{{step.t},{u + 1}}} = \sum_j a_{{{step.t},j}} \, h_{{j,{u + 1}}}", [], products)
    own = float(step.of("context")[u])
    title = step.titled("context", unit=u + 1)
    return Explanation(title, target, [line], line.value, Reference("torch.matmul", own, abs(line.value - own)), [], {"unit": u})


def _logit(step: _Step, target: Target) -> Explanation:
    """One row of V [s; k] + b."""
    k = step.token(target)
    head = step.model.net.head
    w, b, s = _array(head.weight)[k], float(head.bias.detach()[k]), step.of("h")
    products: list[Product] = [
        ([Term(f"V_{{{k + 1},{i + 1}}}", float(w[i])), _s(step, i, s)], float(w[i] * s[i])) for i in range(len(s))
    ]
    formula = rf"\ell_{{{k + 1}}} = V s_{{{step.t}}} + b"
    whole = s
    if f"{step.row}/context" in step.frame.tensors:
        context = step.of("context")
        formula = rf"\ell_{{{k + 1}}} = V [s_{{{step.t}}}; k_{{{step.t}}}] + b"
        whole = np.concatenate([s, context])
        for i in range(len(context)):
            there = Term(f"k_{{{step.t},{i + 1}}}", float(context[i]), target=step.opens("context", unit=i))
            products.append(
                ([Term(f"V_{{{k + 1},{len(s) + i + 1}}}", float(w[len(s) + i])), there], float(w[len(s) + i] * context[i]))
            )
    line = long_sum(formula, [Term("b", b)], products)
    own = float(nn.functional.linear(torch.from_numpy(whole), _double(head.weight), _double(head.bias))[k])
    title = step.titled("logit", token=step.shown(k))
    return Explanation(
        title, target, [line], line.value, Reference("functional.linear", own, abs(line.value - own)), [], {"token": k}
    )


def _probability(step: _Step, target: Target) -> Explanation:
    """softmax over the vocabulary."""
    k = step.token(target)
    parts = [step.of("h")] + ([step.of("context")] if f"{step.row}/context" in step.frame.tensors else [])
    head = step.model.net.head
    logits = _array(head.weight) @ np.concatenate(parts) + _array(head.bias)
    opens, top = step.opens("logit", token=k), step.opens("logit", token=int(logits.argmax()))
    line = _softmax(step, logits, k, "p", r"\ell_{%d}", opens, top)
    own = float(step.of("p")[k])
    title = step.titled("probability", token=step.shown(k))
    return Explanation(title, target, [line], line.value, Reference("torch.softmax", own, abs(line.value - own)), [], {"token": k})


def _loss(step: _Step, target: Target) -> Explanation:
    """-ln p of the right character."""
    wanted = step.scene.note["wanted"]
    if not isinstance(wanted, list) or step.t > len(wanted):
        raise _error("no_right")
    k = int(wanted[step.t - 1])  # type: ignore[arg-type]
    p = float(step.of("p")[k])
    symbol = f"p_{{{step.t},{k + 1}}}"
    term = Term(symbol, p, target=step.opens("probability", token=k))
    line = Equation(rf"-\ln {symbol}", r"-\ln \num{p}", -math.log(max(p, 1e-38)), {"p": term})
    own = float(step.of("loss")[0])
    title = step.titled("loss", token=step.shown(k))
    return Explanation(title, target, [line], line.value, Reference("torch", own, abs(line.value - own)), [], {"token": k})


_OPENED = {
    "score": _score,
    "weight": _weight,
    "context": _context,
    "logit": _logit,
    "probability": _probability,
    "loss": _loss,
}


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().double().cpu().numpy()


def _double(tensor: Tensor) -> Tensor:
    return tensor.detach().double().cpu()


def _f64(array: np.ndarray) -> np.ndarray:
    return np.asarray(array, np.float64)


def _index(target: Target, name: str, end: int) -> int:
    """A whole number of the target from 0 to end - 1, 0 without. Raises UserError for anything else."""
    value = target.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < end:
        raise _error("index", name=name, got=str(value), last=end - 1)
    return value


def _error(id: str, **values: Plain | Message) -> UserError:
    return UserError(Message(f"recurrent.translate.error.{id}", dict(values)))
