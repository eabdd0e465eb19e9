"""The two networks that learn: a translator on pairs, and a decoder on sequences that are said twice. Both show one sentence.

They are small: they compute on the CPU, whatever the device of the run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TypeAlias

import torch
from torch import Tensor

from app.labs.attention.params.learning import LearningParams
from app.labs.contract import Message, UserError
from app.nn.attention import Heads
from app.nn.tasks import induction
from app.nn.tasks.pairs import Pair, Task, held_out
from app.nn.tasks.shipped import TASKS
from app.nn.tasks.steps import Recipe, Step
from app.nn.tasks.translate import Translator, gold_table, learn, padded
from app.nn.tasks.understood import understood
from app.nn.transformer import GPT, Shape, States, Transformer

TESTED = 100
"""Examples that are never trained on; they measure every checkpoint."""
AT_ONCE = 25
"""Of them in one go: less than 100 ms."""

SENTENCES: Mapping[str, str] = {
    "english_french": "The young woman does not see the white birds.",
    "english_chinese": "These children do not often sing in front of the old school.",
    "chinese_english": "那位老师没有看这些红色的花。",
    "dates": "September 30, 2026",
    "reversal": "unrolled",
    "induction": "qwertyuiop",
}
"""What is looked at where nothing was typed."""


@dataclass(frozen=True)
class Look:
    """What the network makes of the sentence."""

    heads: Sequence[Heads]
    """Of each layer; one sequence."""
    logits: Tensor
    """(A, V): of the tokens that are asked."""
    said: tuple[str, ...]
    """What it says."""


@dataclass(frozen=True)
class Part:
    """Some of the test examples, counted."""

    loss: float
    """Nats, the sum over the tokens asked."""
    tokens: int
    right: int
    """Tokens whose likeliest is the right one, those before given."""
    exact: int
    """Examples that are right as a whole."""
    weights: Tensor
    """(layers, heads): on gold, the sum over the rows that have gold."""
    rows: int


"""A learner has ``queries`` and ``keys``, what the map's rows and columns stand for, and ``gold`` (T, S) boolean, where each row
should look; ``asked``, the rows that predict something, what they should say, ``wanted`` (A,), and the same as numbers, ``targets``
(A,); ``causal``: whether a row sees only the columns up to its own; ``tested``: how many examples measure it."""


def learner(params: LearningParams) -> Learner:
    """Untrained, the seed's own. Raises UserError for a sentence that is not of the task."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(params.seed)
        try:
            return Inducing(params) if params.task == "induction" else Translating(params)
        except UserError as error:
            raise UserError(error.message, ("sentence",)) from error


def recipe(params: LearningParams) -> Recipe:
    """As the params say."""
    return Recipe(steps=params.steps, batch=params.batch, peak_lr=params.lr, held_out=TESTED, seed=params.seed)


@cache
def _tested(task: str) -> tuple[Pair, ...]:
    return tuple(held_out(TASKS[task](), TESTED))


def pair_of(task: Task, text: str) -> Pair:
    """The sentence and its translation. Raises UserError where it has none in this task."""
    source = task.read(text)
    pair = understood(task, source)
    if pair is None:
        raise UserError(Message("attention.learning.error.sentence"))
    return pair


class Translating:
    """An encoder-decoder; the maps are the decoder's cross-attention, forced along the right translation."""

    net: Transformer
    causal = False

    def __init__(self, params: LearningParams) -> None:
        task = TASKS[params.task]()
        self.pair = pair_of(task, params.sentence or SENTENCES[params.task])
        shape = Shape(d_model=params.d_model, heads=params.heads, d_ff=4 * params.d_model, layers=params.layers)
        self.translator = Translator(task, shape)
        self.net = self.translator.net
        self.held = [pair for pair in _tested(params.task) if pair.source != self.pair.source]
        self.tested = len(self.held)
        self.batch = self.translator.batch([self.pair])
        self.keys = (*self.pair.source, "<eos>")
        self.queries = self.wanted = (*self.pair.target, "<eos>")
        self.asked = tuple(range(len(self.wanted)))
        self.targets = self.batch.wanted[0]
        self.gold = gold_table([self.pair], self.batch)[0]

    def steps(self, recipe: Recipe) -> Iterator[Step]:
        """Neither the test examples nor the sentence are trained on."""
        return learn(self.translator, recipe, [*self.held, self.pair])

    @torch.no_grad()
    def look(self) -> Look:
        """The maps forced along the right translation; what it says runs free."""
        states = self._decoded(self.batch.source, self.batch.target, self.batch.source_mask)
        [said] = self.translator.translate([self.pair.source], len(self.pair.target) + 8)
        return Look(_heads(states, "cross"), self.net.logits(states)[0], said)

    def _decoded(self, source: Tensor, target: Tensor, mask: Tensor) -> States:
        return self.net.decode(target, self.net.encode(source, mask).out, mask)

    @torch.no_grad()
    def parts(self) -> Iterator[Part]:
        """Losses and maps forced, exact running free: no longer than the longest, or it is wrong anyway."""
        most = max(len(pair.target) for pair in self.held) + 1
        for at in range(0, len(self.held), AT_ONCE):
            pairs = self.held[at : at + AT_ONCE]
            made = self.translator.batch(pairs)
            states = self._decoded(made.source, made.target, made.source_mask)
            counts = padded([[1] * (len(pair.target) + 1) for pair in pairs]).bool()
            loss, right = _measured(self.net.logits(states)[counts], made.wanted[counts])
            said = self.translator.translate([pair.source for pair in pairs], most)
            exact = sum(text == pair.target for text, pair in zip(said, pairs, strict=True))
            gold = gold_table(pairs, made)
            yield Part(loss, int(counts.sum()), right, exact, on_gold(states.weights("cross"), gold), int(gold.any(-1).sum()))

    def write(self, tokens: Sequence[str]) -> str:
        """As a text."""
        return self.translator.task.write(tokens)


class Inducing:
    """A decoder of attention alone; the maps are its self-attention over the sequence, which is said twice."""

    net: GPT
    causal = True

    def __init__(self, params: LearningParams) -> None:
        half = induction.read(params.sentence or SENTENCES["induction"])
        if not 2 <= len(half) <= induction.MOST // 2:
            raise UserError(Message("attention.learning.error.half", {"got": len(half), "most": induction.MOST // 2}))
        shape = replace(induction.SHAPE, d_model=params.d_model, heads=params.heads, layers=params.layers)
        self.net = induction.network(shape)
        self.half = len(half)
        self.ids = induction.ids([*half, *half])
        self.held = induction.held_out(TESTED)
        self.tested = TESTED
        self.keys = self.queries = ("<bos>", *half, *half)
        self.asked = tuple(range(self.half + 1, 2 * self.half))
        self.wanted = half[1:]
        self.targets = self.ids[0, self.half + 2 :]
        self.gold = stripe(self.half)

    def steps(self, recipe: Recipe) -> Iterator[Step]:
        """Sequences that are drawn anew."""
        return induction.learn(self.net, recipe)

    @torch.no_grad()
    def look(self) -> Look:
        """What it says next at each place of the second half, those before given."""
        states = self.net.states(self.ids)
        logits = self.net.logits(states)[0, list(self.asked)]
        return Look(_heads(states, "self"), logits, induction.VOCABULARY.tokens(logits.argmax(-1).tolist()))

    @torch.no_grad()
    def parts(self) -> Iterator[Part]:
        """Of sequences that are said twice."""
        half = (self.held.shape[1] - 1) // 2
        gold = stripe(half)[None]
        for at in range(0, len(self.held), AT_ONCE):
            some = self.held[at : at + AT_ONCE]
            states = self.net.states(some)
            logits, wanted = self.net.logits(states)[:, half + 1 : -1], some[:, half + 2 :]
            loss, right = _measured(logits.flatten(0, 1), wanted.flatten())
            exact = int((logits.argmax(-1) == wanted).all(-1).sum())
            many = gold.expand(len(some), -1, -1)
            yield Part(loss, wanted.numel(), right, exact, on_gold(states.weights(), many), half * len(some))

    def write(self, tokens: Sequence[str]) -> str:
        """As one word."""
        return "".join(tokens)


def stripe(half: int) -> Tensor:
    """(1 + 2 half, 1 + 2 half): from each token of the second half to the place after its earlier occurrence."""
    length = 1 + 2 * half
    gold = torch.zeros(length, length, dtype=torch.bool)
    rows = torch.arange(half + 1, length)
    gold[rows, rows - half + 1] = True
    return gold


def on_gold(weights: Sequence[Tensor], gold: Tensor) -> Tensor:
    """(layers, heads): the weight on gold, summed over all rows; ``weights`` each (N, H, T, S), ``gold`` (N, T, S)."""
    return torch.stack([(layer.double() * gold[:, None]).sum((0, 2, 3)) for layer in weights])


def _measured(logits: Tensor, wanted: Tensor) -> tuple[float, int]:
    loss = torch.nn.functional.cross_entropy(logits, wanted, reduction="sum").item()
    return loss, int((logits.argmax(-1) == wanted).sum())


def _heads(states: States, kind: str) -> list[Heads]:
    return [one.attended.heads for layer in states.layers for one in layer if one.kind == kind and one.attended]


Learner: TypeAlias = Translating | Inducing
