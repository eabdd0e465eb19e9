"""A character encoder of Chinese: it says hidden characters of Tang poems and of our Chinese grammar, in Simplified characters."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from random import Random

import torch
from torch import Generator, Tensor
from torch.nn import functional
from tqdm import tqdm

from app.nn.attention import padding_mask
from app.nn.chinese import turned
from app.nn.masked import CLS, MASK, PAD, SEP, SPECIAL, UNK, Characters, hide
from app.nn.tasks.data import found
from app.nn.tasks.english_chinese import ChineseEnglish
from app.nn.tasks.pairs import examples, held_out
from app.nn.transformer import MaskedEncoder, Shape
from app.training.characters_tang import FILE, SOURCE, poems
from app.training.kit.card import halved, write

NAME = "masked_chinese"


@dataclass(frozen=True)
class Recipe:
    """How it is trained; goes into the card as it is."""

    steps: int = 2000
    tokens: int = 1536
    """In a batch, as many rows as fit."""
    lengths: tuple[int, ...] = (16, 32, 32, 32, 64, 64, 64, 128, 128, 256, 512)
    """Of a batch's rows at most, one of them drawn; a row is whole sentences."""
    poems: float = 0.5
    """The share of the rows that are of poems."""
    pairs: float = 0.3
    """The share of the rows that are cut into two texts."""
    masked: float = 0.2
    unknown: float = 0.01
    """The share of the characters that are made unknown, so that [UNK] is learned too."""
    peak_lr: float = 2e-3
    """The rate rises over a tenth of the steps and falls along a cosine to 0."""
    betas: tuple[float, float] = (0.9, 0.98)
    clip: float = 1.0
    checks: int = 10
    seed: int = 0


SHAPE = Shape(d_model=96, heads=6, d_ff=384, layers=4, most=512, activation="gelu", dropout=0.1)
RECIPE = Recipe()


def main(folder: Path | None) -> None:
    """Trains and ships it. Raises UserError without the poems."""
    torch.set_num_threads(1)
    recipe = RECIPE
    start = time.monotonic()
    data = json.loads(found(folder, FILE, SOURCE).read_text("utf-8"))
    tang, tang_held = _poems(data["content"])
    task = ChineseEnglish()
    pairs = held_out(task, 1000)
    grammar_held = ["".join(pair.source) for pair in pairs]
    stream = examples(task, recipe.seed, pairs)
    grammar = ["".join(next(stream).source) for _ in range(50_000)]
    vocabulary = Characters(sorted(set("".join(map("".join, tang))) | set(ChineseEnglish.source_words)))
    torch.manual_seed(recipe.seed)
    net = MaskedEncoder(len(vocabulary), SHAPE)
    held = {
        "tang": _rows(vocabulary, [_cut("".join(poem)) for poem in tang_held]),
        "grammar": _rows(vocabulary, [[one] for one in grammar_held]),
    }
    train(net, vocabulary, recipe, tang, grammar, held)
    halved(net)
    seconds = time.monotonic() - start
    texts = {"tang": "".join(map("".join, tang)), "grammar": "".join(grammar)}
    scores = {name: measured(net, rows) | by_frequency(vocabulary, texts[name], rows) for name, rows in held.items()}
    told = {
        "architecture": (type(net).__doc__ or "").strip(),
        "shape": asdict(SHAPE),
        "characters": "".join(vocabulary.characters),
        "script": "Simplified; Traditional characters are turned before they are read",
        "data": {
            "tang": {
                "name": "唐詩三百首",
                "source": SOURCE,
                "licence": "MIT; ancient texts",
                "sha256": sha256("\n".join(map("".join, tang)).encode()).hexdigest(),
                "poems": len(tang),
                "held_out_poems": len(tang_held),
            },
            "grammar": {"name": "our Chinese grammar, seeded", "licence": "our own", "held_out_sentences": len(grammar_held)},
        },
        "optimizer": "Adam",
        "schedule": "linear up, cosine down",
        "recipe": asdict(recipe),
        "kept": "the weights that did best on the texts held out",
        "minutes": round(seconds / 60, 1),
        "held_out": scores,
        "held_out_counts": "characters hidden as [MASK], one in seven, that the vocabulary has; nats and accuracy of each",
    }
    write(NAME, net, told)
    print(f"{NAME}: {scores}, {seconds / 60:.1f} minutes")


def _poems(content: list[dict[str, object]]) -> tuple[list[list[str]], list[list[str]]]:
    """Poems as their sentences, in Simplified characters: those to train on, and one in ten held out."""
    each = [[turned(line, "t2s")[0] for line in poem.splitlines()] for poem in poems(content)]
    Random(0).shuffle(each)  # the book goes by form: else the poems held out would be of other forms
    at = round(0.9 * len(each))
    return each[:at], each[at:]


def train(
    net: MaskedEncoder,
    vocabulary: Characters,
    recipe: Recipe,
    tang: Sequence[Sequence[str]],
    grammar: Sequence[str],
    held: dict[str, Tensor],
) -> None:
    """Deterministic on one machine."""
    rng, generator = Random(recipe.seed), Generator().manual_seed(recipe.seed)
    optimizer = torch.optim.Adam(net.parameters(), lr=recipe.peak_lr, betas=recipe.betas, eps=1e-9)
    up = max(1, recipe.steps // 10)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda t: min((t + 1) / up, 0.5 * (1 + math.cos(math.pi * max(0, t - up) / max(1, recipe.steps - up))))
    )
    best, least = copy.deepcopy(net.state_dict()), math.inf
    bar = tqdm(range(recipe.steps), unit="step")
    for step in bar:
        net.train()
        ids = _batch(rng, vocabulary, recipe, tang, grammar)
        given, chosen = hide(ids, len(vocabulary), recipe.masked, generator)
        lost = (torch.rand(ids.shape, generator=generator) < recipe.unknown) & (given >= len(SPECIAL))
        given = given.masked_fill(lost, UNK)
        states = net.states(given, _mask(ids))
        logits = net.embedding.logits(states.out[chosen])
        loss = functional.cross_entropy(logits, ids[chosen])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), recipe.clip)
        optimizer.step()
        schedule.step()
        if (step + 1) % max(1, recipe.steps // recipe.checks) == 0:
            now = {name: measured(net, rows[:200])["nats"] for name, rows in held.items()}
            bar.set_postfix(loss=f"{loss.item():.3f}", **now)
            if (total := sum(now.values())) < least:
                least, best = total, copy.deepcopy(net.state_dict())
    net.load_state_dict(best)
    net.eval()


def _batch(rng: Random, vocabulary: Characters, recipe: Recipe, tang: Sequence[Sequence[str]], grammar: Sequence[str]) -> Tensor:
    """(N, T) ids of rows of whole sentences."""
    most = rng.choice(recipe.lengths)
    rows = []
    for _ in range(max(1, recipe.tokens // most)):
        text: list[str] = []
        room = most - 3
        while room > 0:
            if rng.random() < recipe.poems:
                poem = rng.choice(tang)
                more = poem[rng.randrange(len(poem)) :]
            else:
                more = [rng.choice(grammar)]
            fitting = []
            for sentence in more:
                if len(sentence) > room:
                    break
                fitting.append(sentence)
                room -= len(sentence)
            if not fitting and text:
                break
            text += fitting or [more[0][:room]]
            if not fitting or rng.random() < 0.1:
                break
        cut = rng.randrange(1, len(text)) if len(text) > 1 and rng.random() < recipe.pairs else len(text)
        rows.append(["".join(text[:cut]), "".join(text[cut:])] if cut < len(text) else ["".join(text)])
    return _rows(vocabulary, rows)


def _cut(text: str) -> list[str]:
    return [text[: SHAPE.most - 2]]


def _rows(vocabulary: Characters, texts: Sequence[Sequence[str]]) -> Tensor:
    """(N, longest): [CLS] text [SEP] (text [SEP]), filled up with [PAD]."""
    rows = [[CLS, *(i for text in row for i in [*vocabulary.ids(text), SEP])] for row in texts]
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[PAD] * (longest - len(row))] for row in rows])


def _mask(ids: Tensor) -> Tensor:
    return padding_mask((ids != PAD).sum(1), ids.shape[1])


@torch.no_grad()
def measured(net: MaskedEncoder, rows: Tensor) -> dict[str, float]:
    """Of one character in seven, always the same ones: nats and the share that is said right."""
    net.eval()
    asked = _asked(rows)
    nats, right, count = 0.0, 0, 0
    for some, where in zip(torch.split(rows, 100), torch.split(asked, 100), strict=True):
        long = int((some != PAD).sum(1).max())
        some, where = some[:, :long], where[:, :long]
        states = net.states(some.masked_fill(where, MASK), _mask(some))
        logits, wanted = net.embedding.logits(states.out[where]), some[where]
        nats += functional.cross_entropy(logits, wanted, reduction="sum").item()
        right += int((logits.argmax(-1) == wanted).sum())
        count += len(wanted)
    return {"nats": round(nats / count, 4), "accuracy": round(right / count, 4), "characters": count}


def _asked(rows: Tensor) -> Tensor:
    return (torch.rand(rows.shape, generator=Generator().manual_seed(1)) < 1 / 7) & (rows >= len(SPECIAL))


def by_frequency(vocabulary: Characters, training: str, rows: Tensor) -> dict[str, float]:
    """What a model does that knows only how often each character comes in texts of this kind (one added to each count)."""
    counts = torch.bincount(torch.tensor(vocabulary.ids(training)), minlength=len(vocabulary)).double() + 1
    wanted = rows[_asked(rows)]
    return {
        "nats_by_frequency_alone": round(float(-(counts / counts.sum()).log()[wanted].mean()), 4),
        "accuracy_by_frequency_alone": round(float((wanted == counts.argmax()).double().mean()), 4),
    }
