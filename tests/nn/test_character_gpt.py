"""Decoders of characters: trained reproducibly, measured as the recurrent ones are, what ships is what its card tells."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from app.nn import weights
from app.nn.character_gpt import CharacterGPT, load
from app.nn.characters import UNKNOWN
from app.nn.transformer import Shape
from app.training import characters_shakespeare, characters_tang, gpt_shakespeare, gpt_tang
from app.training.kit import gpt as kit

torch.set_num_threads(1)
LETTERS = (UNKNOWN, *"abc ")
SHIPPED = {"gpt_shakespeare": gpt_shakespeare, "gpt_tang": gpt_tang}
CORPORA = {"gpt_shakespeare": characters_shakespeare, "gpt_tang": characters_tang}
DATA = Path(os.environ.get("UNROLLED_DATA", ""))
SMALL = Shape(d_model=16, heads=2, d_ff=32, layers=1, most=8, norm="pre", activation="gelu")


def made(seed: int = 0) -> CharacterGPT:
    torch.manual_seed(seed)
    return CharacterGPT(LETTERS, SMALL)


def test_what_is_not_in_the_vocabulary_is_unknown() -> None:
    assert made().ids("ab Ω") == [1, 2, 4, 0]


@given(st.integers(2, 60), st.integers(0, 99), st.integers(1, 5))
def test_nats_are_of_each_character_after_those_before_it(length: int, seed: int, batch: int) -> None:
    """One window a character, written out: in the first half of the positions all that there is, then at least half of them."""
    model = made(seed).eval()
    ids = torch.randint(len(LETTERS), (length,), generator=torch.Generator().manual_seed(seed))
    half, total = SMALL.most // 2, 0.0
    for target in range(1, length):
        first = max(0, (target - 1) // half - 1) * half
        with torch.no_grad():
            logits = model(ids[None, first:target])[0, -1]
        total += functional.cross_entropy(logits, ids[target]).item()
    assert kit.nats(model, ids, batch) == pytest.approx(total / (length - 1), abs=1e-5)


def test_a_text_that_repeats_is_learnt_and_the_same_seed_gives_the_same_weights() -> None:
    recipe = kit.Recipe(steps=60, batch=8, peak_lr=0.02, checks=2)

    def trained() -> CharacterGPT:
        model = made()
        ids = torch.tensor(model.ids("abc " * 50))
        return kit.train(model, ids, ids[:40], recipe)

    model, again = trained(), trained()
    assert kit.nats(model, torch.tensor(model.ids("abc " * 10))) < 0.25
    assert all(torch.equal(a, b) for a, b in zip(model.state_dict().values(), again.state_dict().values(), strict=True))


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_models_are_those_of_their_cards(name: str) -> None:
    model, card, training = load(name), weights.card(name), SHIPPED[name]
    assert hashlib.sha256((weights.FOLDER / f"{name}.safetensors").read_bytes()).hexdigest() == card["sha256"]
    assert sum(p.numel() for p in model.parameters()) == card["parameters"]
    assert model.characters[0] == UNKNOWN
    assert card["nats"] < card["nats_by_frequency_alone"] - 0.3
    assert kit.Recipe(**card["recipe"]) == training.RECIPE
    assert Shape(**card["shape"]) == training.SHAPE
    recurrent = weights.card(name.replace("gpt", "characters") + "_lstm")
    for told in ("sha256", "held_out_characters"):  # measured on the same text
        assert card["data"][told] == recurrent["data"][told]


@pytest.mark.parametrize("name", SHIPPED)
def test_nats_on_held_out_passages(name: str) -> None:
    """Of Shakespeare ten passages of 2,000 characters, spread evenly; of the poems all that was held out."""
    if not (DATA / CORPORA[name].FILE).is_file():
        pytest.skip("needs the texts: set UNROLLED_DATA")
    model, card = load(name), weights.card(name)
    text = CORPORA[name].corpus(DATA).text
    assert hashlib.sha256(text.encode()).hexdigest() == card["data"]["sha256"]
    held = text[-card["data"]["held_out_characters"] :]
    passages = [held[at : at + 2000] for at in range(0, len(held) - 2000, len(held) // 10)] if len(held) > 20_000 else [held]
    found = [kit.nats(model, torch.tensor(model.ids(passage))) for passage in passages]
    assert sum(found) / len(found) == pytest.approx(card["nats"], abs=0.03)
