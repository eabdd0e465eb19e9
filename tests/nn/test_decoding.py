"""Greedy, beam and sampled texts against what trying everything gives."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from app.nn.decoding import beam, continuing, cut, greedy, sample, translating
from app.nn.transformer import GPT, Shape, Transformer

END, WORDS = 2, 5
SMALL = Shape(8, 2, 8, 1, most=16, norm="pre", positions="learned")


def gpt(seed: int) -> GPT:
    torch.manual_seed(seed)
    net = GPT(WORDS, SMALL)
    torch.nn.init.normal_(net.embedding.tokens.weight, std=2.0)
    return net.eval()


def log_p(net: GPT, first: list[int], text: tuple[int, ...]) -> float:
    """Of a whole text, without a cache."""
    ids = torch.tensor([[*first, *text]])
    with torch.no_grad():
        rows = net(ids)[0].log_softmax(-1)
    return sum(rows[len(first) - 1 + i, token].item() for i, token in enumerate(text))


@settings(max_examples=15)
@given(st.integers(0, 2**31))
def test_a_beam_as_wide_as_everything_finds_the_best(seed: int) -> None:
    net, first, most = gpt(seed), [1, 3], 3
    texts = [
        t for n in range(1, most + 1) for t in product(range(WORDS), repeat=n) if END not in t[:-1] and (n == most or t[-1] == END)
    ]
    wanted = sorted(((log_p(net, first, t), t) for t in texts), reverse=True)
    tree = beam(continuing(net), torch.tensor([first]), END, most, width=WORDS**most)
    assert len(tree.best) == len(texts)
    assert [tree.nodes[i].log_p for i in tree.best] == pytest.approx([p for p, _ in wanted], abs=1e-4)
    assert log_p(net, first, tuple(tree.text(tree.best[0]))) == pytest.approx(wanted[0][0], abs=1e-4)


@settings(max_examples=15)
@given(st.integers(0, 2**31))
def test_a_beam_of_one_is_greedy_and_greedy_takes_the_likeliest(seed: int) -> None:
    net, first = gpt(seed), torch.tensor([[1, 3]])
    (text,) = greedy(continuing(net), first, END, 6)
    tree = beam(continuing(net), first, END, 6, width=1, shown=2)
    assert [t for t in tree.text(tree.best[0]) if t != END] == text
    ids = [1, 3]
    for token in text:
        with torch.no_grad():
            assert net(torch.tensor([ids]))[0, -1].argmax() == token
        ids.append(token)
    if len(text) < 6:
        with torch.no_grad():
            assert net(torch.tensor([ids]))[0, -1].argmax() == END
    assert sum(not node.kept for node in tree.nodes) == 2 * max(node.depth for node in tree.nodes)


@settings(max_examples=15)
@given(st.integers(0, 2**31), st.integers(1, 4))
def test_every_node_of_the_tree_has_its_own_probability(seed: int, width: int) -> None:
    net = gpt(seed)
    tree = beam(continuing(net), torch.tensor([[1]]), END, 5, width, length_penalty=0.7, shown=3)
    for index, node in enumerate(tree.nodes):
        assert node.log_p == pytest.approx(log_p(net, [1], tuple(tree.text(index))), abs=1e-4)
        assert node.parent < index
        assert node.parent == -1 or (tree.nodes[node.parent].kept and not tree.nodes[node.parent].ended)
        assert tree.score(index) == pytest.approx(node.log_p / node.depth**0.7)
    scores = [tree.score(i) for i in tree.best]
    assert scores == sorted(scores, reverse=True)
    assert len(tree.best) == width


def test_several_sentences_at_once_end_each_for_itself() -> None:
    torch.manual_seed(5)
    net = Transformer(WORDS, WORDS, SMALL).eval()
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter)  # so that what is said depends on the source
    source = torch.randint(WORDS, (12, 4))
    with torch.no_grad():
        memory = net.encode(source).out
        together = greedy(translating(net, memory), torch.full((12, 1), 1), END, 9)
        alone = [greedy(translating(net, memory[i : i + 1]), torch.tensor([[1]]), END, 9)[0] for i in range(12)]
        tree = beam(translating(net, memory[:1]), torch.tensor([[1]]), END, 9, width=3)
    assert together == alone
    assert len({len(text) for text in together}) > 1
    assert all(END not in text for text in together)
    assert tree.best


@given(
    st.lists(st.floats(-8, 8), min_size=1, max_size=9),
    st.floats(0.1, 4),
    st.none() | st.integers(1, 12),
    st.floats(0.01, 1),
)
def test_a_cut_keeps_the_likeliest_and_no_more_than_it_needs(
    logits: list[float], temperature: float, top_k: int | None, top_p: float
) -> None:
    made = cut(torch.tensor([logits], dtype=torch.float64), temperature, top_k, top_p)
    p, kept = made.tempered[0], made.kept[0]
    assert torch.allclose(p, (torch.tensor(logits, dtype=torch.float64) / temperature).softmax(0))
    assert kept[p.argmax()]
    assert kept.sum() <= (top_k or 99)
    assert p[kept].min() >= p[~kept].max() if not kept.all() else True
    assert p[kept].sum() - p[kept].min() < top_p + 1e-12  # without the last one p is not reached, but for rounding
    if top_k is None:
        assert p[kept].sum() >= top_p - 1e-9
    assert made.drawn_from.sum().item() == pytest.approx(1)
    assert (made.drawn_from[0][~kept] == 0).all()
    assert torch.allclose(made.drawn_from[0][kept], p[kept] / p[kept].sum())


def test_temperature_zero_is_the_likeliest_and_out_of_range_is_an_error() -> None:
    logits = torch.tensor([[0.0, 2.0, 1.0]])
    assert cut(logits, 0).drawn_from.tolist() == [[0, 1, 0]]
    for bad in ({"temperature": -1}, {"top_k": 0}, {"top_p": 0}, {"top_p": 1.5}):
        with pytest.raises(ValueError, match="got"):
            cut(logits, **bad)


def test_samples_are_as_frequent_as_they_are_likely() -> None:
    net, first = gpt(7), torch.tensor([[1]])
    with torch.no_grad():
        wanted = cut(net(first)[:, -1], 1.5, top_k=3).drawn_from[0]
    generator = torch.Generator().manual_seed(0)
    drawn = torch.zeros(WORDS)
    for _ in range(2000):
        (token,) = sample(continuing(net), first, 1, generator, temperature=1.5, top_k=3)
        drawn[token] += 1
    assert (drawn / 2000 - wanted).abs().max() < 0.04  # 3.5 standard errors
    same = [sample(continuing(net), first, 8, torch.Generator().manual_seed(5), end=END) for _ in range(2)]
    assert same[0] == same[1]
    assert END not in same[0]
