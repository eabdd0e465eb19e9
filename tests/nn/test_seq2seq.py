"""The recurrent encoder-decoder: its equations, padding, a decoder that goes step by step, what ships is what its cards tell."""

from __future__ import annotations

import hashlib
from datetime import date

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from app.nn import weights
from app.nn.decoding import greedy
from app.nn.recurrent import seq2seq
from app.nn.recurrent.seq2seq import ATTENTIONS, Seq2Seq, Shape, load, saying
from app.nn.tasks import dates
from app.nn.tasks.dates import Dates
from app.nn.tasks.echo import LONGEST, Echo
from app.nn.tasks.pairs import BOS, EOS, held_out
from app.training.kit import seq2seq as kit

torch.set_num_threads(1)
F64 = torch.float64
SHIPPED = [name for name in weights.shipped() if name.startswith("seq2seq_")]
TASKS = {"dates": Dates(), "echo": Echo()}

shapes = st.builds(Shape, st.sampled_from(("lstm", "gru")), st.sampled_from(ATTENTIONS), st.integers(2, 6), st.integers(2, 4))


def made(shape: Shape, seed: int = 0, words: int = 7) -> Seq2Seq:
    torch.manual_seed(seed)
    net = Seq2Seq(words, words, shape)
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter)  # so that what is said depends on what is read
    return net.double().eval()


def by_hand(net: Seq2Seq, source: list[int], target: list[int]) -> Tensor:
    """The logits (T, V), written down once more with cells of torch's and one source position at a time."""
    encoder, decoder = (
        {"lstm": torch.nn.LSTMCell, "gru": torch.nn.GRUCell}[net.shape.kind](net.shape.embedding, net.shape.hidden, dtype=F64)
        for _ in range(2)
    )
    for cell, module in ((encoder, net.encoder), (decoder, net.decoder)):
        cell.load_state_dict({name.removesuffix("_l0"): value for name, value in module.state_dict().items()})
    state = None
    memory = []
    for i in source:
        state = encoder(net.source.weight[i][None], state)
        memory.append((state[0] if isinstance(state, tuple) else state)[0])
    rows = []
    for i in target:
        state = decoder(net.target.weight[i][None], state)
        s = (state[0] if isinstance(state, tuple) else state)[0]
        if net.shape.attention == "none":
            rows.append(net.head.weight @ s + net.head.bias)
            continue
        if net.shape.attention == "dot":
            scores = torch.stack([s @ h for h in memory])
        else:
            w = dict(net.attention.named_parameters())  # type: ignore[union-attr]
            scores = torch.stack(
                [(w["v.weight"][0] * torch.tanh(w["of_state.weight"] @ s + w["of_memory.weight"] @ h)).sum() for h in memory]
            )
        a = scores.exp() / scores.exp().sum()
        context = sum(weight * h for weight, h in zip(a, memory, strict=True))
        rows.append(net.head.weight @ torch.cat([s, context]) + net.head.bias)  # type: ignore[list-item]
    return torch.stack(rows)


@given(shapes, st.lists(st.integers(0, 6), min_size=1, max_size=6), st.lists(st.integers(0, 6), min_size=1, max_size=5))
def test_it_is_its_equations(shape: Shape, source: list[int], target: list[int]) -> None:
    net = made(shape)
    with torch.no_grad():
        memory, state = net.encode(torch.tensor([source]), [len(source)])
        logits, look, _ = net.decode(torch.tensor([target]), state, memory)
        assert (logits[0] - by_hand(net, source, target)).abs().max() <= 1e-12
    if shape.attention != "none":
        assert look.a is not None
        assert (look.a.sum(-1) - 1).abs().max() <= 1e-12


@given(shapes, st.integers(0, 99))
def test_padding_changes_nothing(shape: Shape, seed: int) -> None:
    net, source = made(shape, seed), torch.tensor([[3, 4, 5, 6, 3], [5, 3, 0, 0, 0]])
    given_ids = torch.tensor([[1, 3, 4], [1, 5, 6]])
    with torch.no_grad():
        memory, state = net.encode(source, [5, 2])
        together, _, _ = net.decode(given_ids, state, memory, [5, 2])
        alone_memory, alone_state = net.encode(source[1:, :2], [2])
        alone, _, _ = net.decode(given_ids[1:], alone_state, alone_memory)
    assert (together[1] - alone[0]).abs().max() <= 1e-12


@given(shapes, st.integers(0, 99))
def test_step_by_step_it_says_what_it_says_in_one_go(shape: Shape, seed: int) -> None:
    net, ids = made(shape, seed), torch.tensor([[1, 5, 3, 6]])
    with torch.no_grad():
        memory, state = net.encode(torch.tensor([[4, 3, 6]]), [3])
        whole, _, _ = net.decode(ids, state, memory)
        step, caches = saying(net, memory, state), None
        for t in range(4):
            logits, caches = step(ids[:, t : t + 1], caches)
            assert (logits[0] - whole[0, t]).abs().max() <= 1e-12


@given(st.dates(dates.FIRST, dates.LAST), st.sampled_from(dates.FORMATS))
def test_our_parser_reads_every_spelling(day: date, spelling: str) -> None:
    assert dates.parse("".join(dates.spell(day, spelling).source)) == day


@pytest.mark.parametrize("text", ["", "31.2.1999", "5 march", "march 5 1999", "5.3.1899", "1999/0/1", "mar 5 99", "5 mar 1999"])
def test_what_is_no_date_is_none(text: str) -> None:
    assert dates.parse(text) is None


def test_an_echo_is_what_was_said() -> None:
    for pair in held_out(Echo(), 200):
        assert pair.source == pair.target
        assert 1 <= len(pair.source) <= LONGEST
    assert Echo().read("A Bee") == tuple("a bee")


def test_training_learns_and_the_same_seed_gives_the_same_weights() -> None:
    recipe = kit.Recipe(steps=40, batch=16, peak_lr=0.02)
    held = held_out(Dates(), 40)

    def trained() -> tuple[Seq2Seq, list[float]]:
        torch.manual_seed(0)
        net = kit.made(Dates(), Shape("gru", "dot", 16, 8))
        return net, list(kit.learn(net, Dates(), recipe, held))

    (net, losses), (again, _) = trained(), trained()
    assert losses[-1] < 0.6 * losses[0]
    assert all(torch.equal(a, b) for a, b in zip(net.state_dict().values(), again.state_dict().values(), strict=True))


def test_what_is_measured() -> None:
    """A network that always says the end is right at every end and nowhere else."""
    task = Echo()
    net = kit.made(task, Shape("gru", "none", 4, 4))
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.zero_()
        net.head.bias[EOS] = 9.0
    pairs = held_out(task, 30)
    ends = 30 / sum(len(pair.target) + 1 for pair in pairs)
    assert kit.measured(net, task, pairs) == {"forced": pytest.approx(ends), "free": 0.0, "exact": 0.0}


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_networks_are_those_of_their_cards_and_reach_their_figures(name: str) -> None:
    net, card = load(name), weights.card(name)
    assert hashlib.sha256((weights.FOLDER / f"{name}.safetensors").read_bytes()).hexdigest() == card["sha256"]
    assert sum(p.numel() for p in net.parameters()) == card["parameters"]
    assert card["kept_after"] <= kit.Recipe(**card["recipe"]).steps
    task = TASKS[card["task"]]
    assert card["source_words"][3:] == list(task.source_words)
    assert card["target_words"][3:] == list(task.target_words)
    assert kit.Recipe(**card["recipe"]).held_out == card["held_out"] == 1000
    found = kit.measured(net, task, held_out(task, card["held_out"]))
    for figure in ("exact", "forced", "free"):  # another machine rounds otherwise: one pair in 1,000 may tip over
        assert found[figure] == pytest.approx(card[figure], abs=0.004)


def test_what_ships_shows_what_it_ships_for() -> None:
    for name in ("dates_dot", "dates_additive", "dates_none"):
        assert weights.card(f"seq2seq_{name}")["exact"] >= 0.99
    early = weights.card("seq2seq_dates_early")
    assert early["forced"] > 0.8 > 0.1 > early["exact"]
    assert weights.card("seq2seq_echo")["exact"] >= 0.95


def test_a_typed_date() -> None:
    net, task = load("seq2seq_dates_dot"), Dates()
    words = kit.Vocabulary(task.source_words)
    ids = torch.tensor([words.ids(task.read("March 5, 1999"))])
    with torch.no_grad():
        memory, state = net.encode(ids, [ids.shape[1]])
    [text] = greedy(saying(net, memory, state), torch.tensor([[BOS]]), EOS, 16)
    assert "".join(kit.Vocabulary(task.target_words).tokens(text)) == "1999-03-05"
    assert set(seq2seq.MODULES) == {"lstm", "gru"}
