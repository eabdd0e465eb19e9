"""Trains an encoder-decoder on a task of pairs, step by step, and measures it: exact sentences and gold alignments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor
from torch.nn import functional

from app.nn.attention import padding_mask
from app.nn.decoding import greedy, translating
from app.nn.tasks.pairs import BOS, EOS, PAD, Pair, Task, Vocabulary, examples
from app.nn.tasks.steps import Recipe, Step, steps
from app.nn.transformer import Shape, Transformer


@dataclass(frozen=True)
class Batch:
    """Pairs as tensors, padded at the right."""

    source: Tensor
    """(N, S): the source and <eos>."""
    source_mask: Tensor
    """(N, 1, 1, S)"""
    target: Tensor
    """(N, T): <bos> and the target; what the decoder is given."""
    wanted: Tensor
    """(N, T): the target and <eos>; what it should say."""


class Translator:
    """A task, its vocabularies and a network for it."""

    def __init__(self, task: Task, shape: Shape) -> None:
        self.task = task
        self.source = Vocabulary(task.source_words)
        self.target = Vocabulary(task.target_words)
        self.net = Transformer(len(self.source), len(self.target), shape)

    def sources(self, sentences: Sequence[Sequence[str]]) -> tuple[Tensor, Tensor]:
        """(N, S) and its mask. Raises UserError that names an unknown token."""
        rows = [[*self.source.ids(tokens), EOS] for tokens in sentences]
        return padded(rows), padding_mask(torch.tensor([len(row) for row in rows]), max(map(len, rows)))

    def batch(self, pairs: Sequence[Pair]) -> Batch:
        """For teacher forcing."""
        source, mask = self.sources([pair.source for pair in pairs])
        rows = [self.target.ids(pair.target) for pair in pairs]
        return Batch(source, mask, padded([[BOS, *row] for row in rows]), padded([[*row, EOS] for row in rows]))

    @torch.no_grad()
    def translate(self, sentences: Sequence[Sequence[str]], most: int | None = None) -> list[tuple[str, ...]]:
        """The greedy translation of each."""
        source, mask = self.sources(sentences)
        memory = self.net.encode(source, mask).out
        first = torch.full((len(sentences), 1), BOS)
        texts = greedy(translating(self.net, memory, mask), first, EOS, most or self.net.shape.most - 1)
        return [self.target.tokens(text) for text in texts]


def padded(rows: Sequence[Sequence[int]]) -> Tensor:
    """(N, longest), filled up with <pad>."""
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[PAD] * (longest - len(row))] for row in rows])


def learn(translator: Translator, recipe: Recipe, held: Sequence[Pair]) -> Iterator[Step]:
    """Trains ``translator.net``: each ``next`` is one step of Adam, ``recipe.steps`` of them."""
    stream = examples(translator.task, recipe.seed, held)
    return steps(translator.net, recipe, lambda: loss_of(translator, translator.batch(list(islice(stream, recipe.batch)))))


def loss_of(translator: Translator, batch: Batch) -> Tensor:
    """Nats a token, teacher forced; padding does not count."""
    logits = translator.net(batch.source, batch.target, batch.source_mask)
    return functional.cross_entropy(logits.flatten(0, 1), batch.wanted.flatten(), ignore_index=PAD)


def exact(translator: Translator, held: Sequence[Pair], batch: int = 250) -> float:
    """The share of ``held`` whose greedy translation is the whole target."""
    right = 0
    for start in range(0, len(held), batch):
        pairs = held[start : start + batch]
        said = translator.translate([pair.source for pair in pairs])
        right += sum(text == pair.target for text, pair in zip(said, pairs, strict=True))
    return right / len(held)


@torch.no_grad()
def on_gold(translator: Translator, held: Sequence[Pair], batch: int = 250) -> Tensor:
    """(layers, heads + 1): how often a cross map's largest weight is on a gold source word; the last column is the heads' mean map.

    Counted over the target words that come from some source word, punctuation left out; a word's row is that of the
    position that predicts it, teacher forced.
    """
    hits: list[Tensor] = []
    count = 0
    for start in range(0, len(held), batch):
        pairs = held[start : start + batch]
        made = translator.batch(pairs)
        states = translator.net.decode(made.target, translator.net.encode(made.source, made.source_mask).out, made.source_mask)
        weights = torch.stack(states.weights("cross"))  # (layers, N, heads, T, S)
        looked = torch.cat([weights, weights.mean(2, keepdim=True)], 2).argmax(-1)  # (layers, N, heads + 1, T)
        gold = gold_table(pairs, made)
        found = gold[None, :, None].expand(*looked.shape, -1).gather(-1, looked[..., None]).squeeze(-1)
        hits.append(found.sum((1, 3)))
        count += int(gold.any(-1).sum())
    return torch.stack(hits).sum(0) / count


PUNCTUATION = frozenset(".。")


def gold_table(pairs: Sequence[Pair], batch: Batch) -> Tensor:
    """(N, T, S) boolean: target token t, a word, comes from source token s."""
    gold = torch.zeros(*batch.target.shape, batch.source.shape[1], dtype=torch.bool)
    for n, pair in enumerate(pairs):
        for t, places in enumerate(pair.gold):
            if pair.target[t] not in PUNCTUATION:
                gold[n, t, list(places)] = True
    return gold
