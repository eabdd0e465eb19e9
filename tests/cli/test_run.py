"""``python -m app run``: the files hold the run's own frames, and what cannot be is refused in one sentence."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from app import labs
from app.cli.run import _watched
from app.labs.contract import Message, Progress
from serving import ROOT

from .conftest import Cli

RACE = ("run", "optimizer/race")
SHORT = {"surface": "rosenbrock", "steps": 5, "seed": 3, "noise": 0.5}
OPTIONS = ("--param", "surface=rosenbrock", "--param", "steps=5", "--param", "seed=3", "--param", "noise=0.5")


def test_npz_csv_and_jsonl_hold_the_frames_of_labs_run(cli: Cli, here: Cli, tmp_path: Path) -> None:
    """The npz from another process: the bytes do not hang on this one."""
    frames = list(labs.run("optimizer/race", **SHORT))
    for suffix, command in (("npz", cli), ("csv", here), ("jsonl", here)):
        ran = command(*RACE, *OPTIONS, "--out", f"race.{suffix}")
        assert (ran.returncode, ran.stdout) == (0, ""), ran.stderr
    with np.load(tmp_path / "race.npz") as file:
        for name in ("position", "loss", "gradient", "update"):
            stacked = np.stack([frame.tensors[name] for frame in frames])
            assert file[name].dtype == stacked.dtype
            assert file[name].tobytes() == stacked.tobytes(), name
        assert json.loads(str(file["scene"]))["note"]["surface"] == "rosenbrock"
        assert len(json.loads(str(file["notes"]))) == len(frames) == 6
    with (tmp_path / "race.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    assert [int(row["step"]) for row in rows] == [0, 1, 2, 3, 4, 5]
    assert [np.float32(row["loss[1]"]) for row in rows] == [frame.tensors["loss"][1] for frame in frames]
    lines = [json.loads(line) for line in (tmp_path / "race.jsonl").read_text("utf-8").splitlines()]
    assert "scene" in lines[0]
    assert np.array_equal(np.float32(lines[-1]["tensors"]["position"]), frames[-1].tensors["position"])


def test_params_come_from_a_file_or_from_standard_input_and_param_wins(here: Cli, tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text(json.dumps({"surface": "booth", "steps": 9}))
    assert here(*RACE, "--params", "mine.json", "--param", "steps=2", "--out", "a.npz").returncode == 0
    assert here(*RACE, "--params", "-", "--out", "b.npz", stdin='{"surface": "booth", "steps": 2}').returncode == 0
    with np.load(tmp_path / "a.npz") as a, np.load(tmp_path / "b.npz") as b:
        assert a["position"].shape[0] == 3
        assert {name: a[name].tobytes() for name in a} == {name: b[name].tobytes() for name in b}


def test_a_typed_expression_needs_no_quotes_of_json(here: Cli, tmp_path: Path) -> None:
    assert here(*RACE, "--param", "expression=x^2 + 3*y^2", "--param", "steps=1", "--out", "a.npz").returncode == 0
    with np.load(tmp_path / "a.npz") as file:
        x, y = file["position"][0, 0]
        assert file["loss"][0, 0] == pytest.approx(x**2 + 3 * y**2, rel=1e-5)


def test_a_bar_on_stderr_tells_how_far_it_is(here: Cli) -> None:
    ran = here(*RACE, "--param", "steps=3", "--out", "a.npz")
    assert "4/4" in ran.stderr
    assert ran.stdout == ""


def test_progress_toward_nobody_knows_what_is_told_without_a_slash(capsys: pytest.CaptureFixture[str]) -> None:
    stage = Message("optimizer.task.stage.loading")
    list(_watched(iter([Progress(2, 0, stage), Progress(3, 9, stage)]), None))
    told = capsys.readouterr().err
    assert " 3/9:" in told
    assert " 2:" in told


REFUSED = {
    "too many steps": (("--param", "steps=20001"), ("steps", "20001", "20000")),
    "no such surface": (("--param", "surface=everest"), ("surface", "everest", "himmelblau")),
    "no such field": (("--param", "stepz=3"), ("stepz", "steps, source")),
    "a racer's learning rate": (("--param", 'racers=[{"rule":"adam","lr":-1}]'), ("racers.0.lr", "-1", "0")),
    "a bad expression": (("--param", "expression=x +* y"), ("expression",)),
    "not a pair": (("--param", "steps"), ("--param", "KEY=VALUE", "steps")),
    "no such file": (("--params", "none.json"), ("none.json",)),
    "not JSON": (("--params", "-"), ("JSON", "line 1")),
}


@pytest.mark.parametrize("what", REFUSED)
def test_bad_params_are_one_sentence_and_exit_code_2(here: Cli, tmp_path: Path, what: str) -> None:
    options, told = REFUSED[what]
    for language in ("en", "zh"):
        ran = here(*RACE, *options, "--out", "a.npz", stdin="{", language=language)
        assert (ran.returncode, ran.stdout) == (2, ""), ran.stderr
        assert len(ran.stderr.strip().splitlines()) == 1, ran.stderr
        assert ran.stderr.count(told[0]) == 1, "a field is named once"
        assert [name for name in told if name not in ran.stderr] == ([] if language == "en" or "line 1" not in told else ["line 1"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("run", "optimizer/none", "--out", "a.npz"), ("optimizer/none", "optimizer/race")),
        (("run", "../../etc/passwd", "--out", "a.npz"), ("optimizer/race",)),
        ((*RACE, "--out", "a.txt"), (".npz", ".csv", ".jsonl", "a.txt")),
        ((*RACE, "--out", "none/a.npz"), ("none",)),
    ],
)
def test_what_cannot_be_run_or_written_is_said_before_anything_is_computed(here: Cli, arguments, told) -> None:
    ran = here(*arguments)
    assert ran.returncode == 2
    assert len(ran.stderr.strip().splitlines()) == 1
    assert all(name in ran.stderr for name in told), ran.stderr


def test_a_file_that_cannot_be_written_is_said(here: Cli, tmp_path: Path) -> None:
    (tmp_path / "a.npz").mkdir()
    ran = here(*RACE, "--param", "steps=1", "--out", "a.npz")
    assert ran.returncode == 2
    assert "Traceback" not in ran.stderr
    assert "a.npz" in ran.stderr.splitlines()[-1]


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_writes_what_was_computed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "app", *RACE, "--param", "steps=20000", "--out", str(tmp_path / "a.npz")]
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, "LC_ALL": "C.UTF-8"}, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        seen = b""
        while not re.search(rb"[1-9]\d+/20001", seen):
            piece = process.stderr.read(20)
            assert piece, seen
            seen += piece
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read().decode()
        assert process.wait(60) == 130, rest
    assert "Traceback" not in rest
    with np.load(tmp_path / "a.npz") as file:
        steps = file["steps"]
        assert 1 < len(steps) < 20001
        assert steps.tolist() == list(range(len(steps)))
        assert file["position"].shape[0] == len(steps)
        assert str(len(steps)) in rest


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("imported", ["app.cli.words", "torch._C"])
def test_ctrl_c_before_the_first_frame_is_no_traceback(tmp_path: Path, imported: str) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "app", *RACE, "--out", str(tmp_path / "a.npz")]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.endswith(f"{imported}\n"):
                break
        process.send_signal(signal.SIGINT)
        told = process.stderr.read()
        assert process.wait(60) == 130, told[-2000:]
    assert "Traceback" not in told


def test_a_picture_is_given_as_a_file(here: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run is that of the same picture put by hand."""
    from app import images
    from images.odd import saved, scene

    monkeypatch.setenv("UNROLLED_IMAGES", str(tmp_path / "kept"))
    (tmp_path / "it.png").write_bytes(saved(scene(), "PNG"))
    ran = here("run", "convolution/network", "--param", "network=filters", "--param", "image=@it.png", "--out", "it.jsonl")
    assert ran.returncode == 0, ran.stderr
    lines = [json.loads(line) for line in (tmp_path / "it.jsonl").read_text("utf-8").splitlines()]
    name = images.put(tmp_path / "it.png")
    mine = list(labs.run("convolution/network", network="filters", image=name))
    assert len(lines) == 1 + len(mine)
    assert np.array_equal(np.float32(lines[1]["tensors"]["stats"]), mine[0].tensors["stats"])
    for given, told in (("@none.png", "none.png"), ("@it.svg", "SVG"), (f"{'0' * 64}", "no longer has this picture")):
        (tmp_path / "it.svg").write_text("<svg/>")
        ran = here("run", "convolution/network", "--param", f"image={given}", "--out", "it.jsonl")
        assert ran.returncode == 2
        assert told in ran.stderr
        assert ran.stderr.count("\n") == 1


def test_data_names_a_folder_that_is_there(here: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_DATA", "elsewhere")
    ran = here("run", "optimizer/race", "--data", "nowhere", "--out", "a.npz")
    assert ran.returncode == 2
    assert "nowhere" in ran.stderr
    (tmp_path / "mine").mkdir()
    ran = here("run", "optimizer/training", "--data", "mine", "--param", "data=cifar10", "--out", "a.npz")
    assert ran.returncode == 2
    assert str(tmp_path / "mine") in ran.stderr
    assert "cifar10-jpeg.zip" in ran.stderr
