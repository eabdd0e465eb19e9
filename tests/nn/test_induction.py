"""The induction task: what is drawn, what is scored, and that the network that ships is the one of its card."""

from __future__ import annotations

import hashlib
from itertools import islice, pairwise

import pytest
import torch

from app.labs.contract import UserError
from app.nn import weights
from app.nn.tasks import induction
from app.nn.tasks.pairs import BOS
from app.nn.tasks.steps import Recipe

torch.set_num_threads(1)


def test_what_is_drawn_is_said_again_in_pieces() -> None:
    """Counted as known are just the tokens after one that came before with the same token after it, in a piece."""
    for ids, known in islice(induction.batches(0, 4), 30):
        assert ids.shape == (4, 1 + induction.MOST)
        assert (ids[:, 0] == BOS).all()
        for row, can in zip(ids[:, 1:].tolist(), known.tolist(), strict=True):
            half = len(set(row))
            assert induction.SHORTEST <= half <= induction.LONGEST
            assert len(set(row[:half])) == half
            assert not any(can[: half + 1])
            after = dict(pairwise(row[:half]))
            assert all(after[row[t - 1]] == row[t] for t, one in enumerate(can) if one)
            assert sum(can) >= (induction.MOST - half) // 3
    held = induction.held_out(7, 9)
    assert held.shape == (7, 19)
    assert torch.equal(held[:, 1:10], held[:, 10:])


def test_a_letter_looks_after_its_last_earlier_occurrence() -> None:
    assert induction.earlier("abcabca") == [None, None, None, 1, 2, 3, 4]


def test_the_score_is_the_mean_weight_on_the_places_after() -> None:
    """Row by row, against ``earlier``."""
    torch.manual_seed(1)
    net = induction.network().eval()
    sequences = induction.held_out(3, 7)
    states = net.states(sequences)
    found = induction.scores(net, sequences)
    for layer, each in enumerate(states.weights()):
        for head in range(net.shape.heads):
            taken = []
            for n, row in enumerate(sequences.tolist()):
                places = induction.earlier(induction.VOCABULARY.tokens(row))
                taken += [each[n, head, i, j].item() for i, j in enumerate(places) if j is not None]
            assert len(taken) == 3 * 7
            assert found[layer, head].item() == pytest.approx(sum(taken) / len(taken), rel=1e-6)


def test_accuracy_is_of_what_can_be_known() -> None:
    """A network that always says the same token is right where that token comes."""
    net = induction.network().eval()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.zero_()
    sequences = induction.held_out(5, 6)
    sequences[:, 3] = sequences[:, 9] = 0  # token 0 is the likeliest of equals
    assert induction.accuracy(net, sequences) == pytest.approx(1 / 5)


def test_training_is_reproducible_and_lowers_the_loss() -> None:
    def losses() -> list[float]:
        torch.manual_seed(0)
        return [step.loss for step in induction.learn(induction.network(), Recipe(steps=40, batch=8))]

    first = losses()
    assert losses() == first
    assert sum(first[-5:]) < 0.95 * sum(first[:5])


@pytest.mark.parametrize(("text", "id"), [("", "empty-text"), ("héllo", "unknown-words"), ("a" * 49, "too-long")])
def test_what_cannot_be_read_is_told(text: str, id: str) -> None:
    with pytest.raises(UserError, match=f"attention.{id}"):
        induction.read(text)
    assert induction.read(" aB 3") == ("a", "B", "3")


def test_the_network_that_ships_is_that_of_its_card() -> None:
    net, card = induction.load(), weights.card("induction")
    assert hashlib.sha256((weights.FOLDER / "induction.safetensors").read_bytes()).hexdigest() == card["sha256"]
    assert sum(p.numel() for p in net.parameters()) == card["parameters"] < 50_000
    assert net.shape.d_ff == 0
    assert net.shape.layers == 2
    assert card["words"] == list(induction.VOCABULARY.words)
    held = induction.held_out(card["held_out"])[:200]
    assert card["accuracy"] >= 0.96
    assert induction.accuracy(net, held) == pytest.approx(card["accuracy"], abs=0.01)
    assert torch.allclose(induction.scores(net, held), torch.tensor(card["induction_scores"]).double(), atol=0.02)
    assert induction.scores(net, held)[1].max() > 0.8
    assert induction.accuracy(net, induction.held_out(100, 9)) > 0.9  # whatever the distance
