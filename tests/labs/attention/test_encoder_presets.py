"""What the captions of the presets of attention/encoder say is so: measured on the shipped weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from app import labs
from app.labs.attention.encoder.patterns import PATTERNS
from app.labs.contract import Frame

torch.set_num_threads(1)
NAME = "attention/encoder"
PRESETS = {preset.id: dict(preset.params) for preset in labs.presets(NAME)}


def run(preset: str, **more: Any) -> list[Any]:
    """The tensors of each frame."""
    return [one.tensors for one in labs.run(NAME, **{**PRESETS[preset], **more}) if isinstance(one, Frame)]


def opened(preset: str, *key: str) -> float:
    """The weight that the preset opens, or that of another key."""
    at = PRESETS[preset]["open"]
    tokens = labs.scene(NAME, **PRESETS[preset]).note["tokens"]
    number = tokens.index(key[0]) if key else at["key"]
    return round(float(run(preset)[at["layer"] + 1]["weights"][at["head"], at["query"], number]), 3)


def score(preset: str, pattern: str) -> float:
    at = PRESETS[preset]["open"]
    return round(float(run(preset)[at["layer"] + 1]["scores"][at["head"], PATTERNS.index(pattern)]), 3)


def test_previous_and_next() -> None:
    assert score("previous", "previous") == 1.0
    for text in ("Good morning to you all", "pour moi, c'est bien", "12 + 30 = 42"):
        assert run("previous", text=text)[1]["scores"][2, 0] > 0.99, "whatever is typed"
    assert (score("next", "next"), score("next", "first"), opened("next")) == (0.631, 0.282, 0.78)


def test_the_sink_and_what_is_left_without_it() -> None:
    assert score("sink", "first") == 0.883
    shares = [float(frame["scores"][:, PATTERNS.index("first")].mean()) for frame in run("sink")[1:]]
    assert min(shares[1:5]) >= 0.5
    assert max(shares[0], shares[5]) < 0.5
    assert round(float(run("hidden")[5]["removed"][5].mean()), 2) == 0.89


def test_it() -> None:
    assert (opened("it"), opened("it", "mat")) == (0.712, 0.099)
    assert (opened("wide"), opened("wide", "street")) == (0.54, 0.036)


def test_a_pair() -> None:
    assert opened("pair") == 0.862


def test_pieces() -> None:
    units = labs.scene(NAME, **PRESETS["pieces"]).note["units"]
    at = [unit["label"] for unit in units].index("photosynthesizing")
    assert len(units[at]["tokens"]) == 4
    row = run("pieces")[1]["drawn"][2, at]
    assert np.round(row[[at - 1, at]], 2).tolist() == [0.25, 0.75]


def test_heads_that_are_off() -> None:
    def cosine(frames: list[Any]) -> float:
        return float(frames[-1]["embedding"] @ frames[-1]["untouched_embedding"])

    assert round(cosine(run("off")), 3) == 0.856
    others = [cosine(run("off", off=[{"layer": 5, "head": head}])) for head in range(11)]
    assert min(others) > 0.9
    early = run("early")
    assert round(cosine(early), 3) == 0.998
    assert early[2]["change"].argmax() == PRESETS["early"]["open"]["head"]
    assert round(float(early[2]["change"].max()), 2) == 0.26


def test_a_long_text() -> None:
    assert len(labs.scene(NAME, **PRESETS["long"]).note["tokens"]) == 105
    assert round(score("long", "same"), 2) == 0.55


def test_what_cannot_be_read() -> None:
    assert labs.scene(NAME, **PRESETS["chinese"]).note["unknown"] == ["喜", "欢", "习"]


def test_chinese() -> None:
    assert round(opened("classifier"), 2) == 0.83
    classifier = run("classifier")[4]["weights"][3]
    tokens = labs.scene(NAME, **PRESETS["classifier"]).note["tokens"]
    assert round(float(classifier[tokens.index("朵"), tokens.index("花")]), 2) == 0.51
    note = labs.scene(NAME, **PRESETS["tang"]).note
    assert (note["model"], note["why"], note["turned"]) == ("chinese", "chinese", 4)
    assert (score("tang", "punctuation"), round(opened("tang"), 2)) == (0.497, 0.67)
    assert round(float(run("tang")[2]["chance"][PATTERNS.index("punctuation")]), 2) == 0.15


def test_a_translators_encoder() -> None:
    assert round(opened("translator"), 2) == 0.87
    row = run("translator")[2]["weights"][2, 6]
    assert labs.scene(NAME, **PRESETS["translator"]).note["tokens"][6:9] == ["the", "small", "dog"]
    assert round(float(row[8]), 2) == 0.75
