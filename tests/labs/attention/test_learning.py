"""``attention/learning``: the same training as a plain torch loop, what is measured counted anew, every number opened."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from app import labs
from app.labs.attention import learning
from app.labs.attention.learning.learners import SENTENCES, TESTED, Inducing, Translating, learner, recipe
from app.labs.attention.params.learning import LearningParams
from app.labs.contract import Frame, Progress, UserError
from app.labs.errors import ParamsError
from app.nn.tasks import induction
from app.nn.tasks.pairs import PAD
from app.nn.tasks.translate import exact

torch.set_num_threads(1)
NAME = "attention/learning"
SMALL: dict[str, Any] = {"steps": 10, "every": 5, "batch": 4, "d_model": 32}


def frames_of(**params: Any) -> list[Frame]:
    return [one for one in learning.run(LearningParams(**params)) if isinstance(one, Frame)]


PARAMS = st.fixed_dictionaries(
    {
        "task": st.sampled_from(sorted(SENTENCES)),
        "layers": st.integers(1, 3),
        "heads": st.sampled_from([1, 2, 4, 8]),
        "seed": st.integers(0, 100),
    }
)


@settings(max_examples=8, deadline=None)
@given(PARAMS)
def test_what_is_opened_is_the_runs_number_and_torchs(params: dict[str, Any]) -> None:
    made = LearningParams(**{**SMALL, **params})
    scene = learning.scene(made)
    frame = [one for one in learning.run(made) if isinstance(one, Frame)][-1]
    maps, gold = frame.tensors["maps"], scene.tensors["gold"].astype(bool)
    assert frame.tensors["parity"] < 1e-5
    np.testing.assert_allclose(maps.sum(-1), 1, atol=1e-5)
    if scene.note["causal"]:
        assert (np.triu(maps, 1) == 0).all()
    for target in learning.targets(made):
        found = learning.explain(made, scene, None, frame, target)
        assert found.reference is not None
        assert found.reference.difference <= 1e-5 * (1 + abs(found.result)), target
        layer, head = made.layers - 1, made.heads - 1
        if target["kind"] == "weight":
            assert found.result == pytest.approx(maps[layer, head, target["query"], target["key"]], abs=1e-6)
        if target["kind"] == "loss":
            assert np.exp(-found.result) == pytest.approx(frame.tensors["p"][int(target["at"])], rel=1e-9)  # type: ignore[arg-type]
        if target["kind"] == "score":
            rows = [i for i in range(len(gold)) if gold[i].any()]
            by_hand = np.mean([maps[layer, head, i][gold[i]].sum() for i in rows])
            assert found.result == pytest.approx(by_hand, abs=1e-6)


@pytest.mark.parametrize("task", ["english_french", "english_chinese", "chinese_english", "dates", "reversal", "induction"])
def test_the_script_trains_the_same_network_wherever_it_lies(task: str, tmp_path: Path) -> None:
    """A plain torch loop in a process of its own; only the order in which the test losses are added differs."""
    params = {**SMALL, "task": task, "layers": 2, "seed": 3}
    place, source = tmp_path / "learning.py", learning.script(LearningParams(**params))
    place.write_text(source, "utf-8")
    assert "from app" not in source
    done = subprocess.run([sys.executable, "-I", place], cwd=tmp_path, text=True, capture_output=True)
    assert done.stderr == ""
    rows = [(int(step), float(loss)) for step, loss in (line.split() for line in done.stdout.splitlines())]
    frames = frames_of(**params)
    assert [step for step, _ in rows] == [frame.note["trained"] for frame in frames] == [0, 5, 10]
    assert [loss for _, loss in rows] == pytest.approx([float(frame.tensors["loss"][1]) for frame in frames], rel=1e-6)


def test_a_translator_is_measured_as_is_told() -> None:
    params = LearningParams(task="reversal", steps=60, every=60, batch=16, d_model=32, lr=5e-3)
    frame = [one for one in learning.run(params) if isinstance(one, Frame)][-1]
    one = learner(params)
    assert isinstance(one, Translating)
    for _ in one.steps(recipe(params)):
        pass
    batch = one.translator.batch(one.held)
    with torch.no_grad():
        logits = one.net(batch.source, batch.target, batch.source_mask)
        states = one.net.decode(batch.target, one.net.encode(batch.source, batch.source_mask).out, batch.source_mask)
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch.wanted.flatten(), ignore_index=PAD)
    assert frame.tensors["loss"][1] == pytest.approx(float(loss), rel=1e-5)
    asked = batch.wanted != PAD
    assert frame.tensors["accuracy"][0] == pytest.approx(float((logits.argmax(-1) == batch.wanted)[asked].double().mean()))
    assert frame.tensors["accuracy"][1] == exact(one.translator, one.held)
    layer, head = 1, 2
    on_gold = [
        float(states.weights("cross")[layer][n, head, t, list(places)].sum())
        for n, pair in enumerate(one.held)
        for t, places in enumerate(pair.gold)
    ]
    assert frame.tensors["scores"][layer, head] == pytest.approx(sum(on_gold) / len(on_gold), rel=1e-5)


def test_an_induction_model_is_measured_as_is_told() -> None:
    params = LearningParams(task="induction", steps=20, every=20, batch=8, lr=5e-3)
    frame = [one for one in learning.run(params) if isinstance(one, Frame)][-1]
    one = learner(params)
    assert isinstance(one, Inducing)
    for _ in one.steps(recipe(params)):
        pass
    assert frame.tensors["accuracy"][0] == pytest.approx(induction.accuracy(one.net, one.held))
    np.testing.assert_allclose(frame.tensors["scores"], induction.scores(one.net, one.held), rtol=1e-5)


def test_neither_the_test_examples_nor_the_sentence_are_trained_on() -> None:
    one = learner(LearningParams(task="reversal", sentence="abc"))
    assert isinstance(one, Translating)
    assert one.tested == len(one.held) == TESTED
    seen: set[tuple[str, ...]] = set()
    one.translator.batch, batch = lambda pairs: seen.update(pair.source for pair in pairs) or batch(pairs), one.translator.batch  # type: ignore[method-assign,assignment,func-returns-value]
    for _ in one.steps(recipe(LearningParams(steps=80))):
        pass
    assert len(seen) > 2000
    assert not seen & {pair.source for pair in [*one.held, one.pair]}


def test_the_sentence_is_the_users_and_what_it_should_become_is_known() -> None:
    note = learning.scene(LearningParams(sentence="The cat sleeps.")).note
    assert note["keys"] == ["the", "cat", "sleeps", ".", "<eos>"]
    assert note["right"] == "Le chat dort."
    note = learning.scene(LearningParams(task="induction", sentence="a B c")).note
    assert note["keys"] == ["<bos>", *"aBcaBc"]
    assert note["wanted"] == ["B", "c"]


@pytest.mark.parametrize(
    ("params", "id"),
    [
        ({"sentence": "The zebra sleeps."}, "attention.unknown-words"),
        ({"sentence": "Cat the sleeps."}, "attention.learning.error.sentence"),
        ({"task": "dates", "sentence": "30 february 2024"}, "attention.learning.error.sentence"),
        ({"task": "reversal", "sentence": "abcdefghijklmnop"}, "attention.too-long"),
        ({"task": "induction", "sentence": "a"}, "attention.learning.error.half"),
        ({"task": "induction", "sentence": "abcdefghijklmnopqrstuvwxyz"}, "attention.learning.error.half"),
    ],
)
def test_a_sentence_that_is_not_of_the_task_is_refused_at_its_field(params: dict[str, Any], id: str) -> None:
    with pytest.raises(UserError, match=id) as refused:
        learning.scene(LearningParams(**params))
    assert refused.value.path == ("sentence",)


@pytest.mark.parametrize(
    ("target", "id"),
    [
        ({"kind": "colour"}, "attention.learning.error.kind"),
        ({"kind": "weight", "layer": 2}, "attention.encoder.error.index"),
        ({"kind": "logit", "query": 3, "key": 4}, "attention.learning.error.hidden"),
        ({"kind": "loss", "at": 9}, "attention.encoder.error.index"),
    ],
)
def test_what_is_not_there_is_told(target: dict[str, Any], id: str) -> None:
    params = LearningParams(**SMALL, task="induction")
    frame = next(one for one in learning.run(params) if isinstance(one, Frame))
    with pytest.raises(UserError, match=id):
        learning.explain(params, learning.scene(params), None, frame, target)


def test_frames_keep_what_was_so_and_progress_is_told_between() -> None:
    made = list(learning.run(LearningParams(**SMALL)))
    frames = [one for one in made if isinstance(one, Frame)]
    assert [frame.note["trained"] for frame in frames] == [0, 5, 10]
    assert not np.array_equal(frames[0].tensors["q"], frames[1].tensors["q"])
    assert np.isnan(frames[0].tensors["loss"][0])
    assert all(0 <= one.done <= one.total == 10 for one in made if isinstance(one, Progress))
    assert sum(isinstance(one, Progress) for one in made) >= 12


def test_too_many_checkpoints_are_refused_with_the_number_that_would_do() -> None:
    with pytest.raises(ParamsError) as refused:
        labs.params_from(NAME, {"steps": 3000, "every": 10})
    ((path, message),) = refused.value.errors
    assert (path, message.id) == (("every",), "attention.learning.error.frames")
    assert (message.values["got"], message.values["least"]) == (300, 15)
