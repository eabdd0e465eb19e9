"""convolution/sliding against the literal arrays of the ``onnx`` package's node cases: Conv and ConvTranspose.

A case that our options cannot say is left out by one of the reasons of ``_reason``; a test names them.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Asked:
    """A case in our terms, with two spatial axes: one dimension is a height of 1. ``pads``: top, left, bottom, right."""

    x: np.ndarray
    weight: np.ndarray
    bias: np.ndarray | None
    expected: np.ndarray
    transposed: bool
    stride: list[int]
    dilation: list[int]
    groups: int
    pads: list[int]
    extra: list[int]


def _asked(case: Any) -> Asked | None:
    """Reads a case; None for three dimensions."""
    node, (inputs, outputs) = case.model.graph.node[0], case.data_sets[0]
    of = {a.name: list(a.ints) or a.s or a.i for a in node.attribute}
    flat = [array[:, :, None] if array.ndim == 3 else array for array in (*inputs[:2], outputs[0])]
    if flat[0].ndim != 4:
        return None
    x, weight, expected = flat
    transposed, kernel = node.op_type == "ConvTranspose", weight.shape[2:]
    stride, dilation = of.get("strides", [1, 1]), of.get("dilations", [1, 1])
    pads, extra = of.get("pads", [0] * 4), of.get("output_padding", [0, 0])
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    if of.get("auto_pad") in (b"SAME_UPPER", b"SAME_LOWER"):  # the output is n / stride, rounded up, or n x stride
        if transposed:
            total = [r - s for r, s in zip(reach, stride, strict=True)]
        else:
            total = [max((-(-n // s) - 1) * s + r - n, 0) for n, s, r in zip(x.shape[2:], stride, reach, strict=True)]
        less, more = [t // 2 for t in total], [-(-t // 2) for t in total]
        pads = [*less, *more] if of["auto_pad"] == b"SAME_UPPER" else [*more, *less]
    if "output_shape" in of:  # what is missing is added below and at right
        extra = [want - ((n - 1) * s + r) for want, n, s, r in zip(of["output_shape"], x.shape[2:], stride, reach, strict=True)]
    bias = inputs[2] if len(inputs) > 2 else None
    return Asked(x, weight, bias, expected, transposed, stride, dilation, of.get("group", 1), pads, extra)


def _reason(case: Any) -> str | None:
    """Why the layer here cannot be asked this; None: it can."""
    asked = _asked(case)
    if asked is None:
        return "three dimensions"
    return None if asked.pads[:2] == asked.pads[2:] else "pads one side more"


CASES = _cases()


def test_which_cases_are_left_out_and_why() -> None:
    found = {name: reason for name, case in CASES.items() if (reason := _reason(case))}
    assert found == {"test_convtranspose_3d": "three dimensions", "test_convtranspose_autopad_same": "pads one side more"}
    assert len(CASES) - len(found) >= 15


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if _reason(case) is None])
def test_onnx_case(name: str) -> None:
    asked = _asked(CASES[name])
    assert asked is not None
    weight = asked.weight
    if asked.transposed:  # kept as (in, out / groups, kh, kw)
        weight = np.concatenate([part.swapaxes(0, 1) for part in np.split(weight, asked.groups)])
    asked_here = {
        "source": "matrix",
        "kernel": "custom",
        "weight": weight.tolist(),
        "stride": asked.stride,
        "padding": asked.pads[:2],
        "dilation": asked.dilation,
        "groups": asked.groups,
        "transposed": asked.transposed,
        "output_padding": asked.extra,
        "bias": None if asked.bias is None else asked.bias.tolist(),
    }
    for x, expected in zip(asked.x, asked.expected, strict=True):
        s = layer(labs.params_from("convolution/sliding", {**asked_here, "input": x.tolist()}))
        assert s.output.shape == expected.shape
        assert np.abs(s.output.numpy() - expected).max() <= 1e-5
        assert np.abs(s.explicit.numpy() - expected).max() <= 1e-5
