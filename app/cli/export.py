"""Frames as files: .npz for numpy, .csv for spreadsheets, .jsonl for everything else."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from app.labs.contract import Frame, Scene

MOST_COLUMNS = 1_000


class TooWide(ValueError):
    """More numbers a frame than a table may have columns."""

    def __init__(self, columns: int, most: int) -> None:
        super().__init__(f"{columns} columns, at most {most}")
        self.columns = columns
        self.most = most


def write_npz(path: Path, scene: Scene, frames: Sequence[Frame]) -> None:
    """``NAME`` of shape (frames, ...), or ``NAME.00000``, ... where shapes differ.

    ``NAME.steps`` stands beside a tensor that is not in every frame; ``steps`` has every frame's step; ``scene`` and
    ``notes`` are JSON strings.
    """
    arrays: dict[str, Any] = {"steps": np.array([frame.step for frame in frames], dtype=np.int64)}
    for name in _names(frames):
        having = [frame for frame in frames if name in frame.tensors]
        values = [np.asarray(frame.tensors[name]) for frame in having]
        if len({value.shape for value in values}) == 1:
            arrays[name] = np.stack(values)
        else:
            arrays.update({f"{name}.{place:05d}": value for place, value in enumerate(values)})
        if len(having) < len(frames):
            arrays[f"{name}.steps"] = np.array([frame.step for frame in having], dtype=np.int64)
    arrays["scene"] = json.dumps(_scene(scene), ensure_ascii=False)
    arrays["notes"] = json.dumps([dict(frame.note) for frame in frames], ensure_ascii=False)
    with path.open("wb") as file:  # savez would add a suffix to a bare name
        np.savez(file, **arrays)


def write_csv(path: Path, scene: Scene, frames: Sequence[Frame]) -> None:
    """A row a frame, a flattened column a number (``position[0,1]``). Raises TooWide above MOST_COLUMNS."""
    for frame in frames:
        check_width(frame)
    columns = dict.fromkeys(column for frame in frames for column, _ in _cells(frame))
    if len(columns) + 1 > MOST_COLUMNS:  # tensors that take turns
        raise TooWide(len(columns) + 1, MOST_COLUMNS)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["step", *columns], restval="")
        writer.writeheader()
        writer.writerows({"step": frame.step, **dict(_cells(frame))} for frame in frames)


def check_width(frame: Frame) -> None:
    """Raises TooWide where this frame alone has too many numbers for a row of a csv."""
    columns = 1 + sum(np.asarray(tensor).size for tensor in frame.tensors.values())
    if columns > MOST_COLUMNS:
        raise TooWide(columns, MOST_COLUMNS)


def write_jsonl(path: Path, scene: Scene, frames: Sequence[Frame]) -> None:
    """The scene on the first line, then a line a frame; NaN and infinities are the strings ``nan``, ``inf``, ``-inf``."""
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps({"scene": _scene(scene)}, ensure_ascii=False) + "\n")
        for frame in frames:
            line = {"step": frame.step, "tensors": _plain(frame.tensors), "note": dict(frame.note)}
            file.write(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n")


WRITERS: Mapping[str, Callable[[Path, Scene, Sequence[Frame]], None]] = {
    ".npz": write_npz,
    ".csv": write_csv,
    ".jsonl": write_jsonl,
}


def _names(frames: Sequence[Frame]) -> list[str]:
    return list(dict.fromkeys(name for frame in frames for name in frame.tensors))


def _cells(frame: Frame) -> Iterator[tuple[str, Any]]:
    for name, tensor in frame.tensors.items():
        array = np.asarray(tensor)
        for index in np.ndindex(array.shape):
            place = ",".join(map(str, index))
            yield (f"{name}[{place}]" if place else name), array[index].item()


def _scene(scene: Scene) -> dict[str, Any]:
    return {"note": dict(scene.note), "tensors": _plain(scene.tensors)}


def _plain(tensors: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _finite(np.asarray(tensor).tolist()) for name, tensor in tensors.items()}


def _finite(value: Any) -> Any:
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return value if not isinstance(value, float) or np.isfinite(value) else str(value)
