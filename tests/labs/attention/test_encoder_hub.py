"""Hugging Face models in attention/encoder, from folders that the library itself saved: no network is needed, and none is used."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from app import labs
from app.labs.attention import encoder
from app.labs.attention.encoder import hub
from app.labs.attention.encoder.patterns import PATTERNS
from app.labs.contract import Frame, UserError
from app.labs.errors import ParamsError
from app.labs.offered import TEXTS
from app.web import languages

torch.set_num_threads(1)
NAME = "attention/encoder"
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
WORDS = [*SPECIAL, "the", "cat", "sat", "on", "mat", "le", "chat", "##s", "one", "two", "three", "four", "five", "."]
SMALL = {"vocab_size": len(WORDS), "max_position_embeddings": 64}
SIZES = {**SMALL, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48}
TEXT, SECOND = "the cats sat on the mat .", "le chats on ."


def bert(t: Any) -> Any:
    """An encoder."""
    return t.BertModel(t.BertConfig(**SIZES))


def llama(t: Any) -> Any:
    """A decoder: positions turn q and k, two heads share a key."""
    return t.LlamaModel(t.LlamaConfig(**SIZES, num_key_value_heads=2))


def bart(t: Any) -> Any:
    """An encoder-decoder."""
    each = {
        f"{side}_{what}": n
        for side in ("encoder", "decoder")
        for what, n in (("layers", 2), ("attention_heads", 4), ("ffn_dim", 48))
    }
    ends = {"decoder_start_token_id": 3, "bos_token_id": 2, "eos_token_id": 3, "forced_eos_token_id": 3, "pad_token_id": 0}
    return t.BartModel(t.BartConfig(**SMALL, d_model=32, **each, **ends))


def t5(t: Any) -> Any:
    """An encoder-decoder without a scale and with a bias for places."""
    sizes = {"vocab_size": len(WORDS), "d_model": 32, "d_kv": 8, "num_layers": 2, "num_heads": 4, "d_ff": 48}
    return t.T5Model(t.T5Config(**sizes, decoder_start_token_id=0, pad_token_id=0, eos_token_id=3))


def saved(folder: Path, make: Callable[[Any], Any], special: bool = True) -> Path:
    """A model with drawn weights and its tokenizer."""
    transformers = pytest.importorskip("transformers", reason="needs the extra hub")
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    transformers.utils.logging.disable_progress_bar()
    words = Tokenizer(models.WordPiece({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    if special:
        words.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
        )
    names = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    transformers.PreTrainedTokenizerFast(tokenizer_object=words, model_max_length=64, **names).save_pretrained(folder)
    torch.manual_seed(0)
    net = make(transformers)
    with torch.no_grad():
        for weight in net.parameters():
            weight.mul_(4 if weight.dim() > 1 else 1)  # else every map would be nearly even
    net.save_pretrained(folder)
    return folder


@pytest.fixture
def allow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Saves and allows a model; its id, which is its folder."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    hub.load.cache_clear()

    def made(make: Callable[[Any], Any], special: bool = True) -> str:
        folder = saved(tmp_path / make.__name__, make, special)
        monkeypatch.setenv(TEXTS, f"someone/else, {folder}")
        return str(folder)

    return made


def frames(**params: Any) -> list[Frame]:
    return [one for one in labs.run(NAME, model="hub", **params) if isinstance(one, Frame)]


def theirs(folder: str, **given: Any) -> Any:
    """The library's own maps, with its own attention."""
    import transformers

    net = transformers.AutoModel.from_pretrained(folder, attn_implementation="eager", local_files_only=True).eval()
    with torch.no_grad():
        return net(**{name: torch.tensor([ids]) for name, ids in given.items()}, output_attentions=True, output_hidden_states=True)


@pytest.mark.parametrize(("make", "special"), [(bert, True), (llama, False)])
def test_maps_and_states_are_the_librarys(allow: Callable[..., str], make: Any, special: bool) -> None:
    id = allow(make, special)
    note = labs.scene(NAME, model="hub", hub=id, text=TEXT, second=SECOND).note
    assert note["why"] == "chosen"
    assert note["title"] == id
    ids = [WORDS.index(token) for token in note["tokens"]]
    more = {"token_type_ids": note["types"]} if make is bert else {}
    wanted, found = theirs(id, input_ids=ids, **more), frames(hub=id, text=TEXT, second=SECOND)
    assert len(found) == 3
    for at, frame in enumerate(found[1:]):
        assert np.abs(frame.tensors["weights"] - wanted.attentions[at][0].numpy()).max() <= 1e-5
        assert np.abs(frame.tensors["hidden"] - wanted.hidden_states[at + 1][0].numpy()).max() <= 1e-4
        assert frame.tensors["parity"][0] <= frame.tensors["parity"][1] <= 1e-5
    if make is llama:
        above = np.triu(np.ones(found[1].tensors["weights"].shape[1:], dtype=bool), 1)
        assert (found[1].tensors["weights"][:, above] == 0).all(), "exactly"


@pytest.mark.parametrize("make", [bart, t5])
def test_an_encoder_decoders_three_kinds_of_maps_stand_in_their_places(allow: Callable[..., str], make: Any) -> None:
    id = allow(make)
    note = labs.scene(NAME, model="hub", hub=id, text=TEXT, second=SECOND).note
    ids = [WORDS.index(token) for token in note["tokens"]]
    s = note["types"].count(0)
    wanted = theirs(id, input_ids=ids[:s], decoder_input_ids=ids[s:])
    kinds = {"encoder": wanted.encoder_attentions, "decoder": wanted.decoder_attentions, "cross": wanted.cross_attentions}
    found = frames(hub=id, text=TEXT, second=SECOND)
    assert [one["kind"] for one in note["parts"]] == ["encoder", "encoder", "decoder", "cross", "decoder", "cross"]
    for frame, part in zip(found[1:], note["parts"], strict=True):
        map_ = kinds[part["kind"]][part["number"] - 1][0].numpy()
        whole = np.zeros_like(frame.tensors["weights"])
        rows = slice(s) if part["kind"] == "encoder" else slice(s, None)
        whole[:, rows, slice(s, None) if part["kind"] == "decoder" else slice(s)] = map_
        assert np.abs(frame.tensors["weights"] - whole).max() <= 1e-5
        assert np.abs(frame.tensors["rolled"].sum(-1) - 1).max() <= 1e-5
        assert frame.tensors["parity"][0] <= frame.tensors["parity"][1] <= 1e-3
    alone = labs.scene(NAME, model="hub", hub=id, text=TEXT).note
    assert [one["kind"] for one in alone["parts"]] == ["encoder", "encoder"]


@pytest.mark.parametrize("make", [llama, bart, t5])
def test_every_number_that_is_opened_is_torchs(allow: Callable[..., str], make: Any) -> None:
    id = allow(make, make is not llama)
    params = {"model": "hub", "hub": id, "text": TEXT, "second": SECOND, "off": [{"layer": 0, "head": 1}]}
    made = labs.params_from(NAME, params)
    scene, found = encoder.scene(made), frames(**{k: v for k, v in params.items() if k != "model"})
    assert found[-1].tensors["change"].max() > 0
    count = len(scene.note["tokens"])
    for step in range(1, len(found)):
        seen = {"kind": "weight", "head": 3, "query": count - 1, "key": 1}
        for target in [*encoder.targets(made), seen]:
            scored = found[step].tensors["scores"][0, PATTERNS.index(target["pattern"])] if target["kind"] == "score" else 0
            if np.isnan(scored) or (target["kind"] == "embedding" and step + 1 < len(found)):
                continue
            told = encoder.explain(made, scene, found[step - 1], found[step], target)
            assert told.reference is not None
            assert told.reference.difference <= 2e-4, (step, target)
            if target["kind"] == "weight":
                weights = found[step].tensors["weights"]
                assert told.result == pytest.approx(weights[target["head"], target["query"], target["key"]], abs=1e-5)


def test_a_head_switched_off_is_as_if_its_values_were_0(allow: Callable[..., str]) -> None:
    id = allow(bert)
    found = frames(hub=id, text=TEXT, off=[{"layer": 0, "head": 2}])
    import transformers

    net = transformers.AutoModel.from_pretrained(id, attn_implementation="eager", local_files_only=True).eval()
    with torch.no_grad():
        for part in (net.encoder.layer[0].attention.self.value.weight, net.encoder.layer[0].attention.self.value.bias):
            part[2 * 8 : 3 * 8] = 0
        ids = [WORDS.index(token) for token in labs.scene(NAME, model="hub", hub=id, text=TEXT).note["tokens"]]
        wanted = net(input_ids=torch.tensor([ids]), output_attentions=True)
    assert np.abs(found[2].tensors["weights"] - wanted.attentions[1][0].numpy()).max() <= 1e-5
    assert found[2].tensors["change"].max() > 1e-3


def test_a_model_that_attends_otherwise_is_refused(allow: Callable[..., str]) -> None:
    def gemma2(t: Any) -> Any:  # caps its scores
        return t.Gemma2Model(t.Gemma2Config(**SIZES, num_key_value_heads=2, head_dim=8))

    sentence = refused(text=TEXT, hub=allow(gemma2, False))
    assert sentence.message.id == "hub.error.failed"


def test_weights_in_another_form_than_safetensors_are_refused(allow: Callable[..., str]) -> None:
    from safetensors.torch import load_file

    folder = Path(allow(bert))
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    assert refused(text=TEXT, hub=str(folder)).message.id == "hub.error.absent"


def test_what_is_not_here_is_a_sentence_and_without_the_extra_too(
    allow: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(bert)
    absent = refused(text=TEXT)  # the first that is allowed
    assert absent.message.id == "hub.error.absent"
    assert absent.message.values["name"] == "someone/else"
    hub.load.cache_clear()
    monkeypatch.setitem(sys.modules, "transformers", None)
    assert refused(text=TEXT).message.id == "hub.error.extra"
    assert list(labs.run(NAME, model="reversal", text="abc")), "the rest of the lab works"


def test_only_what_the_operator_allows_may_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TEXTS, "some/one")
    with pytest.raises(ParamsError) as caught:
        labs.params_from(NAME, {"model": "hub", "hub": "../secret"})
    assert (caught.value.message.id, caught.value.path) == ("hub.error.not_allowed", ("hub",))
    assert labs.params_from(NAME, {"model": "hub"}).model_dump()["hub"] == "some/one"
    monkeypatch.delenv(TEXTS)
    with pytest.raises(ParamsError) as caught:
        labs.params_from(NAME, {"model": "hub"})
    assert caught.value.message.id == "hub.error.none"


def refused(**params: Any) -> UserError:
    """What a scene says, in one line of both languages."""
    with pytest.raises(UserError) as caught:
        labs.scene(NAME, model="hub", **params)
    for language in languages.LANGUAGES:
        sentence = languages.catalogue(language).message(caught.value.message)
        assert sentence
        assert "\n" not in sentence
    return caught.value
