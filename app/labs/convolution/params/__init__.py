"""The params of the lab's experiments, one file each. No torch, no numpy."""

from app.labs.convolution.params.pooling import PoolingParams

__all__ = ["PoolingParams"]
