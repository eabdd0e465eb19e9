"""The lab's presets, one file an experiment. No torch, no numpy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.labs.contract import Preset

PRESETS: Mapping[str, Sequence[Preset]] = {}
