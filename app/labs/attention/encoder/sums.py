"""Long sums: the largest products stand alone, the others are one term."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from app.labs.contract import Equation, Message, Term

SHOWN, PER_ROW = 6, 2
Product = tuple[Sequence[Term], float]
"""Its factors, and what they come to."""


def long_sum(
    formula: str,
    products: Sequence[Product],
    singles: Sequence[Term] = (),
    label: Message | None = None,
    wrap: str = "{}",
    value: Callable[[float], float] = lambda total: total,
    more: dict[str, Term] | None = None,
) -> Equation:
    r"""The products and single terms added up.

    ``wrap`` is what stands around the sum (``\frac{1}{\num{n}} {}``), ``value`` what that makes of it, ``more`` its terms.
    """
    order = sorted(range(len(products)), key=lambda at: -abs(products[at][1]))
    shown = sorted(order if len(order) == SHOWN + 1 else order[:SHOWN])
    rest = [at for at in order if at not in set(shown)]
    terms: dict[str, Term] = {}

    def name(term: Term) -> str:
        terms[f"t{len(terms)}"] = term
        return rf"\num{{t{len(terms) - 1}}}"

    pieces = [r" \cdot ".join(name(term) for term in products[at][0]) for at in shown]
    if rest:
        left = math.fsum(products[at][1] for at in rest)
        pieces.append(name(Term(rf"\Sigma_{{{len(rest)}}}", left, Message("attention.encoder.term.rest", {"count": len(rest)}))))
    pieces += [name(term) for term in singles]
    rows = [" + ".join(pieces[at : at + PER_ROW]) for at in range(0, len(pieces), PER_ROW)] or ["0"]
    written = rows[0] if len(rows) == 1 else r"\begin{aligned} & " + r" \\ & {} + ".join(rows) + r" \end{aligned}"
    total = math.fsum([*(one for _, one in products), *(term.value for term in singles)])
    return Equation(formula, wrap.replace("{}", written, 1), value(total), {**terms, **(more or {})}, label)
