"""The params of a run as the options that the pools are called with."""

from __future__ import annotations

from app.labs.convolution.params.pooling import PoolingParams
from app.labs.convolution.pooling.windows import Options


def options_of(params: PoolingParams) -> Options:
    """What the pools are called with."""
    return Options(
        kernel=params.kernel,
        stride=params.steps(),
        padding=params.padding,
        dilation=params.dilation,
        ceil_mode=params.ceil_mode,
        count_include_pad=params.count_include_pad,
        divisor_override=params.divisor_override,
        power=params.power,
        norm=params.norm,
        adaptive=params.adaptive,
        temperature=params.temperature,
    )
