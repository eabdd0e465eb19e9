"""The order in which pages show the labs and their experiments; a lab opens with its first. Nothing is imported."""

from __future__ import annotations

from collections.abc import Iterable

TABS: dict[str, tuple[str, ...]] = {
    "optimizer": ("race", "basins", "training", "landscape"),
    "convolution": ("network", "sliding", "pooling"),
    "recurrent": ("gates", "by-hand", "gradients", "learning", "generate", "translate"),
    "attention": ("encoder", "by-hand", "translate", "generate", "learning"),
}
_PLACES = {f"{lab}/{tab}": place for place, (lab, tab) in enumerate((lab, tab) for lab, tabs in TABS.items() for tab in tabs)}


def ordered(experiments: Iterable[str]) -> list[str]:
    """``"LAB/NAME"`` after ``"LAB/NAME"``, those that no tab names last."""
    return sorted(experiments, key=lambda name: (_PLACES.get(name, len(_PLACES)), name))
