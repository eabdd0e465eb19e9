"""The operator's own network in this process: what docs/models.md says, and what a factory may return."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from app import images, labs
from app.labs.contract import UserError
from app.labs.offered import VARIABLE, fingerprint
from app.labs.registry import module, params_from
from app.web import languages
from serving import ROOT

NAME = "convolution/network"
HEAD = "import torch\nfrom torch import nn\n"


@pytest.fixture
def offer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """``offer(code)`` makes a file of it and offers its ``make``; returns the file."""

    def offered(code: str) -> Path:
        file = tmp_path / f"m{abs(hash(code))}.py"
        file.write_text(HEAD + code, "utf-8")
        monkeypatch.setenv(VARIABLE, f"{file}:make")
        return file

    return offered


@pytest.mark.parametrize("page", ["models.md", "models.zh-CN.md"])
def test_the_example_of_the_docs_runs(offer: Any, page: str) -> None:
    text = (ROOT / "docs" / page).read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.S)
    offer(code)
    frames = list(labs.run(NAME, network="own"))
    layers: list[Any] = [frame.note["layer"] for frame in frames]
    assert [layer["type"] for layer in layers] == ["Input", "Conv2d", "relu", "max_pool2d", "flatten", "Linear", "softmax"]
    assert layers[0]["shape"] == [1, 28, 28]
    assert layers[3]["shape"] == [8, 14, 14]
    assert frames[-1].note["top"][0]["label"] in "0123456789"  # type: ignore[index,call-overload]


def test_a_grey_network_is_given_the_luma_of_the_pixels(offer: Any) -> None:
    offer("def make():\n    return nn.ReLU(), {'mean': [0.5], 'std': [0.25]}\n")
    scene = labs.scene(NAME, network="own", size=48)
    rgb = scene.tensors["rgb"]
    assert rgb.shape == (48, 48, 3)
    assert (rgb == rgb[..., :1]).all()
    assert scene.tensors["input"].shape == (1, 48, 48)
    assert scene.tensors["input"][0] == pytest.approx((rgb[..., 0] / 255 - 0.5) / 0.25, abs=1e-6)
    assert [one["id"].rpartition(".")[2] for one in scene.note["preprocess"]][-2:] == ["grey", "normalise"]  # type: ignore[union-attr,index,call-overload]


def test_a_preprocessing_of_its_own_takes_the_whole_picture(offer: Any) -> None:
    offer(
        "import numpy\n"
        "def prepare(image):\n"
        "    return torch.from_numpy(numpy.asarray(image.resize((40, 24))).copy()).permute(2, 0, 1) / 100.0\n"
        "def make():\n    return nn.ReLU(), {'preprocess': prepare}\n"
    )
    scene = labs.scene(NAME, network="own")
    picture = images.load("sample:cat")
    wanted = np.asarray(Image.fromarray(picture.pixels).resize((40, 24))).transpose(2, 0, 1) / 100
    assert scene.tensors["input"] == pytest.approx(wanted, abs=1e-6)
    assert scene.tensors["rgb"].shape == (24, 40, 3)
    frame = next(iter(labs.run(NAME, network="own")))
    params = params_from(NAME, {"network": "own"})
    opened = module(NAME).explain(params, scene, None, frame, {"kind": "value", "channel": 1, "y": 3, "x": 5})
    assert opened.result == scene.tensors["input"][1, 3, 5]


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("def make():\n    return nn.ReLU(), {'class': ['a']}\n", "no such option: class"),
        ("def make():\n    return nn.ReLU(), ['a']\n", "list"),
        ("def make():\n    return nn.ReLU(), {'mean': [0, 0]}\n", "mean and std"),
        ("def make():\n    return nn.ReLU(), {'mean': [0], 'std': [1, 1, 1]}\n", "mean and std"),
        ("def make():\n    return nn.ReLU(), {'std': [0, 1, 1]}\n", "std must be above 0"),
        ("def make():\n    return nn.ReLU(), {'size': 100000}\n", "size must be from"),
        ("def make():\n    return nn.ReLU(), {'preprocess': 3}\n", "preprocess"),
        ("def make():\n    return nn.ReLU(), {'preprocess': lambda image: 1 / 0}\n", "division by zero"),
        ("def make():\n    return nn.ReLU(), {'preprocess': lambda image: torch.zeros(5)}\n", "(C, H, W)"),
        ("def make():\n    return nn.Conv2d(7, 1, 3)\n", "7 channels"),
        ("def make(:\n", "SyntaxError"),
        ("raise SystemExit(1)\n", "SystemExit"),
    ],
)
def test_what_goes_wrong_in_it_is_a_sentence_of_both_languages(offer: Any, code: str, told: str) -> None:
    offer(code)
    with pytest.raises(UserError) as refused:
        made_and_run()
    assert refused.value.path == ("network",)
    for language in languages.LANGUAGES:
        sentence = languages.catalogue(language).message(refused.value.message)
        assert told in sentence
        assert "\n" not in sentence
        assert len(sentence) < 600


def made_and_run() -> None:
    labs.scene(NAME, network="own")
    list(labs.run(NAME, network="own"))


def test_a_network_without_class_names_ends_with_its_output(offer: Any) -> None:
    offer("def make():\n    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(3600, 5))\n")
    frames = list(labs.run(NAME, network="own"))
    assert frames[-1].note["layer"]["type"] == "Linear"  # type: ignore[index,call-overload]
    assert "probabilities" not in frames[-1].tensors


def test_params_name_the_file_that_runs_and_refuse_another(offer: Any) -> None:
    file = offer("def make():\n    return nn.ReLU()\n")
    params: Any = params_from(NAME, {"network": "own"})
    assert params.model == fingerprint(str(file))
    file.write_text(file.read_text("utf-8") + "\n# changed\n", "utf-8")
    with pytest.raises(UserError) as refused:
        labs.scene(NAME, **params.model_dump(mode="json"))
    assert refused.value.message.id == "own.error.model_changed"


def test_nothing_offered_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert params_from(NAME, {"network": "own"}).model_dump()["model"] is None
    with pytest.raises(UserError) as refused:
        labs.scene(NAME, network="own")
    assert refused.value.message.id == "own.error.no_model"
