"""Character models: unrolled by hand they say the same, training is reproducible, what ships is what its card tells."""

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
from app.nn.characters import UNKNOWN, Characters, Shape, load
from app.training import characters_shakespeare
from app.training.kit import characters as kit
from app.training.kit.texts import by_frequency

torch.set_num_threads(1)
F64 = torch.float64
LETTERS = (UNKNOWN, *"abc ")
KINDS = ("rnn", "jordan", "lstm", "gru")
SHIPPED = [name for name in weights.shipped() if name.startswith("characters_")]
TEXT = Path(os.environ.get("UNROLLED_DATA", "")) / characters_shakespeare.FILE

shapes = st.builds(
    lambda kind, layers, hidden: Shape(kind, 1 if kind == "jordan" else layers, hidden, 3),
    st.sampled_from(KINDS),
    st.integers(1, 2),
    st.integers(2, 6),
)


def made(shape: Shape, seed: int = 0) -> Characters:
    torch.manual_seed(seed)
    return Characters(LETTERS, shape)


@given(shapes, st.text("abc x", min_size=2, max_size=8), st.integers(0, 99))
def test_unrolled_by_hand_it_says_the_same(shape: Shape, text: str, seed: int) -> None:
    model = made(shape, seed).to(F64)
    ids = torch.tensor(model.ids(text))[:, None]
    with torch.no_grad():
        whole, _ = model(ids)
        by_hand = model.logits(model.recurrent().unroll(model.embedding(ids)))
        half = len(text) // 2
        first, state = model(ids[:half])
        second, _ = model(ids[half:], state)
    assert whole.shape == (len(text), 1, len(LETTERS))
    assert (whole - by_hand).abs().max() <= 1e-12
    assert (whole - torch.cat([first, second])).abs().max() <= 1e-12


def test_a_jordan_networks_answer_comes_back() -> None:
    model = made(Shape("jordan", hidden=4, embedding=3)).to(F64)
    w = dict(model.core.named_parameters())
    p = torch.zeros(len(LETTERS), dtype=F64)
    logits, _ = model(torch.tensor([[1], [3], [2]]))
    for t, i in enumerate((1, 3, 2)):
        h = torch.tanh(w["w_ih"] @ model.embedding.weight[i] + w["b_ih"] + w["w_hh"] @ p)
        y = w["w_hy"] @ h + w["b_y"]
        assert (logits[t, 0] - y).abs().max() <= 1e-12
        p = y.softmax(0)


def test_what_is_not_in_the_vocabulary_is_unknown() -> None:
    assert made(Shape("rnn")).ids("ab Ω") == [1, 2, 4, 0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_that_repeats_is_learnt_and_the_same_seed_gives_the_same_weights(kind: str) -> None:
    recipe = kit.Recipe(steps=80, batch=4, length=10, peak_lr=0.03, dropout=0.1)

    def trained() -> Characters:
        model = made(Shape(kind, hidden=12, embedding=6))
        ids = torch.tensor(model.ids("abc " * 100))
        return kit.train(model, ids, ids[:40], recipe)

    model, again = trained(), trained()
    assert kit.nats(model, torch.tensor(model.ids("abc " * 10))) < 0.25
    assert all(torch.equal(a, b) for a, b in zip(model.state_dict().values(), again.state_dict().values(), strict=True))


@given(shapes, st.integers(1, 9))
def test_nats_do_not_depend_on_how_the_text_is_cut(shape: Shape, length: int) -> None:
    model = made(shape).eval()
    ids = torch.tensor(model.ids("abca bcab cabc"))
    with torch.no_grad():
        expected = functional.cross_entropy(model(ids[:-1, None])[0][:, 0], ids[1:])
    assert kit.nats(model, ids, length) == pytest.approx(expected.item(), abs=1e-5)


def test_frequencies_alone() -> None:
    training = torch.tensor([1, 1, 1, 2])  # counts with one added: 1, 4, 2
    assert by_frequency(training, torch.tensor([2, 1, 2]), 3) == pytest.approx(-(torch.tensor([4 / 7, 2 / 7]).log().mean()).item())


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_models_are_those_of_their_cards(name: str) -> None:
    model, card = load(name), weights.card(name)
    assert hashlib.sha256((weights.FOLDER / f"{name}.safetensors").read_bytes()).hexdigest() == card["sha256"]
    assert sum(p.numel() for p in model.parameters()) == card["parameters"]
    assert model.characters[0] == UNKNOWN
    assert card["nats"] < card["nats_by_frequency_alone"] - 0.5
    kit.Recipe(**card["recipe"])


@pytest.mark.skipif(not TEXT.is_file(), reason="needs Tiny Shakespeare: set UNROLLED_DATA")
@pytest.mark.parametrize("name", [name for name in SHIPPED if "shakespeare" in name])
def test_nats_on_ten_held_out_passages(name: str) -> None:
    """2,000 characters each, spread evenly: the first ones alone are easier by 0.12."""
    model, card = load(name), weights.card(name)
    text = TEXT.read_text("utf-8")
    assert hashlib.sha256(text.encode()).hexdigest() == card["data"]["sha256"]
    held = text[card["data"]["training_characters"] :]
    passages = [held[at : at + 2000] for at in range(0, len(held) - 2000, len(held) // 10)]
    found = [kit.nats(model, torch.tensor(model.ids(passage))) for passage in passages]
    assert sum(found) / len(found) == pytest.approx(card["nats"], abs=0.03)
