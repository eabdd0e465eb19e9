"""recurrent/translate: every step is torch's own, forced and free rows part where they should, the beam is what it says."""

from __future__ import annotations

import math
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from torch import nn

from app import labs
from app.labs.contract import Explanation, Frame, Target, UserError
from app.labs.errors import ParamsError
from app.labs.recurrent import translate
from app.labs.recurrent.arithmetic import NAMES
from app.labs.recurrent.params.translate import TASKS, TranslateParams, alphabet
from app.labs.recurrent.presets.translate import TRANSLATE
from app.labs.recurrent.translate import speaking
from app.labs.recurrent.translate.base import family
from app.labs.recurrent.translate.speaking import Model, listen, search, shipped, speak
from app.nn import weights
from app.nn.recurrent.seq2seq import ATTENTIONS, Seq2Seq, Shape
from app.nn.tasks.pairs import BOS, EOS, SPECIAL, held_out
from serving import ROOT

torch.set_num_threads(1)
NAME = "recurrent/translate"
MODELS = TranslateParams.model_json_schema()["properties"]["model"]["enum"]
PRESETS = {preset.id: dict(preset.params) for preset in TRANSLATE}
TEXTS = {"dates": "30 september 2023", "echo": "unrolled"}


def ran(**params: Any) -> list[Frame]:
    return [one for one in labs.run(NAME, **params) if isinstance(one, Frame)]


def made_params(**params: Any) -> TranslateParams:
    return labs.params_from(NAME, params)  # type: ignore[return-value]


def text_of(name: str) -> str:
    return TEXTS[name.partition("_")[0]]


def said(frames: list[Frame], row: str, model: str) -> str:
    """A row's characters, its end too."""
    notes = [frame.note.get(row) for frame in frames]
    return "".join(shipped(model).target[note["said"]] for note in notes if note)  # type: ignore[index, call-overload]


def opened(frames: list[Frame], step: int, target: Target, /, **params: Any) -> Explanation:
    return translate.explain(made_params(**params), labs.scene(NAME, **params), frames[step - 1], frames[step], target)


def tiny(shape: Shape, words: int = 5, seed: int = 0) -> Model:
    """A random network in float64 whose answers depend on what it reads."""
    torch.manual_seed(seed)
    net = Seq2Seq(words, words, shape)
    for parameter in net.parameters():
        nn.init.normal_(parameter)
    letters = [*SPECIAL, *"abcdefg"[: words - 3]]
    return Model("tiny", net.double().eval(), letters, letters, {})


shapes = st.builds(Shape, st.sampled_from(("lstm", "gru")), st.sampled_from(ATTENTIONS), st.integers(2, 6), st.integers(2, 4))
sources = st.lists(st.integers(3, 4), min_size=1, max_size=5)


# As torch computes


def test_every_network_that_ships_can_be_chosen() -> None:
    assert {f"seq2seq_{name}" for name in MODELS} == {name for name in weights.shipped() if name.startswith("seq2seq_")}


@given(shapes, sources, st.lists(st.integers(0, 4), min_size=1, max_size=5))
@hypothesis_settings(max_examples=40)
def test_teacher_forcing_is_torchs_forward_of_the_whole(shape: Shape, source: list[int], target: list[int]) -> None:
    model = tiny(shape)
    net = model.net
    heard = listen(model, source)
    forced = list(speak(model, heard, 0, given=[BOS, *target]))
    with torch.no_grad():
        memory, state = net.encode(torch.tensor([source]), [len(source)])
        logits, look, last = net.decode(torch.tensor([[BOS, *target]]), state, memory)
    assert (heard.memory - memory).abs().max() <= 1e-12
    p = torch.stack([made.p for made in forced if made.p is not None])
    assert (p - logits[0].softmax(-1)).abs().max() <= 1e-12
    assert [made.said for made in forced] == logits[0].argmax(-1).tolist()
    h = (last[0] if isinstance(last, tuple) else last)[0, 0]
    assert (forced[-1].at["h"] - h).abs().max() <= 1e-12
    if look.a is not None:
        a = torch.stack([made.look.a[0, 0] for made in forced if made.look and made.look.a is not None])
        assert (a - look.a[0]).abs().max() <= 1e-12
    assert max(made.parity for made in [*heard.steps, *forced]) <= 1e-12


@given(shapes, sources)
@hypothesis_settings(max_examples=40)
def test_a_free_run_is_given_what_it_said(shape: Shape, source: list[int]) -> None:
    """Forced to say what it says anyway it is the same run."""
    model = tiny(shape)
    heard = listen(model, source)
    free = list(speak(model, heard, 6))
    assert [made.given for made in free] == [BOS, *(made.said for made in free[:-1])]
    assert EOS not in [made.said for made in free[:-1]]
    assert len(free) == 6 or free[-1].said == EOS
    again = list(speak(model, heard, 0, given=[made.given for made in free]))
    assert all(torch.equal(one.at["h"], other.at["h"]) for one, other in zip(free, again, strict=True))


@given(shapes, sources, st.integers(0, 99))
@hypothesis_settings(max_examples=15)
def test_a_beam_as_wide_as_everything_finds_the_best_of_all(shape: Shape, source: list[int], seed: int) -> None:
    model, most, words = tiny(shape, seed=seed), 3, 5
    heard = listen(model, source)

    def log_p(text: tuple[int, ...]) -> float:
        made = speak(model, heard, 0, given=[BOS, *text[:-1]])
        return sum(math.log(float(one.p[token])) for one, token in zip(made, text, strict=True) if one.p is not None)

    texts = [
        t for n in range(1, most + 1) for t in product(range(words), repeat=n) if EOS not in t[:-1] and (n == most or t[-1] == EOS)
    ]
    wanted = sorted((log_p(t) for t in texts), reverse=True)
    tree = search(model, heard, most, words**most, 0.0)
    assert [tree.nodes[i].log_p for i in tree.best] == pytest.approx(wanted, abs=1e-9)
    greedy = [made.said for made in speak(model, heard, most)]
    narrow = search(model, heard, most, 1, 0.0)
    assert narrow.text(narrow.best[0]) == greedy


@pytest.mark.parametrize("name", MODELS)
def test_frames_are_torchs_numbers(name: str) -> None:
    text = text_of(name)
    frames = ran(model=name, text=text)
    model = shipped(name)
    ids = model.sources(made_params(model=name, text=text).source)
    with torch.no_grad():
        states, state = model.net.encode(torch.tensor([ids]), [len(ids)])
        right: Any = labs.scene(NAME, model=name, text=text).note["wanted"]
        logits, _, _ = model.net.decode(torch.tensor([[BOS, *right[:-1]]]), state, states)
    read = len(ids)
    h = np.stack([frame.tensors["encoder/h"] for frame in frames[1 : read + 1]])
    assert np.allclose(h, states[0], atol=1e-5)
    p = np.stack([frame.tensors["forced/p"] for frame in frames[read + 1 : read + 1 + len(right)]])
    assert np.allclose(p, logits[0].softmax(-1), atol=1e-5)
    nats = [frame.tensors["forced/loss"][0] for frame in frames[read + 1 : read + 1 + len(right)]]
    assert np.allclose(nats, nn.functional.cross_entropy(logits[0], torch.tensor(right), reduction="none"), atol=1e-4)
    assert 0 < frames[-1].tensors["parity"][0] < 2e-5
    assert not frames[0].tensors["encoder/h"].any()
    assert np.isnan(frames[0].tensors[f"encoder/{NAMES[model.kind][0]}"]).all()


def test_the_parity_badge_is_of_this_run() -> None:
    """A module whose weights were moved a little is told from the steps."""
    model = tiny(Shape("gru", "none", 4, 3))
    walk = speaking.Walk(model.net.encoder, model.net.source)
    walk.step(3)
    assert walk.worst <= 1e-12
    with torch.no_grad():
        walk.module = nn.GRU(3, 4, batch_first=True).double()
    walk.step(4)
    assert walk.worst > 1e-3


# Forced and free


@pytest.mark.parametrize("name", ["dates_dot", "dates_additive", "dates_none"])
@pytest.mark.parametrize(
    "text", ["30 September 2023", "september 30, 2023", "sep 30 2023", "30.9.2023", "2023/9/30", "2023年9月30日"]
)
def test_every_spelling_of_a_day_comes_to_the_same(name: str, text: str) -> None:
    frames = ran(model=name, text=text)
    assert said(frames, "free", name) == said(frames, "forced", name) == "2023-09-30<eos>"
    assert frames[-1].note["diverged"] is None
    apart = [frame.tensors["apart"][0] for frame in frames if "apart" in frame.tensors]
    assert not any(apart)


def test_early_in_training_the_rows_part_and_stay_apart() -> None:
    frames = ran(**PRESETS["early"])
    read = len("30 september 2023")
    assert said(frames, "free", "dates_early") == "2032-03-28<eos>"
    assert said(frames, "forced", "dates_early") == "2033-03-20<eos>"
    assert [frame.note.get("diverged") for frame in frames[read + 1 :]] == [None, None, *[3] * 9]
    apart = [frame.tensors["apart"][0] for frame in frames[read + 1 :]]
    assert apart[:3] == [0, 0, 0]  # at step 3 both were still given the same
    assert min(apart[3:]) > 1e-3
    given_free = [frame.note["free"]["given"] for frame in frames[read + 1 :]]  # type: ignore[index, call-overload]
    given_forced = [frame.note["forced"]["given"] for frame in frames[read + 1 :]]  # type: ignore[index, call-overload]
    assert given_free[:3] == given_forced[:3]
    assert given_free[3] != given_forced[3]


def test_a_row_that_has_ended_is_nothing() -> None:
    frames = ran(model="dates_dot", text="30 september 2023", target="2023-09-30-01")
    last = frames[-1]
    assert last.note["free"] is None
    assert last.note["forced"] is not None
    assert np.isnan(last.tensors["free/h"]).all()
    assert np.isfinite(last.tensors["forced/h"]).all()
    with pytest.raises(UserError) as refused:
        opened(frames, len(frames) - 1, {"kind": "value", "name": "h", "row": "free"}, model="dates_dot", target="2023-09-30-01")
    assert refused.value.message.id.endswith("row_over")


def test_where_nobody_knows_what_is_right_it_runs_free_alone() -> None:
    params = {"text": "march 1999"}
    assert labs.scene(NAME, **params).note["rows"] == ["free"]
    assert labs.scene(NAME, **params).note["wanted"] is None
    last = ran(**params)[-1]
    assert "forced/h" not in last.tensors
    assert np.isnan(last.tensors["free/loss"]).all()
    with pytest.raises(ParamsError, match="no_target"):
        made_params(**params, feeding="forced")
    typed = ran(**params, feeding="forced", target="1999-03-01")
    assert said(typed, "forced", "dates_dot")[:8] == "1999-03-"
    assert "free" not in typed[-1].note


# The beam


def test_the_beam_mends_and_spoils_as_the_captions_say() -> None:
    for id, greedy, beam, scores in (
        ("beam", "2023-08-28", "2032-08-02", (-5.27, -4.07)),
        ("likelier", "1911-11-10", "1911-10-11", (-3.49, -2.57)),
    ):
        frames, plain = ran(**PRESETS[id]), ran(**{**PRESETS[id], "decoding": "greedy"})
        assert said(plain, "free", "dates_early") == f"{greedy}<eos>"
        assert said(frames, "free", "dates_early") == f"{beam}<eos>"
        one = ran(**{**PRESETS[id], "width": 1})
        assert one[-1].note["best"][0][1] == pytest.approx(scores[0], abs=0.005)  # type: ignore[index, call-overload]
        assert frames[-1].note["best"][0][1] == pytest.approx(scores[1], abs=0.005)  # type: ignore[index, call-overload]


def test_the_tree_grows_with_the_frames_and_its_numbers_add_up() -> None:
    params = {**PRESETS["beam"], "length_penalty": 0.7}
    frames = ran(**params)
    nodes = [node for frame in frames for node in frame.note.get("tree", [])]  # type: ignore[union-attr]
    assert [node["index"] for node in nodes] == list(range(len(nodes)))  # type: ignore[index, call-overload]
    for frame in frames:
        for node in frame.note.get("tree", []):  # type: ignore[union-attr]
            parent = node["parent"]  # type: ignore[index, call-overload]
            assert parent < node["index"]  # type: ignore[index, call-overload]
            before = nodes[parent]["log_p"] if parent >= 0 else 0.0  # type: ignore[index, call-overload]
            assert node["before"] == before  # type: ignore[index, call-overload]
            step = int(frame.step)
            found = opened(frames, step, {"kind": "hypothesis", "index": node["index"]}, **params)  # type: ignore[index, call-overload]
            assert found.result == pytest.approx(node["log_p"] / int(frame.note["at"]) ** 0.7)  # type: ignore[index, call-overload, arg-type]
            assert found.reference is not None
            assert found.reference.difference < 1e-9
    best = frames[-1].note["best"]
    assert [score for _, score in best] == sorted((score for _, score in best), reverse=True)  # type: ignore[union-attr, misc]


# Captions


def test_captions_say_what_is_measured() -> None:
    looks = [frame.tensors["free/a"] for frame in ran(**PRESETS["attention"]) if "free/a" in frame.tensors]
    p = "30 september".index("p")
    assert [int(a.argmax()) for a in looks[5:7]] == [p, p]
    assert [float(a[p]) for a in looks[5:7]] == pytest.approx([0.54, 0.99], abs=0.005)
    looks = [frame.tensors["free/a"] for frame in ran(**PRESETS["additive"]) if "free/a" in frame.tensors]
    assert float(looks[6][5]) == pytest.approx(0.98, abs=0.005)
    card = weights.card("seq2seq_dates_early")
    assert (round(100 * card["forced"]), round(100 * card["exact"])) == (83, 6)
    assert round(100 * weights.card("seq2seq_echo")["exact"]) == 98
    assert said(ran(**PRESETS["echo"]), "free", "echo") == "recurrent<eos>"
    long = said(ran(**PRESETS["too-long"]), "free", "echo")
    assert long[:5] == "recur"
    assert long[5] != "r"


# Texts


@given(st.text(max_size=12))
@hypothesis_settings(max_examples=60)
def test_any_text_is_read_or_refused_in_a_sentence(text: str) -> None:
    told: list[str] = []
    for model in ("dates_none", "echo"):
        try:
            frames = ran(model=model, text=text)
        except ParamsError as refused:
            told += [message.id for _, message in refused.errors]
            continue
        read = [frame for frame in frames if frame.note["phase"] == "read"]
        assert len(read) == len(labs.scene(NAME, model=model, text=text).note["tokens"])  # type: ignore[arg-type]
    assert all(id.startswith("recurrent.translate.error") for id in told)


def test_unknown_characters_are_named_under_their_field() -> None:
    for params, field, strange in (
        ({"text": "5 mär 1999"}, "text", "ä"),
        ({"text": "x", "model": "dates_dot"}, "text", "x"),
        ({"text": "a1", "model": "echo"}, "text", "1"),
        ({"text": "5.3.1999", "target": "march"}, "target", "m a r c h"),
    ):
        with pytest.raises(ParamsError) as refused:
            made_params(**params)
        [(path, message)] = refused.value.errors
        assert tuple(path) == (field,)
        assert message.values["strange"] == strange
    assert alphabet(TASKS["echo"].source_words) == "␣ a–z"
    assert alphabet(TASKS["dates"].target_words) == "- 0–9"


@pytest.mark.parametrize("model", ["dates_dot", "echo"])
def test_what_the_task_draws_is_read(model: str) -> None:
    for pair in held_out(TASKS[model.partition("_")[0]], 20):
        params = made_params(model=model, text="".join(pair.source)) if "".join(pair.source).strip() else None
        assert params is None or params.source == pair.source
        assert params is None or params.wanted == pair.target


# Opened


@pytest.mark.parametrize("name", MODELS)
def test_every_value_that_opens_comes_to_the_runs_number(name: str) -> None:
    params = {"model": name, "text": text_of(name)}
    frames = ran(**params)
    model, read = shipped(name), len(text_of(name))
    draw = np.random.default_rng(0)
    for symbol in NAMES[model.kind]:
        for step in (1, 4, read, read + 1, read + 5):
            unit = int(draw.integers(model.net.shape.hidden))
            found = opened(frames, step, {"kind": "value", "name": symbol, "unit": unit}, **params)
            row = "encoder" if step <= read else "free"
            assert found.result == pytest.approx(float(frames[step].tensors[f"{row}/{symbol}"][unit]), abs=2e-5)
            assert found.reference is not None
            assert found.reference.difference < 2e-6
    step = read + 4
    tensors = frames[step].tensors
    asked: list[tuple[Target, float]] = [
        ({"kind": "probability", "token": 5, "row": "forced"}, float(tensors["forced/p"][5])),
        ({"kind": "loss", "row": "forced"}, float(tensors["forced/loss"][0])),
    ]
    if "free/a" in tensors:
        asked += [
            ({"kind": "score", "at": 2}, float(tensors["free/e"][2])),
            ({"kind": "weight", "at": 2}, float(tensors["free/a"][2])),
            ({"kind": "context", "unit": 7}, float(tensors["free/context"][7])),
        ]
    for target, expected in asked:
        found = opened(frames, step, target, **params)
        assert found.result == pytest.approx(expected, rel=1e-3, abs=2e-5)
        assert found.reference is not None
        assert found.reference.difference <= max(1e-3 * abs(expected), 2e-5)
    logit = opened(frames, step, {"kind": "logit", "token": 5, "row": "forced"}, **params)
    assert logit.reference is not None
    assert logit.reference.difference < 1e-10


@pytest.mark.parametrize(
    ("step", "target", "message"),
    [
        (2, {"kind": "probability", "token": 3}, "still_reads"),
        (2, {"kind": "value", "name": "z"}, "name"),
        (2, {"kind": "value", "name": "h", "unit": 96}, "index"),
        (19, {"kind": "value", "name": "h", "row": "nonsense"}, "row"),
        (19, {"kind": "probability", "token": 99}, "index"),
        (19, {"kind": "weight", "at": 17}, "index"),
        (19, {"kind": "hypothesis", "index": 0}, "no_tree"),
        (19, {"kind": "soul"}, "kind"),
        (0, {"kind": "value", "name": "h"}, "none_yet"),
    ],
)
def test_what_does_not_exist_cannot_be_opened(step: int, target: Target, message: str) -> None:
    frames = ran()
    with pytest.raises(UserError) as refused:
        opened(frames, step, target)
    assert refused.value.message.id.endswith(message)


def test_without_attention_no_weight_opens_and_a_beam_names_its_hypotheses() -> None:
    with pytest.raises(UserError) as refused:
        opened(ran(model="dates_none"), 19, {"kind": "weight", "at": 0}, model="dates_none")
    assert refused.value.message.id.endswith("no_attention")
    params = PRESETS["beam"]
    with pytest.raises(UserError) as refused:
        opened(ran(**params), 12, {"kind": "hypothesis", "index": 999}, **params)
    assert refused.value.message.id.endswith("no_node")


# torch's own family


def test_the_panel_is_what_torch_says_and_one_can_make_modules_of_it() -> None:
    found: Any = family()
    assert [one["name"] for one in found["subclasses"]] == ["RNN", "LSTM", "GRU"]
    assert not found["base"]["forward"]
    assert found["raises"] == "NotImplementedError"
    assert nn.RNNBase.forward is nn.Module.forward
    for one in found["subclasses"]:
        assert one["forward"]
        cls = getattr(nn, one["name"])
        needed = [name for name, default in one["options"] if default is None]
        assert needed == ["input_size", "hidden_size"]
        rest = {name: eval(default, {}) for name, default in one["options"] if default is not None}
        made = cls(2, 3, **rest)
        assert sum(p.numel() for p in made.parameters()) == sum(p.numel() for p in cls(2, 3).parameters())
    lstm = next(one for one in found["subclasses"] if one["name"] == "LSTM")
    assert ["proj_size", "0"] in lstm["options"]
    with pytest.raises(NotImplementedError):
        nn.RNNBase("GRU", 1, 1)(None)


def test_the_runs_shapes_have_their_names() -> None:
    names = {model: labs.scene(NAME, model=model, text=text_of(model)).note["shapes"] for model in MODELS}
    assert names["dates_none"] == {"encoder": "many_to_one", "decoder": "one_to_many", "together": "many_to_many"}
    assert names["dates_dot"]["decoder"] == "many_to_many"  # type: ignore[index, call-overload]


# The script


@pytest.mark.parametrize(
    "params",
    [
        {"model": "dates_dot"},
        {"model": "dates_additive", "text": "1999年3月5日", "feeding": "forced"},
        {"model": "dates_none", "text": "march 1999"},
        PRESETS["beam"],
        {**PRESETS["likelier"], "length_penalty": 1.0, "width": 3},
        PRESETS["too-long"],
    ],
)
def test_the_script_prints_the_runs_numbers(params: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text(translate.script(made_params(**params)), "utf-8")
    done = subprocess.run([sys.executable, str(path)], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    frames = ran(**params)
    target = shipped(str(params["model"])).target
    expected = [(row, frame) for row in ("free", "forced") for frame in frames if frame.note.get(row)]
    lines = done.stdout.splitlines()
    assert len(lines) == len(expected)
    for line, (row, frame) in zip(lines, expected, strict=True):
        start, cost, first = line.rsplit(" ", 2)
        note: Any = frame.note[row]
        assert start == f"{row} {frame.note['at']} {target[note['given']]!r} {target[note['said']]!r}"
        assert float(cost) == pytest.approx(-math.log(frame.tensors[f"{row}/p"][note["said"]]), abs=2e-4)
        assert float(first) == pytest.approx(float(frame.tensors[f"{row}/h"][0]), abs=2e-5)
