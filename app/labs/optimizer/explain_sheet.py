"""A sheet of arithmetic for one value of one step: lines are added, each becomes an Equation.

A sheet knows the numbers that are given (from the frames and the params). ``line("m_t = ...")`` reads the
text (see ``explain_formula``), works it out from the numbers so far and keeps the result under its
name, so that later lines can use it. How a name is typeset and what it means is in ``explain_symbols``.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.labs.contract import Equation, Explanation, Message, Reference, Target, Term
from app.labs.optimizer.explain_formula import evaluate, names, parse, substitute, typeset


class Sheet:
    """Numbers by name, and the equations worked out so far.

    ``latex`` gives the symbol of a name; ``targets`` says which names can themselves be opened.
    """

    def __init__(self, given: Mapping[str, float], latex: Mapping[str, str], targets: Mapping[str, Target] | None = None) -> None:
        self.values: dict[str, float] = dict(given)
        self.latex: dict[str, str] = dict(latex)
        self.targets = dict(targets or {})
        self.equations: list[Equation] = []

    def line(self, text: str, label: Message | None = None) -> float:
        """Work out ``NAME = FORMULA`` and add it. Returns the value."""
        name, _, formula = text.partition("=")
        name = name.strip()
        tree = parse(formula)
        used = {n: self._term(n) for n in names(tree)}
        value = evaluate(tree, self.values)
        self.equations.append(
            Equation(
                formula=f"{self.symbol(name)} = {typeset(tree, self.symbol)}",
                substitution=substitute(tree, self.values),
                value=value,
                terms=used,
                label=label,
            )
        )
        self.values[name] = value
        return value

    def lines(self, texts: str) -> float:
        """Several lines, one a line of text; the last one's value."""
        value = float("nan")
        for text in texts.strip().splitlines():
            value = self.line(text)
        return value

    def symbol(self, name: str) -> str:
        return self.latex.get(name, name)

    def _term(self, name: str) -> Term:
        return Term(self.symbol(name), self.values[name], Message(f"explain.term.{name}"), self.targets.get(name))

    def explain(
        self, title: Message, target: Target, torch_value: float | None = None, by: str = "torch", remarks: tuple[Message, ...] = ()
    ) -> Explanation:
        """The sheet as an answer: the last line is the result, compared with torch's own value."""
        result = self.equations[-1].value
        reference = None if torch_value is None else Reference(by, torch_value, _difference(result, torch_value))
        return Explanation(title, target, tuple(self.equations), result, reference, remarks)


def _difference(a: float, b: float) -> float:
    """|a - b|, 0 for two NaNs or one infinity twice."""
    return 0.0 if a == b or (a != a and b != b) else abs(a - b)


def needed(lines: str, name: str) -> str:
    """Those of the lines that ``name`` depends on, in order."""
    wanted, kept = {name}, []
    for line in reversed(lines.strip().splitlines()):
        left, _, right = line.partition("=")
        if left.strip() in wanted:
            kept.append(line)
            wanted |= set(names(parse(right)))
    return "\n".join(reversed(kept))
