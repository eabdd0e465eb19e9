"""attention/encoder: what is streamed, what is drawn, what is opened, against other roads; limits and odd texts."""

from __future__ import annotations

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
from app.labs.attention import encoder
from app.labs.attention.encoder.models import model
from app.labs.attention.encoder.ours import load
from app.labs.attention.encoder.patterns import PATTERNS, by_chance, patterns
from app.labs.attention.encoder.reading import Sentence, Unit
from app.labs.attention.encoder.tiles import LEVELS, factor, tiles
from app.labs.contract import Frame, UserError
from app.nn import minilm
from app.nn.attention import rollout
from app.nn.bert import sentence_embedding
from app.nn.tokens import Read
from app.web import languages
from app.wire.frames import Packer

torch.set_num_threads(1)
NAME = "attention/encoder"
LONG = "Unbelievably, the photosynthesizing microorganisms outperformed transformers. " * 8
OFF = [{"layer": 0, "head": 2}, {"layer": 3, "head": 7}]


def frames(**params: Any) -> list[Frame]:
    return [one for one in labs.run(NAME, **params) if isinstance(one, Frame)]


def whole(text: str, second: str | None = None, off: Any = ()) -> Any:
    """The model's own states of the same text."""
    with torch.no_grad():
        return minilm.network()(*minilm.read(text, second).tensors(), off=off)


@pytest.mark.parametrize("second", [None, "Where was it?"])
def test_every_layer_is_the_models_own(second: str | None) -> None:
    text = "The cat sat on the mat."
    states, found = whole(text, second), frames(text=text, second=second)
    assert [frame.step for frame in found] == list(range(7))
    assert np.array_equal(found[0].tensors["hidden"], states.embedded[0].numpy())
    for frame, layer in zip(found[1:], states.layers, strict=True):
        heads = layer[0].attended.heads
        named = {
            "weights": heads.weights,
            "logits": heads.scores,
            "q": heads.q,
            "k": heads.k,
            "v": heads.v,
            "hidden": layer[-1].out,
        }
        for name, tensor in named.items():
            assert name in frame.on_demand
            assert np.array_equal(frame.tensors[name], tensor[0].numpy()), name
        difference, rounding = frame.tensors["parity"]
        assert difference <= rounding <= 5e-5
    assert np.array_equal(found[-1].tensors["embedding"], sentence_embedding(states.out)[0].numpy())


def test_rollout_rows_sum_to_1_and_are_the_papers() -> None:
    found = frames(text=LONG)
    wanted = rollout([layer[0] for layer in whole(LONG).weights()]).numpy()
    for frame, one in zip(found[1:], wanted, strict=True):
        assert np.abs(frame.tensors["rolled"] - one).max() <= 1e-6
        assert np.abs(frame.tensors["rolled"].sum(-1) - 1).max() <= 1e-5


@pytest.mark.parametrize("merge", [False, True])
@pytest.mark.parametrize("special", [False, True])
def test_what_is_drawn_is_merged_and_renormalised_one_entry_at_a_time(merge: bool, special: bool) -> None:
    text = "Unbelievably, transformers outperformed it."
    frame = frames(text=text, merge=merge, special=special)[2]
    read = minilm.read(text)
    groups: list[list[int]] = []
    for token, word in enumerate(read.words):
        if merge and word is not None and read.words[token - 1] == word:
            groups[-1].append(token)
        else:
            groups.append([token])
    shown = [group for group in groups if special or read.words[group[0]] is not None]
    a = frame.tensors["weights"].astype(np.float64)
    for head in (0, 7):
        for row, queries in enumerate(shown):
            merged = [np.mean([sum(a[head, i, j] for j in keys) for i in queries]) for keys in shown]
            left = sum(merged)
            assert np.abs(frame.tensors["drawn"][head, row] - np.array(merged) / left).max() <= 1e-6
            assert frame.tensors["removed"][head, row] == pytest.approx(1 - left, abs=1e-6)
    assert np.abs(frame.tensors["drawn"].sum(-1) - 1).max() <= 1e-5
    assert np.abs(frame.tensors["received"] - frame.tensors["drawn"].mean(1)).max() <= 1e-6
    note = labs.scene(NAME, text=text, merge=merge, special=special).note
    assert [unit["tokens"] for unit in note["units"]] == shown
    if merge:
        assert note["units"][int(special)]["label"] == "Unbelievably"


@st.composite
def stochastic(draw: st.DrawFn) -> tuple[torch.Tensor, Sentence]:
    """Weights whose rows sum to 1, and some way to merge and hide."""
    sizes = draw(st.lists(st.integers(1, 4), min_size=2, max_size=6))
    special = [draw(st.booleans()) for _ in sizes[1:]] + [False]
    units, at = [], 0
    for size, one in zip(sizes, special, strict=True):
        units.append(Unit("u", tuple(range(at, at + size)), 0, one))
        at += size
    random = torch.Generator().manual_seed(draw(st.integers(0, 9999)))
    weights = (torch.randn(3, at, at, generator=random) * 4).softmax(-1)
    words = tuple(None if special[0] else 0 for _ in range(at))
    read = Read(("x",) * at, (0,) * at, (0,) * at, ("",) * at, words)
    return weights, Sentence(model("minilm"), "chosen", read, tuple(units), tuple(n for n, one in enumerate(special) if not one))


@settings(deadline=None, max_examples=60)
@given(made=stochastic())
def test_rows_as_drawn_sum_to_1_and_what_was_removed_is_the_rest(made: tuple[torch.Tensor, Sentence]) -> None:
    weights, read = made
    drawn, removed = read.drawn(weights)
    assert (drawn.sum(-1) - 1).abs().max() <= 1e-5
    merged = read.merged(weights)
    assert (merged.sum(-1) - 1).abs().max() <= 1e-5
    shown = list(read.shown)
    assert (merged[:, shown][..., shown].sum(-1) + removed - 1).abs().max() <= 1e-5
    assert (drawn * (1 - removed[..., None]) - merged[:, shown][..., shown]).abs().max() <= 1e-5


@settings(deadline=None, max_examples=40)
@given(count=st.integers(1, 300), seed=st.integers(0, 999))
def test_a_tile_is_the_largest_of_its_square(count: int, seed: int) -> None:
    maps = torch.rand(2, count, count, generator=torch.Generator().manual_seed(seed)) ** 8
    levels, step = tiles(maps)
    by = factor(count)
    side = -(-count // by)
    assert levels.shape == (2, side, side)
    assert side <= 128
    for y, x in ((0, 0), (side - 1, 0), (side - 1, side - 1)):
        square = maps[1, y * by : (y + 1) * by, x * by : (x + 1) * by]
        assert abs(levels[1, y, x] * float(step[1]) - float(square.max())) <= float(step[1]) / 2 + 1e-7
    assert levels[0].max() == LEVELS


def test_scores_of_heads_that_are_built_to_follow_a_pattern() -> None:
    read = minilm.read("the cat saw the dog.", "a cat ran.")
    count = len(read.tokens)
    sees = np.ones((count, count), bool)
    p = patterns(read, sees)
    real = [i for i, word in enumerate(read.words) if word is not None]

    def head(look: Any) -> float:
        weights = torch.zeros(1, count, count)
        for i in range(count):
            weights[0, i, look(i)] = 1
        return weights

    for name, look in {
        "previous": lambda i: max(i - 1, 0),
        "next": lambda i: min(i + 1, count - 1),
        "self": lambda i: i,
        "first": lambda i: 0,
        "separator": lambda i: count - 1,
        "punctuation": lambda i: read.tokens.index("."),
        "other": lambda i: real[-1] if read.types[i] == 0 else real[0],
    }.items():
        at = PATTERNS.index(name)
        score = float(encoder.scores(head(look), p)[0, at])
        assert score == pytest.approx(1), name
    the = [i for i, token in enumerate(read.tokens) if token == "the"]
    same = torch.zeros(1, count, count)
    same[0, the[0], the[1]] = 1
    again = sum(read.tokens.count(read.tokens[i]) > 1 for i in real)
    assert float(encoder.scores(same, p)[0, PATTERNS.index("same")]) == pytest.approx(1 / again)
    even = torch.full((1, count, count), 1 / count)
    assert (encoder.scores(even, p)[0] - by_chance(p, sees)).abs().max() <= 1e-6
    assert by_chance(p, sees)[PATTERNS.index("previous")].item() == pytest.approx(1 / count)


def test_a_pattern_that_nothing_follows_has_no_score() -> None:
    found = frames(text="one two three")[1].tensors["scores"]
    for name in ("same", "other", "punctuation"):
        assert np.isnan(found[:, PATTERNS.index(name)]).all()
    assert not np.isnan(found[:, PATTERNS.index("previous")]).any()


def test_heads_switched_off_change_every_later_map_and_the_embedding() -> None:
    found, before = frames(off=OFF), frames()
    text = labs.params_from(NAME, {}).text
    states = whole(text, off=[(0, "self", 2), (3, "self", 7)])
    for frame, layer, old in zip(found[1:], states.layers, before[1:], strict=True):
        assert np.array_equal(frame.tensors["weights"], layer[0].attended.heads.weights[0].numpy())
        assert np.array_equal(frame.tensors["untouched"], old.tensors["weights"])
        moved = np.abs(frame.tensors["weights"].astype("f8") - old.tensors["weights"])
        assert np.abs(frame.tensors["change"] - moved.sum(-1).mean(-1) / 2).max() <= 1e-6
        assert frame.tensors["change"].max() <= 1
    assert [bool(frame.tensors["change"].max() > 0) for frame in found[1:]] == [False] + [True] * 5
    assert np.array_equal(found[-1].tensors["untouched_embedding"], before[-1].tensors["embedding"])
    assert "change" not in before[-1].tensors


def test_every_number_that_is_opened_is_torchs() -> None:
    for params in ({}, {"second": "Who?", "merge": True, "special": False}, {"off": OFF, "text": LONG}):
        made = labs.params_from(NAME, params)
        scene, found = encoder.scene(made), frames(**params)
        for step in (1, 4, 6):
            for target in encoder.targets(made):
                if target["kind"] == "embedding" and step < 6:
                    continue
                told = encoder.explain(made, scene, found[step - 1], found[step], target)
                assert told.reference is not None
                assert told.reference.difference <= 2e-5, (params, step, target)
                for equation in told.equations:
                    for term in equation.terms.values():
                        if term.target:
                            again = encoder.explain(made, scene, found[step - 1], found[step], term.target)
                            assert again.result == pytest.approx(term.value, abs=2e-5)


def test_a_weights_lines_are_its_softmax_by_hand() -> None:
    made, found = labs.params_from(NAME, {}), frames()
    told = encoder.explain(made, encoder.scene(made), found[5], found[6], {"kind": "weight", "head": 11, "query": 8, "key": 2})
    q, k = (found[6].tensors[name][11].astype("f8") for name in "qk")
    dots = k @ q[8]
    lines = [equation.value for equation in told.equations]
    assert lines[0] == pytest.approx(dots[2])
    assert lines[1] == lines[2] == pytest.approx(dots[2] / np.sqrt(32))
    wanted = functional.softmax(torch.from_numpy(dots / np.sqrt(32)), 0)[2].item()
    assert lines[-1] == pytest.approx(wanted, abs=1e-6)
    assert lines[-2] == pytest.approx(np.exp((dots - dots.max()) / np.sqrt(32)).sum(), rel=1e-5)


@pytest.mark.parametrize(
    "target",
    [
        {"kind": "weight", "head": 12},
        {"kind": "weight", "query": 13},
        {"kind": "cell", "row": -1},
        {"kind": "cell", "column": True},
        {"kind": "q", "column": 32},
        {"kind": "score", "pattern": "other"},
        {"kind": "score", "pattern": 3},
        {"kind": "change"},
        {"kind": "embedding"},
        {"kind": "rolled", "row": "1"},
    ],
)
def test_what_cannot_be_opened_is_one_sentence(target: Any) -> None:
    made, found = labs.params_from(NAME, {}), frames()
    with pytest.raises(UserError) as caught:
        encoder.explain(made, encoder.scene(made), found[5], found[6], target)
    for language in languages.LANGUAGES:
        assert languages.catalogue(language).message(caught.value.message)


def test_the_script_prints_the_runs_numbers() -> None:
    params = {"text": "The cat sat.", "second": "It slept.", "off": OFF}
    code = encoder.script(labs.params_from(NAME, params))
    out = subprocess.run([sys.executable, "-"], input=code, capture_output=True, text=True, timeout=120, check=True).stdout
    found = frames(**params)
    lines = [line.split() for line in out.splitlines()]
    largest = {(int(line[1]), int(line[2])): float(line[-1]) for line in lines if line[0] == "weight"}
    assert len(largest) == 72
    for (layer, head), value in largest.items():
        assert value == pytest.approx(found[layer].tensors["weights"][head - 1].max(), abs=1e-5)
    embedding = np.array([float(one) for one in lines[-1][1:]])
    assert np.abs(embedding - found[-1].tensors["embedding"]).max() <= 1e-5


def test_512_tokens_are_cut_counted_and_small_on_the_wire() -> None:
    text = "word " * 5000
    note = labs.scene(NAME, text=text).note
    assert (len(note["tokens"]), note["left_out"]) == (512, 4490)
    packer, sent = Packer("run"), 0
    for frame in frames(text=text):
        sent += sum(len(block.message) for block in packer.add(frame))
    sent += sum(len(block.message) for block in packer.flush())
    assert sent < 3 * 2**20


@pytest.mark.parametrize("text", ["", "  \n ", None])
def test_an_empty_text_is_refused_under_its_field(text: Any) -> None:
    with pytest.raises(UserError) as caught:
        labs.params_from(NAME, {"text": text})
    assert caught.value.path == ("text",)


@pytest.mark.parametrize(
    ("params", "field"), [({"text": "\x00\x07\u200b"}, "text"), ({"second": "\x07\x00"}, "second"), ({"text": "\u200e"}, "text")]
)
def test_what_leaves_nothing_to_read_is_told_under_its_field(params: Any, field: str) -> None:
    with pytest.raises(UserError) as caught:
        labs.scene(NAME, **params)
    assert caught.value.message.id == "attention.empty-text"
    assert caught.value.path == (field,)


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("我喜欢学习 deep learning", ["喜", "欢", "习"]),
        ("I \u2764 \U0001f984", ["\u2764", "\U0001f984"]),
        ("שלום עולם مرحبا", []),
        ("tab\tbell\x07 zero\u200bwidth", []),
        ("a" * 10_000, ["a" * 10_000]),
        ("e\u0301 \u00e9 \ufb01", None),
    ],
)
@pytest.mark.parametrize("merge", [False, True])
def test_odd_texts_are_read_and_what_is_unknown_is_named(text: str, unknown: list[str] | None, merge: bool) -> None:
    note = labs.scene(NAME, text=text, merge=merge, model="minilm").note
    if unknown is not None:
        assert note["unknown"] == unknown
    assert len(frames(text=text, merge=merge, model="minilm")) == 7


def test_a_missing_package_is_one_sentence_and_other_experiments_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm, "find_spec", lambda name: None)
    monkeypatch.setattr(minilm, "network", minilm.network.__wrapped__)
    monkeypatch.setattr(minilm, "_tokenizer", minilm._tokenizer.__wrapped__)
    load.cache_clear()
    with pytest.raises(UserError) as caught:
        labs.scene(NAME)
    load.cache_clear()
    assert caught.value.message.id == "attention.minilm.missing"
    assert list(labs.run("attention/by-hand"))
    assert list(labs.run(NAME, model="reversal", text="abc"))


@pytest.mark.parametrize(
    ("params", "model", "why"),
    [
        ({"text": "那只黑色的猫不喜欢这条鱼。"}, "chinese", "chinese"),
        ({"text": "舉頭望明月，低頭思故鄉。", "second": "床前明月光"}, "chinese", "chinese"),
        ({"text": "The cat sat."}, "minilm", "other"),
        ({"text": "The cat sat.", "model": "chinese"}, "chinese", "chosen"),
        ({"text": "明月", "model": "minilm"}, "minilm", "chosen"),
        ({"text": "the cat sleeps .", "model": "english_french"}, "english_french", "chosen"),
        ({"text": "這隻貓睡覺。", "model": "chinese_english"}, "chinese_english", "chosen"),
    ],
)
def test_the_model_that_reads_is_named_and_every_attention_is_torchs(params: Any, model: str, why: str) -> None:
    note = labs.scene(NAME, **params).note
    assert (note["model"], note["why"]) == (model, why)
    found = frames(**params)
    assert len(found) == note["layers"] + 1
    for frame in found[1:]:
        q, k = (torch.from_numpy(frame.tensors[name]) for name in "qk")
        wanted = functional.scaled_dot_product_attention(q, k, torch.eye(k.shape[1]).expand(len(k), -1, -1))
        assert np.abs(frame.tensors["weights"] - wanted.numpy()).max() <= 1e-6
        difference, rounding = frame.tensors["parity"]
        assert difference <= rounding <= 5e-5
        assert np.abs(frame.tensors["rolled"].sum(-1) - 1).max() <= 1e-5
    made = labs.params_from(NAME, params)
    for target in encoder.targets(made):
        told = encoder.explain(made, encoder.scene(made), found[0], found[1], target)
        assert told.reference is not None
        assert told.reference.difference <= 2e-5


@pytest.mark.parametrize("params", [{"text": "月落烏啼霜滿天"}, {"text": "a black cat sleeps .", "model": "english_french"}])
def test_the_script_of_our_small_models_prints_the_runs_numbers(params: Any) -> None:
    code = encoder.script(labs.params_from(NAME, {**params, "off": OFF[:1]}))
    out = subprocess.run([sys.executable, "-"], input=code, capture_output=True, text=True, timeout=120, check=True).stdout
    found = frames(**params, off=OFF[:1])
    lines = [line.split() for line in out.splitlines()]
    for line in lines[:-1]:
        assert float(line[-1]) == pytest.approx(found[int(line[1])].tensors["weights"][int(line[2]) - 1].max(), abs=1e-5)
    assert np.abs(np.array([float(one) for one in lines[-1][1:]]) - found[-1].tensors["embedding"]).max() <= 1e-5


@pytest.mark.parametrize(
    ("params", "id", "field"),
    [
        ({"text": "月", "off": [{"layer": 5, "head": 0}]}, "attention.encoder.error.no_head", "off"),
        ({"text": "the cat sleeps .", "second": "x", "model": "english_french"}, "attention.encoder.error.one_text", "second"),
        ({"text": "the unicorn sleeps .", "model": "english_french"}, "attention.unknown-words", "text"),
    ],
)
def test_what_a_model_cannot_do_is_one_sentence(params: Any, id: str, field: str) -> None:
    with pytest.raises(UserError) as caught:
        labs.scene(NAME, **params)
    assert (caught.value.message.id, caught.value.path) == (id, (field,))


def test_a_wrong_hash_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm, "WEIGHTS", ("model.safetensors", "0" * 64))
    monkeypatch.setattr(minilm, "network", minilm.network.__wrapped__)
    load.cache_clear()
    with pytest.raises(UserError) as caught:
        labs.scene(NAME)
    load.cache_clear()
    assert caught.value.message.id == "attention.minilm.wrong"
    assert labs.scene(NAME, text="明月").note["model"] == "chinese"


@pytest.mark.parametrize("text", ["床前\x07明月\u202e光", "明月 שלום 😀", "月" * 5000])
def test_odd_texts_in_chinese(text: str) -> None:
    note = labs.scene(NAME, text=text, model="chinese").note
    assert len(note["tokens"]) <= 512
    assert note["left_out"] == max(0, len(text) - 510 if len(text) > 512 else 0)
    assert note["unknown"] == ([] if "שלום" not in text else ["שלום", "😀"])
    assert len(frames(text=text, model="chinese")) == 5
