"""How the surface curves where a racer stands: its second derivatives, their eigenvalues, and the largest stable rate 2 / lambda.

The derivatives are the slopes' own derivatives, found symbolically; torch's number beside the last line comes from autograd.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from functools import lru_cache

import torch

from app.labs.contract import Explanation, Message, Plain
from app.labs.optimizer.explain_derivative import derivative
from app.labs.optimizer.explain_loss import losses
from app.labs.optimizer.explain_sheet import Sheet
from app.labs.optimizer.explain_symbols import LATEX
from app.labs.optimizer.explain_view import AXES, View
from app.labs.optimizer.params.race import RaceParams
from app.labs.optimizer.sources import make_source

LAWS = {"gd": "edge_plain", "sgd": "edge_plain", "sgdm": "edge_momentum", "nesterov": "edge_momentum"}
"""What 2 / lambda means for a rule; for all others it is another's limit."""


def explain_curvature(view: View, title: Message) -> Explanation:
    """2 / lambda_max of the whole loss at the frame's own position; where it curves down everywhere, lambda_max itself."""
    known = losses(view.params)
    place = {axis: view.now("position", c) for c, axis in enumerate(AXES)}
    sheet = Sheet({**known.numbers, **place}, LATEX)
    for coordinate, axis in enumerate(AXES):
        sheet.targets[axis] = {"kind": "position", "racer": view.r, "coordinate": coordinate}
    for name, slope, axis in (("h_xx", 0, "x"), ("h_xy", 0, "y"), ("h_yy", 1, "y")):
        sheet.line(f"{name} = {_second(known.slopes[slope], axis)}")
    sheet.lines("h_mean = (h_xx + h_yy) / 2\nradius = sqrt(((h_xx - h_yy) / 2)**2 + h_xy**2)")
    least = sheet.values["h_mean"] - sheet.values["radius"]
    top = sheet.line("lambda_max = h_mean + radius")
    up = top > 0
    if up:
        sheet.line("edge = 2 / lambda_max")
    laws = [LAWS.get(str(view.h["rule"]), "edge_other")] if up else []
    shape = "bowl" if least > 0 else "saddle" if up else "dome"
    remarks = tuple(Message(f"optimizer.curvature.{id}") for id in (*laws, shape))
    hessian = _hessian(view)
    measured = math.nan if hessian is None else _largest(hessian)
    return sheet.explain(title, view.target, 2 / measured if up and measured else measured, "torch.autograd", remarks)


def curvature(view: View) -> dict[str, Plain]:
    """What the page draws where the racer stands: the Hessian's xx, xy, yy, and 2 / lambda_max (None: no rate is too large)."""
    hessian = _hessian(view)
    if hessian is None:
        return {}
    (xx, xy), (_, yy) = hessian.tolist()
    top = _largest(hessian)
    place = [view.now("position", c) for c in range(len(AXES))]
    lr = view.now("lr")
    return {"hessian": [xx, xy, yy], "at": [*place], "edge": 2 / top if top > 0 else None, "lr": None if math.isnan(lr) else lr}


def _second(slope: str, axis: str) -> str:
    return ast.unparse(ast.fix_missing_locations(derivative(ast.parse(slope, mode="eval").body, axis)))


def _hessian(view: View) -> torch.Tensor | None:
    """(2, 2): autograd's, of the whole loss at the frame's own position in float64; None where it is not finite."""
    whole = _whole(view.params.model_dump_json())
    at = torch.tensor([view.now("position", c) for c in range(len(AXES))], dtype=torch.float64)
    hessian: torch.Tensor = torch.autograd.functional.hessian(lambda p: whole(*p[:, None]).sum(), at)  # type: ignore[no-untyped-call]
    return hessian if bool(hessian.isfinite().all()) else None


@lru_cache(maxsize=8)
def _whole(params_json: str) -> Callable[..., torch.Tensor]:
    """The whole loss of a race's params, told as JSON; making it of a typed formula looks for minima."""
    return make_source(RaceParams.model_validate_json(params_json), torch.float64, "cpu").losses.whole


def _largest(hessian: torch.Tensor) -> float:
    return float(torch.linalg.eigvalsh(hessian)[-1])
