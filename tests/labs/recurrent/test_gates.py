"""recurrent/gates: every step is torch's own, what is held is held, and what units follow is counted rightly."""

from __future__ import annotations

import math
import subprocess
import sys
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
from app.labs.offered import VARIABLE
from app.labs.recurrent import gates
from app.labs.recurrent.arithmetic import NAMES
from app.labs.recurrent.gates import follow
from app.labs.recurrent.params.gates import MOST_READ, GatesParams
from app.labs.recurrent.presets.gates import GATES
from app.labs.recurrent.trained import shipped
from app.nn import characters, python_tags, tagger, weights
from serving import ROOT

torch.set_num_threads(1)
NAME = "recurrent/gates"
SHIPPED = [name for name in GatesParams.model_json_schema()["properties"]["model"]["enum"] if name != "own"]
TAGGERS = [name for name in SHIPPED if name.startswith("tagger_")]
MODELS = [name for name in SHIPPED if name not in TAGGERS]
PRESETS = {preset.id: preset.params for preset in GATES}


def read(**params: Any) -> list[Frame]:
    return [one for one in labs.run(NAME, **params) if isinstance(one, Frame)]


def stacked(frames: list[Frame], name: str) -> np.ndarray:
    """Of the steps, without frame 0."""
    return np.stack([frame.tensors[name] for frame in frames[1:]])


def opened(frames: list[Frame], step: int, target: Target, **params: Any) -> Explanation:
    made = labs.params_from(NAME, params)
    return gates.explain(made, labs.scene(NAME, **params), frames[step - 1], frames[step], target)  # type: ignore[arg-type]


def nats(frames: list[Frame], which: str = "loss") -> float:
    return float(np.mean([frame.tensors[which][0] for frame in frames[1:-1]]))


# As torch reads


def test_every_model_that_ships_can_be_chosen() -> None:
    chosen = {*(f"characters_{name}" for name in MODELS), *TAGGERS}
    assert chosen == {name for name in weights.shipped() if name.startswith(("characters_", "tagger_"))}


@pytest.mark.parametrize("name", MODELS)
def test_states_and_probabilities_are_those_of_the_trained_network(name: str) -> None:
    text = {"zh": "白日依山盡，黃河入海流。\n", "python": "def f(x):\n    return [x]\n"}.get(
        str(shipped(name).told["language"]), "But, soft! what light\n"
    )
    frames = read(model=name, text=4 * text)
    net = characters.load(f"characters_{name}")
    ids = torch.tensor(net.ids(4 * text))
    with torch.no_grad():
        logits, _ = net(ids[:, None])
    expected = logits[:, 0].softmax(-1)
    assert np.allclose(stacked(frames, "probabilities"), expected, atol=2e-6)
    loss = -expected[torch.arange(len(ids) - 1), ids[1:]].log()
    assert np.allclose(stacked(frames, "loss")[:-1, 0], loss, atol=1e-5)
    assert math.isnan(frames[-1].tensors["loss"][0])
    if isinstance(net.core, nn.RNNBase):
        with torch.no_grad():
            out, last = net.core(net.embedding(ids))
        h = stacked(frames, "h")
        assert np.allclose(h[:, -1], out, atol=1e-5)
        assert np.allclose(h[-1], last[0] if isinstance(last, tuple) else last, atol=1e-5)
        assert frames[-1].tensors["parity"][0] == pytest.approx(np.abs(h[:, -1] - out.numpy()).max(), abs=1e-6)
    else:
        assert math.isnan(frames[-1].tensors["parity"][0])


def test_the_first_frame_has_read_nothing() -> None:
    first = read(text="abc")[0]
    assert not first.tensors["h"].any()
    assert not first.tensors["c"].any()
    for name in ("i", "f", "g", "o", "probabilities", "loss"):
        assert np.isnan(first.tensors[name]).all()


def test_the_parity_badge_is_of_this_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module whose weights were moved a little is told from the steps."""
    model = shipped("shakespeare_gru")
    assert model.module is not None
    original = model.module.weight_hh_l0.detach().clone()
    steps = list(gates.run(labs.params_from(NAME, {"text": "To be", "model": "shakespeare_gru"})))  # type: ignore[arg-type]
    assert steps[-1].tensors["parity"][0] < 1e-5  # type: ignore[union-attr]
    parity = gates._Parity(model, model.read("To be").x)
    piece = next(gates.pieces(model.recurrent, model.read("To be").x))
    try:
        with torch.no_grad():
            model.module.weight_hh_l0.mul_(1.01)
        assert parity.of(piece)[-1] > 1e-4  # type: ignore[arg-type]
    finally:
        with torch.no_grad():
            model.module.weight_hh_l0.copy_(original)


# Texts


@given(st.text(min_size=1, max_size=60))
@hypothesis_settings(max_examples=30)
def test_any_text_is_read(text: str) -> None:
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    frames = read(model="shakespeare_rnn", text=text)
    note = labs.scene(NAME, model="shakespeare_rnn", text=text).note
    assert "".join(note["tokens"]) == plain  # type: ignore[arg-type]
    assert len(frames) == len(plain) + 1 == labs.params_from(NAME, {"text": text}).length() + 1  # type: ignore[operator]
    vocabulary = set(note["vocabulary"])  # type: ignore[arg-type]
    assert note["unknown"] == [t for t, one in enumerate(plain) if one not in vocabulary]


def test_long_texts_are_cut_and_none_is_refused() -> None:
    note = labs.scene(NAME, text="a" * 100_000).note
    assert (note["cut"], len(note["tokens"])) == (100_000, MOST_READ)  # type: ignore[arg-type]
    assert labs.scene(NAME, text="a" * MOST_READ).note["cut"] is None
    for text, message in (("", "recurrent.gates.error.empty"), ("a" * 100_001, None)):
        with pytest.raises((ParamsError, UserError)) as refused:
            labs.scene(NAME, text=text)
        assert message is None or message in str(refused.value)


def test_both_scripts_come_to_the_same_poem() -> None:
    simplified, traditional = "举头望明月，低头思故乡。", "舉頭望明月，低頭思故鄉。"
    a, b = (labs.scene(NAME, model="tang_gru", text=text).note for text in (simplified, traditional))
    assert a["tokens"] == b["tokens"] == list(traditional)
    assert (a["converted"], b["converted"]) == (4, 0)
    assert a["unknown"] == []
    assert labs.scene(NAME, text=simplified).note["converted"] == 0  # an English model reads what was typed


# What is held


def test_a_closed_output_gate_silences_h_and_leaves_c() -> None:
    frames = read(**PRESETS["closed"])
    free = read(**{**PRESETS["closed"], "held": []})
    before, at, after = frames[39], frames[40], frames[41]
    assert before.tensors["h"].tobytes() == free[39].tensors["h"].tobytes()
    assert not at.tensors["h"].any()
    assert at.tensors["c"].tobytes() == free[40].tensors["c"].tobytes()
    assert at.tensors["untouched/h"].tobytes() == free[40].tensors["h"].tobytes()
    assert not np.allclose(after.tensors["c"], free[41].tensors["c"])
    assert at.tensors["loss"][0] == pytest.approx(4.14, abs=0.01)
    assert at.tensors["untouched/loss"][0] == pytest.approx(0.39, abs=0.01)


@pytest.mark.parametrize(("id", "held", "free"), [("forget", 2.73, 1.61), ("keep", 6.46, 1.61)])
def test_what_forgetting_and_keeping_all_cost(id: str, held: float, free: float) -> None:
    frames = read(**PRESETS[id])
    assert nats(frames) == pytest.approx(held, abs=0.01)
    assert nats(frames, "untouched/loss") == pytest.approx(free, abs=0.01)
    assert (stacked(frames, "f") == (0 if id == "forget" else 1)).all()


@pytest.mark.parametrize(("id", "cost"), [("shakespeare", 1.45), ("gru", 1.50), ("elman", 1.66), ("jordan", 1.99)])
def test_captions_say_what_the_models_cost(id: str, cost: float) -> None:
    assert nats(read(**PRESETS[id])) == pytest.approx(cost, abs=0.01)


def test_one_unit_of_one_layer_is_held_and_no_other() -> None:
    held = [{"name": "h", "layer": 2, "unit": 7, "first": 3, "last": 4, "value": 0.5}]
    frames, free = read(text="To be or", held=held), read(text="To be or")
    h, other = stacked(frames, "h"), stacked(free, "h")
    assert (h[:, 0] == other[:, 0]).all()  # the layer below
    assert (h[:2] == other[:2]).all()
    assert (h[2:4, 1, 7] == 0.5).all()
    assert (np.delete(h[2, 1], 7) == np.delete(other[2, 1], 7)).all()
    assert not np.allclose(h[3, 1], other[3, 1])


@pytest.mark.parametrize(
    ("held", "message"),
    [
        ({"name": "z", "value": 0}, "no_gate"),
        ({"name": "f", "layer": 3, "value": 0}, "no_layer"),
        ({"name": "f", "direction": "reverse", "value": 0}, "no_layer"),
        ({"name": "f", "unit": 128, "value": 0}, "no_unit"),
    ],
)
def test_what_a_model_does_not_have_cannot_be_held(held: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as refused:
        labs.scene(NAME, held=[held])
    assert refused.value.message.id.endswith(message)
    assert refused.value.path == ("held", 0)


# What units follow


def test_features_are_those_of_the_text() -> None:
    text = 'if (a[1]):\n  s = "x (" \n'
    found = follow.features(list(text))
    assert [int(v) for v in found["depth"]][:11] == [0, 0, 0, 1, 1, 2, 2, 1, 0, 0, 0]
    assert [int(v) for v in found["indent"][11:18]] == [1, 2, 2, 2, 2, 2, 2]
    inside = "".join(one for one, on in zip(text, found["quotes"], strict=True) if on)
    assert inside == '"x ('
    assert found["column"][10] == 0
    assert found["column"][11] == 1


@given(st.integers(0, 10_000))
@hypothesis_settings(max_examples=20)
def test_correlations_are_pearsons_and_components_explain_what_they_say(seed: int) -> None:
    draw = np.random.default_rng(seed)
    h = draw.normal(size=(40, 2, 3))
    known = {"a": draw.normal(size=40), "still": np.ones(40)}
    found = follow.correlations(torch.from_numpy(h), known)
    expected = [[np.corrcoef(known["a"], h[:, row, u])[0, 1] for u in range(3)] for row in range(2)]
    assert np.allclose(found[0], expected, atol=1e-6)
    assert np.isnan(found[1]).all()
    flat = torch.from_numpy(h.reshape(40, 6))
    path, explained = follow.principal(flat)
    values = np.sort(np.linalg.eigvalsh(np.cov(flat.numpy().T)))[::-1]
    assert np.allclose(explained, values[:2] / values.sum(), atol=1e-6)
    assert np.allclose(path.var(0, ddof=1), values[:2], rtol=1e-5)


def test_half_life_is_where_half_is_left() -> None:
    gate = torch.full((20, 1, 1), 0.9)
    steps = float(follow.half_life(gate)[0, 0])
    assert 0.9**steps == pytest.approx(0.5, abs=1e-6)


def test_the_units_of_a_marked_passage_are_on_in_it_and_find_their_like() -> None:
    frames = read(**PRESETS["passage"])
    note = frames[-1].note
    h = stacked(frames, "h")[:, -1]
    first, end = PRESETS["passage"]["mark"]  # type: ignore[misc]
    assert note["units"]
    for unit in note["units"]:  # type: ignore[union-attr]
        inside = h[first:end, unit]  # type: ignore[index]
        assert (np.abs(inside) > follow.ON).all()
        assert len(set(np.sign(inside))) == 1
        assert not np.sign(inside[0]) * h[end, unit] > follow.ON  # type: ignore[index]
    texts = [one["text"] for one in note["matches"]]  # type: ignore[union-attr, index, call-overload]
    assert texts[0] == "MACBETH:"
    sample = (follow.SAMPLES / "en.txt").read_text("utf-8")
    assert all(one["before"] + one["text"] + one["after"] in sample for one in note["matches"])  # type: ignore[union-attr, index, operator, call-overload]


def test_captions_say_what_units_follow() -> None:
    last = read(**PRESETS["shakespeare"])[-1]
    features = last.note["features"]
    found = {name: last.tensors["follows"][k, 1] for k, name in enumerate(features)}  # type: ignore[arg-type]
    assert np.nanmax(found["space"]) == pytest.approx(0.71, abs=0.01)
    assert np.nanmin(found["column"]) == pytest.approx(-0.63, abs=0.01)
    code = read(**PRESETS["code"])[-1]
    names = list(code.note["features"])  # type: ignore[arg-type]
    assert np.nanmax(code.tensors["follows"][names.index("depth")]) == pytest.approx(0.62, abs=0.01)
    assert np.nanmin(code.tensors["follows"][names.index("quotes")]) == pytest.approx(-0.60, abs=0.01)
    poem = read(**PRESETS["chinese"])[-1]
    stops = poem.tensors["follows"][list(poem.note["features"]).index("stop")]  # type: ignore[arg-type]
    assert np.nanmin(stops) == pytest.approx(-0.87, abs=0.01)


# Opened


@pytest.mark.parametrize("name", ["shakespeare_lstm_2", "shakespeare_gru", "shakespeare_rnn", "shakespeare_jordan", "tang_lstm"])
def test_every_value_that_opens_comes_to_the_runs_number(name: str) -> None:
    params = {"text": "O Romeo, Romeo!", "model": name}
    frames = read(**params)
    draw = np.random.default_rng(0)
    layers = int(labs.scene(NAME, **params).note["layers"])  # type: ignore[arg-type]
    for symbol in NAMES[shipped(name).recurrent.kind]:
        for _ in range(3):
            step, layer, unit = int(draw.integers(1, 16)), int(draw.integers(1, layers + 1)), int(draw.integers(128))
            found = opened(frames, step, {"kind": "value", "name": symbol, "layer": layer, "unit": unit}, **params)
            assert found.result == pytest.approx(float(frames[step].tensors[symbol][layer - 1, unit]), abs=2e-5)
            assert found.reference is not None
            assert found.reference.difference < 2e-6
    if shipped(name).head is not None:
        p = opened(frames, 5, {"kind": "probability", "token": 3}, **params)
        assert p.result == pytest.approx(float(frames[5].tensors["probabilities"][3]), rel=1e-4)
    loss = opened(frames, 5, {"kind": "loss"}, **params)
    assert loss.result == pytest.approx(float(frames[5].tensors["loss"][0]), abs=1e-5)


def test_a_held_value_says_what_it_would_have_been() -> None:
    params = PRESETS["forget"]
    frames = read(**params)
    found = opened(frames, 9, {"kind": "value", "name": "f", "layer": 1, "unit": 4}, **params)
    assert found.result == 0
    assert 0 < found.equations[-2].value < 1
    assert found.remarks[0].id == "recurrent.gates.remark.held"
    for name in "cho":  # what comes after it is held to the same step with the gate held
        after = opened(frames, 9, {"kind": "value", "name": name, "layer": 1, "unit": 4}, **params)
        assert after.reference is not None
        assert after.reference.difference < 1e-6
        assert "cells.lstm" in after.reference.name


@pytest.mark.parametrize(
    "target",
    [
        {"kind": "value", "name": "z"},
        {"kind": "value", "name": "h", "layer": 3},
        {"kind": "value", "name": "h", "unit": 128},
        {"kind": "value", "name": "h", "direction": "reverse"},
        {"kind": "probability", "token": 66},
        {"kind": "soul"},
    ],
)
def test_what_does_not_exist_cannot_be_opened(target: Target) -> None:
    frames = read(text="abc")
    with pytest.raises(UserError):
        opened(frames, 2, target, text="abc")
    with pytest.raises(UserError) as refused:
        gates.explain(labs.params_from(NAME, {}), labs.scene(NAME), None, frames[0], {"kind": "value", "name": "h"})  # type: ignore[arg-type]
    assert refused.value.message.id.endswith("none_yet")


@pytest.mark.parametrize(
    "params",
    [
        {"text": 'To be,\n"or" not', "model": "shakespeare_lstm_2"},
        {"text": "To be ☃", "model": "shakespeare_lstm", "held": [{"name": "f", "value": 0.5, "unit": 3, "first": 2}]},
        {"text": "To be", "model": "shakespeare_gru", "held": [{"name": "z", "value": 1.0}]},
        {"text": "To be", "model": "shakespeare_jordan"},
        {"text": "if x: # why", "model": "tagger_python"},
        {"text": "Nakamura", "model": "tagger_surnames", "held": [{"name": "c", "value": 0.5, "direction": "reverse", "last": 3}]},
    ],
)
def test_the_script_prints_the_runs_numbers(params: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text(gates.script(labs.params_from(NAME, params)), "utf-8")  # type: ignore[arg-type]
    ran = subprocess.run([sys.executable, str(path)], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    rows = [line.rsplit(" ", 2) for line in ran.stdout.splitlines()]
    frames = read(**params)
    assert len(rows) == len(frames) - 1
    for frame, (_, cost, first) in zip(frames[1:], rows, strict=True):
        forward = -2 if params["model"] in TAGGERS else -1
        assert float(first) == pytest.approx(float(frame.tensors["h"][forward, 0]), abs=2e-6)
        assert math.isnan(float(cost)) == math.isnan(frame.tensors["loss"][0])
        if not math.isnan(float(cost)):
            assert float(cost) == pytest.approx(float(frame.tensors["loss"][0]), abs=2e-5)


# Taggers


@pytest.mark.parametrize("name", TAGGERS)
def test_tags_are_those_of_the_trained_network(name: str) -> None:
    text = "O'Sullivan" if name == "tagger_surnames" else "def f(x):\n    return 'a b' # x\n"
    frames = read(model=name, text=text)
    net = tagger.load(name)
    with torch.no_grad():
        logits = net(torch.tensor(net.ids(text))[:, None])[:, 0]
    assert np.allclose(stacked(frames, "probabilities"), logits.softmax(-1), atol=2e-6)
    assert frames[-1].tensors["parity"][0] < 1e-5
    scene = labs.scene(NAME, model=name, text=text)
    assert (scene.note["says"], scene.note["directions"]) == ("tag", 1 if name.endswith("forward") else 2)
    if name == "tagger_surnames":
        assert np.isnan(stacked(frames, "loss")).all()
        answer = torch.stack([one.log_softmax(-1) for one in logits]).mean(0)
        assert np.allclose(frames[-1].tensors["answer"], answer - answer.logsumexp(0), atol=1e-5)
        assert "answer" not in frames[-2].tensors
    else:
        right = torch.tensor(python_tags.tags(text))
        loss = -logits.log_softmax(-1)[torch.arange(len(right)), right]
        assert np.allclose(stacked(frames, "loss")[:, 0], loss, atol=1e-4)
        assert "answer" not in frames[-1].tensors


@pytest.mark.parametrize(("name", "language"), [("Nakamura", "Japanese"), ("Kowalczyk", "Polish"), ("Papadopoulos", "Greek")])
def test_a_name_is_read_from_its_own_line_and_known(name: str, language: str) -> None:
    frames = read(model="tagger_surnames", text=f"\n  {name} \nSmith\n")
    assert len(frames) == len(name) + 1
    vocabulary = labs.scene(NAME, model="tagger_surnames", text=name).note["vocabulary"]
    assert vocabulary[int(frames[-1].tensors["answer"].argmax())] == language  # type: ignore[index,call-overload]
    with pytest.raises(UserError) as refused:
        labs.scene(NAME, model="tagger_surnames", text=" \n \n")
    assert refused.value.message.id == "recurrent.gates.error.no_name"


def test_code_that_python_cannot_read_has_no_right_answer() -> None:
    for text in ('x = """', "x = (1,\n", "if x:\n    y\n  z\n"):
        note = labs.scene(NAME, model="tagger_python", text=text).note
        assert set(note["wanted"]) == {-1}  # type: ignore[arg-type]
        frames = read(model="tagger_python", text=text)
        assert np.isnan(stacked(frames, "loss")).all()
        with pytest.raises(UserError) as refused:
            opened(frames, 1, {"kind": "loss"}, model="tagger_python", text=text)
        assert refused.value.message.id == "recurrent.gates.error.no_tag"


def test_a_tag_opens_to_its_probability_and_its_nats() -> None:
    params = {"model": "tagger_python", "text": "for x in range(10): pass\n"}
    frames = read(**params)
    for step in (1, 9, len(frames) - 1):
        loss = opened(frames, step, {"kind": "loss"}, **params)
        assert loss.result == pytest.approx(float(frames[step].tensors["loss"][0]), abs=1e-5)
        for token in range(7):
            found = opened(frames, step, {"kind": "probability", "token": token}, **params)
            assert found.result == pytest.approx(float(frames[step].tensors["probabilities"][token]), abs=1e-6)
        for direction in ("forward", "reverse"):
            value = opened(frames, step, {"kind": "value", "name": "c", "direction": direction, "unit": 5}, **params)
            assert value.reference is not None
            assert value.reference.difference < 1e-5


def test_reading_both_ways_knows_code_better_than_reading_forward() -> None:
    """On this repository's own code, which neither was trained on."""
    text = (ROOT / "app/nn/tagger.py").read_text("utf-8")
    right = torch.tensor(python_tags.tags(text))
    wrong = {}
    for name in ("tagger_python", "tagger_python_forward"):
        net = tagger.load(name)
        with torch.no_grad():
            wrong[name] = float((net(torch.tensor(net.ids(text))[:, None])[:, 0].argmax(-1) != right).float().mean())
    assert wrong["tagger_python"] < 0.03
    assert wrong["tagger_python"] < 0.8 * wrong["tagger_python_forward"]


def test_the_presets_claims_about_code_are_measured() -> None:
    for preset, wrong, which in (("both_ways", 1, "t"), ("forward", 6, "import")):
        frames = read(**PRESETS[preset])
        note = labs.scene(NAME, **PRESETS[preset]).note
        said = stacked(frames, "probabilities").argmax(1)
        off = [k for k, (a, b) in enumerate(zip(said, note["wanted"], strict=True)) if a != b]  # type: ignore[call-overload]
        assert (len(off), len(frames) - 1) == (wrong, 118)
        assert "".join(str(note["tokens"][k]) for k in off) == which  # type: ignore[index,call-overload]


# The operator's own

OWN = """
import torch
from torch import nn

class Tagger(nn.Module):
    def __init__(self, core, both=1, first=False):
        super().__init__()
        self.embedding = nn.Embedding(4, 5)
        self.core = core
        self.head = nn.Linear(3 * both, 4)

    def forward(self, ids):
        return self.head(torch.tanh(self.core(self.embedding(ids))[0]))

def encode(text):
    return ["abc".find(one) + 1 for one in text]

NAMES = ["?", "a", "b", "c"]

def one_way():
    return Tagger(nn.GRU(5, 3, 2, batch_first=True)), {"encode": encode, "tokens": NAMES, "title": "tags"}

def both_ways():
    return Tagger(nn.LSTM(5, 3, 2, bidirectional=True), both=2), {"encode": encode, "tokens": NAMES}

def projected():
    return nn.LSTM(3, 6, proj_size=2), {"encode": lambda text: torch.tensor([[float(one == k) for k in "abc"] for one in text])}

def no_encode():
    return nn.GRU(3, 3)

def two():
    return nn.ModuleList([nn.GRU(3, 3), nn.GRU(3, 3)]), {"encode": encode}

def wrong():
    return Tagger(nn.GRU(5, 3)), {"encode": lambda text: [99], "tokens": NAMES}
"""


@pytest.fixture
def offer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    path = tmp_path / "mine.py"
    path.write_text(OWN, "utf-8")
    return lambda factory: monkeypatch.setenv(VARIABLE, f"{path}:{factory}")


@pytest.mark.parametrize(("factory", "directions"), [("one_way", 1), ("both_ways", 2)])
def test_an_operators_network_is_read_with_every_gate_and_its_own_answers(offer: Any, factory: str, directions: int) -> None:
    offer(factory)
    text = "abcabcaab" * 20
    frames = read(model="own", text=text)
    model = gates.model_of(labs.params_from(NAME, {"model": "own", "text": text}))  # type: ignore[arg-type]
    note = labs.scene(NAME, model="own", text=text).note
    assert (note["directions"], note["layers"], note["hidden"]) == (directions, 2, 3)
    assert len(frames) == len(text) + 1
    assert frames[-1].tensors["parity"][0] < 1e-6
    given = model.read(text).given
    assert given is not None
    assert model.module is not None
    # The head is not ours: its answers are those of the whole module.
    assert frames[5].tensors["probabilities"].sum() == pytest.approx(1, abs=1e-6)
    held = [{"name": "h", "layer": 2, "value": 0.0}]
    silent = read(model="own", text=text, held=held)
    said = {frame.tensors["probabilities"].tobytes() for frame in silent[1:]}
    assert (len(said) == 1) == (directions == 1)  # the other direction still speaks
    assert silent[5].tensors["untouched/probabilities"].tobytes() == frames[5].tensors["probabilities"].tobytes()
    for way in ("forward", "reverse")[:directions]:
        found = opened(frames, 4, {"kind": "value", "name": "h", "layer": 2, "direction": way, "unit": 1}, model="own", text=text)
        row = 2 if directions == 2 else 1
        assert found.result == pytest.approx(float(frames[4].tensors["h"][row + (way == "reverse"), 1]), abs=1e-6)
        assert found.reference is not None
        assert found.reference.difference < 1e-6


@pytest.mark.filterwarnings("ignore:LSTM with projections")
def test_a_bare_module_that_projects_opens_too(offer: Any) -> None:
    offer("projected")
    frames = read(model="own", text="abcab")
    assert frames[3].tensors["h"].shape == (1, 2)
    assert frames[3].tensors["c"].shape == (1, 6)
    assert "probabilities" not in frames[3].tensors
    found = opened(frames, 3, {"kind": "value", "name": "h", "unit": 1}, model="own", text="abcab")
    assert found.result == pytest.approx(float(frames[3].tensors["h"][0, 1]), abs=1e-6)


@pytest.mark.parametrize(
    ("factory", "told"), [("no_encode", "encode"), ("two", "has 2"), ("wrong", "not in tokens"), ("none_such", "none_such")]
)
def test_what_cannot_be_read_with_is_one_sentence(offer: Any, factory: str, told: str) -> None:
    offer(factory)
    with pytest.raises(UserError) as refused:
        read(model="own", text="abc")
    assert refused.value.message.id == "own.error.model_failed"
    assert told in str(refused.value.message.values)
