"""The character encoder of Chinese: scripts, how it reads, what it hides, that it learns; what ships is what its card tells."""

from __future__ import annotations

import dataclasses
import unicodedata

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from app.labs.contract import UserError
from app.nn import weights
from app.nn.chinese import share_of_han, turned
from app.nn.masked import CLS, MASK, SEP, SPECIAL, UNK, Characters, hide, load, read
from app.nn.tasks.english_chinese import ChineseEnglish
from app.nn.tasks.pairs import held_out
from app.nn.transformer import MaskedEncoder, Shape
from app.training import masked_chinese as training

torch.set_num_threads(1)
NAME = "masked_chinese"


def test_both_scripts_are_read_as_the_same_tokens() -> None:
    vocabulary, _ = load(NAME)
    traditional = read(vocabulary, "舉頭望明月, 低頭思故鄉.", None, 512)
    simplified = read(vocabulary, "举头望明月，低头思故乡。", None, 512)
    assert traditional.ids == simplified.ids
    assert UNK not in simplified.ids
    assert (traditional.turned, simplified.turned) == (4, 0)
    assert "".join(traditional.typed) == "舉頭望明月,低頭思故鄉."


def test_a_known_character_stays_where_only_some_are_known() -> None:
    assert turned("乾坤後", "t2s") == ("乾坤后", 1)
    assert turned("後", "t2s", "後") == ("後", 0)
    assert turned("後", "t2s", "后") == ("后", 1)


@pytest.mark.parametrize(
    ("text", "mostly"),
    [
        ("我喜欢学习 deep learning", True),
        ("今天 OK。", True),
        ("I love 北京 and 上海", False),
        ("hello", False),
        ("😀 。", False),
        ("", False),
    ],
)
def test_what_is_mostly_chinese(text: str, mostly: bool) -> None:
    assert (share_of_han(text) >= 0.5) == mostly


@given(st.text(max_size=40), st.integers(4, 20))
def test_whatever_is_typed_is_read_in_order_or_refused(text: str, most: int) -> None:
    vocabulary = Characters("天地，")
    if all(one.isspace() or unicodedata.category(one).startswith("C") for one in text):
        with pytest.raises(UserError):
            read(vocabulary, text, None, most)
        return
    found = read(vocabulary, text, None, most)
    assert (found.ids[0], found.ids[-1]) == (CLS, SEP)
    assert len(found.ids) <= most
    kept = "".join(one for one in text if not one.isspace() and not unicodedata.category(one).startswith("C"))
    whole = "".join(found.typed)
    assert kept.startswith(whole)
    assert (whole == kept) == (found.left_out == 0)
    assert found.unknown == tuple(typed for typed, i in zip(found.typed, found.ids, strict=True) if i == UNK)


def test_two_texts_share_the_room() -> None:
    found = read(Characters("天地"), "天" * 700, "地" * 20, 512)
    assert (len(found.ids), found.types.count(1), found.left_out) == (512, 21, 700 + 20 - 509)


def test_special_tokens_are_never_hidden_and_eight_in_ten_become_mask() -> None:
    ids = torch.randint(0, 50, (200, 50), generator=torch.Generator().manual_seed(0))
    given_, chosen = hide(ids, 50, 0.2, torch.Generator().manual_seed(1))
    assert not chosen[ids < len(SPECIAL)].any()
    assert torch.equal(given_[~chosen], ids[~chosen])
    assert chosen[ids >= len(SPECIAL)].float().mean().item() == pytest.approx(0.2, abs=0.02)
    assert (given_[chosen] == MASK).float().mean().item() == pytest.approx(0.8, abs=0.03)
    assert (given_[chosen] >= len(SPECIAL))[given_[chosen] != MASK].all()


def test_it_learns_and_the_same_seed_gives_the_same_weights() -> None:
    recipe = dataclasses.replace(training.RECIPE, steps=250, tokens=128, lengths=(16,), checks=2, peak_lr=5e-3)
    vocabulary = Characters("天地玄黄。")
    texts = ["天地玄黄。"] * 3
    held = {"one": training._rows(vocabulary, [texts])}

    def trained() -> MaskedEncoder:
        torch.manual_seed(0)
        net = MaskedEncoder(len(vocabulary), Shape(d_model=16, heads=2, d_ff=32, layers=1, most=64))
        training.train(net, vocabulary, recipe, [texts], texts, held)
        return net

    net, again = trained(), trained()
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), again.parameters(), strict=True))
    assert (
        training.measured(net, held["one"])["nats"]
        < 0.5 * training.by_frequency(vocabulary, texts[0], held["one"])["nats_by_frequency_alone"]
    )


def test_what_ships_says_hidden_characters_as_well_as_its_card_tells() -> None:
    vocabulary, net = load(NAME)
    told = weights.card(NAME)["held_out"]
    rows = training._rows(vocabulary, [["".join(pair.source)] for pair in held_out(ChineseEnglish(), 1000)])
    found = training.measured(net, rows)
    assert found["nats"] == pytest.approx(told["grammar"]["nats"], abs=2e-3)
    assert found["accuracy"] == pytest.approx(told["grammar"]["accuracy"], abs=2e-3)
    for kind in told.values():
        assert kind["nats"] < kind["nats_by_frequency_alone"]
        assert kind["accuracy"] > 1.5 * kind["accuracy_by_frequency_alone"]
