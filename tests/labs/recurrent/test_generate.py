"""recurrent/generate: what is written was drawn from what the trained network says, by the number u, and nothing else."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app import labs
from app.labs.contract import Explanation, Frame, Target, UserError
from app.labs.recurrent import generate
from app.labs.recurrent.params.generate import GenerateParams
from app.labs.recurrent.presets.generate import GENERATE
from app.labs.recurrent.trained import shipped
from app.labs.writing.drawing import drawn
from app.nn import characters, weights
from serving import ROOT

torch.set_num_threads(1)
NAME = "recurrent/generate"
MODELS = GenerateParams.model_json_schema()["properties"]["model"]["enum"]
PRESETS = {preset.id: dict(preset.params) for preset in GENERATE}
KINDS = ("probability", "tempered", "drawn_from")


def written(**params: Any) -> list[Frame]:
    return [one for one in labs.run(NAME, **params) if isinstance(one, Frame)]


def text(frames: list[Frame]) -> str:
    return "".join(str(frame.note["token"]) for frame in frames[1:])


def opened(frames: list[Frame], step: int, target: Target, **params: Any) -> Explanation:
    made = labs.params_from(NAME, params)
    return generate.explain(made, labs.scene(NAME, **params), frames[max(step - 1, 0)], frames[step], target)  # type: ignore[arg-type]


def stacked(frames: list[Frame], name: str) -> np.ndarray:
    return np.stack([frame.tensors[name] for frame in frames[1:]])


# What the network says


def test_every_model_that_ships_can_write() -> None:
    assert {f"characters_{name}" for name in MODELS} == {name for name in weights.shipped() if name.startswith("characters_")}


@pytest.mark.parametrize("name", MODELS)
def test_each_step_says_what_the_trained_network_says_of_all_that_was_written(name: str) -> None:
    """The whole text at once through the network: step by step nothing was lost or read twice."""
    prompt = {"zh": "明月", "python": "def "}.get(str(shipped(name).told["language"]), "O, ")
    frames = written(model=name, prompt=prompt, count=40, temperature=1.0)
    net = characters.load(f"characters_{name}")
    ids = torch.tensor(net.ids(prompt) + [int(frame.note["id"]) for frame in frames[1:]])  # type: ignore[call-overload]
    with torch.no_grad():
        logits, _ = net(ids[:, None])
    expected = logits[len(prompt) - 1 : -1, 0].double().log_softmax(-1)
    assert np.allclose(torch.from_numpy(stacked(frames, "logits")).log_softmax(-1), expected, atol=2e-5)
    k = ids[len(prompt) :]
    assert np.allclose(stacked(frames, "surprise")[:, 0], -expected[torch.arange(40), k], atol=2e-5)
    assert np.allclose(stacked(frames, "entropy")[:, 0], -(expected.exp() * expected).sum(-1), atol=2e-5)
    # float32 logits that are nearly equal may change places: what counts is that the numbers fall, and whose they are.
    p = stacked(frames, "probabilities")
    assert (np.diff(p) <= 0).all()
    assert np.allclose(p, np.take_along_axis(expected.exp().numpy(), stacked(frames, "ids"), 1), atol=2e-6)


def test_the_prompt_is_read_and_an_empty_one_is_a_line_end() -> None:
    assert text(written(prompt="", count=30)) == text(written(prompt="\n", count=30))
    assert text(written(prompt="ROMEO:\n", count=30)) != text(written(prompt="", count=30))
    assert labs.scene(NAME, prompt="", model="python_gru").note["prompt"] == ["\n"]


@given(st.text(max_size=40), st.sampled_from(["shakespeare_gru", "shakespeare_jordan", "tang_rnn"]))
@hypothesis_settings(max_examples=15, deadline=None)
def test_any_prompt_is_gone_on_from(prompt: str, model: str) -> None:
    frames = written(prompt=prompt, model=model, count=3)
    assert len(text(frames)) == 3


# The draw


def test_the_character_is_the_one_in_whose_piece_u_falls() -> None:
    frames = written(count=200, temperature=1.3, top_p=0.95)
    u, below, chance = (stacked(frames, name) for name in ("u", "below", "written"))
    assert (below <= u).all()
    assert (u < below + chance[:, 2:]).all()
    assert len({frame.note["rank"] for frame in frames[1:]}) > 5
    numbers = torch.rand(200, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert np.array_equal(u[:, 0], [float(one) for one in numbers])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.floats(0, 1, exclude_max=True))
@hypothesis_settings(deadline=None)
def test_a_piece_of_no_length_is_never_drawn(lengths: list[float], u: float) -> None:
    assume(sum(lengths) > 1e-6)
    p = torch.tensor(lengths, dtype=torch.float64)
    p = (p / p.sum()).sort(descending=True).values
    k = drawn(p, u)
    assert p[k] > 0
    assert float(p[:k].sum()) <= u + 1e-12
    assert u < float(p[: k + 1].sum()) + 1e-12


def test_over_many_seeds_characters_come_as_often_as_they_are_likely() -> None:
    """Pearson's chi-squared of the first character of 2,000 texts against its 6 likeliest and the rest: 6 degrees of freedom."""
    first = written(count=1, temperature=1.0)[1]
    expected = np.append(first.tensors["drawn_from"][:6], 1 - first.tensors["drawn_from"][:6].sum())
    order = first.tensors["ids"][:6].tolist()
    p = torch.from_numpy(first.tensors["drawn_from"]).double()
    counts = np.zeros(7)
    numbers = torch.rand(2000, generator=torch.Generator().manual_seed(7), dtype=torch.float64)
    for u in numbers:
        k = int(first.tensors["ids"][drawn(p, float(u))])
        counts[order.index(k) if k in order else 6] += 1
    chi = ((counts - 2000 * expected) ** 2 / (2000 * expected)).sum()
    assert chi < 22.5  # p = 0.001
    ones = [written(count=1, temperature=1.0, seed=seed)[1].note["id"] for seed in range(40)]
    assert len(set(ones)) > 5


def test_at_temperature_0_the_likeliest_is_written_and_soon_goes_in_circles() -> None:
    frames = written(**PRESETS["greedy"])
    known = stacked(frames, "logits")
    known[:, 0] = -np.inf
    assert [frame.note["id"] for frame in frames[1:]] == known.argmax(1).tolist()
    end = text(frames)
    assert any(end[-3 * k : -2 * k] == end[-2 * k : -k] == end[-k:] for k in range(2, 100))


def test_cuts_keep_what_they_say() -> None:
    five = written(**{**PRESETS["top_k"], "count": 60})
    assert (stacked(five, "kept") == 5).all()
    assert ((stacked(five, "drawn_from") > 0).sum(1) == 5).all()
    nucleus = written(**{**PRESETS["top_p"], "count": 60})
    for frame in nucleus[1:]:
        logits = torch.from_numpy(frame.tensors["logits"]).clone()
        logits[0] = -math.inf
        falling = logits.softmax(-1).sort(descending=True).values.cumsum(0)
        assert int(frame.tensors["kept"][0]) == int((falling < 0.8 - 1e-12).sum()) + 1
    assert len({int(frame.tensors["kept"][0]) for frame in nucleus[1:]}) > 5


def test_what_stands_for_unknown_characters_is_never_written() -> None:
    frames = written(model="tang_lstm", prompt="明月", temperature=0.5, count=200)
    likely = [frame for frame in frames[1:] if frame.tensors["ids"][0] == 0]
    assert len(likely) > 5  # the model says so often enough
    assert "\N{REPLACEMENT CHARACTER}" not in text(frames)
    for frame in likely:
        assert frame.tensors["drawn_from"][0] == frame.tensors["tempered"][0] == 0
        assert float(frame.tensors["drawn_from"].sum()) <= 1 + 1e-6


def test_a_chosen_character_is_written_and_the_others_are_drawn_by_the_same_numbers() -> None:
    free = written(count=60)
    other = int(free[10].tensors["ids"][1 if free[10].note["rank"] != 1 else 0])
    bent = written(count=60, chosen=[{"at": 10, "token": other}])
    assert text(bent)[:9] == text(free)[:9]
    assert bent[10].note["id"] == other
    assert math.isnan(bent[10].tensors["u"][0])
    assert text(bent)[9:] != text(free)[9:]
    assert np.array_equal(stacked(bent, "u")[10:], stacked(free, "u")[10:])


def test_a_character_that_the_model_does_not_have_is_refused() -> None:
    with pytest.raises(UserError) as refused:
        labs.scene(NAME, chosen=[{"at": 1, "token": 3999}])
    assert refused.value.message.id == "writing.error.no_token"


def test_the_first_frame_has_written_nothing() -> None:
    first = written(count=2)[0]
    assert first.note == {}
    for name in ("probabilities", "u", "surprise", "entropy", "written"):
        assert np.isnan(first.tensors[name]).all()


# Opened


@pytest.mark.parametrize("model", ["shakespeare_lstm_2", "shakespeare_rnn", "tang_gru", "shakespeare_jordan"])
def test_every_value_opens_to_its_own_number(model: str) -> None:
    params = {"model": model, "count": 12, "temperature": 0.7, "top_k": 8, "top_p": 0.9}
    frames = written(**params)
    for step in (1, 7, 12):
        frame = frames[step]
        for kind, name in zip(KINDS, ("probabilities", "tempered", "drawn_from"), strict=True):
            for place in (0, 1, 5, 20):
                found = opened(frames, step, {"kind": kind, "token": int(frame.tensors["ids"][place])}, **params)
                assert found.result == pytest.approx(float(frame.tensors[name][place]), rel=1e-5, abs=1e-12)
                assert found.reference is None or found.reference.difference < 1e-12
        surprise = opened(frames, step, {"kind": "surprise"}, **params)
        assert surprise.result == pytest.approx(float(frame.tensors["surprise"][0]), rel=1e-9)
        draw = opened(frames, step, {"kind": "draw"}, **params)
        assert float(frame.tensors["below"][0]) <= float(frame.tensors["u"][0]) < float(draw.result)  # type: ignore[arg-type]
        if model != "shakespeare_jordan":
            logit = opened(frames, step, {"kind": "logit", "token": 3}, **params)
            assert logit.result == pytest.approx(float(frame.tensors["logits"][3]), abs=1e-4)
            assert logit.reference is not None
            assert logit.reference.difference < 1e-10


@pytest.mark.parametrize(
    ("target", "step", "error"),
    [
        ({"kind": "draw"}, 0, "none_yet"),
        ({"kind": "nothing"}, 1, "kind"),
        ({"kind": "probability", "token": 66}, 1, "index"),
        ({"kind": "probability", "token": "a"}, 1, "index"),
        ({"kind": "logit", "token": True}, 1, "index"),
    ],
)
def test_what_cannot_be_opened_says_why(target: Target, step: int, error: str) -> None:
    with pytest.raises(UserError) as refused:
        opened(written(count=2), step, target, count=2)
    assert refused.value.message.id == f"writing.error.{error}"


def test_a_jordan_network_has_no_logit_to_open() -> None:
    params = {"model": "shakespeare_jordan", "count": 2}
    with pytest.raises(UserError) as refused:
        opened(written(**params), 1, {"kind": "logit", "token": 1}, **params)
    assert refused.value.message.id == "writing.error.no_head"
    assert {"kind": "logit", "token": 1} not in generate.targets(labs.params_from(NAME, params))  # type: ignore[arg-type]


# As a script


@pytest.mark.parametrize(
    "params",
    [
        {"count": 40},
        {"count": 30, "temperature": 0},
        {"count": 40, "model": "shakespeare_jordan", "top_k": 10},
        {"count": 30, "model": "tang_gru", "prompt": "明月", "top_p": 0.7, "chosen": [{"at": 3, "token": 20}]},
    ],
    ids=["default", "greedy", "jordan", "nucleus"],
)
def test_the_script_writes_the_same_text(params: dict[str, Any]) -> None:
    source = generate.script(labs.params_from(NAME, params))  # type: ignore[arg-type]
    ran = subprocess.run([sys.executable, "-"], input=source, capture_output=True, text=True, cwd=ROOT, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    frames = written(**params)
    assert len(ran.stdout.splitlines()) == len(frames) - 1
    for line, frame in zip(ran.stdout.splitlines(), frames[1:], strict=True):
        step, rest = line.split(" ", 1)
        token, nats, u = rest.rsplit(" ", 2)
        assert (int(step), token) == (frame.step, repr(frame.note["token"]))
        assert float(nats) == pytest.approx(float(frame.tensors["surprise"][0]), abs=1e-4)
        assert float(u) == pytest.approx(float(frame.tensors["u"][0]), nan_ok=True)
