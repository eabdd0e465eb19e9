"""Induction: tokens in any order, and the same again. What comes next is what came after the token's earlier occurrence.

Two attention layers can find it: a head of the first looks at the token before, one of the second at the place *after* the
earlier occurrence (Elhage et al., "A Mathematical Framework for Transformer Circuits", 2021; Olsson et al., "In-context
Learning and Induction Heads", arXiv 2209.11895). The tokens mean nothing: all that can be known is in the sequence itself.

Trained is on the same again in pieces, from here and there. Of whole repeats of one length, or of three, a head learns the
distance instead: measured, its score is .9 for the lengths that it saw and by chance for every other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from random import Random
from string import ascii_letters, digits

import torch
from torch import Tensor, nn
from torch.nn import functional

from app.labs.contract import Message, UserError
from app.nn import weights
from app.nn.attention import MultiHeadAttention
from app.nn.tasks.pairs import BOS, Vocabulary, known
from app.nn.tasks.steps import Recipe, Step, steps
from app.nn.transformer import GPT, Shape, States

WORDS = tuple(ascii_letters + digits)
SHORTEST, LONGEST = 4, 12
"""Tokens that are said and then again."""
PIECES = (2, 6)
"""Tokens of a piece, from and to."""
MOST = 48
"""Tokens after <bos>."""
SHAPE = Shape(heads=2, d_ff=0, most=MOST + 1, norm="pre")
GAIN = 1.5
"""Of the projections' first weights (Glorot's): heads do not attend quite evenly from the start, which is where it begins."""
VOCABULARY = Vocabulary(WORDS)


def in_pieces(rng: Random) -> tuple[list[int], list[bool]]:
    """<bos>, different tokens in any order, and pieces of the same until there are ``MOST``; of each token after <bos> whether it
    can be known: those that go on with a piece can."""
    half = VOCABULARY.ids(rng.sample(WORDS, rng.randint(SHORTEST, LONGEST)))
    ids, known = [BOS, *half], [False] * len(half)
    while len(known) < MOST:
        at = rng.randrange(len(half))
        piece = half[at : at + rng.randint(*PIECES)]
        ids += piece
        known += [False, *[True] * (len(piece) - 1)]
    return ids[: MOST + 1], known[:MOST]


def batches(seed: int, count: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Without end: ``count`` sequences (N, 1 + MOST), and (N, MOST) what of them can be known."""
    rng = Random(f"train {seed}")
    while True:
        rows = [in_pieces(rng) for _ in range(count)]
        yield torch.tensor([ids for ids, _ in rows]), torch.tensor([known for _, known in rows])


def held_out(count: int, half: int = 12, seed: int = 1) -> Tensor:
    """(N, 1 + 2 half): <bos>, ``half`` different tokens in any order, and the same again."""
    rng = Random(f"held out {seed} {half}")
    return torch.tensor([[BOS, *(2 * VOCABULARY.ids(rng.sample(WORDS, half)))] for _ in range(count)])


def read(text: str) -> tuple[str, ...]:
    """Typed letters and digits, blanks left out. Raises UserError where there are others, or too many."""
    tokens = tuple("".join(text.split()))
    known(tokens, WORDS)
    if len(tokens) > MOST:
        raise UserError(Message("attention.too-long", {"count": len(tokens), "most": MOST}))
    return tokens


def ids(tokens: Sequence[str]) -> Tensor:
    """(1, 1 + T): what the network is given."""
    return torch.tensor([[BOS, *VOCABULARY.ids(tokens)]])


def network(shape: Shape = SHAPE) -> GPT:
    """Untrained."""
    net = GPT(len(VOCABULARY), shape)
    for module in net.modules():
        if isinstance(module, MultiHeadAttention):
            for linear in (module.W_q, module.W_k, module.W_v, module.W_o):
                nn.init.xavier_uniform_(linear.weight, GAIN)
    return net


def second_half(net: GPT, sequences: Tensor) -> tuple[Tensor, Tensor]:
    """What can be predicted: logits (N, half - 1, V) after the second half's tokens but the last, and what comes (N, half - 1)."""
    half = (sequences.shape[1] - 1) // 2
    logits: Tensor = net(sequences[:, :-1])
    return logits[:, half + 1 :], sequences[:, half + 2 :]


def learn(net: GPT, recipe: Recipe) -> Iterator[Step]:
    """Trains ``net``: each ``next`` is one step of Adam, ``recipe.steps`` of them."""
    stream = batches(recipe.seed, recipe.batch)

    def next_loss() -> Tensor:
        ids, known = next(stream)
        return functional.cross_entropy(net(ids[:, :-1])[known], ids[:, 1:][known])

    return steps(net, recipe, next_loss)


@torch.no_grad()
def accuracy(net: GPT, sequences: Tensor) -> float:
    """The share of the second half's tokens, its first left out, that are the likeliest ones."""
    logits, wanted = second_half(net, sequences)
    return (logits.argmax(-1) == wanted).double().mean().item()


def earlier(tokens: Sequence[str]) -> list[int | None]:
    """For each token the place after its last earlier occurrence, None where it has none."""
    last: dict[str, int] = {}
    places: list[int | None] = []
    for i, token in enumerate(tokens):
        places.append(last[token] + 1 if token in last else None)
        last[token] = i
    return places


def induction_scores(states: States, half: int) -> Tensor:
    """(layers, heads): the mean weight from a token of the second half to the place after its earlier occurrence.

    ``states``: of sequences as ``held_out`` makes them, (N, 1 + 2 half).
    """
    query = torch.arange(half + 1, 2 * half + 1)
    stripe = torch.stack([w[:, :, query, query - half + 1] for w in states.weights()])  # (layers, N, heads, half)
    return stripe.double().mean((1, 3))


@torch.no_grad()
def scores(net: GPT, sequences: Tensor) -> Tensor:
    """(layers, heads): ``induction_scores`` of the sequences (N, 1 + 2 half)."""
    return induction_scores(net.states(sequences), (sequences.shape[1] - 1) // 2)


@cache
def load() -> GPT:
    """The trained network at rest, one a process. Raises FileNotFoundError where none ships, WrongWeights."""
    net = network(Shape(**weights.card("induction")["shape"]))
    net.load_state_dict(weights.state("induction"))
    return net.eval()
