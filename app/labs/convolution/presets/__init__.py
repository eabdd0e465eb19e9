"""The lab's presets, one file an experiment. No torch, no numpy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.labs.contract import Preset
from app.labs.convolution.presets.network import NETWORK
from app.labs.convolution.presets.pooling import POOLING
from app.labs.convolution.presets.sliding import SLIDING

PRESETS: Mapping[str, Sequence[Preset]] = {
    "network": NETWORK,
    "pooling": POOLING,
    "sliding": SLIDING,
}
