"""The binary message: what is packed comes back, costs its own bytes and stays under the cap."""

import json
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from app.labs.contract import Frame, Scene
from app.wire.blocks import DTYPES, MESSAGE_BYTES, BadMessage, Block, tail, with_layout
from app.wire.frames import Packer, pack_scene, pack_tensor, quantise, unpack

shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
arrays = st.sampled_from(DTYPES).flatmap(lambda dtype: hnp.arrays(np.dtype(dtype), shapes))
names = st.text("abc/é_0", min_size=1, max_size=6)
notes = st.dictionaries(st.text(max_size=4), st.one_of(st.none(), st.integers(-9, 9), st.text(max_size=4)), max_size=2)
frame_parts = st.tuples(st.integers(0, 3), st.dictionaries(names, arrays, max_size=3), notes)


def packed(frames: list[Frame], seq: int = 0, /, **options: int) -> list[Block]:
    packer = Packer("r-1", seq, **options)
    return [block for frame in frames for block in packer.add(frame)] + packer.flush()


@given(st.lists(frame_parts, min_size=1, max_size=8), st.integers(0, 100), st.integers(1, 5))
@settings(deadline=None)
def test_frames_come_back_bit_for_bit(parts: list[tuple], seq: int, per_block: int) -> None:
    """NaN, infinities, empty and 0-d tensors, uneven steps and changing layouts included."""
    steps = np.cumsum([p[0] for p in parts]).tolist()
    frames = [Frame(step, tensors, note) for step, (_, tensors, note) in zip(steps, parts, strict=True)]
    layouts: dict = {}
    back, expected = [], seq
    for block in packed(frames, seq, frames=per_block):
        message = block.message if block.layout.id in layouts else with_layout(block.message, block.layout)
        it = unpack(message, layouts)
        assert (it.kind, it.run, it.seq, it.count) == ("frames", "r-1", expected, block.count)
        expected += it.count
        back += it.frames()
    assert len(back) == len(frames)
    for sent, got in zip(frames, back, strict=True):
        assert (sent.step, sent.note) == (got.step, got.note)
        assert list(sent.tensors) == list(got.tensors)
        for name, a in sent.tensors.items():
            assert (got.tensors[name].dtype, got.tensors[name].shape) == (a.dtype, a.shape)
            assert got.tensors[name].tobytes() == a.tobytes()


@given(st.lists(frame_parts, min_size=1, max_size=3))
@settings(deadline=None)
def test_every_buffer_starts_at_a_multiple_of_8(parts: list[tuple]) -> None:
    for block in packed([Frame(i, tensors, note) for i, (_, tensors, note) in enumerate(parts)]):
        (length,) = struct.unpack_from("<I", block.message)
        start = 4 + length + -(4 + length) % 8
        assert not any(block.message[4 + length : start])
        assert len(block.message) - start == sum(t.nbytes(block.count) for t in block.layout.tensors)
        assert all(t.nbytes(block.count) % 8 == 0 for t in block.layout.tensors)


def test_a_header_is_the_documented_json() -> None:
    frames = [Frame(2 * i, {"loss": np.full(3, i, np.float32)}, {"event": "switch"} if i == 1 else {}) for i in range(3)]
    (block,) = packed(frames, 7)
    message = with_layout(block.message, block.layout)
    (length,) = struct.unpack_from("<I", message)
    assert json.loads(message[4 : 4 + length]) == {
        "kind": "frames",
        "run": "r-1",
        "seq": 7,
        "count": 3,
        "steps": [0, 2],
        "notes": {"1": {"event": "switch"}},
        "layout": block.layout.id,
        "tensors": [{"name": "loss", "dtype": "f4", "shape": [3]}],
    }
    start = 4 + length + -(4 + length) % 8
    assert np.frombuffer(message, "<f4", 9, start).reshape(3, 3).tolist() == [[0] * 3, [1] * 3, [2] * 3]


def test_a_small_step_costs_its_own_bytes() -> None:
    """8 racers' 448 bytes of state a step, in blocks of 64: at most 1.2 times the raw float32."""
    rng = np.random.default_rng(0)
    tensors = {"position": (8, 2), "loss": (8,), "gradient": (8, 2), "update": (8, 2), "lr": (8,)}
    tensors |= {f"state/{i}/{name}": (2,) for i in range(8) for name in ("exp_avg", "exp_avg_sq")}
    frames = [Frame(i, {k: rng.normal(size=s).astype("f4") for k, s in tensors.items()}) for i in range(256)]
    raw = sum(a.nbytes for f in frames for a in f.tensors.values())
    blocks = packed(frames)
    sent = len(with_layout(blocks[0].message, blocks[0].layout)) + sum(len(b.message) for b in blocks[1:])
    assert [b.count for b in blocks] == [64] * 4
    assert sent / raw <= 1.2


def test_layout_ids_are_the_same_from_any_frame_on() -> None:
    frames = [Frame(i, {"x": np.zeros(i // 4, np.float32)}) for i in range(12)]
    whole, tail = packed(frames), packed(frames[8:], 8)
    assert whole[-1] == tail[-1]


@pytest.mark.parametrize("side", [200, 600])
def test_blocks_stay_under_the_cap(side: int) -> None:
    frames = [Frame(i, {"z": np.full((side, side), i, np.float32)}) for i in range(40)]
    blocks = packed(frames, block_bytes=2**30)
    assert sum(b.count for b in blocks) == 40
    assert max(len(with_layout(b.message, b.layout)) for b in blocks) <= MESSAGE_BYTES


def test_notes_count_towards_the_cap() -> None:
    frames = [Frame(i, {"x": np.zeros(1)}, {"text": "é" * 100_000}) for i in range(64)]
    assert max(len(with_layout(b.message, b.layout)) for b in packed(frames)) <= MESSAGE_BYTES


def test_a_tensor_over_the_cap_travels_as_bytes_with_a_scale() -> None:
    z = np.random.default_rng(0).normal(size=(1200, 1200)).astype("f4")
    z[3, 4] = np.nan
    small = np.array([1.5, np.nan], np.float32)
    (block,) = packed([Frame(0, {"z": z, "small": small})])
    message = with_layout(block.message, block.layout)
    assert len(message) <= MESSAGE_BYTES
    got = unpack(message, {}).tensors
    assert [t.quantised for t in block.layout.tensors] == [True, False]
    step = (np.nanmax(z) - np.nanmin(z)) / 254
    assert np.nanmax(np.abs(got["z"][0] - z)) <= step * 0.501
    assert np.array_equal(np.isnan(got["z"][0]), np.isnan(z))
    assert got["small"][0].tobytes() == small.tobytes()


def test_a_tensor_too_large_even_for_that_is_told_not_sent() -> None:
    message = pack_scene("r-1", Scene({"huge": np.zeros((3000, 3000), np.float32), "x": np.ones(2)}, {"a": 1}))
    it = unpack(message, layouts := {})
    (layout,) = layouts.values()
    assert len(message) <= MESSAGE_BYTES
    assert [(t.name, t.dtype, t.omitted) for t in layout.tensors] == [("huge", "f4", True), ("x", "f8", False)]
    assert (it.kind, it.seq, list(it.tensors), it.notes) == ("scene", -1, ["x"], {0: {"a": 1}})


def test_what_is_held_on_demand_is_told_not_sent() -> None:
    maps, loss = np.ones((3, 5, 5), np.float32), np.zeros(1)
    first, second = packed([Frame(0, {"maps": maps, "loss": loss}, on_demand=["maps"]), Frame(1, {"maps": maps, "loss": loss})])
    it = unpack(with_layout(first.message, first.layout), {})
    assert list(it.tensors) == ["loss"]
    assert [(t.name, t.dtype, t.shape, t.omitted) for t in first.layout.tensors if t.omitted] == [("maps", "f4", (3, 5, 5), True)]
    assert list(unpack(with_layout(second.message, second.layout), {}).tensors) == ["maps", "loss"]


@given(hnp.arrays(np.float64, 20, elements=st.floats(allow_nan=True, allow_infinity=True)))
def test_quantised_values_are_at_most_half_a_level_off(a: np.ndarray) -> None:
    (low, step), levels = quantise(a)
    assert np.array_equal(levels == 255, np.isnan(a))
    finite = np.isfinite(a) & (np.abs(a) < 1e30)
    if finite.sum() == np.isfinite(a).sum() and finite.any():
        span = np.ptp(a[finite])
        value = float(low) + float(step) * levels[finite]
        assert np.all(np.abs(value - a[finite]) <= 0.502 * span / 254 + 1e-6 * np.abs(a[finite]).max() + 1e-44)


def test_exact_values_answer_a_request() -> None:
    values = np.array([[1.0, np.nan]])
    it = unpack(pack_tensor("r-1", 5, 10, "state/2/exp_avg", values, 99), {})
    assert (it.kind, it.seq, it.steps, it.id) == ("tensor", 5, (10,), 99)
    assert it.tensors["state/2/exp_avg"][0].tobytes() == values.tobytes()
    with pytest.raises(ValueError, match="more than a message"):
        pack_tensor("r-1", 5, 10, "z", np.zeros(2**20), 99)


@given(st.binary(max_size=200), st.integers(0, 300))
def test_bad_bytes_are_refused(noise: bytes, cut: int) -> None:
    (block,) = packed([Frame(0, {"x": np.arange(4.0)})])
    good = with_layout(block.message, block.layout)
    for bad in (noise, good[: min(cut, len(good) - 1)], good + b"12345678", block.message):
        with pytest.raises(BadMessage):
            unpack(bad, {})


def test_a_dtype_that_no_browser_reads_is_a_bug_told_at_once() -> None:
    with pytest.raises(TypeError, match="complex128"):
        packed([Frame(0, {"z": np.zeros(1, complex)})])


def test_booleans_and_halves_are_widened() -> None:
    (block,) = packed([Frame(0, {"m": np.array([True, False]), "h": np.array([0.5], np.float16)})])
    got = unpack(with_layout(block.message, block.layout), {}).tensors
    assert (got["m"].dtype, got["m"].tolist(), got["h"].dtype, got["h"].tolist()) == (np.uint8, [[1, 0]], np.float32, [[0.5]])


@given(st.integers(2, 9), st.integers(0, 9), st.booleans())
@settings(deadline=None)
def test_the_tail_of_a_block_is_the_rest_of_its_frames(count: int, skipped: int, even: bool) -> None:
    rng = np.random.default_rng(count)
    tensors = [{"a": rng.normal(size=3).astype("f4"), "z": rng.normal(size=(20, 20)), "c": np.uint8([i])} for i in range(count)]
    frames = [Frame(i if even else i * i, t, {"i": i} if i % 2 else {}) for i, t in enumerate(tensors)]
    packer = Packer("r-1", 10, cap=1024 + 3000)  # so that z is quantised
    (block,) = [b for f in frames for b in packer.add(f)][:1] or packer.flush()
    seq = 10 + min(skipped, block.count - 1)
    part = tail(block, seq)
    assert [t.quantised for t in block.layout.tensors] == [False, True, False]
    got = unpack(with_layout(part.message, part.layout), {})
    expected = unpack(with_layout(block.message, block.layout), {}).frames()[seq - 10 :]
    assert (got.seq, got.count, part.seq, part.count) == (seq, len(expected), seq, len(expected))
    for a, b in zip(got.frames(), expected, strict=True):
        assert (a.step, a.note) == (b.step, b.note)
        assert {k: v.tobytes() for k, v in a.tensors.items()} == {k: v.tobytes() for k, v in b.tensors.items()}
