"""The presets of ``optimizer/landscape``. Data only, no torch."""

from __future__ import annotations

from typing import Any

from app.labs.contract import Message, Preset


def _preset(id: str, citation: str = "", **params: Any) -> Preset:
    name = f"optimizer.landscape.preset.{id}"
    return Preset(id, Message(name), Message(f"{name}.caption"), params, citation)


LANDSCAPE = (
    _preset("three", "H. Li et al., 2018, arXiv:1712.09913, section 7"),
    _preset(
        "random",
        "H. Li et al., 2018, arXiv:1712.09913, section 4",
        plane="random",
        racers=[{"rule": "sgd", "lr": 0.3}, {"rule": "adam", "lr": 0.01}],
    ),
    _preset(
        "edge",
        "J. Cohen et al., 2021, arXiv:2103.00065",
        samples=500,
        hidden="32 32",
        activation="relu",
        batch_size=500,
        epochs=400,
        points=60,
        racers=[{"rule": "gd", "lr": 0.1}, {"rule": "gd", "lr": 0.2}],
    ),
    _preset(
        "convex",
        model="logistic",
        epochs=20,
        racers=[{"rule": "sgd", "lr": 0.3}, {"rule": "sgdm", "lr": 0.1}, {"rule": "adam", "lr": 0.03}],
    ),
)
