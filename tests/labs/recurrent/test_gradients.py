"""``recurrent/gradients`` against autograd, torch's own cells and clipping, and what is known of vanishing and exploding."""

from __future__ import annotations

import math
import subprocess
import sys
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from app import labs
from app.labs.contract import UserError
from app.labs.recurrent import gradients
from app.labs.recurrent.gradients import cliff
from app.labs.recurrent.gradients.networks import PARTS, passed
from app.labs.recurrent.params.gradients import CELLS, GradientsParams

torch.set_num_threads(1)
NAME = "recurrent/gradients"
PRESETS = {preset.id: dict(preset.params) for preset in labs.presets(NAME)}


def run(**params: Any) -> tuple[Any, list[Any]]:
    return labs.scene(NAME, **params), list(labs.run(NAME, **params))


PARAMS = st.fixed_dictionaries(
    {
        "steps": st.integers(2, 12),
        "hidden": st.integers(1, 6),
        "radius": st.floats(0, 3),
        "bias": st.floats(-4, 6),
        "activation": st.sampled_from(["tanh", "relu", "identity"]),
        "inputs": st.floats(1e-3, 3),
        "loss": st.sampled_from(["last", "every"]),
        "truncate": st.sampled_from([0, 1]),
        "seed": st.integers(0, 1000),
    }
)


@settings(max_examples=40, deadline=None)
@given(PARAMS)
def test_every_gradient_is_autograds_and_the_sum_of_its_parts(params: dict[str, Any]) -> None:
    scene, frames = run(**params)
    networks = passed(GradientsParams(**params), "cpu")
    for cell, network in networks.items():
        assert scene.note["parity"][cell] <= 1e-9
        for k, frame in enumerate(frames):
            t = params["steps"] - k
            parts = dict(zip(PARTS[cell], frame.tensors[f"part/{cell}"], strict=True))
            of_c = [parts.pop(name) for name in ("out", "keep") if cell == "lstm"]
            size = np.abs(frame.tensors[f"part/{cell}"]).max()
            np.testing.assert_allclose(sum(parts.values()), frame.tensors[f"dh/{cell}"], atol=1e-12 * size)
            assert frame.tensors["h"][CELLS.index(cell)] == pytest.approx(float(network.autograd["h"][t].norm()), rel=1e-9)
            if cell == "lstm":
                np.testing.assert_allclose(sum(of_c), frame.tensors["dc/lstm"], atol=1e-12 * size)
                assert frame.tensors["c"][0] == pytest.approx(float(network.autograd["c"][t].norm()), rel=1e-9)


@settings(max_examples=10, deadline=None)
@given(PARAMS, st.integers(1, 5))
def test_a_cut_lets_nothing_back(params: dict[str, Any], every: int) -> None:
    params |= {"steps": 12, "truncate": every, "loss": "every"}
    _, frames = run(**params)
    for frame in frames:
        t = 12 - frame.step
        if t and t % every == 0:
            for cell in CELLS:
                parts = dict(zip(PARTS[cell], frame.tensors[f"part/{cell}"], strict=True))
                assert all((parts[name] == 0).all() for name in parts if name not in ("loss", "out"))
                np.testing.assert_array_equal(frame.tensors[f"dh/{cell}"], parts["loss"])


@settings(max_examples=15, deadline=None)
@given(PARAMS, st.sampled_from(["norm", "value"]), st.floats(1e-3, 10))
def test_clipping_is_torchs(params: dict[str, Any], clip: str, most: float) -> None:
    scene, _ = run(**params, clip=clip, most=most)
    for i, network in enumerate(passed(GradientsParams(**params, clip=clip, most=most), "cpu").values()):
        before, after, angle, share = scene.tensors["clip"][i]
        whole = torch.cat([gradient.flatten() for gradient in network.gradients.values()])
        weight = nn.Parameter(torch.zeros_like(whole))
        weight.grad = whole.clone()
        if clip == "norm":
            nn.utils.clip_grad_norm_([weight], most)
            assert angle == pytest.approx(0, abs=1e-5)
        else:
            nn.utils.clip_grad_value_([weight], most)
            assert share == pytest.approx(float((whole.abs() > most).double().mean()))
        assert before == pytest.approx(float(whole.norm()), rel=1e-12)
        assert after == pytest.approx(float(weight.grad.norm()), rel=1e-9)


def test_orthogonal_weights_without_activation_keep_the_length() -> None:
    """Facts, recurrent: |dL/dx| falls as rho^T; with rho = 1 and no activation W_hh is a rotation."""
    _, frames = run(activation="identity", radius=1)
    lengths = np.array([frame.tensors["h"][0] for frame in frames])
    np.testing.assert_allclose(lengths, 1, atol=1e-12)


@pytest.mark.parametrize("radius", [0.5, 1.3])
def test_without_activation_the_radius_is_what_a_step_multiplies_by(radius: float) -> None:
    _, frames = run(activation="identity", radius=radius)
    lengths = np.array([frame.tensors["h"][0] for frame in frames])
    np.testing.assert_allclose(lengths[1:] / lengths[:-1], radius, rtol=1e-9)


def test_same_numbers_in_either_precision() -> None:
    (_, wide), (_, narrow) = run(), run(dtype="float32")
    assert narrow[0].tensors["h"].dtype == np.float32
    for a, b in zip(wide, narrow, strict=True):
        np.testing.assert_allclose(a.tensors["h"], b.tensors["h"], rtol=1e-4)


ALL_TARGETS = [
    *({"kind": "path", "cell": cell, "path": part, "unit": 1} for cell in CELLS for part in PARTS[cell][1:]),
    *({"kind": "norm", "cell": cell, "name": name} for cell in CELLS for name in "hx"),
    {"kind": "norm", "cell": "lstm", "name": "c"},
    {"kind": "unit", "cell": "lstm", "name": "c", "unit": 2},
    *({"kind": "unit", "cell": cell, "name": "h", "unit": 2} for cell in CELLS),
    *({"kind": "clip", "cell": cell} for cell in CELLS),
    *({"kind": "descent", "clipped": clipped} for clipped in (True, False)),
]


@pytest.mark.parametrize(
    "more", [{}, {"loss": "every", "clip": "value", "most": 0.05}, {"activation": "relu", "wall": "two-weights"}]
)
@pytest.mark.parametrize("target", ALL_TARGETS, ids=lambda target: "-".join(map(str, target.values())))
def test_what_is_opened_is_the_runs_number(target: dict[str, Any], more: dict[str, Any]) -> None:
    params = GradientsParams(steps=10, hidden=7, inputs=0.5, radius=1.2, bias=1, **more)
    scene, frames = gradients.scene(params), list(gradients.run(params))
    for k in (1, 5, 9):
        found = gradients.explain(params, scene, frames[k - 1], frames[k], target)
        assert found.reference is not None
        assert found.reference.difference <= 1e-9 * max(abs(found.result), 1e-12)
        frame = frames[k].tensors
        if target["kind"] == "path":
            shown = frame[f"part/{target['cell']}"][PARTS[target["cell"]].index(target["path"]), 1]
        elif target["kind"] == "norm":
            shown = frame[target["name"]][0 if target["name"] == "c" else CELLS.index(target["cell"])]
        elif target["kind"] == "unit":
            shown = frame[f"d{target['name']}/{target['cell']}"][2]
        elif target["kind"] == "clip":
            shown = scene.tensors["clip"][CELLS.index(target["cell"]), 1]
        else:
            shown = scene.tensors["descent"][int(target["clipped"]), k, 1]
        assert found.result == pytest.approx(float(shown), rel=1e-9)


@pytest.mark.parametrize(
    ("target", "id"),
    [
        ({"kind": "colour"}, "kind"),
        ({"kind": "norm", "cell": "jordan", "name": "h"}, "choice"),
        ({"kind": "norm", "cell": "gru", "name": "c"}, "choice"),
        ({"kind": "unit", "cell": "gru", "name": "h", "unit": 16}, "unit"),
        ({"kind": "path", "cell": "gru", "path": "i", "unit": 0}, "choice"),
        ({"kind": "path", "cell": "gru", "path": "n", "unit": 0}, "no_path"),
        ({"kind": "descent"}, "no_descent"),
    ],
)
def test_what_is_not_there_is_told(target: dict[str, Any], id: str) -> None:
    params = GradientsParams()
    frame = next(iter(gradients.run(params)))
    with pytest.raises(UserError, match=f"recurrent.gradients.error.{id}"):
        gradients.explain(params, gradients.scene(params), None, frame, target)


def test_the_initial_state_has_neither_input_nor_step() -> None:
    params = GradientsParams(steps=3)
    *_, last = gradients.run(params)
    for target, id in (
        ({"kind": "norm", "cell": "gru", "name": "x"}, "no_input"),
        ({"kind": "path", "cell": "lstm", "path": "out", "unit": 0}, "no_step"),
    ):
        with pytest.raises(UserError, match=id):
            gradients.explain(params, gradients.scene(params), None, last, target)


def test_a_cut_that_never_comes_is_refused() -> None:
    with pytest.raises(UserError, match="truncate"):
        labs.params_from(NAME, {"steps": 10, "truncate": 10})


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"steps": 20, "hidden": 5, "truncate": 6, "loss": "every", "bias": 2.5, "seed": 7},
        {"activation": "identity", "radius": 1.3, "inputs": 1},
        {"activation": "relu", "dtype": "float32", "steps": 9},
    ],
)
def test_the_script_prints_the_runs_numbers(params: dict[str, Any]) -> None:
    """torch.nn's cells and autograd in a process of its own."""
    done = subprocess.run([sys.executable, "-"], input=gradients.script(GradientsParams(**params)), text=True, capture_output=True)
    assert done.stderr == ""
    _, frames = run(**params)
    rows = [line.split() for line in done.stdout.splitlines()]
    assert [int(row[0]) for row in rows] == [frame.note["t"] for frame in frames]
    tolerance = 1e-5 if params.get("dtype") == "float32" else 1e-12
    for row, frame in zip(rows, frames, strict=True):
        np.testing.assert_allclose([float(value) for value in row[1:]], frame.tensors["h"], rtol=tolerance)


@pytest.mark.parametrize("wall", cliff.WALLS)
def test_the_wall_is_the_recurrence_written_out(wall: str) -> None:
    """Pascanu et al., figure 6, in plain Python; the gradients of the descent by central differences."""

    def loss(w: float, b: float) -> float:
        h, other = 0.5, 0.0
        for _ in range(50):
            if wall == "one-unit":
                h = w / (1 + math.exp(-h)) + b
            else:
                h, other = math.tanh(w * h + b * other), math.tanh(w * other - b * h)
        return ((1 / (1 + math.exp(-h)) if wall == "one-unit" else h) - 0.7) ** 2

    scene, _ = run(wall=wall, steps=6, lr=0.01)
    w, b, losses = (scene.tensors[f"wall/{name}"] for name in ("w", "b", "loss"))
    for row, column in ((0, 0), (30, 70), (96, 5), (48, 48)):
        assert losses[row, column] == pytest.approx(loss(w[column], b[row]), abs=1e-9)
    for path, most in zip(scene.tensors["descent"], (math.inf, 1.0), strict=True):
        for now, then in pairwise(path[:3]):
            e = 1e-7
            g = [
                (loss(now[0] + e, now[1]) - loss(now[0] - e, now[1])) / (2 * e),
                (loss(now[0], now[1] + e) - loss(now[0], now[1] - e)) / (2 * e),
            ]
            np.testing.assert_allclose(now[3:], g, rtol=1e-3, atol=1e-6)
            step = 0.01 * now[3:] * min(1.0, most / np.hypot(*now[3:]))
            np.testing.assert_allclose(then[:2], now[:2] - step, atol=1e-12)


def lengths(name: str, column: int = 0, tensor: str = "h") -> tuple[float, float]:
    _, frames = run(**PRESETS[name])
    return tuple(float(frames[k].tensors[tensor][column]) for k in (0, -1))  # type: ignore[return-value]


def test_the_captions_numbers_are_the_runs() -> None:
    assert lengths("vanishing")[1] == pytest.approx(9e-16, rel=0.05)
    assert lengths("orthogonal")[1] == pytest.approx(1, abs=1e-12)
    assert round(lengths("exploding")[1]) == 497_929
    assert lengths("no-bias", 1)[1] == pytest.approx(4e-8, rel=0.15)
    assert lengths("keeping", 0, "c")[1] > lengths("keeping", 0, "c")[0]
    assert lengths("keeping", 2)[1] == pytest.approx(1 / 3, abs=0.02)
    assert round(run(**PRESETS["clip-norm"])[0].tensors["clip"][0, 0]) == 649_522
    assert round(run(**PRESETS["clip-norm"])[0].tensors["clip"][0, 2], 3) == 0
    assert round(run(**PRESETS["clip-value"])[0].tensors["clip"][0, 2]) == 67
    uncut = run(**PRESETS["truncated"])[0].note["uncut"]
    assert (round(uncut["rnn"]["ratio"], 2), round(uncut["rnn"]["angle"]), round(uncut["lstm"]["ratio"], 2)) == (0.30, 38, 0.91)
    f = run(**PRESETS["keeping"])[0].tensors["forward/lstm"][1, 1:]
    assert f.mean() == pytest.approx(0.98, abs=0.005)


def test_the_unclipped_step_is_thrown_off_the_wall_and_the_clipped_one_stays() -> None:
    free, clipped = run(**PRESETS["wall"])[0].tensors["descent"]
    place = cliff.WALLS["one-unit"]

    def inside(at: Any) -> bool:
        return place.w[0] <= at[0] <= place.w[1] and place.b[0] <= at[1] <= place.b[1]

    assert inside(free[0])
    assert not inside(free[-1])
    assert all(inside(at) for at in clipped)
    assert clipped[:, 2].min() < free[-1, 2] / 10


def test_inside_radius_one_the_two_units_forget() -> None:
    scene, _ = run(**PRESETS["chaos"])
    w, b, losses = (scene.tensors[f"wall/{name}"] for name in ("w", "b", "loss"))
    radius = np.hypot(w[None, :], b[:, None])
    np.testing.assert_allclose(losses[radius < 0.7], 0.49, atol=1e-6)
    assert losses[radius > 1.1].std() > 0.3
