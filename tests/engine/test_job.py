"""A job alone: slices, limits, credit, and what it keeps for explanations."""

import sys

import numpy as np
import pytest

from app.engine.job import Job, Kept, Lookup, owned
from app.engine.mark import Mark
from app.engine.runner import Order
from app.labs.contract import Frame, UserError
from app.wire.blocks import with_layout
from app.wire.frames import unpack
from engine import experiments
from engine.conftest import same

MARK = Mark([0.0, 0.0])


def job(*, after: int = -1, limit: int | None = None, credit: int = 1000, speed: float = 0, **params: object) -> Job:
    order = Order("r-1", "test/walk", {}, after, limit, credit, speed)
    return Job(7, order, sys.modules[experiments.MODULE], experiments.Walk(**params), "cpu")


def frames(it: Job, budget: float = 0.01) -> list[Frame]:
    found = []
    while it.wait(0) == 0:
        for block in it.work(budget, MARK).blocks:
            found += unpack(with_layout(block.message, block.layout), {}).frames()
    return found


def test_slices_of_any_length_give_the_same_frames() -> None:
    expected = list(experiments.run(experiments.Walk(steps=100, seed=2)))
    for budget in (0, 1e-4, 1):
        got = frames(job(steps=100, seed=2), budget)
        assert all(same(a, b) for a, b in zip(expected, got, strict=True))


def test_without_credit_nothing_is_computed() -> None:
    it = job(steps=1000, credit=2)
    got = frames(it)
    assert it.wait(0) is None
    assert it.computed == len(got) - 1 < 200
    it.credit += 1
    assert it.wait(0) == 0


def test_a_limit_is_reached_told_once_and_moved_by_steps() -> None:
    it = job(steps=50, limit=0)
    first = it.work(1, MARK)
    assert (it.computed, first.paused, it.wait(0)) == (0, True, None)
    it.step(3)
    assert it.work(1, MARK).paused
    assert (it.computed, it.wait(0)) == (3, None)
    it.resume()
    assert len(frames(it)) == 47


def test_pause_holds_where_the_job_is_and_never_before_frame_0() -> None:
    it = job(steps=50)
    it.pause()
    assert it.work(1, MARK).paused
    assert it.computed == 0


def test_the_mark_names_the_job_only_while_it_is_inside() -> None:
    it = job(steps=10, at=5, then="raise")
    inside: list[int] = []
    generator = it.module.run
    assert MARK.read()[0] == 0
    it.module = type("Spy", (), {"scene": it.module.scene, "run": staticmethod(lambda *a: spy(generator(*a)))})

    def spy(frames: object) -> object:
        for frame in frames:
            inside.append(MARK.read()[0])
            yield frame

    last = it.work(1, MARK)
    assert inside == [7] * 5
    assert MARK.read() == (0, 0.0)
    assert isinstance(last.error, ZeroDivisionError)
    assert last.ended
    assert [block.count for block in last.blocks] == [5]  # what came before the error is not lost


def test_frames_of_views_are_copied_so_that_torch_may_write_on() -> None:
    base = np.zeros(4, np.float32)
    frame = owned(Frame(0, {"view": base[1:], "own": np.ones(2)}))
    base[:] = 9
    assert frame.tensors["view"].tolist() == [0, 0, 0]


def test_kept_frames_are_bounded() -> None:
    kept = Kept(frames=10, nbytes=10_000)
    for seq in range(100):
        kept.add(seq, Frame(seq, {"x": np.zeros(100 if seq < 50 else 1000)}))
    assert kept.pair(99)[1].step == 99
    assert kept.pair(98) is None  # 8 KB each: only the last two are kept, and 98 lacks its predecessor
    assert kept.get(99) is not None
    assert kept.get(97) is None


def test_what_frames_share_on_demand_is_counted_once() -> None:
    weights, maps = np.zeros(1000), [np.zeros(100) for _ in range(41)]
    kept = Kept(nbytes=8000 + 10 * 800 + 10 * 3 * 112)
    for seq in range(40):
        kept.add(
            seq,
            Frame(seq, {"maps": maps[seq + 1], "input/0": maps[seq], "weights": weights}, on_demand=("maps", "input/0", "weights")),
        )
    assert [seq for seq in range(40) if kept.get(seq)] == list(range(31, 40))
    for seq in range(40, 60):
        kept.add(seq, Frame(seq, {}))
    kept.add(60, Frame(60, {"weights": np.zeros(3000)}, on_demand=("weights",)))
    assert kept.get(39) is None
    assert kept.get(60) is not None


def test_a_lookup_finds_an_old_frame_and_its_predecessor() -> None:
    it = job(steps=30)
    lookup = Lookup(it, 20)
    while not lookup.work(0, MARK, 9):
        pass
    previous, frame = lookup.kept.pair(20)
    assert (previous.step, frame.step) == (19, 20)
    with pytest.raises(UserError, match="no-such-frame"):
        Lookup(it, 31).work(10, MARK, 9)
