"""The race against the ONNX training operators as the ``onnx`` package's node tests compute them: Adagrad, Adam, Momentum.

Gradients are typed, so that both see the same ones; float64, 60 steps.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx.backend.test.case.node.adagrad import apply_adagrad
from onnx.backend.test.case.node.adam import apply_adam
from onnx.backend.test.case.node.momentum import apply_momentum, apply_nesterov

from app import labs

STEPS, LR = 60, 0.05
GRADIENTS = np.random.default_rng(11).normal(size=(STEPS, 2)) * [1.0, 30.0]
START = np.array([0.5, -2.0])


def raced(**racer: Any) -> np.ndarray:
    source = {"kind": "gradients", "values": GRADIENTS.tolist()}
    frames = labs.run(
        "optimizer/race", racers=[{"lr": LR, **racer}], steps=STEPS, source=source, start=START.tolist(), dtype="float64"
    )
    return np.array([frame.tensors["position"][0] for frame in frames])


def walked(step: Any, memories: int) -> np.ndarray:
    """``step(t, x, g, *memory)`` gives the next x and memories; ONNX counts t from 0."""
    x, memory = START, [np.zeros(2)] * memories
    found = [x]
    for t, g in enumerate(GRADIENTS):
        x, *memory = step(t, x, g, *memory)
        found.append(x)
    return np.array(found)


@pytest.mark.parametrize("decay", [0.0, 0.02])
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_adagrad(decay: float, weight_decay: float) -> None:
    expected = walked(lambda t, x, g, h: apply_adagrad(LR, t, x, g, h, weight_decay, 1e-10, decay), 1)
    np.testing.assert_allclose(raced(rule="adagrad", lr_decay=decay, weight_decay=weight_decay), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_adam(weight_decay: float) -> None:
    """ONNX's epsilon stands beside the uncorrected root, torch's beside the corrected: without it both are the paper's Adam."""
    expected = walked(lambda t, x, g, v, h: apply_adam(LR, t + 1, x, g, v, h, weight_decay, 0.0, 0.9, 0.999, 0.0), 2)
    np.testing.assert_allclose(raced(rule="adam", eps=0.0, weight_decay=weight_decay), expected, rtol=0, atol=1e-12)


def test_adam_without_bias_correction() -> None:
    expected = walked(lambda t, x, g, v, h: apply_adam(LR, 0, x, g, v, h, 0.0, 0.0, 0.9, 0.999, 1e-8), 2)
    np.testing.assert_allclose(raced(rule="adam", bias_correction=False), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dampening", [0.0, 0.25])
def test_momentum(dampening: float) -> None:
    expected = walked(lambda t, x, g, v: apply_momentum(LR, t, x, g, v, 0.01, 0.9, 1 - dampening), 1)
    np.testing.assert_allclose(raced(rule="sgdm", dampening=dampening, weight_decay=0.01), expected, rtol=0, atol=1e-12)


def test_nesterov() -> None:
    expected = walked(lambda t, x, g, v: apply_nesterov(LR, t, x, g, v, 0.0, 0.9, 1.0), 1)
    np.testing.assert_allclose(raced(rule="nesterov"), expected, rtol=0, atol=1e-12)
