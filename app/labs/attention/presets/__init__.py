"""The lab's presets, one file an experiment. No torch, no numpy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.labs.attention.presets.by_hand import BY_HAND
from app.labs.attention.presets.encoder import ENCODER
from app.labs.attention.presets.generate import GENERATE
from app.labs.attention.presets.learning import LEARNING
from app.labs.attention.presets.translate import TRANSLATE
from app.labs.contract import Preset

PRESETS: Mapping[str, Sequence[Preset]] = {
    "by-hand": BY_HAND,
    "encoder": ENCODER,
    "generate": GENERATE,
    "translate": TRANSLATE,
    "learning": LEARNING,
}
