"""The maps one click away. Data only, no torch. A title is the message ``optimizer.basins.preset.ID``."""

from __future__ import annotations

from typing import Any

from app.labs.contract import Message, Preset


def _preset(id: str, citation: str = "", **params: Any) -> Preset:
    name = f"optimizer.basins.preset.{id}"
    return Preset(id, Message(name), Message(f"{name}.caption"), params, citation)


_SGDM: dict[str, Any] = {"rule": "sgdm", "lr": 0.01}

BASINS = (
    _preset("starts", "D. M. Himmelblau, Applied Nonlinear Programming, McGraw-Hill, 1972", racers=[{"rule": "adam", "lr": 0.09}]),
    _preset("momentum", racers=[_SGDM]),
    _preset(
        "stable",
        "G. Goh, Why momentum really works, Distill, 2017, doi:10.23915/distill.00006",
        surface="ravine",
        condition=25.0,
        axes="settings",
        racers=[_SGDM],
        x_range=[0.0, 0.16],
        y_range=[0.0, 1.0],
    ),
    _preset(
        "trainable",
        "J. Sohl-Dickstein, The boundary of neural network trainability is fractal, 2024, arXiv:2402.06184",
        axes="settings",
        racers=[_SGDM],
        x_range=[0.001, 0.04],
        y_range=[0.0, 1.0],
    ),
    _preset("gd", racers=[{"rule": "gd", "lr": 0.0205}]),
    _preset(
        "betas",
        "D. P. Kingma and J. Ba, 2015, arXiv:1412.6980",
        surface="rosenbrock",
        axes="settings",
        racers=[{"rule": "adam", "lr": 0.01}],
        x_range=[0.001, 1.0],
        x_log=True,
        y_setting="beta1",
    ),
    _preset("swats", "N. S. Keskar and R. Socher, 2017, arXiv:1712.07628", racers=[{"rule": "swats", "lr": 0.05, "eps": 0.01}]),
)
"""In the order in which the page lists them."""
