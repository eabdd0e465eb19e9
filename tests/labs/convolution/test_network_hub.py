"""Hugging Face models from a folder that the library itself saved: no network is needed, and none is used."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from app import labs
from app.labs.contract import UserError
from app.labs.convolution.network.hub import hub
from app.labs.errors import ParamsError
from app.labs.offered import HUB
from app.web import languages

NAME = "convolution/network"


@pytest.fixture
def saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small ResNet with drawn weights, allowed as its folder."""
    transformers = pytest.importorskip("transformers", reason="needs the extra hub")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    transformers.utils.logging.disable_progress_bar()
    torch.manual_seed(0)
    config = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], id2label={0: "sky", 1: "sea", 2: "sand"}
    )
    folder = tmp_path / "net"
    transformers.ResNetForImageClassification(config).save_pretrained(folder)
    says = {"do_normalize": True, "image_mean": [0.4, 0.5, 0.6], "image_std": [0.2, 0.25, 0.3]}
    (folder / "preprocessor_config.json").write_text(json.dumps(says), "utf-8")
    monkeypatch.setenv(HUB, f"someone/else, {folder}")
    hub.cache_clear()
    return folder


def test_its_layers_and_classes_are_those_of_the_library(saved: Path) -> None:
    import transformers

    params = {"network": "hub", "hub": str(saved), "size": 64}
    scene = labs.scene(NAME, **params)
    frames = list(labs.run(NAME, **params))
    assert scene.note["mean"] == [0.4, 0.5, 0.6]
    assert scene.note["classes"] == ["sky", "sea", "sand"]
    layers: list[Any] = [frame.note["layer"] for frame in frames]
    assert {"Conv2d", "BatchNorm2d", "ReLU", "MaxPool2d", "AdaptiveAvgPool2d", "Linear", "softmax"} <= {
        one["type"] for one in layers
    }
    assert any(one["kind"] == "add" for one in layers)
    net = transformers.AutoModelForImageClassification.from_pretrained(saved).eval()
    with torch.no_grad():
        logits = net(torch.from_numpy(np.array(scene.tensors["input"]))[None]).logits
    assert frames[-1].tensors["probabilities"] == pytest.approx(torch.softmax(logits[0], 0).numpy(), abs=1e-6)


def test_weights_in_another_form_than_safetensors_are_refused(saved: Path) -> None:
    from safetensors.torch import load_file

    torch.save(load_file(saved / "model.safetensors"), saved / "pytorch_model.bin")
    (saved / "model.safetensors").unlink()
    with pytest.raises(UserError) as refused:
        labs.scene(NAME, network="hub", hub=str(saved))
    assert refused.value.message.id == "hub.error.absent"


def test_what_is_not_on_this_machine_is_a_sentence(saved: Path) -> None:
    with pytest.raises(UserError) as refused:
        labs.scene(NAME, network="hub")  # the first that is allowed
    assert refused.value.message.id == "hub.error.absent"
    assert refused.value.message.values["name"] == "someone/else"
    in_both_languages(refused.value)


def test_what_is_no_image_classifier_is_a_sentence(saved: Path) -> None:
    (saved / "config.json").write_text('{"model_type": "bert"}', "utf-8")
    with pytest.raises(UserError) as refused:
        labs.scene(NAME, network="hub", hub=str(saved))
    assert refused.value.path == ("hub",)
    in_both_languages(refused.value)


def test_only_what_the_operator_allows_may_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HUB, "some/one")
    with pytest.raises(ParamsError) as refused:
        labs.params_from(NAME, {"network": "hub", "hub": "an/other"})
    assert refused.value.message.id == "hub.error.not_allowed"
    assert refused.value.path == ("hub",)
    assert labs.params_from(NAME, {"network": "hub"}).model_dump()["hub"] == "some/one"
    monkeypatch.delenv(HUB)
    with pytest.raises(ParamsError) as refused:
        labs.params_from(NAME, {"network": "hub"})
    assert refused.value.message.id == "hub.error.none"
    in_both_languages(refused.value)


def test_without_the_extra_a_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HUB, "some/one")
    monkeypatch.setitem(sys.modules, "transformers", None)
    hub.cache_clear()
    with pytest.raises(UserError) as refused:
        labs.scene(NAME, network="hub")
    assert refused.value.message.id == "hub.error.extra"
    in_both_languages(refused.value)


def in_both_languages(error: UserError) -> None:
    for language in languages.LANGUAGES:
        sentence = languages.catalogue(language).message(error.message)
        assert sentence
        assert "\n" not in sentence
