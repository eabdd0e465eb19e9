"""The lab's presets, one file an experiment. No torch, no numpy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.labs.contract import Preset
from app.labs.recurrent.presets.by_hand import BY_HAND
from app.labs.recurrent.presets.gates import GATES
from app.labs.recurrent.presets.generate import GENERATE
from app.labs.recurrent.presets.gradients import GRADIENTS
from app.labs.recurrent.presets.learning import LEARNING
from app.labs.recurrent.presets.translate import TRANSLATE

PRESETS: Mapping[str, Sequence[Preset]] = {
    "by-hand": BY_HAND,
    "gates": GATES,
    "generate": GENERATE,
    "gradients": GRADIENTS,
    "learning": LEARNING,
    "translate": TRANSLATE,
}
