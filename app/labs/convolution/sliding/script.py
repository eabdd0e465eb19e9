"""A run of ``convolution/sliding`` as a standalone PyTorch script: torch's layer, printing the run's output."""

from __future__ import annotations

from app.labs.convolution.params.sliding import SlidingParams
from app.labs.convolution.sliding.layer import layer

_HEAD = '''\
"""One convolution: prints its output, channel by channel."""

import torch
from torch import nn

torch.set_num_threads(1)
x = torch.tensor({input}, dtype=torch.{dtype})  # (C, H, W)
weight = torch.tensor({weight}, dtype=x.dtype)  # (out, in / groups, kh, kw)
'''
_FLIP = "weight = weight.flip(2, 3)  # true convolution: torch's layers correlate\n"
_CONV = """\
layer = nn.Conv2d(
    {cin}, {cout}, {kernel}, stride={stride}, padding={padding!r}, dilation={dilation}, groups={groups},
    bias={bias}, padding_mode={mode!r}
)
"""
_TRANSPOSED = """\
# torch keeps (in, out / groups, kh, kw) here.
weight = torch.cat([group.transpose(0, 1) for group in weight.chunk({groups})])
layer = nn.ConvTranspose2d(
    {cin}, {cout}, {kernel}, stride={stride}, padding={padding!r}, output_padding={extra}, groups={groups},
    bias={bias}, dilation={dilation}
)
"""
_TAIL = """\
layer.to(x.dtype)
with torch.no_grad():
    layer.weight.copy_(weight)
{set_bias}    for channel, output in enumerate(layer(x[None])[0]):
        print(channel, output.tolist())
"""


def script(params: SlidingParams) -> str:
    """Python source that needs torch alone. Raises UserError for options that torch refuses."""
    s = layer(params)
    values = {
        "cin": len(s.x),
        "cout": len(s.typed),
        "kernel": tuple(s.typed.shape[2:]),
        "stride": params.stride,
        "padding": "same" if params.same else params.padding,
        "dilation": params.dilation,
        "groups": params.groups,
        "bias": s.bias is not None,
        "mode": params.padding_mode,
        "extra": params.output_padding,
    }
    set_bias = "" if s.bias is None else f"    layer.bias.copy_(torch.tensor({s.bias.tolist()}, dtype=x.dtype))\n"
    return (
        _HEAD.format(input=s.x.tolist(), weight=s.typed.tolist(), dtype=params.dtype)
        + (_FLIP if params.flip else "")
        + (_TRANSPOSED if params.transposed else _CONV).format(**values)
        + _TAIL.format(set_bias=set_bias)
    )
