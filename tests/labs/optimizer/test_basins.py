"""optimizer/basins: every pixel is the race of that pixel, bit for bit, whichever way the paths stepped."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import labs
from app.labs.contract import Frame, Progress
from app.labs.optimizer import basins, race
from app.labs.optimizer.basins.descent import NEVER
from app.labs.optimizer.basins.plane import Plane
from app.labs.optimizer.params.basins import TOGETHER, BasinsParams
from app.labs.optimizer.passes import PASSES, parts
from app.labs.optimizer.rules.table import RULES

NAME = "optimizer/basins"


def params(**values: Any) -> BasinsParams:
    checked = labs.params_from(NAME, {"pixels": 8, "steps": 40, **values})
    assert isinstance(checked, BasinsParams)
    return checked


def ends(p: BasinsParams) -> dict[str, np.ndarray]:
    """The whole map: each tensor (side, side), where they ended (2, side, side)."""
    side = p.pixels
    whole = {name: np.full((side, side), -7.0) for name in ("loss", "steps", "minimum", "status")}
    whole["where"] = np.full((2, side, side), -7.0)
    for frame in basins.run(p):
        if isinstance(frame, Frame):
            part = parts(side, p.most())[frame.step]
            place = np.ix_(list(part.rows), list(part.columns))
            for name in ("loss", "steps", "minimum", "status"):
                whole[name][place] = frame.tensors[name]
            for axis in (0, 1):
                whole["where"][axis][place] = frame.tensors["where"][axis]
    return whole


def assert_pixels_are_races(p: BasinsParams, pixels: list[tuple[int, int]]) -> None:
    found, plane = ends(p), Plane(p)
    goal = math.nan if plane.source.picture.minimum is None else plane.source.picture.minimum + p.tolerance
    for row, column in pixels:
        frames = [frame for frame in race.run(plane.race(row, column)) if isinstance(frame, Frame)]
        last = frames[-1].tensors
        where = found["where"][:, row, column].astype(last["position"].dtype)
        assert where.tobytes() == last["position"][0].tobytes(), (row, column)
        assert found["loss"][row, column].astype(last["loss"].dtype).tobytes() == last["loss"][0].tobytes()
        assert found["status"][row, column] == last["status"][0]
        first = next((frame.step for frame in frames if frame.tensors["loss"][0] < goal), NEVER)
        assert found["steps"][row, column] == first


SOME = [(0, 0), (2, 5), (4, 4), (7, 1), (7, 7)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rule", [*sorted(TOGETHER), "adabelief"])
def test_starts_stepped_at_once_end_where_a_race_ends(rule: str, dtype: str) -> None:
    p = params(racers=[{"rule": rule}], dtype=dtype)
    assert p.together() is (rule != "adabelief")
    assert_pixels_are_races(p, SOME)


@pytest.mark.parametrize(
    "values",
    [
        {"clip": 1.0},
        {"noise": 0.5, "seed": 3},
        {"surface": "least-squares", "batch_size": 3, "racers": [{"rule": "adam", "lr": 0.1}]},
        {"surface": "least-squares", "racers": [{"rule": "gd", "lr": 0.1}]},
        {"surface": "rastrigin", "racers": [{"rule": "sgdm", "lr": 0.01}]},
        {"surface": "monkey-saddle", "racers": [{"rule": "sgdm", "lr": 0.3}]},
        {"surface": "himmelblau", "racers": [{"rule": "gd", "lr": 0.05}]},
        {"racers": [{"rule": "rmsprop", "form": "notes", "lr": 0.05}]},
        {"racers": [{"rule": "adam", "lr": 0.5, "schedule": {"kind": "one-cycle", "cycle_momentum": True}}]},
        {"racers": [{"rule": "adam", "lr": 0.1, "use_scaling": False}]},
        {"racers": [{"rule": "adabelief", "lr": 0.1}]},
        {"expression": "abs(x) + y^4 - 1/(x^2 + 0.01)"},
        {"expression": "y^2 - exp(x)", "racers": [{"rule": "lion", "lr": 30}]},  # the loss overflows, the position does not
    ],
    ids=str,
)
def test_whatever_ends_a_path_ends_it_as_in_a_race(values: dict[str, Any]) -> None:
    for dtype in ("float32", "float64"):
        assert_pixels_are_races(params(**values, dtype=dtype), SOME)


def test_paths_that_diverge_are_among_those_that_are_compared() -> None:
    assert (ends(params(surface="monkey-saddle", racers=[{"rule": "sgdm", "lr": 0.3}]))["status"] == 2).mean() > 0
    assert (ends(params(racers=[{"rule": "rmsprop", "form": "notes", "lr": 0.05}]))["status"] == 3).mean() > 0


def _range(rule: str, name: str) -> tuple[float, float]:
    if name == "lr":
        return RULES[rule].lr / 10, RULES[rule].lr * 3
    return {"eps": (0.0, 0.1), "weight_decay": (0.0, 0.1), "final_lr": (0.01, 1.0), "lr_decay": (0.0, 0.5)}.get(name, (0.0, 1.0))


@pytest.mark.parametrize(("rule", "name"), [(rule, name) for rule in TOGETHER for name in sorted(TOGETHER[rule]) if name != "lr"])
def test_settings_that_differ_from_path_to_path_are_as_if_alone(rule: str, name: str) -> None:
    racer = {"rule": rule, **({"base": "sgdm"} if (rule, name) == ("lookahead", "momentum") else {})}
    p = params(
        axes="settings", y_setting=name, x_range=_range(rule, "lr"), y_range=_range(rule, name), racers=[racer], dtype="float64"
    )
    assert p.together()
    assert_pixels_are_races(p, [(0, 7), (3, 2), (7, 4)])


def test_settings_with_a_schedule_in_float32_and_on_a_logarithmic_axis() -> None:
    racer = {"rule": "adam", "lr": 0.1, "schedule": {"kind": "cosine"}}
    assert_pixels_are_races(
        params(axes="settings", y_setting="beta2", x_range=(0.01, 1), x_log=True, racers=[racer], start=(1.0, -2.0)), SOME
    )


def test_settings_of_rules_that_step_alone() -> None:
    p = params(axes="settings", y_setting="beta2", x_range=(0.01, 0.1), racers=[{"rule": "swats"}], steps=15)
    assert not p.together()  # a root of 1 - beta2^t is taken
    assert_pixels_are_races(p, SOME)


@settings(max_examples=40, deadline=None)
@given(side=st.integers(8, 70), most=st.integers(1, 500))
def test_the_parts_hold_every_pixel_once_coarse_to_fine(side: int, most: int) -> None:
    found = np.zeros((side, side), int)
    before, sizes = 0, []
    for part in parts(side, most):
        assert part.before == before
        assert part.pixels <= max(most, part.width)
        before += part.pixels
        sizes.append(part.block)
        found[np.ix_(list(part.rows), list(part.columns))] += 1
        inside = (part.rows[-1], part.columns[-1])
        assert part.place(*inside) == (part.height - 1, part.width - 1)
    assert (found == 1).all()
    areas = [a * b for a, b in sizes]
    assert areas == sorted(areas, reverse=True)
    assert areas[0] == 64
    assert len(PASSES) == 7


def test_a_part_is_the_frame_of_the_run() -> None:
    p = params(pixels=40, racers=[{"rule": "adabelief"}], steps=3)
    whole = [frame for frame in basins.run(p) if isinstance(frame, Frame)]
    assert len(whole) == p.parts() > 7
    for k in (0, 3, p.parts() - 1):
        (alone,) = [frame for frame in basins.part(p, k) if isinstance(frame, Frame)]
        assert alone.step == whole[k].step == k
        assert all(alone.tensors[name].tobytes() == whole[k].tensors[name].tobytes() for name in alone.tensors)


def test_a_gpu_takes_a_parts_neighbours_along_and_cuts_the_same_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any device but "cpu" gathers: here it is the processor by its other name."""
    monkeypatch.setattr(basins, "ON_GPU", 70_000)
    taken = []
    whole = basins.descend
    monkeypatch.setattr(basins, "descend", lambda plane, part, device: (taken.append(part.pixels), whole(plane, part, device))[1])
    p = params(pixels=512, steps=2)
    for k in range(p.parts()):
        (mine,) = [frame for frame in basins.part(p, k, "cpu") if isinstance(frame, Frame)]
        (theirs,) = [frame for frame in basins.part(p, k, "cpu:0") if isinstance(frame, Frame)]
        assert all(mine.tensors[name].tobytes() == theirs.tensors[name].tobytes() for name in mine.tensors)
    assert max(taken) > p.most()  # some were gathered
    assert len(taken) < 2 * p.parts()


def test_messages_of_the_largest_map_stay_below_four_megabytes() -> None:
    assert params(pixels=4096, dtype="float64").most() * (8 + 4 + 1 + 1) < 4 * 2**20


def test_every_step_is_a_breath() -> None:
    """Cancelling frees the worker within a step: the generator comes back after each."""
    p = params(pixels=8, steps=30)
    assert sum(isinstance(one, Progress) for one in basins.part(p, 1)) == 30


def test_the_first_frame_says_that_a_pixel_run_alone_ends_at_the_same_place() -> None:
    first = next(frame for frame in basins.run(params()) if isinstance(frame, Frame))
    assert first.note["check"]["difference"] == 0.0  # type: ignore[index,call-overload]


def test_minima_reached_are_the_nearest_within_reach() -> None:
    p = params(surface="styblinski-tang", racers=[{"rule": "adam", "lr": 0.2}], steps=200, pixels=16)
    found, plane = ends(p), Plane(p)
    assert len(plane.minima) == 4
    places = np.array([m[:2] for m in plane.minima])
    distance = np.hypot(*(found["where"][None] - places[:, :, None, None]).transpose(1, 0, 2, 3))
    expected = np.where(distance.min(axis=0) < plane.reach, distance.argmin(axis=0), 255)
    assert (found["minimum"] == expected).all()
    assert set(np.unique(found["minimum"])) >= {0, 1, 2, 3}


def test_what_is_explained_is_what_the_map_has() -> None:
    p = params(racers=[{"rule": "sgdm", "lr": 0.01}], dtype="float64")
    scene = basins.scene(p)
    frames = [frame for frame in basins.run(p) if isinstance(frame, Frame)]
    (k, place) = next((k, part.place(3, 6)) for k, part in enumerate(parts(8, p.most())) if part.place(3, 6))
    told = basins.explain(p, scene, None, frames[k], {"kind": "loss", "row": 3, "column": 6})
    assert told.reference is not None
    assert told.reference.value == frames[k].tensors["loss"][place]
    assert told.reference.difference <= 1e-12 * max(1.0, abs(told.result))
    assert told.note["path"][-1] == frames[k].tensors["where"][(slice(None), *place)].tolist()  # type: ignore[index]
    again = labs.params_from("optimizer/race", told.note["race"])  # type: ignore[arg-type]
    last = [frame for frame in race.run(again) if isinstance(frame, Frame)][-1]
    assert last.tensors["loss"][0] == frames[k].tensors["loss"][place]


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        ({"axes": "settings", "x_setting": "lr", "y_setting": "lr"}, "y_setting", "error.same_axes"),
        ({"axes": "settings", "y_setting": "rho"}, "y_setting", "error.no_setting"),
        ({"axes": "settings", "y_setting": "beta1", "x_range": (0, 1), "x_log": True}, "x_range", "error.log_range"),
        ({"axes": "settings", "y_setting": "beta1", "y_range": (0, 3)}, "y_range", "error.below"),
        ({"x_range": (2, 1)}, "x_range", "error.range"),
        ({"expression": "x +"}, "expression", "expression.operand.end"),
        ({"racers": [{"rule": "adabelief"}], "pixels": 1024}, "pixels", "optimizer.basins.error.alone"),
    ],
)
def test_bad_axes_are_told_at_their_field(values: dict[str, Any], field: str, message: str) -> None:
    with pytest.raises(labs.ParamsError) as refused:
        labs.params_from(NAME, {"racers": [{"rule": "adam", "lr": 0.1}], **values})
    path, told = refused.value.errors[0]
    assert (path[0], told.id) == (field, message)
