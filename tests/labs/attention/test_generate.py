"""attention/generate: each step says what the whole text says, its maps are torch's, its patterns are what they are called."""

from __future__ import annotations

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
from app.labs.attention import generate
from app.labs.attention.generate.models import prompt, shipped
from app.labs.attention.generate.patterns import PATTERNS, by_chance, looks, scores
from app.labs.attention.generate.patterns import given as shares_of
from app.labs.contract import Explanation, Frame, Target, UserError
from app.nn.attention import attention_weights, causal_mask
from app.nn.tasks import induction
from app.web import languages
from serving import ROOT

torch.set_num_threads(1)
NAME = "attention/generate"
MODELS = ("shakespeare", "tang", "induction")
ROW = "K7wq3RbZ"


def params_of(model: str, **more: Any) -> dict[str, Any]:
    texts = {"shakespeare": "O, ", "tang": "明月", "induction": ROW + ROW[:2]}
    return {"model": model, "prompt": texts[model], "count": 12, **more}


def written(**params: Any) -> list[Frame]:
    return [one for one in labs.run(NAME, **params) if isinstance(one, Frame)]


def text(frames: list[Frame]) -> str:
    return "".join(str(frame.note["token"]) for frame in frames[1:])


def opened(frames: list[Frame], step: int, target: Target, **params: Any) -> Explanation:
    made = labs.params_from(NAME, params)
    return generate.explain(made, labs.scene(NAME, **params), frames[max(step - 1, 0)], frames[step], target)  # type: ignore[arg-type]


def whole(frames: list[Frame], **params: Any) -> tuple[list[int], Any]:
    """All that was read by the last step, and the states of all of it at once in float64."""
    ids = [int(k) for k in frames[-1].tensors["read"]]
    net = shipped(params["model"]).net
    net.double()
    try:
        with torch.no_grad():
            states = net.states(torch.tensor([ids]))
            return ids, (states, net.logits(states)[0])
    finally:
        net.float()


@pytest.mark.parametrize("model", MODELS)
def test_step_by_step_with_what_is_kept_is_the_whole_text_at_once(model: str) -> None:
    params = params_of(model, temperature=1.0)
    frames = written(**params)
    ids, (states, logits) = whole(frames, **params)
    first = len(labs.scene(NAME, **params).note["prompt"])  # type: ignore[arg-type]
    assert ids[first:] == [frame.note["id"] for frame in frames[1:-1]]
    maps = torch.stack([layer[0] for layer in states.weights()]).numpy()  # (L, H, S, S)
    assert np.abs(frames[0].tensors["rows"][..., :first] - maps[:, :, :first, :first]).max() <= 1e-5
    for frame in frames[1:]:
        read = first + frame.step - 1
        rows = frame.tensors["rows"]
        assert rows.shape[2:] == (1, len(ids))
        assert np.abs(rows[:, :, 0] - maps[:, :, read - 1]).max() <= 1e-5
        assert (rows[:, :, 0, read:] == 0).all()
        said = torch.from_numpy(frame.tensors["logits"]).log_softmax(-1)
        assert (said - logits[read - 1].log_softmax(-1)).abs().max() <= 1e-4
        assert frame.tensors["cached"][0] <= 1e-4
        assert frame.tensors["parity"][0] <= frame.tensors["parity"][1] <= 5e-5
        assert frame.tensors["above"][0] == 0
        assert frame.tensors["surprise"][0] == pytest.approx(-said[int(frame.note["id"])].item(), abs=1e-9)  # type: ignore[call-overload]


@pytest.mark.parametrize("model", MODELS)
def test_every_attention_is_torchs_within_1e_12_in_float64_and_no_weight_is_on_a_later_token(model: str) -> None:
    params = params_of(model)
    _, (states, _) = whole(written(**params), **params)
    for layer in states.layers:
        heads = layer[0].attended.heads
        theirs = functional.scaled_dot_product_attention(heads.q, heads.k, heads.v, is_causal=True)
        assert (theirs - heads.output).abs().max() <= 1e-12
        assert (heads.weights.triu(1) == 0).all()
        assert (heads.weights.sum(-1) - 1).abs().max() <= 1e-12


def test_what_was_drawn_is_drawn_as_in_the_recurrent_lab() -> None:
    frames = written(**params_of("shakespeare", temperature=1.2, top_k=7, top_p=0.9))
    numbers = torch.rand(12, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for frame, u in zip(frames[1:], numbers, strict=True):
        assert frame.tensors["u"][0] == u
        assert frame.tensors["below"][0] <= u < frame.tensors["below"][0] + frame.tensors["written"][2]
        assert frame.tensors["kept"][0] <= 7
        assert frame.tensors["drawn_from"].sum() == pytest.approx(1, abs=1e-6)
        assert (frame.tensors["drawn_from"] > 0).sum() == frame.tensors["kept"][0]


def test_a_chosen_token_is_written_and_the_others_are_drawn_by_the_same_numbers() -> None:
    free = written(**params_of("shakespeare"))
    other = int(free[4].tensors["ids"][1 if free[4].note["rank"] != 1 else 0])
    bent = written(**params_of("shakespeare", chosen=[{"at": 4, "token": other}]))
    assert text(bent)[:3] == text(free)[:3]
    assert bent[4].note["id"] == other
    assert math.isnan(bent[4].tensors["u"][0])
    assert [frame.tensors["u"][0] for frame in bent[5:]] == [frame.tensors["u"][0] for frame in free[5:]]


def test_marks_and_unknown_ones_are_never_written() -> None:
    for model in MODELS:
        for frame in written(**params_of(model, temperature=5.0, top_p=1, count=30)):
            assert frame.step == 0 or frame.note["id"] not in shipped(model).never


# What is read


def test_simplified_characters_are_turned_and_unknown_ones_named() -> None:
    note = labs.scene(NAME, model="tang", prompt="举头望明月，Ω").note
    assert "".join(note["prompt"]).startswith("舉頭")  # type: ignore[arg-type]
    assert note["converted"] == 2
    assert note["unknown"] == [6]
    same = labs.scene(NAME, model="tang", prompt="舉頭望明月，Ω").note
    assert same["prompt"] == note["prompt"]
    assert same["converted"] == 0


def test_the_beginning_of_a_long_prompt_is_left_out_and_counted() -> None:
    note = labs.scene(NAME, prompt="ab" * 300, count=20).note
    assert len(note["prompt"]) == 109  # type: ignore[arg-type]
    assert note["left_out"] == 491
    assert note["size"] == 128
    frames = written(prompt="ab" * 300, count=20)
    assert len(frames) == 21
    short = written(prompt=("ab" * 300)[-109:], count=20)
    assert text(frames) == text(short)


def test_an_empty_prompt_is_a_line_end_and_of_the_induction_model_nothing() -> None:
    assert labs.scene(NAME, prompt="").note["prompt"] == ["\n"]
    assert labs.scene(NAME, prompt=" ", model="induction", count=3).note["prompt"] == ["<bos>"]


@pytest.mark.parametrize(
    ("params", "field", "id"),
    [
        ({"model": "induction", "prompt": "a-b"}, "prompt", "attention.unknown-words"),
        ({"model": "induction", "prompt": "abc", "count": 50}, "count", "attention.generate.error.count"),
        ({"chosen": [{"at": 1, "token": 3999}]}, "chosen", "writing.error.no_token"),
    ],
)
def test_what_cannot_be_read_or_written_is_one_sentence_under_its_field(params: Any, field: str, id: str) -> None:
    with pytest.raises(UserError) as refused:
        labs.scene(NAME, **{"count": 5, **params})
    assert refused.value.message.id == id
    assert refused.value.path[0] == field
    for language in languages.LANGUAGES:
        assert languages.catalogue(language).message(refused.value.message)


@given(st.text(max_size=200), st.sampled_from(["shakespeare", "tang"]), st.integers(1, 120))
@settings(max_examples=25, deadline=None)
def test_any_prompt_leaves_room_for_what_is_written(typed: str, model: str, count: int) -> None:
    read = prompt(labs.params_from(NAME, {"prompt": typed, "model": model, "count": count}))  # type: ignore[arg-type]
    assert 1 <= len(read.ids) <= 129 - count
    assert len(read.ids) == len(read.tokens)


# Patterns


@given(st.lists(st.integers(0, 4), min_size=1, max_size=20), st.integers(0, 999))
@settings(deadline=None)
def test_scores_are_the_definitions_written_out(ids: list[int], seed: int) -> None:
    count = len(ids)
    generator = torch.Generator().manual_seed(seed)
    weights = attention_weights(torch.randn(2, 3, count, count, generator=generator), causal_mask(count)).double()
    found = scores(shares_of(weights, looks(ids)))
    places = {
        "previous": [{i - 1} if i else set() for i in range(count)],
        "first": [{0} if i else set() for i in range(count)],
        "same": [{j for j in range(i) if ids[j] == ids[i]} for i in range(count)],
        "induction": [{j + 1 for j in range(i) if ids[j] == ids[i]} for i in range(count)],
    }
    for at, name in enumerate(PATTERNS):
        rows = [(i, js) for i, js in enumerate(places[name]) if js]
        if not rows:
            assert found[..., at].isnan().all()
            continue
        by_hand = sum(weights[1, 2, i, list(js)].sum() for i, js in rows) / len(rows)
        assert found[1, 2, at].item() == pytest.approx(float(by_hand), abs=1e-9)
        chance = sum(len(js) / (i + 1) for i, js in rows) / len(rows)
        assert by_chance(looks(ids))[at].item() == pytest.approx(chance, abs=1e-5)


def test_on_a_row_said_twice_the_induction_score_is_that_of_the_task() -> None:
    sequences = induction.held_out(3, half=8)
    states = induction.load().states(sequences)
    expected = induction.induction_scores(states, 8)
    maps = torch.stack(states.weights()).detach()  # (L, N, H, S, S)
    found = [
        scores(shares_of(maps[:, n], looks(row.tolist())))[..., PATTERNS.index("induction")] for n, row in enumerate(sequences)
    ]
    assert (torch.stack(found).double().mean(0) - expected).abs().max() <= 1e-6


def test_the_scores_of_a_frame_are_of_all_that_was_read() -> None:
    params = params_of("induction")
    frames = written(**params)
    ids, (states, _) = whole(frames, **params)
    maps = torch.stack([layer[0] for layer in states.weights()])
    assert np.abs(scores(shares_of(maps, looks(ids))).numpy() - frames[-1].tensors["scores"]).max() <= 1e-5


# Opened


@pytest.mark.parametrize("model", MODELS)
def test_every_value_opens_to_its_own_number_and_torchs(model: str) -> None:
    params = params_of(model, temperature=0.7, top_k=8)
    frames = written(**params)
    last, most = shipped(model).net.shape.layers - 1, shipped(model).net.shape.heads - 1
    for step in (0, 1, 7, 12):
        frame = frames[step]
        rows, first = frame.tensors["rows"], frame.tensors["k"].shape[2] - frame.tensors["q"].shape[2]
        row = frame.tensors["k"].shape[2] - 1
        for layer, head, key in ((0, 0, row), (last, most, 0), (last, 1, row // 2)):
            told = opened(frames, step, {"kind": "weight", "layer": layer, "head": head, "key": key}, **params)
            assert told.result == pytest.approx(float(rows[layer, head, row - first, key]), abs=1e-5)
            assert told.reference is not None
            assert told.reference.difference <= 1e-6
            for equation in told.equations:
                for term in equation.terms.values():
                    if term.target and not math.isinf(term.value):
                        again = opened(frames, step, term.target, **params)
                        assert again.result == pytest.approx(term.value, abs=1e-4)
                        assert again.reference is not None
                        assert again.reference.difference <= 1e-9
        for column in (0, frame.tensors["o"].shape[-1] - 1):
            told = opened(frames, step, {"kind": "output", "layer": last, "head": 1, "column": column}, **params)
            assert told.result == pytest.approx(float(frame.tensors["o"][last, 1, -1, column]), abs=1e-5)
            assert told.reference is not None
            assert told.reference.difference <= 1e-12
            kinds = [term.target["kind"] for term in told.equations[0].terms.values() if term.target]
            assert {"weight", "v"} == set(kinds)
            for term in told.equations[0].terms.values():
                if term.target:
                    assert opened(frames, step, term.target, **params).result == pytest.approx(term.value, abs=1e-5)
        for at, name in enumerate(PATTERNS):
            score = float(frame.tensors["scores"][last, most, at])
            target: Target = {"kind": "pattern", "layer": last, "head": most, "pattern": name}
            if math.isnan(score):
                with pytest.raises(UserError):
                    opened(frames, step, target, **params)
            else:
                assert opened(frames, step, target, **params).result == pytest.approx(score, abs=1e-5)
        if step == 0:
            continue
        logit = opened(frames, step, {"kind": "logit", "token": 9}, **params)
        assert logit.result == pytest.approx(float(frame.tensors["logits"][9]), abs=1e-4)
        for kind, name in (("probability", "probabilities"), ("tempered", "tempered"), ("drawn_from", "drawn_from")):
            for place in (0, 5):
                found = opened(frames, step, {"kind": kind, "token": int(frame.tensors["ids"][place])}, **params)
                assert found.result == pytest.approx(float(frame.tensors[name][place]), rel=1e-5, abs=1e-12)


def test_a_weight_of_the_prompt_opens_in_frame_0_and_a_later_token_has_none() -> None:
    params = params_of("shakespeare", prompt="ROMEO:")
    frames = written(**params)
    told = opened(frames, 0, {"kind": "weight", "layer": 1, "head": 2, "query": 3, "key": 1}, **params)
    assert told.result == pytest.approx(float(frames[0].tensors["rows"][1, 2, 3, 1]), abs=1e-5)
    later = opened(frames, 0, {"kind": "weight", "layer": 1, "head": 2, "query": 3, "key": 5}, **params)
    assert later.result == 0 == frames[0].tensors["rows"][1, 2, 3, 5]
    assert later.remarks[0].id == "attention.generate.remark.later"


@pytest.mark.parametrize(
    ("target", "step"),
    [
        ({"kind": "weight", "layer": 3}, 1),
        ({"kind": "weight", "head": 4}, 1),
        ({"kind": "weight", "query": 0}, 3),
        ({"kind": "weight", "key": True}, 1),
        ({"kind": "q", "column": 24}, 1),
        ({"kind": "pattern", "pattern": "next"}, 1),
        ({"kind": "draw"}, 0),
        ({"kind": "probability", "token": 66}, 1),
    ],
)
def test_what_cannot_be_opened_is_one_sentence(target: Any, step: int) -> None:
    params = params_of("shakespeare", count=3)
    with pytest.raises(UserError) as refused:
        opened(written(**params), step, target, **params)
    for language in languages.LANGUAGES:
        assert languages.catalogue(language).message(refused.value.message)


# As a script


@pytest.mark.parametrize(
    "params",
    [
        params_of("shakespeare", count=20, chosen=[{"at": 3, "token": 20}]),
        params_of("tang", top_p=0.7),
        params_of("induction", temperature=0),
    ],
    ids=MODELS,
)
def test_the_script_writes_the_same_text_and_looks_at_the_same_places(params: dict[str, Any]) -> None:
    source = generate.script(labs.params_from(NAME, params))  # type: ignore[arg-type]
    ran = subprocess.run([sys.executable, "-"], input=source, capture_output=True, text=True, cwd=ROOT, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    frames = written(**params)
    lines = ran.stdout.splitlines()
    assert len(lines) > len(frames)
    for line, frame in zip(lines, frames[1:], strict=False):
        step, rest = line.split(" ", 1)
        token, nats, u = rest.rsplit(" ", 2)
        assert (int(step), token) == (frame.step, repr(frame.note["token"]))
        assert float(nats) == pytest.approx(float(frame.tensors["surprise"][0]), abs=1e-3)
        assert float(u) == pytest.approx(float(frame.tensors["u"][0]), nan_ok=True)
    rows = frames[-1].tensors["rows"][:, :, 0]
    for line in lines[len(frames) - 1 :]:
        _, layer, head, place, weight = line.split()
        assert float(weight) == pytest.approx(float(rows[int(layer) - 1, int(head) - 1].max()), abs=1e-4)
        assert rows[int(layer) - 1, int(head) - 1, int(place) - 1] == pytest.approx(float(weight), abs=1e-4)
