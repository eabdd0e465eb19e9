r"""Values of ``convolution/sliding`` opened: an output, a row of the matrix, a shared weight, a cell of the padding."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch.nn import functional

from app.labs.contract import Equation, Explanation, Frame, Message, Plain, Reference, Scene, Target, Term, UserError
from app.labs.convolution.network.explain_conv import channel_lines, total_line
from app.labs.convolution.network.lines import biggest
from app.labs.convolution.params.sliding import SlidingParams
from app.labs.convolution.sliding.layer import ZERO, Sliding, apply, layer, pad_zeros
from app.labs.convolution.sliding.matrix import connected_row


def explain(params: SlidingParams, scene: Scene, previous: Frame | None, frame: Frame, target: Target) -> Explanation:
    """Opens ``{"kind": "output", "channel", "y", "x"}`` (without them: the frame's own), ``{"kind": "matrix", "row"}``,
    ``{"kind": "weight", "out", "in", "y", "x"}`` or ``{"kind": "padded", "channel", "y", "x"}``.

    Raises UserError for what does not exist and for an output that is still to come.
    """
    known: Mapping[str, Callable[[Sliding, Frame, Target], Explanation]] = {
        "output": _output,
        "matrix": _matrix,
        "weight": _weight,
        "padded": _padded,
    }
    kind = target.get("kind")
    if kind not in known:
        raise UserError(Message("convolution.sliding.error.kind", {"got": str(kind)}))
    return known[str(kind)](layer(params), frame, target)


def _output(s: Sliding, frame: Frame, target: Target) -> Explanation:
    r"""y = \sum_k s_k + b, and s_k = \sum patch_k x kernel_k of every input channel k."""
    o, y, x = _place(s, frame, target)
    each = s.weight.shape[1]
    first = s.group(o) * each
    patch = s.windows[first : first + each, y, x].double().numpy()
    kernel = s.weight[o].double().numpy()
    sums = (patch * kernel).sum((1, 2))
    bias = None if s.bias is None else float(s.bias[o])
    equations = [line for k in range(each) for line in channel_lines(first + k, patch[k], kernel[k])]
    equations.append(total_line(sums, first, bias))
    corner = [y * s.step[0], x * s.step[1]]
    note: dict[str, Plain] = {"at": [o, y, x], "corner": list(corner)}
    return _told(
        s, target, {"channel": o, "y": y, "x": x}, equations, ("torch", float(s.output[o, y, x])), _remarks(s, o, y, x), note
    )


def _matrix(s: Sliding, frame: Frame, target: Target) -> Explanation:
    r"""y_r = \sum_c W_{rc} x_c + b: the row of the fully connected layer, times the flattened input."""
    row = _index(target, "row", s.output.numel())
    o, y, x = (int(i) for i in np.unravel_index(row, tuple(s.output.shape)))
    entries, connection = connected_row(s, row)
    weights = entries.double().numpy()
    vector = s.x.flatten().double().numpy()
    products = weights * vector
    live = np.flatnonzero(connection.numpy())
    shown = [int(live[i]) for i in biggest(products[live])]
    terms: dict[str, Term] = {}
    parts = []
    for c in shown:
        terms[f"w{c}"] = _term(f"W_{{{row},{c}}}", weights[c], "entry")
        terms[f"x{c}"] = _term(f"x_{{{c}}}", vector[c], "cell")
        parts.append(rf"\num{{w{c}}} \cdot \num{{x{c}}}")
    if len(shown) < len(live):
        terms["r"] = _term("r", math.fsum(np.delete(products, shown)), "rest")
        parts.append(r"\num{r}")
    formula = rf"y_{{{row}}} = \sum_c W_{{{row},c}} \, x_c"
    if s.bias is not None:
        formula += " + b"
        terms["b"] = _term("b", float(s.bias[o]), "bias")
        parts.append(r"\num{b}")
    value = math.fsum([*products, float(s.bias[o]) if s.bias is not None else 0.0])
    line = Equation(formula, " + ".join(parts) or "0", value, terms)
    values: dict[str, Plain] = {"row": row, "channel": o, "y": y, "x": x}
    told = {"live": len(live), "zeros": len(weights) - len(live)}
    corner: list[Plain] = [y * s.step[0], x * s.step[1]]
    note: dict[str, Plain] = {"at": [o, y, x], "corner": corner, "row": row}
    remarks = [Message("convolution.sliding.remark.zeros", told)]
    return _told(s, target, values, [line], ("torch", float(s.output[o, y, x])), remarks, note)


def _weight(s: Sliding, frame: Frame, target: Target) -> Explanation:
    r"""A shared weight takes part at every place: \partial \sum y / \partial w is the sum of all cells that it meets."""
    o, i, ky, kx = (_index(target, name, size) for name, size in zip(("out", "in", "y", "x"), s.weight.shape, strict=True))
    met = s.windows[s.group(o) * s.weight.shape[1] + i, :, :, ky, kx].double().flatten().numpy()
    shown = biggest(met)
    terms = {f"x{p}": _term(f"x_{{{p}}}", met[p], "met") for p in shown}
    parts = [rf"\num{{x{p}}}" for p in shown]
    if len(shown) < len(met):
        terms["r"] = _term("r", math.fsum(np.delete(met, shown)), "rest")
        parts.append(r"\num{r}")
    symbol = rf"w_{{{o}{i},{ky + 1}{kx + 1}}}"
    own = Equation(symbol, r"\num{w}", float(s.weight[o, i, ky, kx]), {"w": _term(symbol, float(s.weight[o, i, ky, kx]), "kernel")})
    line = Equation(rf"\frac{{\partial \sum y}}{{\partial {symbol}}} = \sum_p x_p", " + ".join(parts), math.fsum(met), terms)
    values: dict[str, Plain] = {"out": o, "in": i, "y": ky, "x": kx, "places": len(met)}
    remarks = [Message("convolution.sliding.remark.shared", values)]
    index = int(np.ravel_multi_index((o, i, ky, kx), tuple(s.weight.shape)))
    return _told(s, target, values, [own, line], ("autograd", _gradient(s, o, i, ky, kx)), remarks, {"weight": index})


def _gradient(s: Sliding, o: int, i: int, ky: int, kx: int) -> float:
    """torch's own derivative of the sum of all outputs by this weight."""
    given = (s.typed.flip(2, 3) if s.params.flip else s.typed).clone().requires_grad_()
    with torch.enable_grad():
        apply(s.params, s.x, given, s.bias).sum().backward()  # type: ignore[no-untyped-call]
    assert given.grad is not None
    slid = given.grad.flip(2, 3) if s.params.transposed else given.grad
    return float(slid[o, i, ky, kx])


def _padded(s: Sliding, frame: Frame, target: Target) -> Explanation:
    """A cell of the padded input: a zero, or a copy of one of the input's."""
    c, y, x = (_index(target, name, size) for name, size in zip(("channel", "y", "x"), s.padded.shape, strict=True))
    source = int(s.source[y, x])
    inside = s.pad[0] <= y < s.source.shape[0] - s.pad[1] and s.pad[2] <= x < s.source.shape[1] - s.pad[3]
    value = float(s.padded[c, y, x])
    if source == ZERO:
        how, formula = ("spread" if inside else "zeros"), rf"z_{{{y},{x}}} = 0"
        line = Equation(formula, r"\num{z}", value, {"z": _term("0", 0.0, "zero")})
    else:
        from_y, from_x = divmod(source, s.x.shape[2])
        how = "inside" if inside else s.params.padding_mode
        symbol = rf"x_{{{from_y},{from_x}}}"
        line = Equation(
            rf"z_{{{y},{x}}} = {symbol}", r"\num{x}", float(s.x[c, from_y, from_x]), {"x": _term(symbol, value, "cell")}
        )
    remarks = [Message(f"convolution.sliding.remark.cell.{how}")]
    note: dict[str, Plain] = {"cell": [y, x], "source": source}
    return _told(
        s, target, {"channel": c, "y": y, "x": x}, [line], ("torch.nn.functional.pad", _by_torch(s, c, y, x)), remarks, note
    )


def _by_torch(s: Sliding, c: int, y: int, x: int) -> float:
    """The same cell from torch's own padding; of a spread input, from a transposed convolution with a kernel of one 1."""
    if s.params.transposed:
        one = torch.ones(1, 1, 1, 1, dtype=s.x.dtype)
        spread = functional.conv_transpose2d(s.x[c][None, None], one, stride=s.params.stride)
        around = (s.pad[2], s.pad[3], s.pad[0], s.pad[1])
        return float(pad_zeros(spread, around)[0, 0, y, x])
    around = (s.pad[2], s.pad[3], s.pad[0], s.pad[1])
    mode = {"zeros": "constant"}.get(s.params.padding_mode, s.params.padding_mode)
    return float(functional.pad(s.x[None], around, mode=mode)[0, c, y, x])


def _place(s: Sliding, frame: Frame, target: Target) -> tuple[int, int, int]:
    """The output asked for. Raises UserError for one that is still to come."""
    at = frame.note["at"]
    if not {"channel", "y", "x"} & set(target):
        if not isinstance(at, list):
            raise UserError(Message("convolution.sliding.error.none_yet"))
        o, y, x = (int(i) for i in at)  # type: ignore[arg-type]
        return o, y, x
    o, y, x = (_index(target, name, size) for name, size in zip(("channel", "y", "x"), s.output.shape, strict=True))
    step = int(np.ravel_multi_index((o, y, x), tuple(s.output.shape))) + 1
    if step > frame.step:
        raise UserError(Message("convolution.sliding.error.not_yet", {"channel": o, "y": y, "x": x, "step": step}))
    return o, y, x


def _remarks(s: Sliding, o: int, y: int, x: int) -> list[Message]:
    rows, columns = s.taps
    cells = s.source[rows[y][:, None], columns[x]]
    zeros = int((cells == ZERO).sum())
    found = []
    if zeros:
        name = "zeros_spread" if s.params.transposed else "zeros_under"
        found.append(Message(f"convolution.sliding.remark.{name}", {"count": zeros, "of": cells.numel()}))
    if s.params.flip and s.params.transposed:
        found.append(Message("convolution.sliding.remark.turned_twice"))
    elif s.params.flip:
        found.append(Message("convolution.sliding.remark.flipped"))
    elif s.params.transposed:
        found.append(Message("convolution.sliding.remark.transposed"))
    return found


def _index(target: Target, name: str, length: int) -> int:
    """A whole number of the target from 0 to length - 1. Raises UserError for anything else."""
    value = target.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < length:
        raise UserError(Message("convolution.sliding.error.index", {"name": name, "got": str(value), "last": length - 1}))
    return value


def _told(
    s: Sliding,
    target: Target,
    values: Mapping[str, Plain],
    equations: Sequence[Equation],
    second: tuple[str, float],
    remarks: Sequence[Message],
    note: Mapping[str, Plain],
) -> Explanation:
    """The explanation, with the same value by another road beside it."""
    result = equations[-1].value
    road, other = second
    title = Message(f"convolution.sliding.title.{target['kind']}", dict(values))
    return Explanation(title, target, equations, result, Reference(road, other, abs(result - other)), remarks, note)


def _term(latex: str, value: float, meaning: str) -> Term:
    """A symbol with its number; ``meaning`` is the message ``convolution.sliding.term.MEANING``."""
    return Term(latex, float(value), Message(f"convolution.sliding.term.{meaning}"))
