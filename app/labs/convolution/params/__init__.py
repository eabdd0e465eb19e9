"""The params of the lab's experiments, one file each. No torch, no numpy."""

from app.labs.convolution.params.network import NetworkParams
from app.labs.convolution.params.pooling import PoolingParams

__all__ = ["NetworkParams", "PoolingParams"]
