"""Values and weights of ``recurrent/by-hand`` opened, with the number of torch's module beside them where there is one."""

from __future__ import annotations

from torch import nn

from app.labs.contract import Explanation, Frame, Message, Plain, Reference, Scene, Target, UserError
from app.labs.recurrent.by_hand.explain_lines import lines
from app.labs.recurrent.by_hand.explain_weight import Shared, shared_weight
from app.labs.recurrent.by_hand.network import Network, alone, apply, by_torch, clamps, compute, network, torchs
from app.labs.recurrent.by_hand.order import known_at
from app.labs.recurrent.by_hand.reading import Place, Reading
from app.labs.recurrent.params.by_hand import NAMES, ByHandParams


def explain(params: ByHandParams, scene: Scene, previous: Frame | None, frame: Frame, target: Target) -> Explanation:
    """Opens ``{"kind": "value", "name", "step", "direction", "unit", "alone"}``, ``step`` counted from 1 (without it: the frame's
    own), ``unit`` from 0, ``alone`` for the memoryless network; or
    ``{"kind": "weight", "matrix", "gate", "direction", "row", "column"}``.

    Raises UserError for what does not exist and for a value that is still to come.
    """
    kind = target.get("kind")
    if kind not in ("value", "weight"):
        raise _error("kind", got=str(kind))
    net = network(params)
    if kind == "weight":
        return shared_weight(net, compute(net, clamps(params)), _shared(net, target), target)
    name = target.get("name")
    known = ("x", *dict.fromkeys((*NAMES[params.cell], "y")))
    if name not in known:
        raise _error("name", got=str(name), known=", ".join(known))
    return _value(net, frame, str(name), target)


def _value(net: Network, frame: Frame, name: str, target: Target) -> Explanation:
    params = net.params
    single = target.get("alone") is True
    r = Reading(net, alone(net) if single else compute(net, clamps(params)), single)
    width = net.x.shape[1] if name == "x" else params.outputs if name in "ys" else params.hidden
    d = 0 if name in "xy" else _index(target, "direction", params.directions, 0)
    k = _index(target, "unit", width, 0)
    steps = len(net.x)
    if "step" in target:
        t = _index(target, "step", steps + 1, None, 1) - 1
    elif frame.step:
        t = steps - frame.step if d else frame.step - 1
    else:
        raise _error("none_yet")
    p = Place(t, d, k)
    if known_at(params, name, t, d) > frame.step:
        raise _error("not_yet", step=known_at(params, name, t, d))
    equations = lines(r, name, p)
    result = equations[-1].value
    road, second = _other_road(r, name, p)
    values: dict[str, Plain | Message] = {"name": name, "step": t + 1, "unit": k + 1}
    which = (
        "alone" if single and name != "x" else ("forward", "reverse")[d] if params.directions == 2 and name not in "xy" else "value"
    )
    note: dict[str, Plain] = {"name": name, "step": t + 1, "direction": d, "unit": k, "alone": single}
    return Explanation(
        Message(f"recurrent.by-hand.title.{which}", values),
        target,
        equations,
        result,
        Reference(road, second, 0.0 if result == second else abs(result - second)),
        _remarks(r, name, p),
        note,
    )


def _other_road(r: Reading, name: str, p: Place) -> tuple[str, float]:
    """torch's module's own number of an h, c or y; what torch does not tell comes from the cell that ran."""
    net = r.net
    module = torchs(net)
    own = f"app.nn.recurrent.cells.{r.params.cell}", r.value(name, p)
    if isinstance(module, str) or name not in "hcy" or (not r.alone and r.params.clamp.name != "none"):
        return own
    called = f"nn.{type(module).__name__}"
    return called, _torchs_value(module, r, name, p)


def _torchs_value(module: nn.RNNBase, r: Reading, name: str, p: Place) -> float:
    """Of c torch tells the last only: it reads the part of the sequence that ends here."""
    x = r.net.x
    start, end = (p.t, p.t + 1) if r.alone else (0, len(x))
    if name == "c":
        part = x[p.t : end] if p.d else x[start : p.t + 1]
        c_n = by_torch(module, part)[2]
        assert c_n is not None
        return float(c_n[p.d, p.k])
    output = by_torch(module, x[start:end])[0][p.t - start]
    if name == "y":
        return float((r.net.w_hy @ output)[p.k])
    return float(output[p.d * r.params.hidden + p.k])


def _remarks(r: Reading, name: str, p: Place) -> list[Message]:
    params = r.params
    found = []
    if name == "n" and not r.alone:
        found.append(Message(f"recurrent.by-hand.remark.reset.{params.reset}", {"other": _other_reset(r, p)}))
    if name == "z":
        found.append(Message("recurrent.by-hand.remark.keeps"))
    if name == "c" and params.clamp.name == "o" and not r.alone:
        found.append(Message("recurrent.by-hand.remark.no_o"))
    if params.directions == 2 and name == "h" and not r.alone and (p.t, p.d) == (len(r.net.x) - 1, 1):
        found.append(Message("recurrent.by-hand.remark.trap"))
    if name == "s":
        found.append(Message("recurrent.by-hand.remark.jordan"))
    if name == "y" and r.alone:
        found.append(Message("recurrent.by-hand.remark.alone"))
    return found


def _other_reset(r: Reading, p: Place) -> float:
    """n of this step had the other kind of GRU come to the same h_{t-1}."""
    params = r.params.model_copy(update={"reset": "before" if r.params.reset == "after" else "after"})
    other = Reading(network(params), r.values, False)
    pre = lines(other, "n", p)[2].value
    return apply(params.activation, pre)


def _shared(net: Network, target: Target) -> Shared:
    """The weight that a target names. Raises UserError where there is none."""
    matrix = target.get("matrix")
    known = ["w_ih", "w_hh", "w_hy", *(["bias"] if net.bias is not None else [])]
    if matrix not in known:
        raise _error("matrix", got=str(matrix), known=", ".join(known))
    if matrix == "w_hy":
        rows, columns = net.w_hy.shape
        return Shared("w_hy", 0, 0, _index(target, "row", rows, 0), _index(target, "column", columns, 0))
    of = net.bias if matrix == "bias" else net.w_ih if matrix == "w_ih" else net.w_hh
    assert of is not None
    d, gate = _index(target, "direction", of.shape[0], 0), _index(target, "gate", of.shape[1], 0)
    column = None if matrix == "bias" else _index(target, "column", of.shape[3], 0)
    return Shared(str(matrix), gate, d, _index(target, "row", of.shape[2], 0), column)


def _index(target: Target, name: str, end: int, missing: int | None, first: int = 0) -> int:
    """A whole number of the target from ``first`` to end - 1. Raises UserError for anything else."""
    value = target.get(name, missing)
    if isinstance(value, bool) or not isinstance(value, int) or not first <= value < end:
        raise _error("index", name=name, got=str(value), first=first, last=end - 1)
    return value


def _error(id: str, **values: Plain) -> UserError:
    return UserError(Message(f"recurrent.by-hand.error.{id}", dict(values)))
