"""The binary messages: scenes, blocks of frames, exact tensor slices.

One message, everything little-endian::

    u32 N              length of the header in bytes
    N bytes            the header, UTF-8 JSON
    zeros              until a multiple of 8: here the buffers start
    buffers            for each tensor of the layout in order: the block's frames stacked, C order,
                       each buffer filled up to a multiple of 8 bytes

So a browser takes typed-array views without copying, NaN survives, and the header is paid once a
block, not once a frame. The layout (names, dtypes, shapes) goes to a viewer only when it has not
had it: a worker packs messages without one, :func:`with_layout` splices it in.

A float tensor that would push a message over the cap travels as bytes with a scale of its own for
each frame: ``value = low + step * byte``, byte 255 for NaN. One too large even for that is marked
``omitted`` and has no buffer, as is one that its frame holds on demand only. ``tensor`` requests fetch the exact values of all.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from itertools import pairwise
from math import prod
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.labs.contract import Frame, Plain, Scene

Kind: TypeAlias = Literal["scene", "frames", "tensor"]
Array: TypeAlias = NDArray[Any]

MESSAGE_BYTES = 4 * 2**20
BLOCK_FRAMES = 64
BLOCK_BYTES = 2**18
"""A block is closed above this, so that three unacknowledged ones stay small; one frame may be larger."""

DTYPES = ("f4", "f8", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8")
NAN_BYTE = 255
_STEPS = 254  # bytes 0 to 254 are levels
_WIDENED = {"b1": "u1", "f2": "f4"}


class BadMessage(ValueError):
    """Bytes that are no message of ours."""


@dataclass(frozen=True)
class TensorLayout:
    """One tensor of a frame as it travels: ``shape`` without the block's axis."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    quantised: bool = False
    omitted: bool = False

    def values(self) -> int:
        return prod(self.shape)

    def nbytes(self, count: int) -> int:
        """Bytes of the buffer for ``count`` frames, padding included."""
        if self.omitted:
            return 0
        if self.quantised:
            return 8 * count + _padded(self.values() * count)
        return _padded(self.values() * count * int(self.dtype[1:]))

    def as_json(self) -> dict[str, Any]:
        json: dict[str, Any] = {"name": self.name, "dtype": self.dtype, "shape": list(self.shape)}
        if self.quantised:
            json["quantised"] = True
        if self.omitted:
            json["omitted"] = True
        return json

    @classmethod
    def from_json(cls, it: Mapping[str, Any]) -> TensorLayout:
        dtype, shape = str(it["dtype"]), tuple(int(n) for n in it["shape"])
        if dtype not in DTYPES or any(n < 0 for n in shape):
            raise BadMessage(f"no such tensor: {it!r}")
        return cls(str(it["name"]), dtype, shape, bool(it.get("quantised")), bool(it.get("omitted")))


@dataclass(frozen=True)
class Layout:
    """The tensors of a frame in the order of their buffers.

    ``id`` is a hash of ``json``, so that a run computed again gives the same bytes from any frame on.
    """

    tensors: tuple[TensorLayout, ...]
    json: bytes = field(init=False)
    id: int = field(init=False)

    def __post_init__(self) -> None:
        text = _json([t.as_json() for t in self.tensors])
        object.__setattr__(self, "json", text)
        object.__setattr__(self, "id", int.from_bytes(blake2b(text, digest_size=6).digest(), "little"))

    def nbytes(self, count: int) -> int:
        return sum(t.nbytes(count) for t in self.tensors)

    @classmethod
    def fitting(cls, tensors: Mapping[str, Array], cap: int, on_demand: Collection[str] = ()) -> Layout:
        """The layout of one frame, without those on demand; the largest are quantised or left out until it fits ``cap`` bytes."""
        exact = [TensorLayout(name, _dtype(a), a.shape, omitted=name in on_demand) for name, a in tensors.items()]
        rows = list(exact)
        bytewise = [t if t.omitted else replace(t, dtype="u1", quantised=True) for t in exact]
        for smaller in (bytewise, [replace(t, omitted=True) for t in exact]):
            for at in sorted(range(len(rows)), key=lambda i: -rows[i].nbytes(1)):
                layout = cls(tuple(rows))
                if layout.nbytes(1) + len(layout.json) <= cap:
                    return layout
                if smaller[at].nbytes(1) < rows[at].nbytes(1):
                    rows[at] = smaller[at]
        return cls(tuple(rows))


@dataclass(frozen=True)
class Block:
    """``count`` consecutive frames from ``seq`` on, packed without their layout."""

    seq: int
    count: int
    layout: Layout
    message: bytes

    @property
    def last(self) -> int:
        return self.seq + self.count - 1


class Packer:
    """Collects consecutive frames of a run and packs them into blocks.

    A block ends where the layout changes, at ``frames`` frames or above ``block_bytes``; :meth:`flush` ends
    one early. ``seq`` is the index of the first frame that will be added.
    """

    def __init__(
        self, run: str, seq: int = 0, *, frames: int = BLOCK_FRAMES, block_bytes: int = BLOCK_BYTES, cap: int = MESSAGE_BYTES
    ) -> None:
        self.run, self.seq = run, seq
        self._frames, self._block_bytes, self._cap = frames, block_bytes, cap
        self._pending: list[Frame] = []
        self._signature: object = None
        self._layout = Layout(())
        self._frame_bytes = 0  # of one frame alone, so never less than its part of a block
        self._note_bytes = 0

    def __len__(self) -> int:
        return len(self._pending)

    def add(self, frame: Frame) -> list[Block]:
        """Takes the next frame; returns the blocks that this closed, oldest first."""
        closed = []
        note = _json(frame.note) if frame.note else b""
        signature = [(name, a.dtype, a.shape, name in frame.on_demand) for name, a in frame.tensors.items()]
        room = self._cap - 1024 - len(note)  # 1024: what a header has beside its notes
        if signature != self._signature:
            closed += self.flush()
            self._layout = Layout.fitting(frame.tensors, room, frame.on_demand)
            self._signature, self._frame_bytes = signature, self._layout.nbytes(1)
        elif (len(self) + 1) * self._frame_bytes + len(self._layout.json) + self._note_bytes > room:
            closed += self.flush()
        self._pending.append(frame)
        self._note_bytes += len(note) + 24  # 24: its offset and marks; steps in a list
        if len(self) >= self._frames or len(self) * self._frame_bytes > self._block_bytes:
            closed += self.flush()
        return closed

    def flush(self) -> list[Block]:
        """The frames collected so far as a block; [] when there are none."""
        if not self._pending:
            return []
        frames, self._pending, self._note_bytes = self._pending, [], 0
        header = {
            "kind": "frames",
            "run": self.run,
            "seq": self.seq,
            "count": len(frames),
            "steps": _steps([f.step for f in frames]),
            "notes": {str(i): f.note for i, f in enumerate(frames) if f.note},
            "layout": self._layout.id,
        }
        stacks = [[f.tensors[t.name] for f in frames] for t in self._layout.tensors]
        block = Block(self.seq, len(frames), self._layout, _message(header, self._layout, stacks))
        self.seq += len(frames)
        return [block]


def pack_scene(run: str, scene: Scene, cap: int = MESSAGE_BYTES) -> bytes:
    """The scene as one message with its layout; ``seq`` is -1."""
    note = {"0": scene.note} if scene.note else {}
    layout = Layout.fitting(scene.tensors, cap - 1024 - len(_json(note)))
    header = {"kind": "scene", "run": run, "seq": -1, "count": 1, "steps": [0, 1], "notes": note, "layout": layout.id}
    return with_layout(_message(header, layout, [[a] for a in scene.tensors.values()]), layout)


def pack_tensor(run: str, seq: int, step: int, name: str, values: Array, request: int) -> bytes:
    """Exact values as the answer to request ``request``. Raises ValueError above 4 MB: ask for a slice."""
    layout = Layout((TensorLayout(name, _dtype(values), values.shape),))
    if layout.nbytes(1) + 1024 > MESSAGE_BYTES:
        raise ValueError(f"{values.nbytes} bytes are more than a message of {MESSAGE_BYTES}")
    header = {"kind": "tensor", "run": run, "seq": seq, "count": 1, "steps": [step, 1], "notes": {}, "layout": layout.id}
    return with_layout(_message({**header, "id": request}, layout, [[values]]), layout)


def with_layout(message: bytes, layout: Layout) -> bytes:
    """The same message for a viewer that does not have the layout yet."""
    length = _length(message)
    header = b'%b,"tensors":%b}' % (message[4 : 3 + length], layout.json)
    return _framed(header, [memoryview(message)[_padded(4 + length) :]])


def tail(block: Block, seq: int) -> Block:
    """The block's frames from ``seq`` on, for a viewer that has the ones before."""
    skipped = seq - block.seq
    if not 0 < skipped < block.count:
        return block
    length = _length(block.message)
    header = json.loads(block.message[4 : 4 + length])
    steps = header["steps"]
    header["seq"], header["count"] = seq, block.count - skipped
    header["steps"] = {"list": steps["list"][skipped:]} if isinstance(steps, dict) else [steps[0] + skipped * steps[1], steps[1]]
    header["notes"] = {str(int(k) - skipped): note for k, note in header["notes"].items() if int(k) >= skipped}
    buffers: list[Any] = []
    start, whole = _padded(4 + length), memoryview(block.message)
    for t in block.layout.tensors:
        if not t.omitted:
            size = t.values() * int(t.dtype[1:])
            scales = 8 * block.count if t.quantised else 0
            first = start + scales + skipped * size
            kept = whole[first : first + header["count"] * size]
            buffers += [whole[start + 8 * skipped : start + scales], kept, bytes(-len(kept) % 8)]
        start += t.nbytes(block.count)
    return Block(seq, header["count"], block.layout, _framed(_json(header), buffers))


@dataclass(frozen=True)
class Unpacked:
    """A message read back. ``tensors`` are stacked: shape (count, ...); quantised ones are float32 again."""

    kind: Kind
    run: str
    seq: int
    count: int
    steps: tuple[int, ...]
    notes: Mapping[int, Mapping[str, Plain]]
    tensors: Mapping[str, Array]
    layout: int
    id: int | None = None

    def frames(self) -> list[Frame]:
        """The block's frames one by one; their tensors are views."""
        parts = [{name: stack[i] for name, stack in self.tensors.items()} for i in range(self.count)]
        return [Frame(step, part, self.notes.get(i, {})) for i, (step, part) in enumerate(zip(self.steps, parts, strict=True))]


def unpack(message: bytes, layouts: dict[int, Layout]) -> Unpacked:
    """Reads a message. ``layouts`` is what this run has sent so far; a new layout is added to it.

    Raises BadMessage where the bytes are cut, too long, or name a layout that never came.
    """
    try:
        length = _length(message)
        header = json.loads(message[4 : 4 + length])
        if "tensors" in header:
            layout = Layout(tuple(TensorLayout.from_json(t) for t in header["tensors"]))
            layouts[header["layout"]] = layout
        layout, count = layouts[header["layout"]], int(header["count"])
        start = _padded(4 + length)
        if count < 0 or len(message) != start + layout.nbytes(count):
            raise BadMessage("the buffers are not as long as the layout says")
        steps = header["steps"]
        numbers = steps["list"] if isinstance(steps, dict) else [steps[0] + i * steps[1] for i in range(count)]
        tensors: dict[str, Array] = {}
        for t in layout.tensors:
            if not t.omitted:
                tensors[t.name] = _read(t, message, start, count)
            start += t.nbytes(count)
        notes = {int(k): v for k, v in header["notes"].items()}
        return Unpacked(
            header["kind"], header["run"], header["seq"], count, tuple(numbers), notes, tensors, header["layout"], header.get("id")
        )
    except BadMessage:
        raise
    except (KeyError, IndexError, TypeError, ValueError, struct.error, OverflowError, AttributeError) as error:
        raise BadMessage(str(error)) from error


def quantise(a: Array) -> tuple[Array, Array]:
    """A float array as ((low, step) float32, bytes): ``low + step * byte``, infinities at the ends, NaN as 255."""
    finite = a[np.isfinite(a)]
    reach = np.finfo(np.float32).max / 4
    low, high = np.clip([finite.min(), finite.max()], -reach, reach) if finite.size else (0.0, 0.0)
    scale = np.array([low, (float(high) - float(low)) / _STEPS], "<f4")
    step = float(scale[1]) or 1.0
    levels = np.rint((np.clip(a.astype(np.float64), low, high) - float(scale[0])) / step)
    levels[np.isnan(levels)] = NAN_BYTE
    return scale, np.where(levels == NAN_BYTE, NAN_BYTE, np.clip(levels, 0, _STEPS)).astype("u1")


def _read(t: TensorLayout, message: bytes, start: int, count: int) -> Array:
    if not t.quantised:
        return np.frombuffer(message, f"<{t.dtype}", t.values() * count, start).reshape(count, *t.shape)
    scale = np.frombuffer(message, "<f4", 2 * count, start).reshape(count, 2, *(1 for _ in t.shape))
    levels = np.frombuffer(message, "u1", t.values() * count, start + 8 * count).reshape(count, *t.shape)
    return np.where(levels == NAN_BYTE, np.float32("nan"), scale[:, 0] + scale[:, 1] * levels).astype("f4")


def _message(header: Mapping[str, Any], layout: Layout, stacks: Sequence[Sequence[Array]]) -> bytes:
    """``stacks[i]`` are the block's frames of the layout's tensor i."""
    buffers: list[Any] = []
    for t, stack in zip(layout.tensors, stacks, strict=True):
        if t.omitted:
            continue
        if t.quantised:
            pairs = [quantise(a) for a in stack]
            buffers += [scale for scale, _ in pairs]
            parts = [levels for _, levels in pairs]
        else:
            parts = [np.ascontiguousarray(a, f"<{t.dtype}") for a in stack]
        buffers += [part for part in parts if part.size]
        buffers.append(bytes(-(t.values() * len(parts) * int(t.dtype[1:])) % 8))
    return _framed(_json(header), buffers)


def _framed(header: bytes, buffers: Sequence[Any]) -> bytes:
    padding = bytes(_padded(4 + len(header)) - 4 - len(header))
    return b"".join([struct.pack("<I", len(header)), header, padding, *buffers])


def _length(message: bytes) -> int:
    length = int(struct.unpack_from("<I", message)[0])
    if _padded(4 + length) > len(message):
        raise BadMessage("the header is longer than the message")
    return length


def _dtype(a: Array) -> str:
    code = f"{a.dtype.kind}{a.dtype.itemsize}"
    code = _WIDENED.get(code, code)
    if code not in DTYPES:
        raise TypeError(f"a tensor of dtype {a.dtype} cannot be sent")
    return code


def _steps(steps: list[int]) -> Any:
    stride = steps[1] - steps[0] if len(steps) > 1 else 1
    if all(b - a == stride for a, b in pairwise(steps)):
        return [steps[0], stride]
    return {"list": steps}


def _padded(n: int) -> int:
    return n + -n % 8


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
