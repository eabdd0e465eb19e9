"""The contract that every experiment keeps, whoever wrote it: this runs over all that the registry finds.

What a browser sees of it (no console error, no policy violation, no other origin, keyboard alone) is in tests/browser.
"""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pytest
import torch
from websockets.sync.client import connect

from app import labs
from app.labs.contract import WIDGETS, Explanation, Frame, Message, Params, Scene, UserError
from app.labs.registry import ParamsError
from app.web import languages
from app.wire.blocks import MESSAGE_BYTES, Layout
from app.wire.frames import Packer, Unpacked, pack_scene, unpack
from serving import Server

torch.set_num_threads(1)  # as in the workers: with more the last bits differ
EXPERIMENTS = sorted(name for name, params in labs.experiments().items() if params.__module__.startswith("app.labs."))
"""All but those that other tests add."""
DTYPES = {np.dtype(code) for code in ("<f4", "<f8", "<i4", "|u1", "|i1", "<i8", "|b1")}
NONSENSE: tuple[Any, ...] = (
    1e300,
    -1e300,
    math.nan,
    math.inf,
    -1,
    2**70,
    "nonsense",
    "",
    "a" * 10_000,
    None,
    True,
    [],
    [[]],
    {},
    {"a": 1},
)

every_experiment = pytest.mark.parametrize("name", EXPERIMENTS)


@pytest.fixture(scope="module")
def frames_of() -> Any:
    """(params, scene, frames) of an experiment's defaults, computed once."""
    kept: dict[str, tuple[Params, Scene, list[Frame]]] = {}

    def of(name: str) -> tuple[Params, Scene, list[Frame]]:
        if name not in kept:
            kept[name] = labs.params_from(name, {}), labs.scene(name), list(labs.run(name))
        return kept[name]

    return of


def test_there_is_an_experiment() -> None:
    assert "optimizer/race" in EXPERIMENTS


# Params


def schemas(
    schema: Mapping[str, Any], defs: Mapping[str, Any], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every schema that a value may be checked by, with the names that lead there; references followed once a path."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        if f"${name}" not in path:
            yield from schemas({**defs[name], **{k: v for k, v in schema.items() if k != "$ref"}}, defs, (*path, f"${name}"))
        return
    choices = [one for key in ("anyOf", "oneOf", "allOf") for one in schema.get(key, ())]
    if choices:
        for one in choices:
            yield from schemas(one, defs, path)
        return
    yield path, schema
    for name, one in schema.get("properties", {}).items():
        yield from schemas(one, defs, (*path, name))
    for one in (*schema.get("prefixItems", ()), *([schema["items"]] if isinstance(schema.get("items"), dict) else ())):
        yield from schemas(one, defs, path)
    if isinstance(schema.get("additionalProperties"), dict):
        yield from schemas(schema["additionalProperties"], defs, path)


def unbounded(schema: Mapping[str, Any]) -> bool:
    """Whether a schema lets in numbers, lists, texts or objects of any size."""
    if "enum" in schema or "const" in schema:
        return False
    match schema.get("type"):
        case "number" | "integer":
            low, high = schema.keys() & {"minimum", "exclusiveMinimum"}, schema.keys() & {"maximum", "exclusiveMaximum"}
            return not (low and high)
        case "array":
            return "maxItems" not in schema
        case "string":
            return "maxLength" not in schema
        case "object":
            return schema.get("additionalProperties") is not False and "maxProperties" not in schema
        case "boolean" | "null":
            return False
    return True


@every_experiment
def test_every_number_list_and_text_is_bounded(name: str) -> None:
    schema = labs.experiments()[name].model_json_schema()
    found = list(schemas(schema, schema.get("$defs", {})))
    assert len(found) > 2
    assert [".".join(path) for path, one in found if unbounded(one)] == []


@every_experiment
def test_widgets_are_of_the_closed_list(name: str) -> None:
    schema = labs.experiments()[name].model_json_schema()
    named = {one["widget"] for _, one in schemas(schema, schema.get("$defs", {})) if "widget" in one}
    named |= {one["widget"] for one in schema["properties"].values() if "widget" in one}
    assert named <= set(WIDGETS)


@every_experiment
def test_defaults_are_params_and_are_told_whole(name: str) -> None:
    params = labs.params_from(name, {})
    told = json.loads(params.model_dump_json())
    assert labs.params_from(name, told) == params
    assert json.loads(labs.params_from(name, told).model_dump_json()) == told


@every_experiment
def test_nonsense_in_any_field_is_refused_in_one_sentence_of_both_languages(name: str) -> None:
    refused = 0
    for field, value in itertools.product([*labs.experiments()[name].model_fields, "no_such_field"], NONSENSE):
        try:
            labs.params_from(name, {field: value})
        except ParamsError as error:
            refused += 1
            for path, message in error.errors:
                assert path[0] == field
                for sentence in in_both_languages(message):
                    assert "\n" not in sentence
                    assert len(sentence) < 1_000
    assert refused > len(NONSENSE)


# Runs


@every_experiment
def test_frames_are_as_the_contract_says(name: str, frames_of: Any) -> None:
    params, scene, frames = frames_of(name)
    steps = [frame.step for frame in frames]
    assert steps[0] == 0
    assert all(a < b for a, b in itertools.pairwise(steps))
    if params.length() is not None:
        assert steps[-1] == params.length()
    for thing in (scene, *frames):
        json.dumps(dict(thing.note), allow_nan=False)
        for tensor in thing.tensors.values():
            assert isinstance(tensor, np.ndarray)
            assert tensor.dtype in DTYPES


@every_experiment
def test_the_same_seed_gives_the_same_bytes(name: str, frames_of: Any) -> None:
    params, scene, frames = frames_of(name)
    again = labs.params_from(name, params.model_dump(mode="json"))
    module = labs.module(name)
    assert packed(module.scene(again), [frame for frame in module.run(again) if isinstance(frame, Frame)]) == packed(scene, frames)


def packed(scene: Scene, frames: list[Frame]) -> list[bytes]:
    packer = Packer("run")
    blocks = [block for frame in frames for block in packer.add(frame)] + packer.flush()
    return [pack_scene("run", scene), *(block.message for block in blocks)]


@every_experiment
def test_a_run_over_the_socket_is_the_run_itself_in_messages_of_at_most_4_mb(name: str, server: Server, frames_of: Any) -> None:
    _, scene, frames = frames_of(name)
    messages = over_the_socket(server, name)
    assert max(map(len, messages)) <= MESSAGE_BYTES
    layouts: dict[int, Layout] = {}
    read = [unpack(message, layouts) for message in messages]
    assert [one.kind for one in read][:1] == ["scene"]
    assert_same_tensors(read[0], scene.tensors)
    got = [frame for one in read if one.kind == "frames" for frame in one.frames()]
    assert [frame.step for frame in got] == [frame.step for frame in frames]
    quantised = {t.name for layout in layouts.values() for t in layout.tensors if t.quantised}
    for mine, theirs in zip(got, frames, strict=True):
        assert dict(mine.note) == dict(theirs.note)
        assert mine.tensors.keys() == theirs.tensors.keys() - set(theirs.on_demand)
        for tensor in mine.tensors.keys() - quantised:
            assert mine.tensors[tensor].tobytes() == theirs.tensors[tensor].tobytes(), (mine.step, tensor)


def over_the_socket(server: Server, name: str) -> list[bytes]:
    """Every binary message of a run of the defaults, to its end."""
    messages = []
    with connect(server.ws_url, origin=server.url, proxy=None, max_size=None) as page:  # type: ignore[arg-type]
        page.send(json.dumps({"type": "start", "id": 1, "experiment": name, "params": {}, "ack": False}))
        while True:
            message = page.recv(timeout=60)
            if isinstance(message, bytes):
                messages.append(message)
                continue
            told = json.loads(message)
            assert told.get("ok", True), told
            assert told.get("state") != "failed", told
            if told["type"] == "state" and told["state"] == "done":
                return messages


def assert_same_tensors(read: Unpacked, tensors: Mapping[str, np.ndarray]) -> None:
    assert set(read.tensors) == set(tensors)
    for name, tensor in tensors.items():
        assert np.array_equal(read.tensors[name][0], tensor, equal_nan=tensor.dtype.kind == "f"), name


# Explanations


@every_experiment
def test_every_declared_target_can_be_opened(name: str, frames_of: Any) -> None:
    params, scene, frames = frames_of(name)
    module = labs.module(name)
    targets = module.targets(params)
    assert targets
    for target in targets:
        json.dumps(target, allow_nan=False)
        for seq in sorted({1, 2, len(frames) // 2, len(frames) - 1} & set(range(len(frames)))):
            check_explanation(module.explain(params, scene, frames[seq - 1], frames[seq], target), target)


@every_experiment
def test_the_first_frame_is_explained_or_refused_in_a_sentence(name: str, frames_of: Any) -> None:
    params, scene, frames = frames_of(name)
    for target in labs.module(name).targets(params):
        try:
            check_explanation(labs.module(name).explain(params, scene, None, frames[0], target), target)
        except UserError as error:
            in_both_languages(error.message)


@every_experiment
@pytest.mark.parametrize(
    "target", [{}, {"kind": "nonsense"}, {"kind": 7}, {"kind": "update", "racer": 99, "coordinate": -1}, {"a": [{}]}]
)
def test_a_target_that_does_not_exist_is_a_sentence(name: str, frames_of: Any, target: Any) -> None:
    params, scene, frames = frames_of(name)
    with pytest.raises(UserError) as refused:
        labs.module(name).explain(params, scene, frames[0], frames[1], target)
    in_both_languages(refused.value.message)


def check_explanation(explanation: Explanation, target: Mapping[str, Any]) -> None:
    assert dict(explanation.target) == dict(target)
    assert explanation.equations
    for equation in explanation.equations:
        named = set(re.findall(r"\\num\{([^}]*)\}", equation.substitution))
        assert named <= set(equation.terms), f"numbers without a term: {named - set(equation.terms)}"
        assert equation.formula
    last = explanation.equations[-1].value
    assert explanation.result == last or (math.isnan(explanation.result) and math.isnan(last)), (explanation.result, last)
    for message in messages_in(explanation):
        in_both_languages(message)


# Words


@every_experiment
def test_every_field_and_choice_has_its_words_in_both_languages(name: str) -> None:
    """The lookups are those of static/js/core/form.js, the most particular id first."""
    schema = labs.experiments()[name].model_json_schema()
    missing = set()
    for path, one in schemas(schema, schema.get("$defs", {})):
        names = [part for part in path if not part.startswith("$")]
        if (
            not names
            or one.get("widget") == "hidden"
            or (len(names) > 1 and schema["properties"][names[0]].get("widget") == "changes")
        ):
            continue  # the list of changes is told by the settings that it changes
        ids = message_ids(name, names)
        choice_ids = [*ids, *(message_ids(name, names[:-1]) if names[:-1] else [])]
        choices = one.get("enum", [one["const"]] if "const" in one else [])
        choices = [choice for choice in choices if choice not in one.get("names", {})]  # proper names need no words
        for language in languages.LANGUAGES:
            texts = languages.catalogue(language).texts
            if "const" not in one:
                missing |= {f"{language}: {ids[0]}{end}" for end in ("", ".help") if not any(id + end in texts for id in ids)}
            missing |= {
                f"{language}: {ids[0]}.{choice}" for choice in choices if not any(f"{id}.{choice}" in texts for id in choice_ids)
            }
    assert sorted(missing) == []


@every_experiment
def test_title_and_presets_are_told_in_both_languages_and_run(name: str) -> None:
    in_both_languages(Message(f"title.{name}"))
    presets = labs.presets(name)
    assert len({preset.id for preset in presets}) == len(presets)
    for preset in presets:
        assert all(text for message in (preset.title, preset.caption) for text in in_both_languages(message))
        frames = list(itertools.islice(labs.run(name, **preset.params), 3))  # its caption is measured elsewhere
        assert frames, preset.id
        assert labs.scene(name, **preset.params) is not None


def message_ids(experiment: str, names: list[str]) -> list[str]:
    prefix, lab, last = experiment.replace("/", "."), experiment.partition("/")[0], names[-1]
    path = ".".join(names)
    return [f"{prefix}.{path}", f"{prefix}.{last}", f"{lab}.{path}", f"{lab}.hyper.{last}", f"{lab}.{last}", f"shell.field.{last}"]


def in_both_languages(message: Message) -> list[str]:
    """The sentence in every language; a KeyError where one lacks it or a value is not given."""
    return [languages.catalogue(language).message(message) for language in languages.LANGUAGES]


def messages_in(value: Any) -> Iterator[Message]:
    """Every Message inside a dataclass, list or mapping."""
    if isinstance(value, Message):
        yield value
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from messages_in(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from messages_in(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from messages_in(one)
