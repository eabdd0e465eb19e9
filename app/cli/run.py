"""``run``: one experiment computed here, its frames written to a file."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tqdm import tqdm

from app import labs
from app.cli.data import lend
from app.cli.export import WRITERS, TooWide, check_width
from app.cli.model import offer
from app.cli.words import catalogue, refuse
from app.labs.contract import Frame, Message, Params, Progress, UserError
from app.labs.errors import ParamsError

INTERRUPTED = 130
"""What a shell reports for a program that Ctrl-C ended."""


def run(options: argparse.Namespace) -> int:
    """Exit code 0, 2 with one sentence for bad input, 130 after Ctrl-C (what was computed is written)."""
    out = Path(options.out)
    if out.suffix not in WRITERS:
        return refuse(Message("cli.bad-out", {"out": options.out, "known": ", ".join(WRITERS)}))
    if not out.parent.is_dir():
        return refuse(Message("cli.no-folder", {"folder": str(out.parent)}))
    if options.experiment not in labs.experiments():
        return refuse(Message("cli.no-experiment", {"name": options.experiment, "known": ", ".join(sorted(labs.experiments()))}))
    try:
        offer(options.model)
        lend(options.data)
        params = labs.params_from(options.experiment, _with_pictures(options.experiment, _given(options)))
    except ParamsError as error:
        path, message = error.errors[0]
        return refuse(message, path)
    except UserError as error:
        return refuse(error.message, error.path)
    try:
        return _compute(options.experiment, params, options.device, out)
    except UserError as error:
        return refuse(error.message, error.path)


def _compute(experiment: str, params: Params, device: str, out: Path) -> int:
    module = labs.module(experiment)
    device = _device(device)
    scene = module.scene(params, device)
    frames: list[Frame] = []
    code = 0
    try:
        for frame in _watched(module.run(params, device), params.length()):
            frames.append(frame)
            if len(frames) == 1 and out.suffix == ".csv":
                check_width(frame)  # before the run has taken its minutes
    except KeyboardInterrupt:
        code = INTERRUPTED
    except TooWide as error:
        return _too_wide(error)
    try:
        WRITERS[out.suffix](out, scene, frames)
    except TooWide as error:
        return _too_wide(error)
    except OSError as error:
        return refuse(Message("cli.cannot-write", {"file": str(out), "why": error.strerror or ""}))
    if code == INTERRUPTED:
        print(catalogue().text("cli.interrupted", frames=len(frames), out=str(out)), file=sys.stderr)
    return code


def _too_wide(error: TooWide) -> int:
    return refuse(Message("cli.too-wide", {"columns": error.columns, "most": error.most}))


def _device(asked: str) -> str:
    """Where torch computes. Raises UserError where CUDA is asked for and there is none."""
    import torch

    torch.set_num_threads(1)  # as in the workers: on shared machines more made small models slower
    if asked == "cuda" and not torch.cuda.is_available():
        raise UserError(Message("cli.no-cuda"))
    return "cuda" if asked != "cpu" and torch.cuda.is_available() else "cpu"


def _watched(items: Iterator[Frame | Progress], length: int | None) -> Iterator[Frame]:
    """The frames, with a bar on stderr that tells the time left."""
    words = catalogue()
    with tqdm(total=None if length is None else length + 1, unit="frame", file=sys.stderr, dynamic_ncols=True) as bar:
        for item in items:
            if isinstance(item, Progress):
                of = f"/{item.total}" if item.total else ""
                bar.set_description(f"{words.message(item.stage)} {item.done}{of}")
            else:
                yield item  # first: what the bar counts is kept when Ctrl-C comes
                bar.update()


def _with_pictures(experiment: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """``@FILE`` for a picture: the file is read and kept, the param becomes its id. Raises UserError."""
    fields = labs.experiments()[experiment].model_json_schema()["properties"]
    pictures = {name: value for name, value in given.items() if fields.get(name, {}).get("widget") == "image"}
    files = {name: value[1:] for name, value in pictures.items() if isinstance(value, str) and value.startswith("@")}
    if not files:
        return given
    from app import images  # Pillow is loaded for pictures only

    try:
        return {**given, **{name: images.put(file) for name, file in files.items()}}
    except OSError as error:
        raise UserError(Message("cli.cannot-read", {"file": str(error.filename), "why": error.strerror or ""})) from None


def _given(options: argparse.Namespace) -> Mapping[str, Any]:
    """The params of --params and --param together; the latter win. Raises UserError."""
    given: dict[str, Any] = {}
    if options.params:
        try:
            text = sys.stdin.read() if options.params == "-" else Path(options.params).read_text("utf-8")
            given = json.loads(text)
        except OSError as error:
            raise UserError(Message("cli.cannot-read", {"file": options.params, "why": error.strerror or ""})) from None
        except json.JSONDecodeError as error:
            raise UserError(
                Message("cli.bad-json", {"file": options.params, "line": error.lineno, "column": error.colno})
            ) from None
        if not isinstance(given, dict):
            raise UserError(Message("cli.not-an-object", {"file": options.params}))
    for pair in options.param:
        key, equals, value = pair.partition("=")
        if not equals:
            raise UserError(Message("cli.bad-param", {"got": pair}))
        try:
            given[key] = json.loads(value)
        except json.JSONDecodeError:
            given[key] = value
    return given
