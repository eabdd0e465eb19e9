"""Taggers: padded texts are read as alone, and Python's tags are its tokenizer's."""

from __future__ import annotations

import ast
import keyword
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.nn.characters import UNKNOWN
from app.nn.python_tags import TAGS, tags
from app.nn.tagger import Shape, Tagger, whole
from app.training.kit.tagger import Recipe, answers, nats, train
from serving import ROOT

torch.set_num_threads(1)
LETTERS = (UNKNOWN, *"abcdef")


@given(st.lists(st.text("abcdefg", min_size=1, max_size=9), min_size=1, max_size=5), st.booleans())
@hypothesis_settings(max_examples=25, deadline=None)
def test_a_padded_text_gets_the_tags_that_it_gets_alone(texts: list[str], both: bool) -> None:
    torch.manual_seed(0)
    net = Tagger(LETTERS, ("x", "y", "z"), Shape("gru", 2, 5, 3, both)).eval()
    lengths = torch.tensor([len(text) for text in texts])
    ids = torch.zeros(int(lengths.max()), len(texts), dtype=torch.long)
    for n, text in enumerate(texts):
        ids[: len(text), n] = torch.tensor(net.ids(text))
    with torch.no_grad():
        together = net(ids, lengths)
        for n, text in enumerate(texts):
            alone = net(torch.tensor(net.ids(text))[:, None])[:, 0]
            assert torch.allclose(together[: len(text), n], alone, atol=1e-6)


def test_a_tagger_learns_what_only_the_end_tells() -> None:
    """Each character's tag is the last one's letter: read both ways it can be known, forward only it cannot."""
    draws = torch.Generator().manual_seed(0)
    texts = []
    for _ in range(400):
        text = "".join("abcdef"[k] for k in torch.randint(6, (6,), generator=draws).tolist())
        texts.append((text, [LETTERS.index(text[-1]) - 1] * 6))
    share = {}
    for both in (True, False):
        torch.manual_seed(0)
        net = Tagger(LETTERS, tuple("abcdef"), Shape("lstm", 1, 16, 8, both))
        train(net, Recipe(steps=150, batch=32, peak_lr=2e-2), texts[:300], texts[300:])
        counts = answers(net, texts[300:], one=False).double()
        assert counts.sum() == 600
        share[both] = float(counts.diag().sum() / counts.sum())
        assert nats(net, texts[300:]) > 0
    assert share[True] > 0.99
    assert share[False] < 0.5


def test_the_whole_is_the_mean_over_the_characters() -> None:
    logits = torch.tensor([[2.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    p = logits.softmax(-1)
    product = (p[0] * p[1]).sqrt()
    assert torch.allclose(whole(logits).exp(), product / product.sum())


def test_pythons_tags() -> None:
    text = "if x1 == 2.5:  # why\n    s = f('a b')\n"
    expected = {
        "keyword": ["if"],
        "name": ["x1", "s", "f"],
        "number": ["2.5"],
        "operator": ["==", ":", "=", "(", ")"],
        "comment": ["# why"],
        "string": ["'a b'"],
    }
    found = tags(text)
    assert found is not None
    pieces: dict[str, list[str]] = {}
    before = None
    for character, tag in zip(text, found, strict=True):
        if TAGS[tag] == "space":
            assert character.isspace()
        elif tag == before:
            pieces[TAGS[tag]][-1] += character
        else:
            pieces.setdefault(TAGS[tag], []).append(character)
        before = tag
    assert pieces == expected


@pytest.mark.parametrize("text", ["x = (", '"""', "if x:\n\ty\n    z\n  w\n"], ids=["bracket", "quotes", "indent"])
def test_what_python_cannot_read_has_no_tags(text: str) -> None:
    assert tags(text) is None


@pytest.mark.parametrize("file", sorted((ROOT / "app/nn").glob("*.py"))[:8], ids=lambda path: path.name)
def test_names_of_whole_files_are_those_of_the_syntax_tree(file: Path) -> None:
    """ast reads the same file by another road: where it has a name, one was tagged."""
    text = file.read_text("utf-8")
    found = tags(text)
    assert found is not None
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Name):
            continue
        line = text[starts[node.lineno - 1] : starts[node.lineno]]
        at = starts[node.lineno - 1] + len(line.encode()[: node.col_offset].decode())
        if TAGS[found[at]] == "string":
            continue  # inside an f-string
        assert TAGS[found[at]] == "name"
        assert text[at : at + len(node.id)] == node.id
        assert not keyword.iskeyword(node.id)
