"""attention/by-hand: the numbers of the facts, torch's own function over random params, masks, orders, and every number opened."""

from __future__ import annotations

import ast
import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from app import labs
from app.labs.attention import by_hand
from app.labs.contract import UserError
from app.web import languages

torch.set_num_threads(1)
NAME = "attention/by-hand"
WITHIN = {"float64": 1e-12, "float32": 1e-6}
TWO: dict[str, Any] = {
    "words": "one two",
    "d_model": 2,
    "embedding": [[1, 0], [0, 1]],
    "w_q": [[[1, 0], [0, 1]]],
    "w_k": [[[0, 1], [1, 0]]],
    "w_v": [[[1, 2], [3, 4]]],
}


def last(**params: Any) -> Any:
    """The tensors of the last frame."""
    return list(labs.run(NAME, **params))[-1].tensors


def result(**params: Any) -> np.ndarray:
    """(n, d): what leaves the attention."""
    tensors = last(**params)
    return np.asarray(tensors["projected"] if "projected" in tensors else tensors["output"][0])


@st.composite
def drawn(draw: st.DrawFn, order: bool = True) -> dict[str, Any]:
    """Params with random matrices, masks, positions and order; float32 ones small, where 1e-6 is what float32 can do."""
    random = np.random.default_rng(draw(st.integers(0, 9999)))
    dtype = draw(st.sampled_from(sorted(WITHIN)))
    n, d_model, d_k, heads = (draw(st.integers(1, most)) for most in (8, 8, 8, 4))
    size = 0.3 if dtype == "float32" else 1.0

    def some(*shape: int) -> list[Any]:
        return (random.normal(size=shape) * size).round(3).tolist()

    mask = draw(st.sampled_from(["none", "causal", "cells"]))
    return {
        "words": " ".join(f"w{i}" for i in range(n)),
        "permutation": " ".join(map(str, random.permutation(n) + 1)) if order else "",
        "d_model": d_model,
        "d_k": d_k,
        "heads": heads,
        "dtype": dtype,
        "scale": draw(st.booleans()),
        "positions": draw(st.sampled_from(["none", "sinusoidal", "learned"])),
        "embedding": some(n, d_model),
        "table": some(n, d_model),
        "w_q": some(heads, d_model, d_k),
        "w_k": some(heads, d_model, d_k),
        "w_v": some(heads, d_model, d_k),
        "w_o": some(heads * d_k, d_model),
        "mask": mask,
        "visible": random.integers(0, 2, size=(n, n)).tolist() if mask == "cells" else None,
    }


def test_the_numbers_of_the_facts() -> None:
    found = last(**TWO, scale=False)
    assert found["scores"][0].tolist() == [[0, 1], [1, 0]]
    assert found["weights"][0].round(3).tolist() == [[0.269, 0.731], [0.731, 0.269]]
    assert found["output"][0].round(3).tolist() == [[2.462, 3.462], [1.538, 2.538]]
    assert last(**TWO)["weights"][0].round(4).tolist() == [[0.3302, 0.6698], [0.6698, 0.3302]]


@settings(max_examples=150, deadline=None)
@given(drawn())
def test_it_is_torchs_scaled_dot_product_attention(params: dict[str, Any]) -> None:
    """Built here from the params as given, without a line of the experiment."""
    dtype = getattr(torch, params["dtype"])
    n = len(params["embedding"])
    order = [int(word) - 1 for word in params["permutation"].split()]
    x = torch.tensor(params["embedding"], dtype=dtype)[order]
    if params["positions"] == "learned":
        x = x + torch.tensor(params["table"], dtype=dtype)
    elif params["positions"] == "sinusoidal":
        d = params["d_model"]
        table = [[(math.cos if c % 2 else math.sin)(t / 10_000 ** ((c - c % 2) / d)) for c in range(d)] for t in range(n)]
        x = x + torch.tensor(table, dtype=dtype)
    q, k, v = (x @ torch.tensor(params[name], dtype=dtype) for name in ("w_q", "w_k", "w_v"))
    seen = torch.ones(n, n, dtype=torch.bool)
    if params["mask"] == "causal":
        seen = seen.tril()
    elif params["mask"] == "cells":
        seen = torch.tensor(params["visible"], dtype=torch.bool)
    scale = None if params["scale"] else 1.0
    theirs = functional.scaled_dot_product_attention(q[None], k[None], v[None], attn_mask=seen, scale=scale)[0]
    found = last(**params)
    within = WITHIN[params["dtype"]]
    assert found["output"].dtype == np.dtype(params["dtype"])
    assert np.abs(found["output"] - theirs.numpy()).max() <= within
    if params["heads"] > 1:
        joined = torch.cat(list(theirs), -1) @ torch.tensor(params["w_o"], dtype=dtype)
        assert np.abs(found["projected"] - joined.numpy()).max() <= 10 * within
    weights, hidden = found["weights"], ~seen.numpy()
    assert (weights[:, hidden] == 0).all()
    assert (found["masked"][:, hidden] == -np.inf).all()
    blind = hidden.all(-1)
    assert (found["output"][:, blind] == 0).all()
    assert np.abs(weights[:, ~blind].sum(-1) - 1).max(initial=0) <= within
    scene = labs.scene(NAME, **params)
    assert scene.note["blind"] == (np.flatnonzero(blind) + 1).tolist()
    assert scene.note["parity"]["difference"] <= 10 * within
    assert list(labs.run(NAME, **params))[-1].note["parity"] == scene.note["parity"]["difference"]


def test_a_stage_a_frame() -> None:
    for heads, stages in ((1, 9), (3, 10)):
        frames = list(labs.run(NAME, heads=heads))
        assert len(frames) == stages
        names = [frame.note["stage"] for frame in frames]
        assert names[:3] + names[-1:] == ["x", "q", "k", "projected" if heads > 1 else "output"]
        for step, frame in enumerate(frames):
            for at, name in enumerate(names):
                assert np.isnan(frame.tensors[name]).all() == (at > step)
    assert [frame.tensors["concat"].shape for frame in frames[-1:]] == [(3, 6)]


def test_the_causal_triangle_is_exactly_zero() -> None:
    weights = last(words="a b c d e f", embedding=None, mask="causal", heads=2)["weights"]
    assert (weights[:, np.triu(np.ones((6, 6)), 1).astype(bool)] == 0).all()
    assert (weights[:, 0, 0] == 1).all()


def test_a_mask_cell_that_is_left_out_is_seen() -> None:
    seen = labs.scene(NAME, mask="cells", visible=[[1, 0]]).tensors["seen"]
    assert seen.tolist() == [[1, 0, 1], [1, 1, 1], [1, 1, 1]]


@settings(max_examples=40, deadline=None)
@given(drawn())
def test_without_positions_and_mask_a_reordering_moves_the_results_and_nothing_else(params: dict[str, Any]) -> None:
    free = {**params, "positions": "none", "mask": "none", "visible": None}
    order = [int(word) - 1 for word in params["permutation"].split()]
    here, typed = result(**free), result(**{**free, "permutation": ""})
    assert np.abs(here - typed[order]).max() <= 10 * WITHIN[params["dtype"]]
    tensors = labs.scene(NAME, **free).tensors
    if order == sorted(order):
        assert "moved" not in tensors
    else:
        assert tensors["moved"].max() <= 10 * WITHIN[params["dtype"]]


def test_with_positions_or_a_causal_mask_a_reordering_changes_the_results() -> None:
    for more in ({"positions": "sinusoidal"}, {"positions": "learned"}, {"mask": "causal"}):
        tensors = labs.scene(NAME, permutation="3 1 2", **more).tensors
        typed = result(**more)
        assert np.abs(tensors["given"] - typed[[2, 0, 1]]).max() == 0
        assert np.abs(tensors["moved"] - np.abs(result(permutation="3 1 2", **more) - tensors["given"]).max(-1)).max() == 0
        assert tensors["moved"].max() > 0.1


def test_saturation_is_measured_with_the_scale_and_without() -> None:
    """Of a row (p, 1 - p): the entropy is -p ln p - (1 - p) ln (1 - p), all four entries of the Jacobian are +-p (1 - p)."""
    for scaled, p in ((0, 1 / (1 + math.exp(-1 / math.sqrt(2)))), (1, 1 / (1 + math.exp(-1)))):
        for switch in (True, False):
            found = labs.scene(NAME, **TWO, scale=switch).tensors["saturation"][scaled, 0]
            entropy = -p * math.log(p) - (1 - p) * math.log(1 - p)
            assert np.abs(found - [p, entropy, 2 * p * (1 - p)]).max() <= 1e-12


def test_words_without_rows_draw_them_and_equal_words_draw_equal_ones() -> None:
    rows = labs.scene(NAME, words="a b a c", embedding=[[1, 2, 3, 4]]).tensors["embedding"]
    assert rows[0].tolist() == [1, 2, 3, 4]
    rows = labs.scene(NAME, words="a b a c", embedding=None).tensors["embedding"]
    assert np.array_equal(rows[0], rows[2])
    assert not np.array_equal(rows[0], rows[1])
    assert not np.array_equal(rows, labs.scene(NAME, words="a b a c", embedding=None, seed=1).tensors["embedding"])


def test_a_head_without_matrices_takes_features_as_they_are() -> None:
    found = last(words="a b", heads=2, embedding=[[1, 2, 3, 4], [5, 6, 7, 8]], w_q=None, w_k=None, w_v=None)
    assert found["q"].tolist() == [[[1, 2], [5, 6]], [[3, 4], [7, 8]]]
    assert np.array_equal(found["concat"], found["projected"])


def test_matrices_fit_whatever_the_sizes_are() -> None:
    typed = {"embedding": [[1, 2], [3, 4, 5, 6]], "w_q": [[[1, 2, 3]]], "w_o": [[7]]}
    tensors = labs.scene(NAME, words="a b", d_model=3, heads=2, **typed).tensors
    assert tensors["embedding"].tolist() == [[1, 2, 0], [3, 4, 5]]
    assert tensors["w_q"][0].tolist() == [[1, 2], [0, 0], [0, 0]]
    assert tensors["w_o"].tolist() == [[7, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    "params",
    [
        {"d_model": 9},
        {"d_k": 0},
        {"heads": 5},
        {"embedding": [[101]]},
        {"w_q": [[[math.nan]]]},
        {"visible": [[2]]},
        {"words": "a" * 121},
        {"dtype": "float16"},
    ],
)
def test_what_is_out_of_bounds_is_refused_in_a_sentence_at_its_field(params: dict[str, Any]) -> None:
    with pytest.raises(labs.ParamsError) as refused:
        labs.params_from(NAME, params)
    ((path, message),) = refused.value.errors
    assert path[0] == next(iter(params))
    for language in languages.LANGUAGES:
        assert languages.catalogue(language).message(message)


BAD: list[tuple[dict[str, Any], tuple[Any, ...], str]] = [
    ({"words": " "}, ("words",), "words"),
    ({"words": "a b c d e f g h i"}, ("words",), "words"),
    ({"words": "abcdefghijklm"}, ("words",), "word"),
    ({"words": "a\x07"}, ("words",), "word"),
    ({"permutation": "1 2"}, ("permutation",), "permutation"),
    ({"permutation": "1 2 2"}, ("permutation",), "permutation"),
    ({"permutation": "a b c"}, ("permutation",), "permutation"),
]


@pytest.mark.parametrize(("params", "path", "id"), BAD)
def test_what_does_not_fit_is_told_at_its_field(params: dict[str, Any], path: tuple[Any, ...], id: str) -> None:
    with pytest.raises(labs.ParamsError) as refused:
        labs.params_from(NAME, params)
    ((found, message),) = refused.value.errors
    assert (found, message.id) == (path, f"attention.by-hand.error.{id}")
    for language in languages.LANGUAGES:
        assert languages.catalogue(language).message(message)


@settings(max_examples=40, deadline=None)
@given(drawn(), st.randoms(use_true_random=False))
def test_every_number_opened_is_the_runs(params: dict[str, Any], random: Any) -> None:
    made, scene, frame = labs.params_from(NAME, params), labs.scene(NAME, **params), list(labs.run(NAME, **params))[-1]
    within = 10 * WITHIN[params["dtype"]]
    for name, tensor in frame.tensors.items():
        place = [random.randrange(n) for n in tensor.shape]
        target: dict[str, Any] = dict(zip(("head", "row", "column")[-tensor.ndim :], place, strict=True))
        found = by_hand.explain(made, scene, None, frame, {"kind": "value", "name": name, **target})
        number = tensor[tuple(place)]
        assert found.result == number or abs(found.result - number) <= within, name
        if found.reference is not None:
            assert found.reference.difference <= within, name
        else:
            assert name == "x"
    for name in ("embedding", "place", "w_q", "w_k", "w_v", *(("w_o",) if made.heads > 1 else ())):  # type: ignore[attr-defined]
        tensor = scene.tensors[name]
        place = [random.randrange(n) for n in tensor.shape]
        target = dict(zip(("head", "row", "column")[-tensor.ndim :], place, strict=True))
        found = by_hand.explain(made, scene, None, frame, {"kind": "weight", "matrix": name, **target})
        assert found.result == tensor[tuple(place)]
    for at, measure in enumerate(scene.note["measures"]):
        head, row = random.randrange(made.heads), random.randrange(len(frame.tensors["x"]))  # type: ignore[attr-defined]
        for scaled in (True, False):
            target = {"kind": "saturation", "measure": measure, "scaled": scaled, "head": head, "row": row}
            found = by_hand.explain(made, scene, None, frame, target)
            assert found.result == pytest.approx(scene.tensors["saturation"][int(not scaled), head, row, at], abs=within)
            assert found.reference is None or found.reference.difference <= within
    if "given" in scene.tensors:
        out = frame.tensors.get("projected", frame.tensors["output"][0])
        row, column = (random.randrange(n) for n in out.shape)
        found = by_hand.explain(made, scene, None, frame, {"kind": "order", "row": row, "column": column})
        assert found.result == pytest.approx(out[row, column] - scene.tensors["given"][row, column], abs=within)


def test_torchs_own_number_stands_beside_weights_and_outputs() -> None:
    made, scene, frame = labs.params_from(NAME, TWO), labs.scene(NAME, **TWO), list(labs.run(NAME, **TWO))[-1]
    for name in ("weights", "output"):
        found = by_hand.explain(made, scene, None, frame, {"kind": "value", "name": name, "row": 0, "column": 1})
        assert found.reference is not None
        assert found.reference.name == "torch.nn.functional.scaled_dot_product_attention"
    lines = by_hand.explain(made, scene, None, frame, {"kind": "value", "name": "weights", "row": 0, "column": 1}).equations
    assert [line.value for line in lines] == pytest.approx([0.7071, 1, 1 + math.exp(-0.7071), 0.6698], abs=1e-4)


@pytest.mark.parametrize(
    ("target", "id"),
    [
        ({"kind": "nothing"}, "kind"),
        ({"kind": "value", "name": "y"}, "name"),
        ({"kind": "value", "name": "projected"}, "name"),
        ({"kind": "value", "name": "scores", "row": 3}, "index"),
        ({"kind": "value", "name": "scores", "head": 1}, "index"),
        ({"kind": "value", "name": "scores", "column": True}, "index"),
        ({"kind": "weight", "matrix": "w_o"}, "name"),
        ({"kind": "weight", "matrix": "w_q", "column": 2}, "index"),
        ({"kind": "saturation", "measure": "other"}, "name"),
        ({"kind": "saturation", "measure": "entropy", "scaled": 1}, "index"),
        ({"kind": "order", "column": 2}, "index"),
    ],
)
def test_what_is_not_there_is_told(target: Any, id: str) -> None:
    frame = next(iter(labs.run(NAME)))
    with pytest.raises(UserError) as refused:
        by_hand.explain(labs.params_from(NAME, {}), labs.scene(NAME), None, frame, target)
    assert refused.value.message.id == f"attention.by-hand.error.{id}"


@pytest.mark.parametrize(
    "params",
    [
        {},
        {**TWO, "scale": False},
        {"mask": "cells", "visible": [[0, 0, 0]], "dtype": "float32"},
        {"heads": 3, "mask": "causal", "positions": "sinusoidal", "permutation": "2 3 1"},
    ],
)
def test_the_script_prints_the_runs_numbers(params: dict[str, Any]) -> None:
    source = by_hand.script(labs.params_from(NAME, params))
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=120, check=True)
    lines = [line.split(" ", 3) if line.startswith("weights") else line.split(" ", 2) for line in done.stdout.splitlines()]
    within = 1e-6 if params.get("dtype") == "float32" else 1e-12
    tensors = last(**params)
    weights = np.array([ast.literal_eval(line[-1]) for line in lines if line[0] == "weights"])
    assert np.abs(weights - tensors["weights"].reshape(weights.shape)).max() <= within
    printed = np.array([ast.literal_eval(line[-1]) for line in lines if line[0] == "result"])
    assert np.abs(printed - result(**params)).max() <= within
