"""Typed sentences understood: what the grammar draws it reads again, with the same alignment, and nothing else."""

from __future__ import annotations

from random import Random

import pytest

from app.nn.tasks.pairs import Task, held_out
from app.nn.tasks.shipped import TASKS
from app.nn.tasks.understood import understood

every_task = pytest.mark.parametrize("task", [make() for make in TASKS.values()], ids=TASKS)


@every_task
def test_what_the_grammar_draws_it_understands_as_it_meant_it(task: Task) -> None:
    for pair in held_out(task, 60, seed=5):
        assert understood(task, pair.source) == pair


@every_task
def test_words_in_another_order_are_mostly_no_sentence(task: Task) -> None:
    rng, drawn = Random(2), held_out(task, 20, seed=6)
    for pair in drawn:
        shuffled = tuple(rng.sample(pair.source, len(pair.source)))
        found = understood(task, shuffled)
        assert found is None or found.source == shuffled


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("english_french", "the cat the dog ."),
        ("english_french", "the cats sees the dog ."),
        ("english_chinese", "a cats sleeps ."),
        ("chinese_english", "猫猫睡觉。"),
        ("dates", "31 february 2000"),
    ],
)
def test_what_is_wrong_is_not_understood(name: str, text: str) -> None:
    task = TASKS[name]()
    assert understood(task, task.read(text)) is None
