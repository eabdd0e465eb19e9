"""The lab's presets, one file an experiment. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.labs.contract import Preset
from app.labs.optimizer.presets.basins import BASINS
from app.labs.optimizer.presets.landscape import LANDSCAPE
from app.labs.optimizer.presets.race import RACE
from app.labs.optimizer.presets.training import TRAINING

PRESETS: Mapping[str, Sequence[Preset]] = {"basins": BASINS, "landscape": LANDSCAPE, "race": RACE, "training": TRAINING}
