"""The small tasks: every answer is what the task says, told by another road."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from app.nn.tasks.sequences import DEEPEST, TASKS, Batch

CASES = (st.integers(0, 10_000), st.integers(1, 5), st.integers(2, 40))


def drawn(task: str, seed: int, batch: int, length: int) -> Batch:
    return TASKS[task].draw(torch.Generator().manual_seed(seed), batch, length)


def read(task: str, x: torch.Tensor) -> list[str]:
    """Each example as a string of symbols."""
    assert ((x == 0) | (x == 1)).all()
    assert (x.sum(2) == 1).all()
    return ["".join(TASKS[task].symbols[i] for i in column) for column in x.argmax(2).T.tolist()]


def said(task: str, y: torch.Tensor) -> list[str]:
    return ["".join(TASKS[task].classes[i] for i in column) for column in y.T.tolist()]


@settings(max_examples=50, deadline=None)
@given(*CASES)
def test_first_last_and_before(seed: int, batch: int, length: int) -> None:
    for task, answer in (
        ("recall", lambda text: text[0]),
        ("tag-last", lambda text: text[-1] * length),
        ("echo", lambda text: "0" + text[:-1]),
    ):
        one = drawn(task, seed, batch, length)
        assert said(task, one.y) == [answer(text) for text in read(task, one.x)]


@settings(max_examples=50, deadline=None)
@given(*CASES, st.sampled_from(["dyck-1", "dyck-2"]))
def test_brackets_close_what_was_opened_last(seed: int, batch: int, length: int, task: str) -> None:
    pairs = {"(": ")", "[": "]"}
    one = drawn(task, seed, batch, length)
    for text, answers in zip(read(task, one.x), said(task, one.y), strict=True):
        stack: list[str] = []
        for symbol, answer in zip(text, answers, strict=True):
            if symbol in pairs:
                stack.append(pairs[symbol])
            else:
                assert stack.pop() == symbol
            assert len(stack) <= DEEPEST[task]
            assert answer == (stack[-1] if stack else "-")


@settings(max_examples=50, deadline=None)
@given(*CASES)
def test_two_numbers_are_marked_one_in_each_half(seed: int, batch: int, length: int) -> None:
    one = drawn("adding", seed, batch, length)
    values, marks = one.x.unbind(2)
    half = length // 2
    assert (marks[:half].sum(0) == 1).all()
    assert (marks[half:].sum(0) == 1).all()
    assert ((values >= 0) & (values < 1)).all()
    torch.testing.assert_close(one.y[0], values.T[marks.T == 1].view(batch, 2).sum(1))


@pytest.mark.parametrize("task", TASKS)
def test_a_seed_names_its_examples(task: str) -> None:
    a, b, c = (drawn(task, seed, 4, 12) for seed in (1, 1, 2))
    assert torch.equal(a.x, b.x)
    assert torch.equal(a.y, b.y)
    assert not torch.equal(a.x, c.x)
