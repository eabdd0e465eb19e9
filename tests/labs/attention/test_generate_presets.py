"""Every preset of attention/generate runs, and what its caption says is measured."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

from app import labs
from app.labs.attention.generate.patterns import PATTERNS
from app.labs.attention.presets.generate import GENERATE
from app.labs.contract import Frame
from app.nn import weights

torch.set_num_threads(1)
NAME = "attention/generate"
PRESETS = {preset.id: dict(preset.params) for preset in GENERATE}


@cache
def ran(id: str) -> list[Frame]:
    return [one for one in labs.run(NAME, **PRESETS[id]) if isinstance(one, Frame)]


def text(id: str) -> str:
    return "".join(str(frame.note["token"]) for frame in ran(id)[1:])


def stacked(id: str, name: str) -> Any:
    return np.stack([frame.tensors[name] for frame in ran(id)[1:]])


def best(id: str) -> tuple[int, int, float]:
    """Layer, head and score of the head that follows the pattern that the preset opens."""
    scores = ran(id)[-1].tensors["scores"][..., PATTERNS.index(str(PRESETS[id]["open"]))]
    layer, head = np.unravel_index(int(scores.argmax()), scores.shape)
    return int(layer), int(head), float(scores.max())


def test_the_first_is_the_default() -> None:
    assert PRESETS["writes"] == {}
    note = labs.scene(NAME).note
    assert int(str(note["layers"])) * int(str(note["heads"])) == 12


def test_the_rows_second_half_is_its_first_again_for_the_head_of_layer_2_looks_behind_the_earlier_occurrence() -> None:
    typed = str(PRESETS["induction"]["prompt"])
    row = typed[:-1]
    assert text("induction") == row[1:]
    layer, _, score = best("induction")
    assert layer == 1
    assert score > 0.5
    layer, head, _ = best("induction")
    for frame in ran("induction")[1:]:
        looked = int(frame.tensors["rows"][layer, head, 0].argmax())
        assert looked == frame.step + 1  # <bos> stands before the row: place 2 followed its first letter


def test_a_head_looks_one_place_back() -> None:
    assert best("previous")[2] > 0.5


def test_the_likeliest_again_and_again() -> None:
    assert (stacked("greedy", "kept") == 1).all()
    written = text("greedy")
    assert (
        any(written[-2 * k : -k] == written[-k:] for k in range(2, 61))
        or max(written.count(written[at : at + 6]) for at in range(len(written) - 5)) >= 3
    )


def test_heat_makes_rare_characters_common() -> None:
    assert stacked("hot", "surprise").mean() > stacked("writes", "surprise").mean() + 1
    assert (stacked("hot", "kept") == len(labs.scene(NAME).note["vocabulary"]) - 1).all()  # type: ignore[arg-type]


def test_three_bars_stay() -> None:
    assert (stacked("top_k", "kept") == 3).all()
    assert stacked("top_k", "written")[:, 2].min() > 0


def test_a_nucleus_is_one_inside_words_and_many_at_their_beginnings() -> None:
    kept, written = stacked("top_p", "kept")[:, 0], text("top_p")
    begins = np.array([written[at - 1] in " \n" for at in range(1, len(written))])
    assert (kept == 1).any()
    assert kept[1:][begins].mean() > 2 * kept[1:][~begins].mean()


def test_the_poem_keeps_the_form_and_its_model_is_surer_than_the_recurrent_ones_though_it_tells_more_characters_apart() -> None:
    assert labs.scene(NAME, **PRESETS["poem"]).note["converted"] == 2
    lines = [line for line in ("舉頭望明月，" + text("poem")).split("\n") if line][:-1]  # the last one may be cut
    assert len(lines) >= 3
    assert sum(line.endswith("。") for line in lines) >= 0.8 * len(lines)
    halves = [[len(half) for half in line.strip("。").split("，")] for line in lines]
    assert sum(len(set(each)) == 1 for each in halves) >= 0.8 * len(halves)
    card, recurrent = (
        weights.card("gpt_tang"),
        [weights.card(f"characters_tang_{kind}") for kind in ("rnn", "gru", "lstm", "lstm_2")],
    )
    assert card["data"]["poems"] == 51_156
    assert all(card["nats"] < one["nats"] and len(card["characters"]) > 2 * len(one["characters"]) for one in recurrent)


@pytest.mark.parametrize("name", ["shakespeare", "tang"])
def test_the_cards_have_the_nats(name: str) -> None:
    told = labs.scene(NAME, model=name, prompt="").note["told"]
    assert told["nats"] == weights.card(f"gpt_{name}")["nats"]  # type: ignore[index]
