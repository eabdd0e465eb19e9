"""What a model says comes next, in numbers: a probability from all logits."""

from __future__ import annotations

import math

import numpy as np

from app.labs.contract import Equation, Message, Plain, Target, Term


def probability(logits: np.ndarray, k: int, temperature: float = 1.0, opens: bool = True) -> Equation:
    r"""softmax(\ell / T)_k: e^{(\ell_k - \max \ell) / T} over the sum of all, those of -inf left out; ``opens``: logits can be."""
    most = float(logits.max())
    total = math.fsum(math.exp((float(one) - most) / temperature) for one in logits)

    def there(token: int) -> Target | None:
        return {"kind": "logit", "token": token} if opens else None

    terms = {
        "l": Term(rf"\ell_{{{k + 1}}}", float(logits[k]), target=there(k)),
        "m": Term(r"\max \ell", most, target=there(int(logits.argmax()))),
        "s": Term(r"\Sigma", total, Message("writing.term.total", {"count": int(np.isfinite(logits).sum())})),
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
