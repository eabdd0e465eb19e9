r"""The lines of arithmetic of a value: the equations of ``app.nn.recurrent.cells``, one unit of one step, with its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.labs.contract import Equation, Message, Term
from app.labs.recurrent.by_hand.network import apply, clamped, function
from app.labs.recurrent.by_hand.reading import Place, Reading, meaning
from app.labs.sums import Sum


def lines(r: Reading, name: str, p: Place) -> list[Equation]:
    """What the value ``name`` at ``p`` comes from; a clamped value ends with what was put in its place."""
    known = {"x": _x, "s": _s, "c": _c, "y": _y}
    cell = r.params.cell
    if name in known:
        found = known[name](r, p)
    elif name == "h" and cell in ("lstm", "gru"):
        found = _h_lstm(r, p) if cell == "lstm" else _h_gru(r, p)
    else:
        found = _gate(r, name, p)
    if not r.alone and name != "x" and clamped(r.params, name, p.t, p.k):
        v = r.params.clamp.value
        label = Message("recurrent.by-hand.line.clamped")
        found.append(Equation(r.symbol(name, p), r"\num{v}", v, {"v": Term(r.symbol(name, p), v, meaning("clamp"))}, label))
    return found


def _x(r: Reading, p: Place) -> list[Equation]:
    term = Term(r.symbol("x", p), r.value("x", p), meaning("x"))
    return [Equation(term.latex, r"\num{x}", term.value, {"x": term})]


def _s(r: Reading, p: Place) -> list[Equation]:
    """s_t = y_{t-1}, with a leak a s_{t-1} + y_{t-1}; the first is 0."""
    symbol, leak = r.symbol("s", p), r.params.leak
    if r.before(p) is None:
        return [Equation(symbol, "0", 0.0)]
    total = Sum()
    formula = f"{symbol} = "
    if leak is not None:
        total.add(Term("a", leak, meaning("leak")), r.past_term("s", p, p.k))
        formula += f"a \\, {r.past_symbol('s', p, p.k)} + "
    total.add(r.past_term("y", p, p.k))
    return [total.line(formula + r.past_symbol("y", p, p.k))]


def _gate(r: Reading, name: str, p: Place) -> list[Equation]:
    """A pre-activation and its function: the h of simple networks, every gate, the candidates g and n."""
    before = _candidate(r, p) if name == "n" else [_pre(r, name, p)]
    return [*before, _applied(r, name, p, before[-1].value)]


def _row(p: Place) -> str:
    return rf"{{{p.k + 1}\cdot}}"


def _pre(r: Reading, name: str, p: Place) -> Equation:
    r"""a = W x_t + U h_{t-1} + b, one row; the memoryless network has no second part."""
    gate = list(r.params.gates).index(name)
    total = Sum()
    for j in r.columns("w_ih"):
        total.add(r.weight_term("w_ih", p, gate, j), r.term("x", Place(p.t, p.d, j)))
    formula = f"a = {_of_row(r, 'w_ih', gate, p)} \\, x_{{{p.t + 1}}}"
    if not r.alone:
        for j in r.columns("w_hh"):
            total.add(r.weight_term("w_hh", p, gate, j), _back(r, p, j))
        formula += f" + {_of_row(r, 'w_hh', gate, p)} \\, {_back_symbol(r, p)}"
    bias = r.bias_term(p, gate)
    total.add(bias)
    return total.line(formula + (f" + {bias.latex}" if bias else ""))


def _of_row(r: Reading, matrix: str, gate: int, p: Place) -> str:
    """W_{1.}: a row of a matrix."""
    head, _, below = r.matrix(matrix, gate, p.d).partition("_")
    return f"{head}_{{{f'{below},' if below else ''}{_row(p)}}}"


def _back(r: Reading, p: Place, j: int) -> Term:
    """What comes back: h of the step before, in a Jordan network this step's s."""
    return r.term("s", Place(p.t, p.d, j)) if r.state() == "s" else r.past_term("h", p, j)


def _back_symbol(r: Reading, p: Place) -> str:
    return f"s_{{{p.t + 1}}}" if r.state() == "s" else f"{r.arrow('h', p.d)}_{{{p.t + 2 if p.d else p.t}}}"


_APPLIED: Mapping[str, tuple[str, str]] = {
    "sigmoid": (r"\sigma(a)", r"\frac{{1}}{{1 + e^{{-{0}}}}}"),
    "tanh": (r"\tanh(a)", r"\tanh\left({0}\right)"),
    "relu": (r"\max(0, a)", r"\max\left(0, {0}\right)"),
    "identity": ("a", "{0}"),
}
"""Of each function its formula and, with the number, its substitution."""


def _applied(r: Reading, name: str, p: Place, a: float) -> Equation:
    kind = function(name, r.params.activation)
    formula, numbers = _APPLIED[kind]
    term = Term("a", a, meaning("pre"))
    return Equation(f"{r.symbol(name, p)} = {formula}", numbers.format(r"\num{a}"), apply(kind, a), {"a": term})


def _candidate(r: Reading, p: Place) -> list[Equation]:
    r"""A GRU's: u = W_n x_t + b_n, m the recurrent part; a = u + r m (after) or u + m of the reset state (before)."""
    gate, after = 2, r.params.reset == "after"
    u, m = Sum(), Sum()
    for j in r.columns("w_ih"):
        u.add(r.weight_term("w_ih", p, gate, j), r.term("x", Place(p.t, p.d, j)))
    bias, inner = r.bias_term(p, gate), r.bias_term(p, gate + 1)
    u.add(bias)
    x = f"u = {_of_row(r, 'w_ih', gate, p)} \\, x_{{{p.t + 1}}}" + (f" + {bias.latex}" if bias else "")
    if r.alone and inner is None:
        return [u.line(x), _sum("a = u", u.value)]
    for j in () if r.alone else r.columns("w_hh"):
        reset = () if after else (r.term("r", Place(p.t, p.d, j)),)
        m.add(r.weight_term("w_hh", p, gate, j), *reset, r.past_term("h", p, j))
    m.add(inner)
    past = _back_symbol(r, p)
    state = past if after else rf"({r.arrow('r', p.d)}_{{{p.t + 1}}} \odot {past})"
    formula = "" if r.alone else f"{_of_row(r, 'w_hh', gate, p)} \\, {state}"
    formula += f"{' + ' if formula and inner else ''}{inner.latex if inner else ''}"
    second = m.line(f"m = {formula}", Message(f"recurrent.by-hand.line.{r.params.reset}"))
    terms = {"u": Term("u", u.value, meaning("input_part")), "m": Term("m", m.value, meaning("state_part"))}
    if not after:
        return [u.line(x), second, Equation("a = u + m", r"\num{u} + \num{m}", u.value + m.value, terms)]
    terms["r"] = r.term("r", p)
    a = u.value + terms["r"].value * m.value
    return [u.line(x), second, Equation(f"a = u + {terms['r'].latex} \\, m", r"\num{u} + \num{r} \cdot \num{m}", a, terms)]


def _sum(formula: str, value: float) -> Equation:
    return Equation(formula, r"\num{u}", value, {"u": Term("u", value, meaning("input_part"))})


def _c(r: Reading, p: Place) -> list[Equation]:
    r"""c_t = f c_{t-1} + i g."""
    total = Sum()
    total.add(r.term("f", p), r.past_term("c", p, p.k))
    total.add(r.term("i", p), r.term("g", p))
    past = r.past_symbol("c", p, p.k)
    return [total.line(f"{r.symbol('c', p)} = {r.symbol('f', p)} \\, {past} + {r.symbol('i', p)} \\, {r.symbol('g', p)}")]


def _h_lstm(r: Reading, p: Place) -> list[Equation]:
    r"""h_t = o \phi(c_t)."""
    c, o = r.term("c", p), r.term("o", p)
    formula, numbers = _APPLIED[r.params.activation]
    inner, value = numbers.format(r"\num{c}"), apply(r.params.activation, c.value)
    line = f"{r.symbol('h', p)} = {o.latex} \\, {formula.replace('a)', f'{c.latex})') if '(' in formula else c.latex}"
    return [Equation(line, rf"\num{{o}} \cdot {inner}", o.value * value, {"o": o, "c": c})]


def _h_gru(r: Reading, p: Place) -> list[Equation]:
    r"""h_t = (1 - z) n + z h_{t-1}."""
    terms = {"z": r.term("z", p), "n": r.term("n", p), "h": r.past_term("h", p, p.k)}
    z, n, h = (terms[name].value for name in "znh")
    formula = f"{r.symbol('h', p)} = (1 - {terms['z'].latex}) \\, {terms['n'].latex} + {terms['z'].latex} \\, {terms['h'].latex}"
    numbers = r"(1 - \num{z}) \cdot \num{n} + \num{z} \cdot \num{h}"
    return [Equation(formula, numbers, (1 - z) * n + z * h, terms)]


def _y(r: Reading, p: Place) -> list[Equation]:
    """y_t = V h_t, of both directions where there are two."""
    total = Sum()
    hidden = r.params.hidden
    for column in r.columns("w_hy"):
        d, unit = divmod(column, hidden)
        total.add(r.weight_term("w_hy", Place(p.t, 0, p.k), 0, column), r.term("h", Place(p.t, d, unit)))
    states: Sequence[str] = [f"{r.arrow('h', d)}_{{{p.t + 1}}}" for d in range(r.params.directions)]
    state = states[0] if len(states) == 1 else f"[{'; '.join(states)}]"
    return [total.line(f"{r.symbol('y', p)} = V_{{{_row(p)}}} \\, {state}")]
