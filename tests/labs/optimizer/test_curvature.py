"""The curvature of a surface opened at a racer's place: its second derivatives against autograd's, over every surface."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from app import labs
from app.labs.contract import Explanation, Frame
from app.labs.optimizer.explain import explain
from app.labs.optimizer.params import RaceParams
from app.labs.optimizer.race import run, scene
from app.labs.optimizer.sources import make_source
from app.labs.optimizer.surfaces import SURFACES


def opened(step: int = 2, **params: Any) -> tuple[RaceParams, Frame, Explanation]:
    checked = labs.params_from("optimizer/race", {"steps": step, "dtype": "float64", **params})
    assert isinstance(checked, RaceParams)
    *_, before, frame = run(checked)
    assert isinstance(before, Frame)
    assert isinstance(frame, Frame)
    return checked, frame, explain(checked, scene(checked), before, frame, {"kind": "curvature", "racer": 0})


@pytest.mark.parametrize("surface", sorted(SURFACES))
def test_the_symbolic_hessian_is_autograds(surface: str) -> None:
    params, frame, answer = opened(surface=surface, racers=[{"rule": "adam", "lr": 0.013}])
    at = torch.from_numpy(frame.tensors["position"][0].copy())
    whole = make_source(params, torch.float64, "cpu").losses.whole
    hessian: torch.Tensor = torch.autograd.functional.hessian(lambda p: whole(*p[:, None]).sum(), at)  # type: ignore[no-untyped-call]
    (xx, xy), (_, yy) = hessian.tolist()
    scale = max(1.0, abs(xx), abs(xy), abs(yy))
    symbolic = [next(e.value for e in answer.equations if e.formula.startswith(name)) for name in ("h_{xx}", "h_{xy}", "h_{yy}")]
    assert symbolic == pytest.approx([xx, xy, yy], rel=1e-6, abs=1e-9 * scale)
    assert answer.note["hessian"] == [xx, xy, yy]
    assert answer.note["at"] == frame.tensors["position"][0].tolist()
    assert answer.reference is not None
    assert answer.reference.difference <= 1e-6 * abs(answer.result) + 1e-12


def test_the_stable_rate_parts_steps_that_shrink_from_steps_that_grow() -> None:
    """A ravine is a parabola: below 2 / lambda gradient descent comes nearer, above it goes away."""
    *_, answer = opened(surface="ravine", condition=25, racers=[{"rule": "gd", "lr": 0.001}])
    edge = answer.result
    last = {}
    for share in (0.98, 1.02):
        frames = list(
            labs.run("optimizer/race", surface="ravine", condition=25, steps=200, racers=[{"rule": "gd", "lr": share * edge}])
        )
        last[share] = float(frames[-1].tensors["loss"][0]) / float(frames[100].tensors["loss"][0])
    assert last[0.98] < 1 < last[1.02]


def test_whatever_is_open_the_page_is_told_of_the_curvature() -> None:
    params, frame, answer = opened(surface="ravine", condition=25, racers=[{"rule": "sgd", "lr": 0.01}])
    loss = explain(params, scene(params), None, frame, {"kind": "loss", "racer": 0})
    assert loss.note == answer.note
    assert loss.note["edge"] == pytest.approx(answer.result, rel=1e-9)
    assert loss.note["lr"] == 0.01


def test_where_it_curves_down_no_rate_is_stable() -> None:
    *_, answer = opened(step=1, expression="-x^2 - 3*y^2", start=[0.1, 0.1], racers=[{"rule": "sgd", "lr": 0.001}])
    assert answer.result == pytest.approx(-2)
    assert answer.note["edge"] is None
    assert [one.id for one in answer.remarks] == ["optimizer.curvature.dome"]
    *_, saddle = opened(step=1, expression="x^2 - y^2", start=[0.1, 0.1], racers=[{"rule": "adam", "lr": 0.001}])
    assert saddle.result == pytest.approx(1)
    assert [one.id for one in saddle.remarks] == ["optimizer.curvature.edge_other", "optimizer.curvature.saddle"]
    assert not math.isnan(saddle.result)
