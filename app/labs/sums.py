"""Products and numbers added up, as an explanation tells it."""

from __future__ import annotations

from app.labs.contract import Equation, Message, Term


class Sum:
    """Products and single numbers added up."""

    def __init__(self) -> None:
        self.terms: dict[str, Term] = {}
        self.parts: list[str] = []
        self.value = 0.0

    def add(self, *factors: Term | None) -> None:
        """The product of the factors; nothing where one is None."""
        made, product = [], 1.0
        for factor in factors:
            if factor is None:
                return
            name = f"n{len(self.terms)}"
            self.terms[name] = factor
            made.append(rf"\num{{{name}}}")
            product *= factor.value
        self.parts.append(r" \cdot ".join(made))
        self.value += product

    def line(self, formula: str, label: Message | None = None) -> Equation:
        return Equation(formula, " + ".join(self.parts) or "0", self.value, self.terms, label)
