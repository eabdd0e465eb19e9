"""What stands in the files that ``run --out`` writes, read back by numpy, csv and json."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from app.cli.export import MOST_COLUMNS, TooWide, write_csv, write_jsonl, write_npz
from app.labs.contract import Frame, Scene

SCENE = Scene({"grid": np.arange(6, dtype=np.float32).reshape(2, 3)}, {"title": "曲面", "count": 2})


def frame(step: int, **tensors: object) -> Frame:
    return Frame(step, {name.replace("__", "/"): np.asarray(value) for name, value in tensors.items()}, {"at": step})


def npz(path: Path, *frames: Frame) -> dict[str, np.ndarray]:
    write_npz(path / "out.npz", SCENE, frames)
    with np.load(path / "out.npz", allow_pickle=False) as file:
        return dict(file)


def test_npz_stacks_a_tensor_over_the_frames_bit_by_bit(tmp_path: Path) -> None:
    values = [np.float32([[1, np.nan], [-0.0, np.inf]]), np.float32([[5e-45, 2], [3, 4]])]
    file = npz(tmp_path, frame(0, position=values[0]), frame(7, position=values[1]))
    assert file["position"].shape == (2, 2, 2)
    assert file["position"].dtype == np.float32
    assert file["position"].tobytes() == values[0].tobytes() + values[1].tobytes()
    assert file["steps"].tolist() == [0, 7]
    assert "position.steps" not in file


def test_npz_numbers_tensors_whose_shapes_differ(tmp_path: Path) -> None:
    file = npz(tmp_path, frame(0, map=np.zeros((1, 2))), frame(1, map=np.ones((2, 2))))
    assert set(file) == {"steps", "map.00000", "map.00001", "scene", "notes"}
    assert file["map.00000"].shape == (1, 2)
    assert file["map.00001"].tolist() == [[1, 1], [1, 1]]


def test_npz_names_the_steps_of_a_tensor_that_is_not_in_every_frame(tmp_path: Path) -> None:
    file = npz(tmp_path, frame(0, a=1), frame(1, a=2, rare=[5, 6]), frame(2, a=3), frame(3, a=4, rare=[7, 8]))
    assert file["rare"].tolist() == [[5, 6], [7, 8]]
    assert file["rare.steps"].tolist() == [1, 3]
    ragged = npz(tmp_path, frame(0), frame(4, rare=[5]), frame(6, rare=[7, 8]))
    assert (ragged["rare.00000"].tolist(), ragged["rare.00001"].tolist()) == ([5], [7, 8])
    assert ragged["rare.steps"].tolist() == [4, 6]


def test_npz_holds_scene_and_notes_as_json(tmp_path: Path) -> None:
    file = npz(tmp_path, frame(0, a=1), frame(1, a=2))
    scene = json.loads(str(file["scene"]))
    assert scene == {"note": {"title": "曲面", "count": 2}, "tensors": {"grid": [[0, 1, 2], [3, 4, 5]]}}
    assert json.loads(str(file["notes"])) == [{"at": 0}, {"at": 1}]


def test_csv_has_a_row_a_frame_and_a_column_a_number(tmp_path: Path) -> None:
    frames = [
        frame(0, loss=[0.1, 2], position=[[1, 2], [3, 4]], lr=0.5),
        frame(2, loss=[3, np.nan], position=[[5, 6], [7, 8]], lr=0.25),
    ]
    write_csv(tmp_path / "out.csv", SCENE, frames)
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    places = ["position[0,0]", "position[0,1]", "position[1,0]", "position[1,1]"]
    assert rows[0] == ["step", "loss[0]", "loss[1]", *places, "lr"]
    assert rows[1:] == [["0", "0.1", "2.0", "1", "2", "3", "4", "0.5"], ["2", "3.0", "nan", "5", "6", "7", "8", "0.25"]]


def test_csv_leaves_a_cell_empty_where_a_frame_lacks_the_tensor(tmp_path: Path) -> None:
    write_csv(tmp_path / "out.csv", SCENE, [frame(0, a=1), frame(1, a=2, rare=5), frame(2, a=3)])
    assert (tmp_path / "out.csv").read_text("utf-8").split() == ["step,a,rare", "0,1,", "1,2,5", "2,3,"]


@pytest.mark.parametrize(("numbers", "fits"), [(MOST_COLUMNS - 1, True), (MOST_COLUMNS, False), (500_000, False)])
def test_csv_is_refused_above_1000_columns(tmp_path: Path, numbers: int, fits: bool) -> None:
    frames = [frame(step, a=np.zeros(numbers)) for step in range(2)]
    if fits:
        write_csv(tmp_path / "out.csv", SCENE, frames)
        assert len((tmp_path / "out.csv").read_text("utf-8").split("\n", 1)[0].split(",")) == MOST_COLUMNS
        return
    with pytest.raises(TooWide) as refused:
        write_csv(tmp_path / "out.csv", SCENE, frames)
    assert refused.value.columns == numbers + 1
    assert not (tmp_path / "out.csv").exists()


def test_jsonl_is_json_on_every_line_whatever_the_numbers(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "out.jsonl", SCENE, [frame(0, a=[1.5, np.nan]), frame(1, state__0__m=[[np.inf, -np.inf]])])
    lines = (tmp_path / "out.jsonl").read_text("utf-8").splitlines()
    scene, *frames = (json.loads(line, parse_constant=pytest.fail) for line in lines)
    assert scene["scene"]["tensors"]["grid"] == [[0, 1, 2], [3, 4, 5]]
    assert frames == [
        {"step": 0, "tensors": {"a": [1.5, "nan"]}, "note": {"at": 0}},
        {"step": 1, "tensors": {"state/0/m": [["inf", "-inf"]]}, "note": {"at": 1}},
    ]


@pytest.mark.parametrize("write", [write_npz, write_csv, write_jsonl])
def test_no_frames_are_a_file_too(tmp_path: Path, write) -> None:
    write(tmp_path / "out", SCENE, [])
    assert (tmp_path / "out").stat().st_size > 0


def test_csv_counts_columns_over_all_frames(tmp_path: Path) -> None:
    """Tensors that take turns fit a frame each, not a table together."""
    frames = [frame(0, a=np.zeros(600)), frame(1, b=np.zeros(600))]
    with pytest.raises(TooWide) as refused:
        write_csv(tmp_path / "out.csv", SCENE, frames)
    assert refused.value.columns == 1201
