"""Frames to messages and back: packing in a worker, reading for programs. The form is in :mod:`app.wire.blocks`."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, TypeAlias

import numpy as np

from app.labs.contract import Frame, Plain, Scene
from app.wire.blocks import (
    BLOCK_BYTES,
    BLOCK_FRAMES,
    MESSAGE_BYTES,
    Array,
    BadMessage,
    Block,
    Layout,
    TensorLayout,
    compact,
    dtype_of,
    framed,
    header_length,
    padded,
    with_layout,
)

Kind: TypeAlias = Literal["scene", "frames", "tensor"]

NAN_BYTE = 255
_STEPS = 254  # bytes 0 to 254 are levels


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
        note = compact(frame.note) if frame.note else b""
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
    layout = Layout.fitting(scene.tensors, cap - 1024 - len(compact(note)))
    header = {"kind": "scene", "run": run, "seq": -1, "count": 1, "steps": [0, 1], "notes": note, "layout": layout.id}
    return with_layout(_message(header, layout, [[a] for a in scene.tensors.values()]), layout)


def pack_tensor(run: str, seq: int, step: int, name: str, values: Array, request: int) -> bytes:
    """Exact values as the answer to request ``request``. Raises ValueError above 4 MB: ask for a slice."""
    layout = Layout((TensorLayout(name, dtype_of(values), values.shape),))
    if layout.nbytes(1) + 1024 > MESSAGE_BYTES:
        raise ValueError(f"{values.nbytes} bytes are more than a message of {MESSAGE_BYTES}")
    header = {"kind": "tensor", "run": run, "seq": seq, "count": 1, "steps": [step, 1], "notes": {}, "layout": layout.id}
    return with_layout(_message({**header, "id": request}, layout, [[values]]), layout)


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
        length = header_length(message)
        header = json.loads(message[4 : 4 + length])
        if "tensors" in header:
            layout = Layout(tuple(TensorLayout.from_json(t) for t in header["tensors"]))
            layouts[header["layout"]] = layout
        layout, count = layouts[header["layout"]], int(header["count"])
        start = padded(4 + length)
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
    return framed(compact(header), buffers)


def _steps(steps: list[int]) -> Any:
    stride = steps[1] - steps[0] if len(steps) > 1 else 1
    if all(b - a == stride for a, b in pairwise(steps)):
        return [steps[0], stride]
    return {"list": steps}
