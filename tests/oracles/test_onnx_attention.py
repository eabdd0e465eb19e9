"""Attention against the ``onnx`` package's node cases of operator Attention: outputs, weights, caches.

A case that ours cannot say is left out by one of the reasons of ``_reason``, which a test counts.
"""

from __future__ import annotations

import warnings
from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from onnx.backend.test.case.node import collect_testcases
from torch import Tensor

from app.nn.attention import Cache, attend, causal_mask, masked

INPUTS = ("Q", "K", "V", "attn_mask", "past_key", "past_value", "nonpad_kv_seqlen")
OUTPUTS = ("Y", "present_key", "present_value", "qk_matmul_output")


def _cases() -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some cases of other operators are made with numpy's old names
        cases = collect_testcases(None)
    alone = {case.name: case for case in cases if len(case.model.graph.node) == 1}
    return {name: case for name, case in alone.items() if case.model.graph.node[0].op_type == "Attention"}


def _attributes(case: Any) -> dict[str, Any]:
    return {a.name: a.f if a.name in ("scale", "softcap") else a.i for a in case.model.graph.node[0].attribute}


def _inputs(case: Any) -> dict[str, np.ndarray]:
    """By what they are: an input that is left out has an empty name and no array."""
    names = [name for name, told in zip(INPUTS, case.model.graph.node[0].input, strict=False) if told]
    return dict(zip(names, case.data_sets[0][0], strict=True))


def _outputs(case: Any) -> dict[str, np.ndarray]:
    names = [name for name, told in zip(OUTPUTS, case.model.graph.node[0].output, strict=False) if told]
    return dict(zip(names, case.data_sets[0][1], strict=True))


def _reason(case: Any) -> str | None:
    """Why attention here cannot be asked this; None: it can."""
    asked, given = _attributes(case), _inputs(case)
    if asked.get("softcap"):
        return "softcap"
    if max(asked.get("left_window_size", -1), asked.get("right_window_size", -1)) >= 0:
        return "window"
    if "nonpad_kv_seqlen" in given:
        return "external cache"
    if given["Q"].dtype != np.float32:
        return "half precision"
    return None


def _heads(x: np.ndarray, count: int | None) -> Tensor:
    """(N, T, H d) to (N, H, T, d), as ``MultiHeadAttention.split``; four axes stay."""
    tensor = torch.from_numpy(x)
    return tensor if tensor.ndim == 4 or count is None else tensor.view(*tensor.shape[:2], count, -1).transpose(1, 2)


CASES = _cases()
TOLD = sorted(name for name, case in CASES.items() if _reason(case) is None)


@pytest.mark.parametrize("name", TOLD)
def test_the_case_passes(name: str) -> None:
    case = CASES[name]
    asked, given, wanted = _attributes(case), _inputs(case), _outputs(case)
    q = _heads(given["Q"], asked.get("q_num_heads"))
    k, v = (_heads(given[x], asked.get("kv_num_heads")) for x in "KV")
    past = 0
    if "past_key" in given:
        cache = Cache(torch.from_numpy(given["past_key"]), torch.from_numpy(given["past_value"]))
        past = cache.k.shape[2]
        k, v = torch.cat([cache.k, k], 2), torch.cat([cache.v, v], 2)
    if "present_key" in wanted:
        assert np.array_equal(k, wanted["present_key"])
        assert np.array_equal(v, wanted["present_value"])
    groups = q.shape[1] // k.shape[1]  # several heads of queries share one of keys: said by repeating it
    k, v = k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1)
    mask = torch.from_numpy(given["attn_mask"]) if "attn_mask" in given else None
    if asked.get("is_causal"):
        causal = causal_mask(q.shape[2], k.shape[2], past)
        if mask is None or mask.dtype == torch.bool:
            mask = causal if mask is None else mask & causal
        else:
            mask = masked(mask.expand(torch.broadcast_shapes(mask.shape, causal.shape)), causal)
    found = attend(q, k, v, mask, asked.get("scale"))
    output = found.output if wanted["Y"].ndim == 4 else found.output.transpose(1, 2).flatten(2)
    np.testing.assert_allclose(output, wanted["Y"], rtol=1e-5, atol=1e-6)
    if "qk_matmul_output" in wanted:
        told = {0: found.scores, 2: masked(found.scores, mask), 3: found.weights}[asked.get("qk_matmul_output_mode", 0)]
        np.testing.assert_allclose(told, wanted["qk_matmul_output"], rtol=1e-5, atol=1e-6)


def test_what_is_left_out_is_left_out_for_a_reason() -> None:
    counted = Counter(_reason(case) for case in CASES.values())
    assert counted[None] >= 45
    assert set(counted) <= {None, "softcap", "window", "external cache", "half precision"}
    modes = {_attributes(CASES[name]).get("qk_matmul_output_mode", 0) for name in TOLD}
    assert modes == {0, 2, 3}
