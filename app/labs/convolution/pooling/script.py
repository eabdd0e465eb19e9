"""A run of ``convolution/pooling`` as a standalone PyTorch script: the pools that are on, printing the run's outputs."""

from __future__ import annotations

from app.labs.convolution.params.pooling import PoolingParams
from app.labs.convolution.pooling.options import options_of
from app.labs.convolution.pooling.source import read_input, read_query
from app.labs.convolution.pooling.windows import Options
from app.labs.convolution.pooling.work import common_grid

_HEAD = '''\
"""Several pools over one input: prints each pool's output, channel by channel."""

import torch
import torch.nn.functional as F

torch.set_num_threads(1)
x = torch.tensor({input}, dtype=torch.{dtype})  # (C, H, W)
'''

_CUT = '''\

# Every window cut out (C, Ho, Wo, kh, kw); NaN where it leaves the input.
rows = torch.arange({ho})[:, None] * {sh} - {ph} + torch.arange({kh})
cols = torch.arange({wo})[:, None] * {sw} - {pw} + torch.arange({kw})
inside = ((rows >= 0) & (rows < x.shape[1]))[:, None, :, None] & ((cols >= 0) & (cols < x.shape[2]))[None, :, None, :]
windows = x[:, rows.clamp(0, x.shape[1] - 1)[:, None, :, None], cols.clamp(0, x.shape[2] - 1)[None, :, None, :]]


def softmax(scores):
    """Softmax over each window's cells; those outside the input weigh nothing."""
    scores = scores.masked_fill(~inside, -torch.inf)
    return torch.softmax(scores.flatten(-2), -1).reshape(scores.shape)

'''

_ATTENTION = """\
q = torch.tensor({query}, dtype=x.dtype)
a = softmax(torch.einsum("c,chwij->hwij", q, windows) / {tau})  # one weight a position, shared by the channels
attention = (a * windows.masked_fill(~inside, 0)).sum((-2, -1))
"""
_SOFTPOOL = "softpool = (softmax(windows) * windows.masked_fill(~inside, 0)).sum((-2, -1))\n"
_MEAN = """\
kept = windows.clamp(min=1e-6).masked_fill(~inside, 0)
largest = kept.amax((-2, -1), keepdim=True)
mean = largest[..., 0, 0] * (((kept / largest) ** {p}).sum((-2, -1)) / inside.sum((-2, -1))) ** (1 / {p})
"""
_LP = """\
padded = F.pad(x, ({pw}, {pw}, {ph}, {ph}))  # lp_pool2d has no padding of its own
lp = F.lp_pool2d(padded, {norm}, {kernel}, {stride}, {ceil})[:, :{ho}, :{wo}]
"""


def script(params: PoolingParams) -> str:
    """Python source that needs torch alone. Raises UserError for options that torch refuses."""
    x, options = read_input(params), options_of(params)
    names = params.pools()
    ho, wo = common_grid(x, options).shape
    (kh, kw), (sh, sw), (ph, pw) = options.kernel, options.stride, options.padding
    lines = [_HEAD.format(input=x.tolist(), dtype=params.dtype)]
    if {"attention", "softpool", "mean"} & set(names):
        lines.append(_CUT.format(ho=ho, wo=wo, kh=kh, kw=kw, sh=sh, sw=sw, ph=ph, pw=pw))
    for name in names:
        lines.append(
            _call(name, options).format(
                query=read_query(params, x).tolist(),
                tau=options.temperature,
                p=options.power,
                norm=options.norm,
                kernel=options.kernel,
                stride=options.stride,
                ceil=options.ceil_mode,
                ho=ho,
                wo=wo,
                ph=ph,
                pw=pw,
            )
        )
    told = ", ".join(f'"{name}": {name}' for name in names)
    return "".join(lines) + f"\nfor name, output in {{{told}}}.items():\n    print(name, output.tolist())\n"


def _call(name: str, o: Options) -> str:
    """The lines that make the output ``name``."""
    match name:
        case "max":
            return f"max = F.max_pool2d(x, {o.kernel}, {o.stride}, {o.padding}, {o.dilation}, {o.ceil_mode})\n"
        case "average":
            end = f", {o.divisor_override}" if o.divisor_override is not None else ""
            return f"average = F.avg_pool2d(x, {o.kernel}, {o.stride}, {o.padding}, {o.ceil_mode}, {o.count_include_pad}{end})\n"
        case "attention":
            return _ATTENTION
        case "softpool":
            return _SOFTPOOL
        case "mean":
            return _MEAN
        case "lp":
            return _LP
    shape = (1, 1) if name.startswith("global") else o.adaptive
    return f"{name} = F.adaptive_{'max' if name.endswith('max') else 'avg'}_pool2d(x, {shape})\n"
