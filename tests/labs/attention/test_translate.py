"""attention/translate: torch's own attention, stacks and logits, a cache that changes nothing, what is forced and what is free."""

from __future__ import annotations

import copy
import math
import subprocess
import sys
from ast import literal_eval
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from app import labs
from app.labs.attention import translate
from app.labs.attention.params.translate import LAYERS, TASKS, TranslateParams, target_tokens
from app.labs.attention.translate.frames import NORMS
from app.labs.attention.translate.speaking import Parity, Row, apart, check, multiply_adds, shipped, speak
from app.labs.attention.translate.torchs import torchs
from app.labs.contract import Explanation, Frame, Target, UserError
from app.labs.errors import ParamsError
from app.nn import weights
from app.nn.tasks.pairs import BOS, EOS, held_out
from app.nn.transformer import Shape, Transformer
from serving import ROOT

torch.set_num_threads(1)
NAME = "attention/translate"
TEXTS = {
    "english_french": "The black cat does not eat the small apples.",
    "english_chinese": "The black cat did not eat these apples.",
    "chinese_english": "那只黑色的猫没有吃这些苹果。",
    "dates": "30 september 2023",
    "reversal": "attention",
}
every_task = pytest.mark.parametrize("task", TEXTS)


def ran(**params: Any) -> list[Frame]:
    return [one for one in labs.run(NAME, **params) if isinstance(one, Frame)]


def made_params(**params: Any) -> TranslateParams:
    return labs.params_from(NAME, params)  # type: ignore[return-value]


def said(frames: list[Frame], row: str) -> str:
    """A row's text at its end."""
    return [note["text"] for frame in frames if (note := frame.note.get(row))][-1]  # type: ignore[index, call-overload, return-value]


def tiny(shape: Shape, seed: int) -> Transformer:
    """A random network in float64."""
    torch.manual_seed(seed)
    return Transformer(9, 8, shape).double().eval()


shapes = st.builds(
    lambda heads, d_k, layers: Shape(d_model=2 * heads * d_k, heads=heads, d_ff=12, layers=layers, most=16),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 3),
)


# As torch computes


@given(shapes, st.integers(1, 7), st.lists(st.integers(3, 7), min_size=1, max_size=7), st.integers(0, 99))
@hypothesis_settings(max_examples=30, deadline=None)
def test_stacks_logits_attentions_and_the_cache_are_torchs_in_float64(
    shape: Shape, read: int, given_: list[int], seed: int
) -> None:
    net = tiny(shape, seed)
    source = torch.randint(3, 9, (1, read))
    parity, row, theirs = Parity(), Row(), torchs(net)
    with torch.no_grad():
        encoded = net.encode(source)
    parity.attends(encoded)
    memory = encoded.out
    parity.stacks = apart(theirs.memory(net, source), memory)
    for _ in speak(net, memory, row, 9, given=[BOS, *given_]):
        pass
    check(net, theirs, memory, row, parity)
    assert max(parity.attention, parity.stacks, parity.cache) <= 1e-12
    assert row.whole is not None
    for layer in row.whole.weights():
        assert not layer.triu(1).any()


def test_the_checks_see_what_is_wrong() -> None:
    """One weight moved on either side, or a cache of another text, is no longer equal."""
    net = tiny(Shape(d_model=8, heads=2, d_ff=12, layers=2, most=16), 1)
    source, theirs = torch.tensor([[3, 4, 5]]), torchs(net)
    with torch.no_grad():
        memory = net.encode(source).out
        theirs.decoder.layers[0].linear1.weight[0, 0] += 0.1
    row, parity = Row(), Parity()
    list(speak(net, memory, row, 9, given=[BOS, 3, 4]))
    row.given[1] = 5
    check(net, theirs, memory, row, parity)
    assert parity.stacks > 1e-6
    assert parity.cache > 1e-6


@every_task
def test_frames_are_torchs_numbers(task: str) -> None:
    frames = ran(task=task, text=TEXTS[task])
    assert len(frames) == 1 + LAYERS + len(labs.scene(NAME, task=task, text=TEXTS[task]).note["wanted"])  # type: ignore[arg-type]
    last = frames[-1]
    assert float(last.tensors["parity"].max()) < 2e-5
    difference, rounding = last.tensors["parity"][[0, 3]]
    assert difference <= rounding <= 5e-5
    for row in ("free", "forced"):
        for frame in frames[1 + LAYERS :]:
            t = int(frame.note["at"])  # type: ignore[arg-type]
            for kind in ("self", "cross"):
                q, k, v = (torch.from_numpy(frame.tensors[f"{row}/{kind}_{name}"]) for name in "qkv")
                seen = t if kind == "self" else k.shape[2]
                theirs = functional.scaled_dot_product_attention(q[:, :, None], k[:, :, :seen], v[:, :, :seen])[:, :, 0]
                assert np.allclose(frame.tensors[f"{row}/{kind}_o"], theirs, atol=1e-5)
                assert np.allclose(np.nansum(frame.tensors[f"{row}/{kind}"], -1), 1, atol=1e-5)
            beyond = frame.tensors[f"{row}/self"][..., t:]
            assert np.isnan(beyond).all() if row == "free" else not beyond.any()


def test_the_multiply_adds_are_those_that_torch_counts() -> None:
    net = shipped("reversal")[0].net
    memory = torch.randn(1, 7, net.shape.d_model)
    with torch.no_grad():
        kept = net.decode(torch.tensor([[BOS, 3, 4]]), memory).caches
        for ids, caches, past in ((torch.tensor([[5]]), kept, 3), (torch.tensor([[BOS, 3, 4, 5]]), None, 0)):
            counter = FlopCounterMode(display=False)
            with counter:
                net.decode(ids, memory, caches=caches)
            assert counter.get_total_flops() == 2 * multiply_adds(net.shape, ids.shape[1], past, 7, caches is not None)


# What is shipped


@every_task
def test_cards_hold_what_was_promised(task: str) -> None:
    card = weights.card(task)
    assert card["held_out"] == 1000
    assert card["exact"] >= 0.99
    assert card["best_cross"]["on_gold"] >= 0.95


@every_task
def test_held_out_sentences_come_out_right(task: str) -> None:
    world = TASKS[task]
    joined = " " if task.startswith("english") else ""
    for pair in held_out(world, 6, seed=11):
        params = {"task": task, "text": joined.join(pair.source)}
        assert made_params(**params).wanted == pair.target
        assert said(ran(**params, feeding="free"), "free") == world.write(pair.target)


# Forced and free


def test_forced_into_a_mistake_it_goes_on_from_what_it_is_given() -> None:
    params = {"text": "The cat sees a dog.", "target": "La chat voit un chien."}
    frames = ran(**params)
    assert said(frames, "free") == said(frames, "forced") == "Le chat voit un chien."
    assert [frame.note["diverged"] for frame in frames[1 + LAYERS :]] == [1] * 7
    assert frames[1 + LAYERS].tensors["apart"][0] < 1e-5  # both were given the same until now
    assert min(float(frame.tensors["apart"][0]) for frame in frames[2 + LAYERS :]) > 1e-3
    assert labs.scene(NAME, **params).note["gold"] is None


def test_rows_that_are_given_the_same_are_the_same() -> None:
    for frame in ran()[1 + LAYERS :]:
        assert frame.tensors["apart"][0] < 1e-4
        assert np.allclose(frame.tensors["free/p"], frame.tensors["forced/p"], atol=1e-5)


def test_what_no_grammar_says_runs_free_alone() -> None:
    params = {"text": "the cat the dog"}
    note = labs.scene(NAME, **params).note
    assert (note["rows"], note["wanted"], note["gold"]) == (["free"], None, None)
    frames = ran(**params)
    assert np.isnan(frames[-1].tensors["free/loss"]).all()
    with pytest.raises(ParamsError, match="no_target"):
        made_params(**params, feeding="forced")


def test_the_beam_is_never_less_likely_than_greed_and_its_numbers_add_up() -> None:
    params = {"text": "the cat the dog", "decoding": "beam", "width": 4, "length_penalty": 0.5}
    frames = ran(**params)
    one = ran(**{**params, "width": 1, "length_penalty": 0.0})
    assert frames[-1].note["best"][0][1] >= one[-1].note["best"][0][1]  # type: ignore[index, call-overload]
    nodes = [node for frame in frames for node in frame.note.get("tree", [])]  # type: ignore[union-attr]
    for frame in frames:
        for node in frame.note.get("tree", []):  # type: ignore[union-attr]
            before = nodes[node["parent"]]["log_p"] if node["parent"] >= 0 else 0.0  # type: ignore[index, call-overload]
            assert node["before"] == before  # type: ignore[index, call-overload]
    found = opened(frames, len(frames) - 1, {"kind": "hypothesis"}, **params)
    assert found.reference is not None
    assert found.reference.difference < 1e-9


def test_temperature_draws_by_the_seed() -> None:
    params = {"decoding": "sample", "temperature": 3.0, "feeding": "free"}
    texts = {seed: said(ran(**params, seed=seed), "free") for seed in (1, 2)}
    assert texts[1] != texts[2]
    assert said(ran(**params, seed=1), "free") == texts[1]
    assert said(ran(**{**params, "temperature": 0.1}), "free") == "Le chat noir ne mange pas les petites pommes."
    frame = ran(**params, seed=1)[-1]
    assert frame.tensors["free/drawn"].sum() == pytest.approx(1, abs=1e-5)
    assert frame.tensors["free/drawn"].max() < frame.tensors["free/p"].max()


# Opened


def opened(frames: list[Frame], step: int, target: Target, /, **params: Any) -> Explanation:
    return translate.explain(made_params(**params), labs.scene(NAME, **params), frames[step - 1], frames[step], target)


@every_task
def test_every_value_opens_and_comes_to_what_torch_says(task: str) -> None:
    params = {"task": task, "text": TEXTS[task]}
    frames = ran(**params)
    for step in (LAYERS + 1, LAYERS + 4, len(frames) - 1):
        targets: list[Target] = list(translate.targets(made_params(**params)))
        for row in ("free", "forced"):
            for map in ("self", "cross"):
                here: Target = {"map": map, "row": row, "layer": 1}
                targets += [{"kind": kind, **here, "head": 2, "key": 0} for kind in ("weight", "score")]
                targets.append({"kind": "weight", **here, "head": 4, "key": 0})
                targets += [{"kind": kind, **here, "head": 2, "token": 0, "column": 3} for kind in ("q", "k", "v", "output")]
            for sub in range(3):
                here = {"map": "self", "row": row, "layer": 0, "sub": sub}
                targets += [{"kind": kind, **here, "column": 9} for kind in ("branch", "sum", "out")]
                targets += [{"kind": "norm", **here, "of": of} for of in NORMS]
            targets.append({"kind": "hidden", "map": "self", "row": row, "layer": 1, "unit": 7})
            targets += [{"kind": kind, "row": row, "token": 5} for kind in ("logit", "probability")]
            targets += [{"kind": "loss", "row": row}, {"kind": "spared", "row": row}]
            if frames[step].note[row]["counted"]:  # type: ignore[index, call-overload]
                targets.append({"kind": "gold", "row": row, "layer": 1, "head": 4})
        for target in targets:
            found = opened(frames, step, target, **params)
            if target["kind"] != "spared":
                assert found.reference is not None
                assert found.reference.difference < 2e-5 * max(1, abs(found.result)), target


def test_what_is_opened_is_what_is_drawn() -> None:
    frames = ran()
    step = LAYERS + 3
    for row, map in (("free", "self"), ("free", "cross"), ("forced", "self"), ("forced", "cross")):
        found = opened(frames, step, {"kind": "weight", "map": map, "row": row, "layer": 1, "head": 3, "key": 1})
        assert found.result == pytest.approx(float(frames[step].tensors[f"{row}/{map}"][1, 3, 1]), abs=1e-6)
    found = opened(frames, step, {"kind": "weight", "map": "encoder", "layer": 1, "head": 0, "query": 2, "key": 5})
    assert found.result == pytest.approx(float(frames[2].tensors["encoder/map"][0, 2, 5]), abs=1e-6)
    norm = opened(frames, step, {"kind": "norm", "map": "self", "row": "free", "layer": 1, "sub": 2, "of": "out"})
    assert norm.result == pytest.approx(float(frames[step].tensors["free/norms"][1, 2, 3]), abs=1e-5)


def test_the_mask_is_minus_infinity_and_its_weight_exactly_nothing() -> None:
    frames, target = ran(), {"kind": "weight", "map": "self", "row": "forced", "layer": 0, "head": 1, "key": 6}
    found = opened(frames, LAYERS + 3, target)  # type: ignore[arg-type]
    assert found.result == 0
    assert -math.inf in [equation.value for equation in found.equations]
    with pytest.raises(UserError):  # running free there is no such key yet
        opened(frames, LAYERS + 3, {**target, "row": "free"})  # type: ignore[arg-type]


# Texts


@given(st.text(max_size=12), st.sampled_from(sorted(TEXTS)))
@hypothesis_settings(max_examples=60, deadline=None)
def test_any_text_is_read_or_refused_in_a_sentence(text: str, task: str) -> None:
    try:
        params = made_params(task=task, text=text, feeding="free", most=2)
    except ParamsError as refused:
        told = [message.id for _, message in refused.errors]
    else:
        told = []
        assert len([frame for frame in translate.run(params) if isinstance(frame, Frame)]) > LAYERS
    assert all(id.startswith("attention.") for id in told)


@pytest.mark.parametrize(
    ("params", "field", "id", "named"),
    [
        ({"text": "The zebra sleeps."}, "text", "attention.translate.error.words", "zebra"),
        ({"text": "a cat sees 3 dogs"}, "text", "attention.translate.error.words", "3"),
        ({"task": "chinese_english", "text": "猫喝水。"}, "text", "attention.translate.error.words", "喝"),
        ({"task": "reversal", "text": "abc1"}, "text", "attention.translate.error.letters", "1"),
        ({"task": "dates", "text": "5 mär 1999"}, "text", "attention.translate.error.letters", "ä"),
        ({"target": "Le zèbre dort."}, "target", "attention.translate.error.words", "zèbre"),
    ],
)
def test_what_is_unknown_is_named_under_its_field_with_what_is_known(params: Any, field: str, id: str, named: str) -> None:
    with pytest.raises(ParamsError) as refused:
        made_params(**params)
    [(path, message)] = refused.value.errors
    assert (tuple(path), message.id) == ((field,), id)
    assert named in str(message.values["words"]).split(", ")
    assert message.values["known"]


def test_near_words_are_told_first() -> None:
    with pytest.raises(ParamsError) as refused:
        made_params(text="The gardan is green.")
    assert str(refused.value.errors[0][1].values["known"]).split(", ")[0] == "garden"


def test_too_long_is_said() -> None:
    with pytest.raises(ParamsError) as refused:
        made_params(text="cat " * 45)
    assert refused.value.errors[0][1].values == {"field": "text", "count": 46, "most": 40}


def test_targets_are_read_as_they_are_written() -> None:
    for task in TEXTS:
        world = TASKS[task]
        for pair in held_out(world, 15, seed=4):
            assert target_tokens(world, world.write(pair.target)) == pair.target


# The script


@pytest.mark.parametrize(
    "params",
    [
        {"task": "dates", "text": "2023年9月30日"},
        {"text": "the cat the dog", "decoding": "beam", "length_penalty": 0.5},
        {"decoding": "sample", "temperature": 3.0, "seed": 1},
    ],
)
def test_the_script_prints_the_same_numbers(params: dict[str, Any]) -> None:
    code = translate.script(made_params(**params))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    frames, vocabulary = ran(**params), shipped(str(params.get("task", "english_french")))[0].target.words
    expected = []
    for row in labs.scene(NAME, **params).note["rows"]:  # type: ignore[union-attr]
        for frame in frames:
            if note := frame.note.get(str(row)):
                token = note["said"]  # type: ignore[index, call-overload]
                p = float(frame.tensors[f"{row}/p"][token])
                expected.append((str(row), int(frame.note["at"]), vocabulary[token], -math.log(p)))  # type: ignore[arg-type]
    lines = [line.split(" ") for line in done.stdout.splitlines()]
    assert len(lines) == len(expected)
    for line, (row, at, token, nats) in zip(lines, expected, strict=True):
        assert (line[0], int(line[1]), literal_eval(line[3])) == (row, at, token)
        assert float(line[4]) == pytest.approx(nats, abs=1e-4)


def test_params_ending_is_not_said_twice() -> None:
    """The end closes every row, and nothing is said after it."""
    for frame in ran()[1 + LAYERS : -1]:
        assert frame.note["free"]["said"] != EOS  # type: ignore[index, call-overload]
    assert ran()[-1].note["free"]["said"] == EOS  # type: ignore[index, call-overload]


def test_a_row_that_has_ended_is_nothing() -> None:
    params = {"text": "The cat sees a dog.", "target": "Le chat noir voit un petit chien."}
    frames = ran(**params)
    assert frames[-1].note["free"] is None
    assert np.isnan(frames[-1].tensors["free/cross"]).all()
    assert np.isfinite(frames[-1].tensors["forced/cross"]).all()
    with pytest.raises(UserError, match="row_over"):
        opened(frames, len(frames) - 1, {"kind": "loss", "row": "free"}, **params)


def test_the_loaded_network_is_not_written_to() -> None:
    net = shipped("reversal")[0].net
    before = copy.deepcopy(net.state_dict())
    ran(task="reversal", text="abc")
    assert all(torch.equal(before[key], value) for key, value in net.state_dict().items())
