"""The pools against the literal arrays of the ``onnx`` package's node cases: maxpool, averagepool, lppool, global pools.

A case that our options cannot say is left out by one of the reasons of ``_reason``, which a test counts.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from onnx.backend.test.case.node import collect_testcases

from app.labs.convolution.pooling.windows import Options
from app.labs.convolution.pooling.work import work

POOL = {
    "MaxPool": "max",
    "AveragePool": "average",
    "LpPool": "lp",
    "GlobalMaxPool": "global_max",
    "GlobalAveragePool": "global_average",
}


def _cases() -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some cases of other operators are made with numpy's old names
        cases = collect_testcases(None)  # of one operator: only the first time that it is asked
    return {case.name: case for case in cases if case.model.graph.node[0].op_type in POOL}


def _attributes(case: Any) -> dict[str, Any]:
    return {a.name: list(a.ints) or a.s or a.i for a in case.model.graph.node[0].attribute}


def _reason(case: Any) -> str | None:
    """Why the pools here cannot be asked this; None: they can."""
    asked, (inputs, _) = _attributes(case), case.data_sets[0]
    if inputs[0].ndim != 4:
        return "not two-dimensional"
    if asked.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
        return "auto_pad"  # pads by the output's size, more on one side: torch's pools have no such mode
    pads = asked.get("pads", [0, 0, 0, 0])
    if pads[:2] != pads[2:]:
        return "pads one side more"
    kernel = asked.get("kernel_shape", [1, 1])
    if any(2 * p > k for p, k in zip(pads, kernel, strict=False)):
        return "more padding than half of the kernel"  # torch refuses
    if max(asked.get("dilations", [1])) > 1 and case.model.graph.node[0].op_type != "MaxPool":
        return "dilation of another pool than max"
    if inputs[0].dtype == np.uint8:
        return "bytes"
    return None


CASES = _cases()
TOLD = {name: case for name, case in CASES.items() if _reason(case) is None}


@pytest.mark.parametrize("name", sorted(TOLD))
def test_the_case_passes(name: str) -> None:
    case = TOLD[name]
    asked: Mapping[str, Any] = _attributes(case)
    (x, *_), (expected, *more) = case.data_sets[0]
    pads = asked.get("pads", [0, 0, 0, 0])
    kernel = tuple(asked.get("kernel_shape", x.shape[2:]))
    options = Options(
        kernel=kernel,
        stride=tuple(asked.get("strides", [1, 1])),
        padding=(pads[0], pads[1]),
        dilation=tuple(asked.get("dilations", [1, 1])),
        ceil_mode=bool(asked.get("ceil_mode", 0)),
        count_include_pad=bool(asked.get("count_include_pad", 0)),
        norm=float(asked.get("p", 2)),
    )
    operator = case.model.graph.node[0].op_type
    for image, wanted in zip(torch.from_numpy(x).double(), expected, strict=True):
        pool = work(image, options, torch.ones(len(image)), [POOL[operator]])[POOL[operator]]
        for found in (pool.ours, pool.torch):
            assert found.shape == wanted.shape
            if operator.endswith("MaxPool"):
                assert np.array_equal(found.numpy(), wanted)
            else:
                four_digits = np.array_equal(wanted, wanted.round(4))  # literals; the others are float32
                np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-5, atol=1e-4 if four_digits else 1e-5)
        if more:
            _check_winners(pool, more[0][0], asked, image.shape[1:])


def _check_winners(pool: Any, indices: np.ndarray, asked: Mapping[str, Any], size: Any) -> None:
    """ONNX names each winner by its place in the whole tensor, by rows or (storage_order 1) by columns."""
    height, width = size
    rows, cols = pool.grid.rows, pool.grid.cols
    for c, y, z in np.ndindex(*indices.shape):
        i, j = (int(v) for v in pool.weights[c, y, z].nonzero()[0])
        row, column = rows[y].start + i * rows[y].step, cols[z].start + j * cols[z].step
        place = column * height + row if asked.get("storage_order") else row * width + column
        assert indices[c, y, z] == c * height * width + place


def test_what_is_left_out_is_left_out_for_a_reason() -> None:
    counted = Counter(_reason(case) for case in CASES.values())
    assert counted[None] >= 15
    assert set(counted) <= {
        None,
        "not two-dimensional",
        "auto_pad",
        "pads one side more",
        "more padding than half of the kernel",
        "dilation of another pool than max",
        "bytes",
    }
    assert {case.model.graph.node[0].op_type for case in TOLD.values()} == set(POOL)
