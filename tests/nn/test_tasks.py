"""The pairs that translators learn: right sentences, right alignments, words of the task only."""

from __future__ import annotations

from datetime import date
from itertools import islice
from random import Random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from app.labs.contract import UserError
from app.nn.tasks import dates, translate
from app.nn.tasks.dates import Dates
from app.nn.tasks.english_chinese import ChineseEnglish, EnglishChinese
from app.nn.tasks.english_french import EnglishFrench
from app.nn.tasks.pairs import BOS, EOS, PAD, Pair, Task, examples, held_out
from app.nn.tasks.reversal import Reversal
from app.nn.tasks.steps import Recipe
from app.nn.transformer import Shape

torch.set_num_threads(1)
TASKS: dict[str, Task] = {
    "dates": Dates(),
    "reversal": Reversal(),
    "english-french": EnglishFrench(),
    "english-chinese": EnglishChinese(),
    "chinese-english": ChineseEnglish(),
}
every_task = pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)


def drawn(task: Task, count: int = 300) -> list[Pair]:
    rng = Random(7)
    return [task.draw(rng) for _ in range(count)]


@every_task
def test_pairs_are_made_of_the_tasks_words_and_point_at_their_sources(task: Task) -> None:
    for pair in drawn(task):
        assert set(pair.source) <= set(task.source_words)
        assert set(pair.target) <= set(task.target_words)
        assert len(pair.gold) == len(pair.target)
        assert all(places <= set(range(len(pair.source))) for places in pair.gold)


@every_task
def test_every_word_of_the_vocabularies_is_drawn_sooner_or_later(task: Task) -> None:
    pairs = drawn(task, 6000)
    assert {word for pair in pairs for word in pair.source} == set(task.source_words)
    assert {word for pair in pairs for word in pair.target} == set(task.target_words)


@every_task
def test_a_source_has_one_target(task: Task) -> None:
    """Else no translator could be exact."""
    targets: dict[tuple[str, ...], tuple[str, ...]] = {}
    for pair in drawn(task, 6000):
        assert targets.setdefault(pair.source, pair.target) == pair.target


@every_task
def test_the_held_out_are_never_trained_on(task: Task) -> None:
    held = held_out(task, 50)
    assert len({pair.source for pair in held}) == 50
    assert not {pair.source for pair in held} & {pair.source for pair in islice(examples(task, 0, held), 2000)}


@every_task
def test_what_is_drawn_can_be_typed(task: Task) -> None:
    joined = "" if type(task) in (Dates, Reversal, ChineseEnglish) else " "
    for pair in drawn(task, 50):
        assert task.read(joined.join(pair.source)) == pair.source


@every_task
@pytest.mark.parametrize("text", ["", "   ", "zzyzx ☃"])
def test_other_words_are_named(task: Task, text: str) -> None:
    with pytest.raises(UserError) as refused:
        task.read(text)
    if text.strip():
        assert refused.value.message.id == "attention.unknown-words"
        assert "☃" in str(refused.value.message.values["words"])
    else:
        assert refused.value.message.id == "attention.empty-text"


@given(st.dates(dates.FIRST, dates.LAST), st.sampled_from(dates.FORMATS))
def test_a_date_is_its_iso_form_and_each_digit_comes_from_its_field(day: date, spelling: str) -> None:
    pair = dates.spell(day, spelling)
    assert "".join(pair.target) == day.isoformat()
    years = {"".join(pair.source[i] for i in sorted(pair.gold[t])) for t in range(4)}
    assert years == {str(day.year)}
    assert not pair.gold[4]
    for number, first in ((day.month, 5), (day.day, 8)):
        after = pair.gold[first] - pair.gold[first + 1]
        assert not any(pair.source[i].isdigit() for i in after)
        assert not after or number < 10  # only a 0 that nobody wrote comes from the sign after its number
    days = "".join(pair.source[i] for i in sorted(pair.gold[9]))
    assert days == str(day.day)


READ_BY_HAND = {
    EnglishFrench: [
        ("an egg is not bad .", "Un œuf n'est pas mauvais."),
        ("a king does not see a small bridge .", "Un roi ne voit pas de petit pont."),
        ("the friend does not carry any tomatoes .", "L'ami ne porte pas de tomates."),
        ("the birds are not white .", "Les oiseaux ne sont pas blancs."),
        ("the small bird does not wait in the red car .", "Le petit oiseau n'attend pas dans la voiture rouge."),
        ("the bad men often like the school .", "Les mauvais hommes aiment souvent l'école."),
    ],
    EnglishChinese: [
        ("three fish are small .", "三条鱼很小。"),
        ("that horse needs a hat .", "那匹马需要一顶帽子。"),
        ("a teacher remembers two white dogs .", "一位老师记得两只白色的狗。"),
        ("that boy does not often hide that red letter .", "那个男孩不经常藏那封红色的信。"),
        ("this child dances in these old gardens .", "这个孩子在这些旧花园里跳舞。"),
        ("these green girls did not eat the good cake .", "这些绿色的女孩没有吃好蛋糕。"),
    ],
}


@pytest.mark.parametrize("make", READ_BY_HAND)
def test_sentences_that_were_read_by_hand(make: type[Task]) -> None:
    task, rng = make(), Random(3)
    drawn_now = {" ".join(pair.source): task.write(pair.target) for pair in (task.draw(rng) for _ in range(16))}
    for source, target in READ_BY_HAND[make]:
        assert drawn_now[source] == target


def test_a_batch_shifts_the_target_by_one() -> None:
    translator = translate.Translator(Reversal(), Shape())
    pairs = [Pair(("a", "b"), ("b", "a"), ()), Pair(("a", "b", "c"), ("c", "b", "a"), ())]
    batch = translator.batch(pairs)
    ids = translator.source.ids
    assert batch.source.tolist() == [[*ids("ab"), EOS, PAD], [*ids("abc"), EOS]]
    assert batch.target.tolist() == [[BOS, *ids("ba"), PAD], [BOS, *ids("cba")]]
    assert batch.wanted.tolist() == [[*ids("ba"), EOS, PAD], [*ids("cba"), EOS]]


def test_training_lowers_the_loss_and_is_reproducible() -> None:
    def losses() -> list[float]:
        torch.manual_seed(0)
        task = Reversal()
        translator = translate.Translator(task, Shape())
        return [step.loss for step in translate.learn(translator, Recipe(steps=30, batch=16), held_out(task, 10))]

    first = losses()
    assert losses() == first
    assert sum(first[-5:]) < 0.9 * sum(first[:5])


def test_a_perfect_cross_map_scores_one() -> None:
    """Gold positions that are looked at count, the others do not; <eos> and punctuation are left out."""
    translator = translate.Translator(Reversal(), Shape())
    pairs = held_out(Reversal(), 20)
    made = translator.batch(pairs)
    gold = translate.gold_table(pairs, made)
    for n, pair in enumerate(pairs):
        for t in range(len(pair.target)):
            assert gold[n, t].nonzero().flatten().tolist() == [len(pair.source) - 1 - t]
        assert not gold[n, len(pair.target) :].any()
