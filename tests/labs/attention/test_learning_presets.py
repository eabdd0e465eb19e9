"""What the captions of ``attention/learning``'s presets say, measured. Another machine's arithmetic may round otherwise: bounds."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache

import numpy as np
import pytest
import torch

from app import labs
from app.labs.attention import learning
from app.labs.attention.learning.learners import learner, recipe
from app.labs.attention.params.learning import LearningParams
from app.labs.contract import Frame
from app.nn import weights

torch.set_num_threads(1)
PRESETS = {preset.id: LearningParams(**preset.params) for preset in labs.presets("attention/learning")}


@cache
def frames(name: str, trained: int) -> dict[int, Frame]:
    """Of the preset up to so many steps."""
    found: dict[int, Frame] = {}
    for one in learning.run(PRESETS[name]):
        if isinstance(one, Frame):
            found[int(str(one.note["trained"]))] = one
            if one.note["trained"] == trained:
                break
    return found


def test_a_translator_learns_every_sentence_and_where_to_look() -> None:
    found = frames("french", 480)
    assert found[0].tensors["accuracy"][0] < 0.05
    tokens, whole = found[120].tensors["accuracy"]
    assert tokens == pytest.approx(0.72, abs=0.08)
    assert whole < 0.25
    assert found[480].tensors["accuracy"][1] >= 0.98
    assert found[480].tensors["scores"].max() == pytest.approx(0.97, abs=0.03)
    assert found[480].note["text"] == learning.scene(PRESETS["french"]).note["right"]


def test_a_translator_learns_chinese_word_order() -> None:
    found = frames("chinese", 180)
    assert found[60].tensors["accuracy"][1] <= 0.02
    assert found[180].tensors["accuracy"][1] >= 0.93
    assert found[180].tensors["scores"].max() == pytest.approx(0.87, abs=0.05)


def test_the_other_diagonal_forms_late() -> None:
    found = frames("reversal", 420)
    assert found[60].tensors["accuracy"][0] == pytest.approx(0.14, abs=0.06)
    assert found[420].tensors["accuracy"][1] >= 0.9
    best = found[420].tensors["maps"].reshape(-1, 9, 9)[found[420].tensors["here"].argmax()]
    assert (best.argmax(1)[:8] == np.arange(7, -1, -1)).mean() >= 0.75


def test_one_layer_cannot_look_behind_an_earlier_occurrence() -> None:
    params = PRESETS["one-layer"]
    assert params.model_copy(update={"layers": 2, "steps": 1200, "every": 30}) == PRESETS["induction"]
    last = frames("one-layer", 600)[600].tensors
    assert last["accuracy"][0] == pytest.approx(0.1, abs=0.03)
    assert last["scores"].max() < 0.15


def test_at_too_high_a_rate_nothing_is_learnt() -> None:
    last = frames("too-fast", 300)[300]
    assert PRESETS["too-fast"].lr == 25 * PRESETS["french"].lr
    assert last.tensors["loss"][1] == pytest.approx(4.17, abs=0.1)
    assert last.tensors["accuracy"][1] == 0
    even = float(learning.scene(PRESETS["too-fast"]).tensors["chance"][0])
    assert last.tensors["here"] == pytest.approx(even, abs=0.02)


def test_the_induction_preset_is_what_ships() -> None:
    """The same network from the same seed on the same examples: its card has the caption's numbers."""
    card, params = weights.card("induction"), PRESETS["induction"]
    one = learner(params)
    made = recipe(params)
    assert asdict(one.net.shape) == card["shape"]
    same = ("steps", "batch", "peak_lr", "warm_up", "clip", "seed")
    assert {name: getattr(made, name) for name in same} == {name: card["recipe"][name] for name in same}
    assert card["accuracy"] == pytest.approx(0.97, abs=0.005)
    assert max(map(max, card["induction_scores"])) == pytest.approx(0.87, abs=0.005)
