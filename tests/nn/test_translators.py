"""The shipped translators are those of their cards, and do what the cards say."""

from __future__ import annotations

import hashlib

import pytest
import torch

from app.nn import weights
from app.nn.tasks.pairs import held_out
from app.nn.tasks.shipped import TASKS, load
from app.nn.tasks.steps import Recipe
from app.nn.tasks.translate import exact, on_gold

torch.set_num_threads(1)
SHIPPED = [name for name in weights.shipped() if name in TASKS]
every = pytest.mark.parametrize("name", SHIPPED)


@every
def test_weights_are_those_of_their_card(name: str) -> None:
    translator, card = load(name), weights.card(name)
    assert hashlib.sha256((weights.FOLDER / f"{name}.safetensors").read_bytes()).hexdigest() == card["sha256"]
    assert sum(p.numel() for p in translator.net.parameters()) == card["parameters"]
    assert list(translator.source.words) == card["source_words"]
    assert list(translator.target.words) == card["target_words"]
    assert card["command"] == f"python -m app train {name}"
    assert Recipe(**card["recipe"]).held_out == card["held_out"] == 1000
    assert card["exact"] >= 0.99
    assert card["best_cross"]["on_gold"] >= 0.95


@every
def test_the_first_held_out_are_translated_as_the_card_says(name: str) -> None:
    translator, card = load(name), weights.card(name)
    held = held_out(translator.task, card["held_out"])[:150]
    assert exact(translator, held) >= 0.97
    best = card["best_cross"]
    column = -1 if best["head"] == "mean" else best["head"]
    assert on_gold(translator, held)[best["layer"], column].item() == pytest.approx(best["on_gold"], abs=0.03)


SAID = [
    ("reversal", "unrolled", "dellornu"),
    ("dates", "March 5, 1999", "1999-03-05"),
    ("dates", "1999年3月5日", "1999-03-05"),
    ("english_french", "The small bird does not wait in the red car.", "Le petit oiseau n'attend pas dans la voiture rouge."),
    ("english_chinese", "A teacher remembers two white dogs.", "一位老师记得两只白色的狗。"),
    ("chinese_english", "一位老师记得两只白色的狗。", "A teacher remembers two white dogs."),
]


@pytest.mark.parametrize(("name", "typed", "said"), [case for case in SAID if case[0] in SHIPPED])
def test_a_typed_sentence(name: str, typed: str, said: str) -> None:
    translator = load(name)
    [words] = translator.translate([translator.task.read(typed)])
    assert translator.task.write(words) == said
