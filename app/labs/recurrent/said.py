"""What a trained network says comes next, in numbers: a logit from the last states, a probability from all logits."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from app.labs.contract import Equation, Message, Plain, Reference, Target, Term
from app.labs.recurrent.arithmetic import Product, long_sum


def logits_of(head: nn.Linear, h: np.ndarray) -> np.ndarray:
    """V h + b in float64: h (D P,) to (V,)."""
    found: np.ndarray = _array(head.weight) @ h + _array(head.bias)
    return found


def logit(head: nn.Linear, h: np.ndarray, step: int, k: int) -> tuple[Equation, Reference]:
    r"""\ell_k = V_k h + b_k."""
    w, b = _array(head.weight)[k], float(head.bias.detach()[k])
    products: list[Product] = [
        ([Term(f"V_{{{k + 1},{j + 1}}}", float(w[j])), Term(f"h_{{{step},{j + 1}}}", float(h[j]))], float(w[j] * h[j]))
        for j in range(len(h))
    ]
    line = long_sum(rf"\ell_{{{k + 1}}} = V h_{{{step}}} + b_y", [Term("b_y", b)], products)
    own = float(functional.linear(torch.from_numpy(h), head.weight.detach().double(), head.bias.detach().double())[k])
    return line, Reference("functional.linear", own, abs(line.value - own))


def probability(logits: np.ndarray, k: int, temperature: float = 1.0, opens: bool = True) -> Equation:
    r"""softmax(\ell / T)_k: e^{(\ell_k - \max \ell) / T} over the sum of all, those of -inf left out; ``opens``: logits can be."""
    most = float(logits.max())
    total = math.fsum(math.exp((float(one) - most) / temperature) for one in logits)

    def there(token: int) -> Target | None:
        return {"kind": "logit", "token": token} if opens else None

    terms = {
        "l": Term(rf"\ell_{{{k + 1}}}", float(logits[k]), target=there(k)),
        "m": Term(r"\max \ell", most, target=there(int(logits.argmax()))),
        "s": Term(r"\Sigma", total, Message("recurrent.term.total", {"count": int(np.isfinite(logits).sum())})),
    }
    value = math.exp((float(logits[k]) - most) / temperature) / total
    if temperature == 1:
        formula = rf"p_{{{k + 1}}} = \frac{{e^{{\ell_{{{k + 1}}} - \max \ell}}}}{{\sum_j e^{{\ell_j - \max \ell}}}}"
        return Equation(formula, r"\frac{e^{\num{l} - (\num{m})}}{\num{s}}", value, terms)
    formula = rf"q_{{{k + 1}}} = \frac{{e^{{(\ell_{{{k + 1}}} - \max \ell) / T}}}}{{\sum_j e^{{(\ell_j - \max \ell) / T}}}}"
    terms["t"] = Term("T", temperature)
    return Equation(formula, r"\frac{e^{(\num{l} - (\num{m})) / \num{t}}}{\num{s}}", value, terms)


def shown(token: Plain) -> str:
    """A token as it is shown: a blank and a line end can be seen."""
    return {" ": "␣", "\n": "⏎"}.get(str(token), str(token))


def _array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().double().cpu().numpy()
