"""Whose name is it? Surnames of 18 languages, unevenly many; their files are the user's (see :mod:`app.nn.tasks.data`)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import torch
from torch import Generator, Tensor
from torch.nn import functional

from app.nn.tasks.data import found
from app.nn.tasks.sequences import Batch, Task

SOURCE = "https://github.com/spro/practical-pytorch"
BLANK = "·"
"""Stands before a name that is shorter than the sequence."""


def names(folder: Path) -> tuple[list[str], list[tuple[str, int]], list[tuple[str, int]]]:
    """The languages; names and their languages' places to train on, and one in ten held out, the same for every language."""
    languages = sorted(path.stem for path in folder.glob("*.txt"))
    training: list[tuple[str, int]] = []
    held: list[tuple[str, int]] = []
    for tag, language in enumerate(languages):
        lines = (folder / f"{language}.txt").read_text("utf-8").splitlines()
        for name in sorted({line.strip() for line in lines} - {""}):
            (held if random.Random(f"0 {name}").random() < 0.1 else training).append((name, tag))
    return languages, training, held


def encoded(some: Sequence[tuple[str, int]], symbols: Sequence[str], length: int) -> tuple[Tensor, Tensor]:
    """The names' last ``length`` letters, blanks before them, as rows (T, B, symbols), and their languages (1, B)."""
    place = {symbol: i for i, symbol in enumerate(symbols)}
    rows = [[0] * (length - len(name)) + [place.get(letter, 0) for letter in name[-length:]] for name, _ in some]
    x = functional.one_hot(torch.tensor(rows).T, len(symbols)).to(torch.float32)
    return x, torch.tensor([[tag for _, tag in some]])


def files(folder: Path | None = None) -> Path:
    """The folder of the names. Raises UserError where it is not there."""
    return found(folder, "surnames/English.txt", SOURCE).parent


def task() -> Task:
    """The task with the names that the environment leads to. Raises UserError without them."""
    return _task(files())


@cache
def _task(folder: Path) -> Task:
    languages, training, held = names(folder)
    symbols = [BLANK, *sorted(set("".join(name for name, _ in training)))]

    def drawing(some: list[tuple[str, int]]) -> object:
        def draw(generator: Generator, batch: int, length: int) -> Batch:
            rows = torch.randint(len(some), (batch,), generator=generator).tolist()
            return Batch(*encoded([some[k] for k in rows], symbols, length))

        return draw

    return Task(symbols, languages, False, drawing(training), drawing(held))  # type: ignore[arg-type]
