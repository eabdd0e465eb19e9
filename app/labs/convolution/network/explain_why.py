r"""A pixel's attribution opened, and a pooling's gradient: what flowed where, in float64, beside Captum's and torch's numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.labs.contract import Equation, Frame, Message, Plain, Term
from app.labs.convolution.network.lines import Line, Opened, biggest, term
from app.labs.convolution.network.windows import pools, window


def attribution(frame: Frame, y: int, x: int) -> Line:
    """The pixel (y, x) of an attribution."""
    layer: Any = frame.note["layer"]
    return _METHODS[layer["method"]](layer, frame.tensors, y, x)


def _grad_cam(layer: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]], y: int, x: int) -> Line:
    r"""a = \sum_i w_i L_i over the four nearest cells of the layer, L = relu(\sum_k \alpha_k A_k)."""
    channels = tensors["channels"].astype(np.float64)  # (K, h, w)
    corners = _corners((y, x), channels.shape[1:], tensors["attribution"].shape)
    (v, u), _ = max(corners, key=lambda corner: corner[1])
    cells = {place: max(0.0, math.fsum(channels[:, place[0], place[1]])) for place, _ in corners}
    shown = biggest(channels[:, v, u])
    rest = math.fsum(np.delete(channels[:, v, u], shown))
    terms = {f"k{k}": term(rf"\alpha_{{{k}}} A_{{{k}}}", channels[k, v, u], "weighed_map") for k in shown}
    parts = [rf"\num{{k{k}}}" for k in shown]
    if len(shown) < len(channels):
        terms["r"] = Term("r", rest, Message("convolution.network.explain.rest", {"count": len(channels) - len(shown)}))
        parts.append(r"\num{r}")
    label = Message("convolution.network.explain.cell", {"row": v, "column": u})
    formula = rf"L_{{{v},{u}}} = \max\left(0, \sum_k \alpha_k A_k\right)"
    lines = [Equation(formula, rf"\max(0, {' + '.join(parts)})", cells[v, u], terms, label)]
    mixed: dict[str, Term] = {}
    for (row, column), share in corners:
        mixed[f"w{row}_{column}"] = term(rf"w_{{{row},{column}}}", share, "share")
        mixed[f"l{row}_{column}"] = term(rf"L_{{{row},{column}}}", cells[row, column], "cell")
    numbers = " + ".join(rf"\num{{w{row}_{column}}} \cdot \num{{l{row}_{column}}}" for (row, column), _ in corners)
    value = math.fsum(share * cells[place] for place, share in corners)
    lines.append(Equation(r"a = \sum_i w_i L_i", numbers, value, mixed))
    high, wide = (size / n for size, n in zip(tensors["attribution"].shape, channels.shape[1:], strict=True))
    seen: list[Plain] = [int(v * high), int(u * wide), math.ceil((v + 1) * high), math.ceil((u + 1) * wide)]
    where: dict[str, Plain] = {"layer": layer["layer"]}
    return Line(lines, [Message(f"convolution.network.explain.side_{layer['side']}", where)], {"receptive": seen})


def _corners(at: Sequence[int], small: Sequence[int], large: Sequence[int]) -> list[tuple[tuple[int, int], float]]:
    """Bilinear interpolation without aligned corners: up to four cells and their shares."""
    axes = []
    for place, n, size in zip(at, small, large, strict=True):
        source = max(0.0, (place + 0.5) * n / size - 0.5)
        first = min(int(source), n - 1)
        part = source - first if first + 1 < n else 0.0
        axes.append([(first, 1 - part)] + ([(first + 1, part)] if part else []))
    return [((v, u), a * b) for v, a in axes[0] for u, b in axes[1]]


def _integrated(layer: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]], y: int, x: int) -> Line:
    r"""a = \sum_c a_c, the channels' shares of F(x) - F(x')."""
    parts = tensors["channels"][:, y, x].astype(np.float64)
    terms = {f"a{c}": term(f"a_{{{c}}}", value, "channel_share") for c, value in enumerate(parts)}
    integral = r"a_c = (x_c - x'_c) \int_0^1 \frac{\partial F}{\partial x_c}(x' + t (x - x'))\, dt"
    line = Equation(
        rf"\begin{{aligned}} & a = \sum_c a_c \\ & {integral} \end{{aligned}}",
        " + ".join(rf"\num{{{c}}}" for c in terms),
        math.fsum(parts),
        terms,
    )
    told: dict[str, Plain] = {"steps": layer["steps"]}
    told |= {name: f"{layer[name]:.6g}".replace("-", "−") for name in ("sum", "score", "baseline")}
    return Line([line], [Message("convolution.network.explain.complete", told)], {"receptive": [y, x, y + 1, x + 1]})


def _occlusion(layer: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]], y: int, x: int) -> Line:
    r"""a = 1/n \sum_i (F(x) - F_i) over the n squares that cover the pixel."""
    scores, side, stride, size = tensors["scores"], layer["square"], layer["stride"], layer["shape"][0]
    rows, columns = ([i for i in range(len(scores)) if i * stride <= at < i * stride + side] for at in (y, x))
    covering = [(r, c) for r in rows for c in columns]
    score = float(layer["score"])
    terms = {"f": term("F(x)", score, "score"), "n": term("n", len(covering), "squares")}
    parts = []
    for r, c in covering:
        terms[f"f{r}_{c}"] = term(f"F_{{{r},{c}}}", float(scores[r, c]), "covered")
        parts.append(rf"{{(\num{{f}} - \num{{f{r}_{c}}})}}")  # braces: no line ends in it
    value = math.fsum(score - float(scores[place]) for place in covering) / len(covering)
    line = Equation(r"a = \frac{1}{n} \sum_i (F(x) - F_i)", rf"\frac{{1}}{{\num{{n}}}} \cdot ({' + '.join(parts)})", value, terms)
    seen: list[Plain] = [rows[0] * stride, columns[0] * stride, *(min(size, at[-1] * stride + side) for at in (rows, columns))]
    return Line([line], [Message("convolution.network.explain.square", {"side": side, "stride": stride})], {"receptive": seen})


_METHODS: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, NDArray[Any]], int, int], Line]] = {
    "grad-cam": _grad_cam,
    "integrated-gradients": _integrated,
    "occlusion": _occlusion,
}


def gradient(o: Opened) -> Line | None:
    """What a pooling sends on to one cell of its input; None for a pooling that is not written out here."""
    kind, source, came = pools(o.layer["type"]), o.tensors["input/0"], o.tensors["output_gradient"]
    if kind is None or source.ndim != 3:
        return None
    options, sides, out = o.layer["options"], source.shape[1:], came.shape[1:]
    rows = [r for r in range(out[0]) if o.y in window(options, sides, out, r, 0).rows]
    columns = [c for c in range(out[1]) if o.x in window(options, sides, out, 0, c).columns]
    places, divisors = [], []
    for r in rows:
        for c in columns:
            of = window(options, sides, out, r, c)
            if kind == "average" or _winner(source[o.channel], of.rows, of.columns) == (o.y, o.x):
                places.append((r, c))
                divisors.append(of.divisor)
    told: dict[str, Plain] = {"windows": len(rows) * len(columns), "won": len(places)}
    if kind == "max":
        return Line([_summed(came[o.channel], places, None)], [Message("convolution.network.explain.won", told)])
    return Line([_summed(came[o.channel], places, divisors)], [Message("convolution.network.explain.spread", told)])


def _winner(source: NDArray[Any], rows: Sequence[int], columns: Sequence[int]) -> tuple[int, int]:
    """The first of the greatest values."""
    cells = source[np.ix_(list(rows), list(columns))]
    r, c = np.unravel_index(int(np.argmax(cells)), cells.shape)
    return rows[int(r)], columns[int(c)]


def _summed(came: NDArray[Any], places: Sequence[tuple[int, int]], divisors: Sequence[float] | None) -> Equation:
    r"""\sum g_w, each over its divisor under an average."""
    formula = r"g = \sum_w g_w" if divisors is None else r"g = \sum_w \frac{g_w}{d_w}"
    if not places:
        return Equation(formula, "", 0.0)
    each = np.array([float(came[place]) for place in places])
    values = each if divisors is None else each / np.array(divisors)
    shown = biggest(values)
    terms: dict[str, Term] = {}
    parts = []
    for i in shown:
        r, c = places[i]
        terms[f"g{i}"] = term(f"g_{{{r},{c}}}", each[i], "window_gradient")
        parts.append(rf"\num{{g{i}}}")
        if divisors is not None:
            terms[f"d{i}"] = term(f"d_{{{r},{c}}}", divisors[i], "divisor")
            parts[-1] = rf"\frac{{\num{{g{i}}}}}{{\num{{d{i}}}}}"
    if len(shown) < len(values):
        rest = math.fsum(np.delete(values, shown))
        terms["r"] = Term("r", rest, Message("convolution.network.explain.rest", {"count": len(values) - len(shown)}))
        parts.append(r"\num{r}")
    return Equation(formula, " + ".join(parts), math.fsum(values), terms)
