r"""A value of ``optimizer/landscape`` opened: where a network lies on the plane and off it, its loss, the curvature there.

Everything is worked out anew in float64 from the frame's weights and the plane that it carries. Frames of the map have no weights:
there a racer is explained where all begin.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import torch
from torch import Tensor

from app.labs.contract import Equation, Explanation, Frame, Message, Plain, Reference, Scene, Target, Term, UserError
from app.labs.optimizer.explain_curvature import LAWS
from app.labs.optimizer.landscape.curvature import Curvature, largest
from app.labs.optimizer.landscape.plane_loss import Flat, PlaneLoss
from app.labs.optimizer.params.landscape import LandscapeParams
from app.labs.optimizer.training.data import loading, network
from app.nn.tasks.supervised import DataSet

FAR = 1e9


def targets_of(params: LandscapeParams) -> Sequence[Target]:
    """One example of every kind of value that can be opened."""
    found: list[Target] = [{"kind": "at", "x": 0.25, "y": -0.5}]
    found += [{"kind": "position", "racer": 0, "coordinate": c} for c in range(2)]
    found += [{"kind": kind, "racer": 0} for kind in ("true_loss", "plane_loss", "distance", "edge", "ellipse")]
    return found


def explain(params: LandscapeParams, scene: Scene, previous: Frame | None, frame: Frame, target: Target) -> Explanation:
    """See the module. Raises UserError for what does not exist."""
    kind = target.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise UserError(Message("explain.error.kind", {"got": str(kind), "known": ", ".join(_KINDS)}))
    return _KINDS[kind](View(params, scene, frame, target))


class View:
    """What an explanation asks of a frame."""

    def __init__(self, params: LandscapeParams, scene: Scene, frame: Frame, target: Target) -> None:
        self.params, self.scene, self.frame, self.target = params, scene, frame, target

    @cached_property
    def r(self) -> int:
        """Raises UserError for a racer that is not there."""
        r = self.target.get("racer", 0)
        if not isinstance(r, int) or isinstance(r, bool) or not 0 <= r < len(self.params.racers):
            raise UserError(Message("optimizer.landscape.error.racer", {"got": str(r), "high": len(self.params.racers) - 1}))
        return r

    @cached_property
    def flat(self) -> Flat:
        data = data_now(self.params)
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(self.params.seed)
            return Flat(network(self.params), data, data.train)

    @property
    def at(self) -> int | None:
        """Which point of the path the frame shows; None: it shows the map."""
        at = self.frame.note.get("at")
        return at if isinstance(at, int) else None

    @property
    def step(self) -> int:
        """The training step."""
        return 0 if self.at is None else self.params.at_steps()[self.at]

    @cached_property
    def theta(self) -> Tensor:
        """(P,): the racer's weights."""
        if self.at is not None:
            return torch.from_numpy(self.frame.tensors["theta"][self.r].copy())
        return torch.cat([p.detach().flatten() for p in self.flat.net.parameters()])

    @cached_property
    def centre(self) -> Tensor:
        return torch.from_numpy(self.frame.tensors["centre"].copy())

    @cached_property
    def directions(self) -> Tensor:
        return torch.from_numpy(self.frame.tensors["directions"].copy())

    @cached_property
    def products(self) -> tuple[list[float], list[float], float]:
        """(m delta, m eta), (delta delta, delta eta, eta eta), m m of the move m = theta - theta*."""
        move, d = self.theta.double() - self.centre.double(), self.directions.double()
        gram = d @ d.T
        return (d @ move).tolist(), [float(gram[0, 0]), float(gram[0, 1]), float(gram[1, 1])], float(move @ move)

    @cached_property
    def place(self) -> tuple[float, float]:
        """The racer's coordinates."""
        (p, q), (u, v, w), _ = self.products
        area = u * w - v * v
        return (w * p - v * q) / area, (u * q - v * p) / area

    def title(self, kind: str, **more: Plain) -> Message:
        racers = self.scene.note["racers"]
        assert isinstance(racers, list)
        racer = racers[self.r]
        assert isinstance(racer, dict)
        return Message(f"optimizer.landscape.title.{kind}", {"racer": racer["label"], "step": self.step, **more})

    def told(self, name: str) -> float | None:
        """The frame's own number of the racer."""
        return float(self.frame.tensors[name][self.r]) if name in self.frame.tensors and self.at is not None else None


def data_now(params: LandscapeParams) -> DataSet:
    """The data, at once: it was read before."""
    steps = loading(params)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            data: DataSet = end.value
            return data


def _given(name: str) -> Message:
    return Message(f"optimizer.landscape.term.{name}")


def _position(view: View) -> Explanation:
    c = view.target.get("coordinate", 0)
    if not isinstance(c, int) or c not in (0, 1):
        raise UserError(Message("optimizer.landscape.error.coordinate", {"got": str(c)}))
    (p, q), (u, v, w), _ = view.products
    terms = {
        "p": Term(r"m \cdot \delta", p, _given("along_delta")),
        "q": Term(r"m \cdot \eta", q, _given("along_eta")),
        "u": Term(r"\delta \cdot \delta", u),
        "v": Term(r"\delta \cdot \eta", v),
        "w": Term(r"\eta \cdot \eta", w),
    }
    area = r"(\delta \cdot \delta)(\eta \cdot \eta) - (\delta \cdot \eta)^2"
    numbers = r"\num{u} \cdot \num{w} - \num{v}^2"
    if c == 0:
        formula = rf"a = \frac{{(\eta \cdot \eta)(m \cdot \delta) - (\delta \cdot \eta)(m \cdot \eta)}}{{{area}}}"
        line = Equation(
            formula, rf"\frac{{\num{{w}} \cdot \num{{p}} - \num{{v}} \cdot \num{{q}}}}{{{numbers}}}", view.place[0], terms
        )
    else:
        formula = rf"b = \frac{{(\delta \cdot \delta)(m \cdot \eta) - (\delta \cdot \eta)(m \cdot \delta)}}{{{area}}}"
        line = Equation(
            formula, rf"\frac{{\num{{u}} \cdot \num{{q}} - \num{{v}} \cdot \num{{p}}}}{{{numbers}}}", view.place[1], terms
        )
    solved = torch.linalg.lstsq(view.directions.double().T, (view.theta.double() - view.centre.double())[:, None]).solution
    remark = Message("optimizer.landscape.remark.nearest", {"origin": _origin(view)})
    return _answer(view, view.title("position", axis="ab"[c]), [line], float(solved[c]), "torch.linalg.lstsq", (remark,))


def _origin(view: View) -> str:
    racers = view.scene.note["racers"]
    assert isinstance(racers, list)
    racer = racers[view.params.centre]
    assert isinstance(racer, dict)
    return str(racer["label"])


def _distance(view: View) -> Explanation:
    (p, q), _, squared = view.products
    a, b = view.place
    value = math.sqrt(max(0.0, squared - a * p - b * q))
    terms = {
        "m": Term(r"m \cdot m", squared, _given("move")),
        "a": Term("a", a, None, {"kind": "position", "racer": view.r, "coordinate": 0}),
        "b": Term("b", b, None, {"kind": "position", "racer": view.r, "coordinate": 1}),
        "p": Term(r"m \cdot \delta", p),
        "q": Term(r"m \cdot \eta", q),
    }
    formula = r"\sqrt{m \cdot m - a\,(m \cdot \delta) - b\,(m \cdot \eta)}"
    line = Equation(formula, r"\sqrt{\num{m} - \num{a} \cdot \num{p} - \num{b} \cdot \num{q}}", value, terms)
    rest = view.theta.double() - view.centre.double() - torch.tensor(view.place).double() @ view.directions.double()
    share = Message("optimizer.landscape.remark.off", {"share": round(100 * value / math.sqrt(squared), 1) if squared else 0.0})
    return _answer(view, view.title("distance"), [line], float(torch.linalg.vector_norm(rest)), "torch", (share,))


def _true_loss(view: View) -> Explanation:
    remark = Message("optimizer.landscape.remark.true")
    lines = _mean(view, view.flat.losses(view.theta))
    return _answer(view, view.title("true_loss"), lines, view.told("true_loss"), "torch", (remark,))


def _plane_loss(view: View) -> Explanation:
    a, b = view.place
    lines = _mean(view, view.flat.losses(_there(view, a, b)))
    told = view.told("plane_loss")
    other = told if told is not None else _plane(view, a, b)
    return _answer(view, view.title("plane_loss"), lines, other, "torch", (Message("optimizer.landscape.remark.plane"),))


def _at(view: View) -> Explanation:
    a, b = _coordinate(view, "x"), _coordinate(view, "y")
    lines = _mean(view, view.flat.losses(_there(view, a, b)))
    title = Message("optimizer.landscape.title.at", {"a": _short(a), "b": _short(b)})
    by = "optimizer/landscape"
    return _answer(view, title, lines, _plane(view, a, b), by, (Message("optimizer.landscape.remark.at"),), {"at": [a, b]})


def _short(value: float) -> str:
    return f"{value:.4g}"


def _coordinate(view: View, name: str) -> float:
    value = view.target.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= FAR:
        raise UserError(Message("optimizer.landscape.error.place", {"got": str(value)}))
    return float(value)


def _there(view: View, a: float, b: float) -> Tensor:
    return view.centre + a * view.directions[0] + b * view.directions[1]


def _plane(view: View, a: float, b: float) -> float:
    """As the map has it."""
    return float(PlaneLoss(view.flat, view.centre, view.directions).at(torch.tensor([[a, b]]))[0])


@torch.no_grad()
def _mean(view: View, losses: Tensor) -> list[Equation]:
    """The mean over the examples, from the sums of each class."""
    data = view.flat.data
    values, y = losses.double(), view.flat.part.y
    classes = data.classes or ("y",)
    sums = torch.bincount(y, values, minlength=len(classes)).tolist() if data.classes else [float(values.sum())]
    terms = {
        f"c{c}": Term(f"s_{{{c + 1}}}", one, Message("optimizer.landscape.term.class", {"name": name}))
        for c, (one, name) in enumerate(zip(sums, classes, strict=True))
    }
    terms["N"] = Term("N", float(len(values)), _given("examples"))
    over = " + ".join(rf"\num{{c{c}}}" for c in range(len(sums)))
    value = math.fsum(sums) / len(values)
    return [Equation(r"L = \frac{1}{N} \sum_c s_c", rf"\frac{{{over}}}{{\num{{N}}}}", value, terms)]


def _edge(view: View) -> Explanation:
    sharpness, error = view.told("sharpness"), view.told("error")
    if sharpness is None or error is None or sharpness != sharpness:
        sharpness, error = _sharpness(view)
    value = 2 / sharpness if sharpness > 0 else math.inf
    terms = {"l": Term(r"\lambda_{\max}", sharpness, _given("sharpness"))}
    line = Equation(r"\eta_{\max} = \frac{2}{\lambda_{\max}}", r"\frac{2}{\num{l}}", value, terms)
    rule = view.params.racers[view.r].rule
    remarks = [Message("optimizer.landscape.remark.lanczos", {"error": f"{error:.1g}"})]
    remarks.append(Message(f"optimizer.curvature.{LAWS.get(rule, 'edge_other')}"))
    parts = len(view.theta) <= 400
    other = _dense(view) if parts else None
    return _answer(view, view.title("edge"), [line], other, "torch.linalg.eigvalsh", tuple(remarks))


def _shape(middle: float, radius: float) -> str:
    return "bowl" if middle > radius else "saddle" if middle > -radius else "dome"


def _sharpness(view: View) -> tuple[float, float]:
    work = largest(Curvature(view.flat.loss, view.theta).product, torch.randn(len(view.theta), generator=_generator(view)))
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value.value, end.value.error


def _generator(view: View) -> torch.Generator:
    return torch.Generator().manual_seed(view.params.seed)


def _dense(view: View) -> float:
    """2 over the largest eigenvalue of the whole Hessian: for small networks."""
    hessian: Tensor = torch.autograd.functional.hessian(view.flat.loss, view.theta.clone())  # type: ignore[no-untyped-call]
    top = float(torch.linalg.eigvalsh(hessian.double())[-1])
    return 2 / top if top > 0 else math.inf


def _ellipse(view: View) -> Explanation:
    if (known := view.frame.tensors.get("hessian")) is not None and view.at is not None and known[view.r][0] == known[view.r][0]:
        xx, xy, yy = (float(value) for value in known[view.r])
    else:
        along = Curvature(view.flat.loss, view.theta).on_plane(view.directions)
        xx, xy, yy = float(along[0, 0]), float(along[0, 1]), float(along[1, 1])
    middle, radius = (xx + yy) / 2, math.sqrt(((xx - yy) / 2) ** 2 + xy**2)
    terms = {
        "xx": Term(r"\delta^\top H \delta", xx, _given("along")),
        "xy": Term(r"\delta^\top H \eta", xy),
        "yy": Term(r"\eta^\top H \eta", yy),
    }
    lines = [
        Equation(r"\bar{h} = \frac{h_{aa} + h_{bb}}{2}", r"\frac{\num{xx} + \num{yy}}{2}", middle, terms),
        Equation(
            r"\rho = \sqrt{\left(\frac{h_{aa} - h_{bb}}{2}\right)^2 + h_{ab}^2}",
            r"\sqrt{\left(\frac{\num{xx} - \num{yy}}{2}\right)^2 + \num{xy}^2}",
            radius,
            terms,
        ),
    ]
    of = {"m": Term(r"\bar{h}", middle), "r": Term(r"\rho", radius)}
    lines.append(Equation(r"\lambda_2 = \bar{h} - \rho", r"\num{m} - \num{r}", middle - radius, of))
    lines.append(Equation(r"\lambda_1 = \bar{h} + \rho", r"\num{m} + \num{r}", middle + radius, of))
    top = float(torch.linalg.eigvalsh(torch.tensor([[xx, xy], [xy, yy]], dtype=torch.float64))[-1])
    remark = Message(f"optimizer.curvature.{_shape(middle, radius)}")
    note: Mapping[str, Plain] = {"hessian": [xx, xy, yy], "at": [*view.place]}
    return _answer(view, view.title("ellipse"), lines, top, "torch.linalg.eigvalsh", (remark,), note)


def _answer(
    view: View,
    title: Message,
    lines: Sequence[Equation],
    other: float | None,
    by: str,
    remarks: tuple[Message, ...] = (),
    note: Mapping[str, Plain] | None = None,
) -> Explanation:
    result = lines[-1].value
    same = other is not None and (result == other or (result != result and other != other))
    reference = None if other is None else Reference(by, other, 0.0 if same else abs(result - other))
    return Explanation(title, view.target, tuple(lines), result, reference, remarks, note or {})


_KINDS: Mapping[str, Callable[[View], Explanation]] = {
    "at": _at,
    "position": _position,
    "true_loss": _true_loss,
    "plane_loss": _plane_loss,
    "distance": _distance,
    "edge": _edge,
    "ellipse": _ellipse,
}
