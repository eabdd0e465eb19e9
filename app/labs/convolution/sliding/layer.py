r"""The convolution as torch's layer, and as what it is: kernels that slide over a padded input.

A transposed convolution is one too: over the input spread by its stride, with the kernel turned by 180 degrees
(Dumoulin and Visin, arXiv 1603.07285, chapter 4). So one picture and one sum serve both:

    y_o(p) = b_o + \sum_i \sum_j w_{oi}(j) z_i(s p + d j)

with z the padded (or spread) input, s the stride of the sliding (1 for a transposed one), d the dilation.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import torch
from torch import Tensor, nn

from app.labs.contract import Message, Plain, UserError
from app.labs.convolution.params.sliding import MOST_OUTPUTS, SlidingParams
from app.labs.convolution.sliding.kernels import read_weight
from app.labs.convolution.source import read_input

ZERO = -1
"""In ``source``: no cell of the input, a zero."""


@dataclass(frozen=True)
class Sliding:
    """One convolution, worked out.

    ``x`` (Cin, H, W); ``typed`` (Cout, Cin / groups, kh, kw), ``weight`` the same as it slides (turned or not); ``bias`` (Cout,) or
    None; ``source`` int64 (Hp, Wp): which cell y W + x of the input a padded cell shows, or ZERO; ``output`` (Cout, Ho, Wo),
    torch's. ``pad`` says how many cells were added above, below, at left and right; negative ones were cut off.
    """

    params: SlidingParams
    x: Tensor
    typed: Tensor
    weight: Tensor
    bias: Tensor | None
    source: Tensor
    pad: tuple[int, int, int, int]
    output: Tensor

    @property
    def step(self) -> tuple[int, int]:
        """By how many padded cells the kernel moves."""
        return (1, 1) if self.params.transposed else self.params.stride

    @cached_property
    def padded(self) -> Tensor:
        """What the kernels slide over (Cin, Hp, Wp)."""
        flat = torch.cat([self.x.flatten(1), self.x.new_zeros(len(self.x), 1)], 1)
        return flat[:, self.source]  # ZERO is the last cell, which is 0

    @cached_property
    def taps(self) -> tuple[Tensor, Tensor]:
        """Rows (Ho, kh) and columns (Wo, kw) of the padded input that each output row and column reads."""
        rows, columns = (
            torch.arange(n)[:, None] * s + torch.arange(k) * d
            for n, k, s, d in zip(self.output.shape[1:], self.weight.shape[2:], self.step, self.params.dilation, strict=True)
        )
        return rows, columns

    @cached_property
    def windows(self) -> Tensor:
        """The cells under the kernel at every place (Cin, Ho, Wo, kh, kw)."""
        rows, columns = self.taps
        return self.padded[:, rows[:, None, :, None], columns[None, :, None, :]]

    @cached_property
    def products(self) -> Tensor:
        """Patch x kernel (Cout, Cin / groups, Ho, Wo, kh, kw)."""
        grouped = torch.stack(self.windows.chunk(self.params.groups))  # (groups, Cin / groups, ...)
        each = len(self.weight) // self.params.groups
        products: Tensor = grouped.repeat_interleave(each, 0) * self.weight[:, :, None, None]
        return products

    @cached_property
    def explicit(self) -> Tensor:
        """The sums written out (Cout, Ho, Wo); equal to ``output`` but for rounding."""
        sums = self.products.sum((1, 4, 5))
        return sums if self.bias is None else sums + self.bias[:, None, None]

    def group(self, channel: int) -> int:
        """The group that an output channel belongs to."""
        return channel // (len(self.weight) // self.params.groups)


def layer(params: SlidingParams, device: str = "cpu") -> Sliding:
    """The convolution that the params describe. Raises UserError with torch's reason for what torch refuses."""
    dtype = getattr(torch, params.dtype)
    x = read_input(params, dtype, device)
    typed = read_weight(params, len(x)).to(device, dtype)
    bias = None if params.bias is None else torch.tensor(params.bias, dtype=dtype, device=device)
    if bias is not None and len(bias) != len(typed):
        raise UserError(Message("convolution.sliding.error.bias", {"got": len(bias), "good": len(typed)}), ("bias",))
    given = typed.flip(2, 3) if params.flip else typed
    output = _asked(params, lambda: apply(params, x, given, bias))
    if output.numel() > MOST_OUTPUTS:
        told: dict[str, Plain | Message] = {
            "got": output.numel(),
            "most": MOST_OUTPUTS,
            "size": " × ".join(str(n) for n in output.shape),
        }
        raise UserError(Message("convolution.sliding.error.outputs", told), ("size",) if params.source != "matrix" else ("input",))
    slid = given.flip(2, 3) if params.transposed else given
    source, pad = _source(params, x.shape[1:], typed.shape[2:])
    return Sliding(params, x, typed, slid, bias, source.to(device), pad, output)


def apply(params: SlidingParams, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """torch's layer with these weights on x (Cin, H, W); raises what torch raises."""
    channels_in, channels_out, kernel = len(x), len(weight), (weight.shape[2], weight.shape[3])
    if params.transposed:
        # torch keeps (Cin, Cout / groups, kh, kw) here.
        in_groups = torch.cat([group.transpose(0, 1) for group in weight.chunk(params.groups)])
        made: nn.Module = nn.ConvTranspose2d(
            channels_in,
            channels_out,
            kernel,
            params.stride,
            params.padding,
            params.output_padding,
            params.groups,
            bias is not None,
            params.dilation,
            params.padding_mode,
        )
        state = {"weight": in_groups}
    else:
        made = nn.Conv2d(
            channels_in,
            channels_out,
            kernel,
            params.stride,
            "same" if params.same else params.padding,
            params.dilation,
            params.groups,
            bias is not None,
            params.padding_mode,
        )
        state = {"weight": weight}
    if bias is not None:
        state["bias"] = bias
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Using padding='same' with even kernel")  # it costs a copy, which is nothing here
        y: Tensor = torch.func.functional_call(made, state, (x[None],))[0]
    return y


def _source(params: SlidingParams, size: torch.Size, kernel: torch.Size) -> tuple[Tensor, tuple[int, int, int, int]]:
    """Which cell of the input every padded cell shows, and how many cells stand around it."""
    cells = torch.arange(size.numel(), dtype=torch.float64).reshape(size)
    reach = [d * (k - 1) for d, k in zip(params.dilation, kernel, strict=True)]
    if params.transposed:
        spread = torch.full([(n - 1) * s + 1 for n, s in zip(size, params.stride, strict=True)], float(ZERO), dtype=torch.float64)
        spread[:: params.stride[0], :: params.stride[1]] = cells
        cells = spread
        before = [r - p for r, p in zip(reach, params.padding, strict=True)]
        after = [b + extra for b, extra in zip(before, params.output_padding, strict=True)]
    elif params.same:
        before = [r // 2 for r in reach]
        after = [r - b for r, b in zip(reach, before, strict=True)]  # the odd cell stands below and at right
    else:
        before = after = list(params.padding)
    around = (before[1], after[1], before[0], after[0])
    if params.padding_mode == "zeros":
        padded = pad_zeros(cells, around, ZERO)
    else:
        padded = nn.functional.pad(cells[None, None], around, mode=params.padding_mode)[0, 0]
    return padded.long(), (before[0], after[0], before[1], after[1])


def pad_zeros(cells: Tensor, around: tuple[int, int, int, int], value: float = 0) -> Tensor:
    """torch's constant padding of the last two axes (left, right, top, bottom), negative numbers cut.

    It grows first and cuts afterwards: a transposed convolution's padding may cut more than the spread input has, which torch's
    own refuses.
    """
    grown = nn.functional.pad(cells, [max(n, 0) for n in around], value=value)
    return nn.functional.pad(grown, [min(n, 0) for n in around])


_REASONS = (
    ("not supported for strided", "same", "same_stride"),
    ("Padding size should be less", "padding", "reflect"),
    ("wrapping around more than once", "padding", "circular"),
    ("Kernel size can't be greater", "kernel", "small"),
    ("Output size is too small", "padding", "empty"),
    ("zeros", "padding_mode", "transposed_mode"),
    ("output padding must be smaller", "output_padding", "output_padding"),
)
"""A piece of torch's own sentence, the field it belongs to, and ours: ``convolution.sliding.error.NAME``."""

T = TypeVar("T")


def _asked(params: SlidingParams, ask: Callable[[], T]) -> T:
    """What torch answers. Raises UserError with torch's reason where it refuses the options."""
    if params.transposed and params.same:
        raise UserError(Message("convolution.sliding.error.transposed_same"), ("same",))
    try:
        return ask()
    except (RuntimeError, ValueError) as error:
        said = str(error).partition("\n")[0]
        for piece, field, name in _REASONS:
            if piece in said:
                # Under 'same' nobody typed the padding, and its field is hidden.
                shown = "same" if field == "padding" and params.same else field
                raise UserError(Message(f"convolution.sliding.error.{name}", {"torch": said}), (shown,)) from error
        raise
