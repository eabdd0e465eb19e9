"""The presets of ``optimizer/training``: the lecture notes' claim first. Data only, no torch."""

from __future__ import annotations

from typing import Any

from app.labs.contract import Message, Preset


def _preset(id: str, citation: str = "", **params: Any) -> Preset:
    name = f"optimizer.training.preset.{id}"
    return Preset(id, Message(name), Message(f"{name}.caption"), params, citation)


_DIGITS: dict[str, Any] = {
    "data": "digits",
    "samples": 1078,
    "hidden": "32",
    "activation": "relu",
    "batch_size": 32,
    "seeds": 5,
}
_SWATS = "N. S. Keskar and R. Socher, 2017, arXiv:1712.07628"

TRAINING = (
    _preset(
        "claim",
        _SWATS,
        **_DIGITS,
        epochs=30,
        tuning=5,
        racers=[{"rule": "adam", "lr": 0.01}, {"rule": "sgdm", "lr": 0.03}, {"rule": "swats", "lr": 0.01}],
    ),
    _preset(
        "same-rate",
        "",
        **_DIGITS,
        epochs=30,
        racers=[{"rule": rule, "lr": 0.001} for rule in ("adam", "sgdm", "swats")],
    ),
    _preset(
        "spirals",
        "K. J. Lang and M. J. Witbrock, 1988",
        data="spirals",
        samples=300,
        noise=0.03,
        hidden="32 32",
        batch_size=30,
        epochs=150,
        seeds=3,
        racers=[{"rule": "adam", "lr": 0.02}, {"rule": "sgdm", "lr": 0.1}, {"rule": "sgd", "lr": 0.1}],
    ),
    _preset(
        "early-stop",
        "L. Prechelt, Early stopping, but when?, 1998",
        data="moons",
        samples=40,
        noise=0.4,
        hidden="64",
        activation="relu",
        batch_size=8,
        epochs=100,
        seeds=5,
        patience=10,
        racers=[{"rule": "adam", "lr": 0.02}, {"rule": "sgdm", "lr": 0.1}],
    ),
    _preset(
        "cnn",
        "L. N. Smith and N. Topin, 2018, arXiv:1708.07120",
        data="digits",
        samples=1078,
        model="cnn",
        activation="relu",
        batch_size=32,
        epochs=10,
        seeds=3,
        racers=[{"rule": "sgdm", "lr": 0.1, "schedule": {"kind": "one-cycle"}}, {"rule": "adam", "lr": 0.005}],
    ),
    _preset(
        "line",
        "",
        data="line",
        samples=100,
        noise=0.4,
        model="logistic",
        batch_size=10,
        epochs=10,
        every=2,
        seeds=5,
        racers=[{"rule": "gd", "lr": 0.1}, {"rule": "sgd", "lr": 0.1}, {"rule": "adam", "lr": 0.1}],
    ),
)
"""In the order in which the page lists them."""
