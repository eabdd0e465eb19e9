"""A computed run as its explanations read it: any value by name, step, direction and unit, with its symbol and its target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from app.labs.contract import Message, Target, Term
from app.labs.recurrent.by_hand.network import Network, Values
from app.labs.recurrent.params.by_hand import ByHandParams


@dataclass(frozen=True)
class Place:
    """Where a value stands: step (from 0), direction, unit (from 0)."""

    t: int
    d: int
    k: int


@dataclass(frozen=True)
class Reading:
    """A run, or (``alone``) the memoryless network's steps, each from the zero state."""

    net: Network
    values: Values
    alone: bool

    @property
    def params(self) -> ByHandParams:
        return self.net.params

    def value(self, name: str, p: Place) -> float:
        """x, y or a value of the equations."""
        if name == "x":
            return float(self.net.x[p.t, p.k])
        if name == "y":
            return float(self.values.y[p.t, p.k])
        return float(self.values.at[name][p.t, p.d, p.k])

    def before(self, p: Place) -> int | None:
        """The step that this direction read before; None: none, the state is zero."""
        t = p.t + (1 if p.d else -1)
        return None if self.alone or not 0 <= t < len(self.net.x) else t

    def past(self, name: str, p: Place, k: int) -> float:
        """Unit k of the state before."""
        t = self.before(p)
        return 0.0 if t is None else self.value(name, Place(t, p.d, k))

    def weight(self, matrix: str, p: Place, gate: int, column: int) -> float:
        """Of the gate's row ``p.k``."""
        of: Tensor = getattr(self.net, matrix)
        return float(of[p.k, column] if matrix == "w_hy" else of[p.d, gate, p.k, column])

    # Symbols: a step and a unit below (h_{3,1}), an arrow over what belongs to one of two directions.

    def arrow(self, letter: str, d: int) -> str:
        if self.params.directions == 1:
            return letter
        return rf"\{'overleftarrow' if d else 'overrightarrow'}{{{letter}}}"

    def symbol(self, name: str, p: Place) -> str:
        letter = name if name in "xy" else self.arrow(name, p.d)
        return f"{letter}_{{{p.t + 1},{p.k + 1}}}"

    def past_symbol(self, name: str, p: Place, k: int) -> str:
        return f"{self.arrow(name, p.d)}_{{{p.t + 2 if p.d else p.t},{k + 1}}}"

    def matrix(self, matrix: str, gate: int, d: int) -> str:
        """W, U or V; of a network with gates W_f, U_f."""
        letter = {"w_ih": "W", "w_hh": "U", "w_hy": "V", "bias": "b"}[matrix]
        gates = self.params.gates
        if matrix == "w_hy":
            return letter
        if matrix == "bias" and gate == len(gates):
            return self.arrow("d", d) + "_n"
        return self.arrow(letter, d) + (f"_{gates[gate]}" if len(gates) > 1 else "")

    def weight_symbol(self, matrix: str, gate: int, d: int, row: int, column: int | None) -> str:
        symbol = self.matrix(matrix, gate, d)
        index = f"{row + 1}" if column is None else f"{row + 1}{column + 1}"
        head, _, below = symbol.partition("_")
        return f"{head}_{{{below},{index}}}" if below else f"{head}_{{{index}}}"

    # Terms: a symbol with its number, and where that number opens.

    def target(self, name: str, p: Place) -> Target:
        found: Target = {"kind": "value", "name": name, "step": p.t + 1, "unit": p.k}
        if name not in "xy":
            found["direction"] = p.d
        return {**found, "alone": True} if self.alone and name != "x" else found

    def term(self, name: str, p: Place) -> Term:
        return Term(self.symbol(name, p), self.value(name, p), meaning(name), self.target(name, p))

    def past_term(self, name: str, p: Place, k: int) -> Term:
        t = self.before(p)
        here = None if t is None else self.target(name, Place(t, p.d, k))
        return Term(self.past_symbol(name, p, k), self.past(name, p, k), meaning("past" if t is not None else "start"), here)

    def weight_term(self, matrix: str, p: Place, gate: int, column: int) -> Term:
        target: Target = {"kind": "weight", "matrix": matrix, "row": p.k, "column": column}
        if matrix != "w_hy":
            target |= {"gate": gate, "direction": p.d}
        symbol = self.weight_symbol(matrix, gate, p.d, p.k, column)
        return Term(symbol, self.weight(matrix, p, gate, column), meaning(matrix), target)

    def bias_term(self, p: Place, gate: int) -> Term | None:
        """None where there is no such bias."""
        if self.net.bias is None or gate >= self.net.bias.shape[1]:
            return None
        target: Target = {"kind": "weight", "matrix": "bias", "gate": gate, "direction": p.d, "row": p.k}
        symbol = self.weight_symbol("bias", gate, p.d, p.k, None)
        return Term(symbol, float(self.net.bias[p.d, gate, p.k]), meaning("bias"), target)

    def state(self) -> str:
        """What comes back: a Jordan network's s, else h."""
        return "s" if self.params.cell == "jordan" else "h"

    def columns(self, matrix: str) -> Sequence[int]:
        of: Tensor = getattr(self.net, matrix)
        return range(of.shape[-1])


def meaning(name: str) -> Message:
    return Message(f"recurrent.by-hand.term.{name}")
