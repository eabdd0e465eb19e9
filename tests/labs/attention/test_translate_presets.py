"""What the captions of the presets of attention/translate say is so: measured on the shipped weights."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from app import labs
from app.labs.attention.params.translate import LAYERS
from app.labs.contract import Frame

torch.set_num_threads(1)
NAME = "attention/translate"
PRESETS = {preset.id: dict(preset.params) for preset in labs.presets(NAME)}


def ran(preset: str) -> list[Any]:
    return [one for one in labs.run(NAME, **PRESETS[preset]) if isinstance(one, Frame)]


def opened(preset: str) -> tuple[str, str, str, float]:
    """What the preset opens: the token that is given there, what is said, the key, and the mean map's weight."""
    at = PRESETS[preset]["open"]
    scene, frame = labs.scene(NAME, **PRESETS[preset]), ran(preset)[LAYERS + 1 + at["query"]]
    words: Any = scene.note["vocabulary"]
    tokens: Any = scene.note["tokens"]
    row = "free" if "free" in frame.note else "forced"
    value = float(frame.tensors[f"{row}/{at['map']}"][at["layer"], :, at["key"]].mean())
    note = frame.note[row]
    return words[note["given"]], words[note["said"]], tokens[at["key"]], round(value, 2)


@pytest.mark.parametrize(
    ("preset", "found"),
    [
        ("french", ("chat", "noir", "black", 0.99)),
        ("agrees", ("reines", "n'", "like", 0.49)),
        ("reversal", ("<bos>", "n", "n", 1.0)),
        ("dates", ("0", "9", "s", 0.66)),
        ("chinese", ("this", "teacher", "师", 0.81)),
    ],
)
def test_where_it_looks(preset: str, found: tuple[str, str, str, float]) -> None:
    assert opened(preset) == found


def test_the_mean_map_finds_all_nine_words() -> None:
    last = ran("french")[-1]
    assert last.note["free"]["counted"] == 9
    assert last.tensors["free/gold"][1, 4] == 1


def test_every_letter_of_the_reversal_is_looked_at() -> None:
    weights = [float(frame.tensors["free/cross"][1].mean(0).max()) for frame in ran("reversal")[LAYERS + 1 : -1]]
    assert round(min(weights), 2) == 0.73
    assert ran("reversal")[-1].tensors["free/gold"][1, 4] == 1


def test_the_mask_hides_what_is_opened() -> None:
    at = PRESETS["masked"]["open"]
    assert at["key"] > at["query"]
    assert ran("masked")[LAYERS + 1 + at["query"]].tensors["forced/self"][at["layer"], at["head"], at["key"]] == 0


def test_the_mistake_takes_it_by_surprise_once() -> None:
    frames = ran("wrong-start")[LAYERS + 1 :]
    nats = [round(float(frame.tensors["forced/loss"][0]), 1) for frame in frames]
    assert nats == [13.6, 0, 0, 0, 0, 0, 0]
    assert frames[1].note["forced"]["text"] == "Le chat"


def test_a_verb_is_made_up() -> None:
    frames = ran("beam")
    assert [frame.note["free"]["text"] for frame in frames if frame.note.get("free")][-1] == "Le chat porte le chien."
    third = frames[LAYERS + 3]
    assert round(float(third.tensors["free/p"][third.note["free"]["said"]]), 2) == 0.30


def test_too_hot() -> None:
    first = ran("hot")[LAYERS + 1]
    assert first.note["free"]["text"] == "Jardin"
    words: Any = labs.scene(NAME, **PRESETS["hot"]).note["vocabulary"]
    assert first.tensors["free/p"][words.index("le")] > 0.999
