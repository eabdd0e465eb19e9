"""The params of the lab's experiments, one file each. No torch, no numpy."""

from app.labs.convolution.params.network import NetworkParams
from app.labs.convolution.params.pooling import PoolingParams
from app.labs.convolution.params.sliding import SlidingParams

__all__ = ["NetworkParams", "PoolingParams", "SlidingParams"]
