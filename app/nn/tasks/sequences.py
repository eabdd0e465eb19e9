"""Small tasks that a recurrent network learns while one looks on: what is read at each step, and what is asked.

Symbols are one-hot rows; examples are drawn from a generator, so that a seed names them all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Batch:
    """``x`` (T, B, inputs) and the answers ``y``: (T, B) class numbers, one a step; (1, B) where only the last step is asked, and
    numbers instead of classes where the task has no ``classes``."""

    x: Tensor
    y: Tensor


@dataclass(frozen=True)
class Task:
    """``symbols`` name the columns of x, ``classes`` the answers; no classes: a number is asked."""

    symbols: Sequence[str]
    classes: Sequence[str]
    every: bool
    """Whether an answer is asked at every step, else at the last one alone."""
    draw: Callable[[Generator, int, int], Batch]
    """(generator, batch, length)."""
    draw_held: Callable[[Generator, int, int], Batch] | None = None
    """The same of examples that are never trained on, where those are not drawn anew each time."""

    @property
    def outputs(self) -> int:
        """How many numbers an answer is."""
        return len(self.classes) or 1


def one_hot(ids: Tensor, count: int) -> Tensor:
    """(T, B) numbers to rows (T, B, count)."""
    return functional.one_hot(ids, count).to(torch.float32)


LETTERS = "abcdefgh"


def recall(generator: Generator, batch: int, length: int) -> Batch:
    """Which symbol came first? All of them are drawn alike: the others only stand in between."""
    ids = torch.randint(len(LETTERS), (length, batch), generator=generator)
    return Batch(one_hot(ids, len(LETTERS)), ids[:1])


def adding(generator: Generator, batch: int, length: int) -> Batch:
    """Numbers of [0, 1], two of them marked, one in each half: their sum (Hochreiter and Schmidhuber, 1997, experiment 4).

    Always answering 1 has a mean squared error of 1/6.
    """
    values = torch.rand(length, batch, generator=generator)
    half = length // 2
    first = torch.randint(half, (1, batch), generator=generator)
    second = half + torch.randint(length - half, (1, batch), generator=generator)
    marks = torch.zeros(length, batch).scatter_(0, first, 1).scatter_(0, second, 1)
    return Batch(torch.stack([values, marks], 2), (values * marks).sum(0, keepdim=True))


DEEPEST = {"dyck-1": 8, "dyck-2": 4}
"""So many brackets are open at most."""


def dyck(kinds: int, deepest: int) -> Callable[[Generator, int, int], Batch]:
    """Prefixes of well-formed bracket strings of at most ``deepest`` open ones: which bracket may close now (0: none)?"""

    def draw(generator: Generator, batch: int, length: int) -> Batch:
        stack = torch.zeros(deepest + 1, batch, dtype=torch.long)  # the kind open at each depth, from 1
        depth = torch.zeros(batch, dtype=torch.long)
        every = torch.arange(batch)
        ids, answers = [], []
        for _ in range(length):
            opens = torch.rand(batch, generator=generator) < 0.5
            opens = (opens | (depth == 0)) & (depth < deepest)
            kind = torch.where(opens, torch.randint(1, kinds + 1, (batch,), generator=generator), stack[depth, every])
            ids.append(torch.where(opens, kind - 1, kinds + kind - 1))
            depth = torch.where(opens, depth + 1, depth - 1)
            stack[depth, every] = torch.where(opens, kind, stack[depth, every])
            answers.append(torch.where(depth > 0, stack[depth, every], 0))
        return Batch(one_hot(torch.stack(ids), 2 * kinds), torch.stack(answers))

    return draw


def echo(generator: Generator, batch: int, length: int) -> Batch:
    """The bit before this one; 0 at first."""
    bits = torch.randint(2, (length, batch), generator=generator)
    return Batch(one_hot(bits, 2), torch.cat([torch.zeros_like(bits[:1]), bits[:-1]]))


def tag_last(generator: Generator, batch: int, length: int) -> Batch:
    """At every step the symbol that the sequence will end with: only who reads from the end can know."""
    ids = torch.randint(4, (length, batch), generator=generator)
    return Batch(one_hot(ids, 4), ids[-1:].expand(length, batch))


TASKS: Mapping[str, Task] = {
    "recall": Task(LETTERS, LETTERS, False, recall),
    "adding": Task(("value", "mark"), (), False, adding),
    "dyck-1": Task("()", ("-", ")"), True, dyck(1, DEEPEST["dyck-1"])),
    "dyck-2": Task("([)]", ("-", ")", "]"), True, dyck(2, DEEPEST["dyck-2"])),
    "echo": Task("01", "01", True, echo),
    "tag-last": Task("abcd", "abcd", True, tag_last),
}
