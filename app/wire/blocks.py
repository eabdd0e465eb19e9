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
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:  # the web process hands messages on, cuts them and never looks inside a tensor
    from numpy.typing import NDArray

Array: TypeAlias = "NDArray[Any]"

MESSAGE_BYTES = 4 * 2**20
BLOCK_FRAMES = 64
BLOCK_BYTES = 2**18
"""A block is closed above this, so that three unacknowledged ones stay small; one frame may be larger."""

DTYPES = ("f4", "f8", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8")
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
            return 8 * count + padded(self.values() * count)
        return padded(self.values() * count * int(self.dtype[1:]))

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
        text = compact([t.as_json() for t in self.tensors])
        object.__setattr__(self, "json", text)
        object.__setattr__(self, "id", int.from_bytes(blake2b(text, digest_size=6).digest(), "little"))

    def nbytes(self, count: int) -> int:
        return sum(t.nbytes(count) for t in self.tensors)

    @classmethod
    def fitting(cls, tensors: Mapping[str, Array], cap: int, on_demand: Collection[str] = ()) -> Layout:
        """The layout of one frame, without those on demand; the largest are quantised or left out until it fits ``cap`` bytes."""
        exact = [TensorLayout(name, dtype_of(a), a.shape, omitted=name in on_demand) for name, a in tensors.items()]
        rows = list(exact)

        def bytewise(t: TensorLayout) -> TensorLayout:
            return replace(t, dtype="u1", quantised=True)

        def omitted(t: TensorLayout) -> TensorLayout:
            return replace(t, omitted=True)

        for smaller in (bytewise, omitted):
            for at in sorted(range(len(rows)), key=lambda i: -rows[i].nbytes(1)):
                layout = cls(tuple(rows))
                if layout.nbytes(1) + len(layout.json) <= cap:
                    return layout
                if (less := smaller(exact[at])).nbytes(1) < rows[at].nbytes(1):
                    rows[at] = less
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


def with_layout(message: bytes, layout: Layout) -> bytes:
    """The same message for a viewer that does not have the layout yet."""
    length = header_length(message)
    header = b'%b,"tensors":%b}' % (message[4 : 3 + length], layout.json)
    return framed(header, [memoryview(message)[padded(4 + length) :]])


def tail(block: Block, seq: int) -> Block:
    """The block's frames from ``seq`` on, for a viewer that has the ones before."""
    skipped = seq - block.seq
    if not 0 < skipped < block.count:
        return block
    length = header_length(block.message)
    header = json.loads(block.message[4 : 4 + length])
    steps = header["steps"]
    header["seq"], header["count"] = seq, block.count - skipped
    header["steps"] = {"list": steps["list"][skipped:]} if isinstance(steps, dict) else [steps[0] + skipped * steps[1], steps[1]]
    header["notes"] = {str(int(k) - skipped): note for k, note in header["notes"].items() if int(k) >= skipped}
    buffers: list[Any] = []
    start, whole = padded(4 + length), memoryview(block.message)
    for t in block.layout.tensors:
        if not t.omitted:
            size = t.values() * int(t.dtype[1:])
            scales = 8 * block.count if t.quantised else 0
            first = start + scales + skipped * size
            kept = whole[first : first + header["count"] * size]
            buffers += [whole[start + 8 * skipped : start + scales], kept, bytes(-len(kept) % 8)]
        start += t.nbytes(block.count)
    return Block(seq, header["count"], block.layout, framed(compact(header), buffers))


def framed(header: bytes, buffers: Sequence[Any]) -> bytes:
    """The message of this header and these buffers, each of them already filled up."""
    padding = bytes(padded(4 + len(header)) - 4 - len(header))
    return b"".join([struct.pack("<I", len(header)), header, padding, *buffers])


def header_length(message: bytes) -> int:
    """Bytes of the header's JSON. Raises BadMessage where the message is shorter."""
    length = int(struct.unpack_from("<I", message)[0])
    if padded(4 + length) > len(message):
        raise BadMessage("the header is longer than the message")
    return length


def dtype_of(a: Array) -> str:
    """The dtype as which an array travels. Raises TypeError for one that is no number."""
    code = f"{a.dtype.kind}{a.dtype.itemsize}"
    code = _WIDENED.get(code, code)
    if code not in DTYPES:
        raise TypeError(f"a tensor of dtype {a.dtype} cannot be sent")
    return code


def padded(n: int) -> int:
    """The next multiple of 8."""
    return n + -n % 8


def compact(value: Any) -> bytes:
    """JSON without spaces. Raises ValueError for NaN and infinities, which JSON lacks."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
