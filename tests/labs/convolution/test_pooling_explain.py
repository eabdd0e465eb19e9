"""Every output and every weight opens: the arithmetic comes to the run's number, and the numbers put in are the window's."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from app import labs
from app.labs.contract import Equation, Explanation, UserError
from app.labs.convolution.params.pooling import POOLS

torch.set_num_threads(1)
NAME = "convolution/pooling"
EVERY: dict[str, Any] = dict.fromkeys(POOLS, True)

RUNS: list[dict[str, Any]] = [
    {**EVERY},
    {**EVERY, "kernel": [3, 3], "stride": [2, 2], "padding": [1, 1], "ceil_mode": True, "dilation": [2, 2], "size": [5, 6]},
    {**EVERY, "kernel": [3, 2], "padding": [1, 0], "count_include_pad": False, "channels": 1, "size": [4, 5], "power": 0.5},
    {**EVERY, "pattern": "minus-ones", "kernel": [5, 5], "padding": [2, 2], "divisor_override": -3, "norm": 2, "temperature": 0.01},
    {**EVERY, "channels": 3, "pixel": [1, 2], "temperature": 40.0, "query": [1, 2, 3], "dtype": "float32", "norm": 1},
]


def opened(params: dict[str, Any], target: dict[str, Any], seq: int = -1) -> Explanation:
    checked, scene, frames = labs.params_from(NAME, params), labs.scene(NAME, **params), list(labs.run(NAME, **params))
    return labs.module(NAME).explain(checked, scene, None, frames[seq], target)


def agree(a: float, b: float, near: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b)) or abs(a - b) <= near * max(1, abs(b))


@pytest.mark.parametrize("params", RUNS)
def test_every_value_opens_and_comes_to_the_runs_number(params: dict[str, Any]) -> None:
    checked, scene, frames = labs.params_from(NAME, params), labs.scene(NAME, **params), list(labs.run(NAME, **params))
    near = 1e-12 if params.get("dtype") != "float32" else 1e-5
    explain = labs.module(NAME).explain
    for pool in scene.note["pools"]:
        (height, width), (kh, kw) = pool["size"], pool["kernel"]
        for c, y, x in [(0, 0, 0), (len(scene.tensors["input"]) - 1, height - 1, width - 1), (0, height // 2, width // 2)]:
            here = {"pool": pool["name"], "channel": c, "y": y, "x": x}
            found = explain(checked, scene, None, frames[-1], {"kind": "output", **here})
            assert agree(found.result, float(frames[-1].tensors[f"output/{pool['name']}"][c, y, x]), near), here
            assert found.reference.difference <= near * max(1, abs(found.result)) or math.isnan(found.result)
            for equation in found.equations:
                assert_worked_out(equation, near)
            frame = frames[y * width + x + 1]
            weights = frame.tensors[f"weights/{pool['name']}"]
            for index in {0, kh * kw - 1, kh * kw // 2}:
                found = explain(checked, scene, None, frame, {"kind": "weight", **here, "index": index})
                told = float(weights[0 if len(weights) == 1 else c].flatten()[index])
                assert agree(found.result, 0 if np.isnan(told) else told, near * 10), (here, index)
                for equation in found.equations:
                    assert_worked_out(equation, near)


def assert_worked_out(equation: Equation, near: float) -> None:
    """The line's numbers, put in where it says, come to its value."""
    text = equation.substitution
    for name, term in equation.terms.items():
        text = text.replace(rf"\num{{{name}}}", f"({float(term.value)!r})")
    assert r"\num" not in text
    if r"\operatorname" in equation.formula or "[" in text or "infty" in text:
        return  # a comparison, or a maximum over nothing
    code = (
        text.replace(r"\cdot", "*").replace(r"\left", "").replace(r"\right", "").replace(r"\max", "max").replace(r"\allowbreak", "")
    )
    while r"\frac" in code:
        code = re.sub(r"\\frac\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}", r"((\1)/(\2))", code)
    code = code.replace("e^", "E^").replace("^", "**").replace("{", "(").replace("}", ")")
    code = re.sub(r"max\(([^,()]*\([^()]*\)[^,()]*)\)", r"max(\1, \1)", code)  # of one number
    try:
        value = eval(code, {"E": math.e, "max": max, "nan": math.nan, "inf": math.inf})
    except ZeroDivisionError:
        return
    if isinstance(value, complex):
        assert math.isnan(equation.value)
        return
    assert agree(equation.value, value, near * 100), (equation.substitution, equation.value, value)


@given(st.integers(0, 10_000), st.sampled_from(POOLS))
@settings(max_examples=40, deadline=None)
def test_a_large_window_is_added_up_row_by_row(seed: int, pool: str) -> None:
    params: dict[str, Any] = {
        "seed": seed,
        "size": [7, 9],
        "kernel": [6, 7],
        "channels": 1,
        "adaptive": [1, 1],
        "average": True,
        pool: True,
    }
    found = opened(params, {"kind": "output", "pool": pool, "channel": 0, "y": 0, "x": 0})
    assert len(found.equations) >= 6
    assert max(len(equation.terms) for equation in found.equations) <= 33
    assert found.reference.difference <= 1e-11


def test_the_divisor_is_told_by_rows_and_columns() -> None:
    params = {"pattern": "ones", "channels": 1, "size": [4, 4], "kernel": [3, 3], "stride": [2, 2], "padding": [1, 1]}
    found = opened({**params, "ceil_mode": True}, {"kind": "output", "pool": "average", "channel": 0, "y": 0, "x": 2})
    assert found.equations[0].terms["h"].value == 3
    assert found.equations[0].terms["w"].value == 2
    assert found.result == pytest.approx(1 / 3)
    assert [remark.id for remark in found.remarks] == ["convolution.pooling.remark.outside.average"]


def test_attention_says_that_nobody_trained_its_query() -> None:
    for kind in ("output", "weight"):
        found = opened({}, {"kind": kind, "pool": "attention", "channel": 1, "y": 0, "x": 1, "index": 2})
        assert "convolution.pooling.remark.untrained" in [remark.id for remark in found.remarks]


def test_a_weight_of_attention_is_a_score_over_the_temperature() -> None:
    params = {"source": "matrix", "input": [[[1.0, 2.0]], [[3.0, 5.0]]], "kernel": [1, 2], "query": [2, -1], "temperature": 0.5}
    found = opened(params, {"kind": "weight", "pool": "attention", "channel": 0, "y": 0, "x": 0, "index": 1})
    score = found.equations[0]
    assert score.value == (2 * 2 - 5) / 0.5
    assert {term.value for name, term in score.terms.items() if name.startswith("q")} == {2, -1}
    assert found.result == pytest.approx(0.5)  # both cells score -2
    assert found.equations[-1].formula == r"a_{12} = \frac{n}{Z}"


def test_of_equals_the_second_gets_nothing_and_it_is_said() -> None:
    params = {"pattern": "ones", "channels": 1, "size": [2, 2]}
    found = opened(params, {"kind": "weight", "pool": "max", "channel": 0, "y": 0, "x": 0, "index": 1})
    assert found.result == 0
    assert found.equations[-1].label is not None
    assert found.equations[-1].label.id == "convolution.pooling.line.tie"


def test_an_output_still_to_come_says_when_it_comes() -> None:
    with pytest.raises(UserError) as refused:
        opened({}, {"kind": "output", "pool": "max", "channel": 0, "y": 1, "x": 2}, seq=4)
    assert refused.value.message.id == "convolution.pooling.error.not_yet"
    assert refused.value.message.values["step"] == 6
    assert opened({}, {"kind": "output", "pool": "max", "channel": 0, "y": 1, "x": 2}, seq=6).result == 8


@pytest.mark.parametrize(
    "wrong",
    [
        {"pool": "softpool"},
        {"pool": 3},
        {"channel": 2},
        {"channel": True},
        {"y": -1, "x": 0},
        {"y": 0},
        {"y": 0, "x": 3},
        {"kind": "weight", "index": 4},
        {"kind": "weight", "index": "0"},
    ],
)
def test_what_is_not_there_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        opened({}, {"kind": "output", "pool": "max", "channel": 0, **wrong})
