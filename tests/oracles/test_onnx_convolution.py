"""convolution/sliding against the literal arrays of the ``onnx`` package's node cases: Conv and ConvTranspose.

A case that our options cannot say is left out by one of the reasons of ``_reason``, which a test counts.
"""

from __future__ import annotations

import warnings
from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from onnx.backend.test.case.node import collect_testcases

from app import labs
from app.labs.convolution.sliding.layer import layer

torch.set_num_threads(1)
KINDS = ("Conv", "ConvTranspose")


def _cases() -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cases = collect_testcases(None)
    return {case.name: case for case in cases if case.model.graph.node[0].op_type in KINDS}


def _attributes(case: Any) -> dict[str, Any]:
    return {a.name: list(a.ints) or a.s or a.i for a in case.model.graph.node[0].attribute}


def _reason(case: Any) -> str | None:
    """Why the layer here cannot be asked this; None: it can."""
    asked, (inputs, _) = _attributes(case), case.data_sets[0]
    if inputs[0].ndim != 4:
        return "not two-dimensional"
    if asked.get("auto_pad", b"NOTSET") != b"NOTSET":
        return "auto_pad"  # with a stride, or padding above and at left: torch has no such mode
    pads = asked.get("pads", [0, 0, 0, 0])
    if pads[:2] != pads[2:]:
        return "pads one side more"
    if "output_shape" in asked:
        return "the output's shape is asked for"
    return None


CASES = _cases()


def test_which_cases_are_left_out_and_why() -> None:
    found = Counter(_reason(case) for case in CASES.values())
    assert found[None] >= 6
    assert set(found) <= {None, "not two-dimensional", "auto_pad", "pads one side more", "the output's shape is asked for"}


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if _reason(case) is None])
def test_onnx_case(name: str) -> None:
    case = CASES[name]
    asked, (inputs, outputs) = _attributes(case), case.data_sets[0]
    x, weight = inputs[:2]
    transposed = case.model.graph.node[0].op_type == "ConvTranspose"
    groups = asked.get("group", 1)
    if transposed:  # kept as (in, out / groups, kh, kw)
        weight = np.concatenate([part.swapaxes(0, 1) for part in np.split(weight, groups)])
    params: dict[str, Any] = {
        "source": "matrix",
        "input": x[0].tolist(),
        "kernel": "custom",
        "weight": weight.tolist(),
        "stride": asked.get("strides", [1, 1]),
        "padding": asked.get("pads", [0, 0, 0, 0])[:2],
        "dilation": asked.get("dilations", [1, 1]),
        "groups": groups,
        "transposed": transposed,
        "output_padding": asked.get("output_padding", [0, 0]),
        "bias": inputs[2].tolist() if len(inputs) > 2 else None,
    }
    s = layer(labs.params_from("convolution/sliding", params))
    assert np.abs(s.output.numpy() - outputs[0][0]).max() <= 1e-5
    assert np.abs(s.explicit.numpy() - outputs[0][0]).max() <= 1e-5
