"""The races one click away: the lecture notes' comparisons, and the published settings of the models that they name.

Data only, no torch. A title is the message ``explain.preset.ID``, its caption ``explain.preset.ID.caption``: what to look for, and
for a model what was scaled to fit a surface of two parameters. A test runs every preset and measures what its caption says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.labs.contract import Message, Plain, Preset

Racer = dict[str, Any]


def _preset(id: str, citation: str = "", **params: Any) -> Preset:
    name = f"explain.preset.{id}"
    return Preset(id, Message(name), Message(f"{name}.caption"), params, citation)


def _gradients(value: tuple[float, float], steps: int) -> dict[str, Plain]:
    return {"kind": "gradients", "values": [list(value)] * steps}


_SPIKE_ADAM: Racer = {"lr": 0.01, "betas": [0.0, 0.9], "bias_correction": False}
_REDDI_ADAM: Racer = {"lr": 0.05, "betas": [0.9, 0.99]}
_RAVINE: Mapping[str, Any] = {"surface": "ravine", "condition": 10.0, "start": [-9.0, 1.2]}

_RACES = (
    _preset(
        "sgd-gd",
        surface="least-squares",
        batch_size=1,
        tolerance=0.01,
        racers=[{"rule": "gd", "lr": 0.4}, {"rule": "sgd", "lr": 0.05}],
        steps=120,
    ),
    _preset(
        "rmsprop-adagrad",
        "T. Tieleman and G. Hinton, lecture 6.5, 2012",
        surface="rosenbrock",
        racers=[{"rule": "adagrad", "lr": 0.1}, {"rule": "rmsprop", "lr": 0.01, "alpha": 0.9}],
        steps=600,
    ),
    _preset("adam-sgdm", racers=[{"rule": "adam", "lr": 0.09}, {"rule": "sgdm", "lr": 0.002}], steps=160),
    _preset(
        "adam-parts",
        "D. P. Kingma and J. Ba, 2015, arXiv:1412.6980, section 5",
        racers=[
            {"rule": "adam", "lr": 0.05},
            {"rule": "rmsprop", "lr": 0.005, "alpha": 0.999},
            {"rule": "adam", "lr": 0.005, "use_momentum": False, "bias_correction": False},
            {"rule": "sgdm", "lr": 0.02, "dampening": 0.9},
            {"rule": "adam", "lr": 0.02, "use_scaling": False, "bias_correction": False},
        ],
        steps=160,
        dtype="float64",
    ),
    _preset(
        "swats",
        "N. S. Keskar and R. Socher, 2017, arXiv:1712.07628",
        racers=[
            {"rule": "swats", "lr": 0.03, "eps": 1e-4, "form": "paper"},
            {"rule": "swats", "lr": 0.03, "eps": 1e-9, "form": "paper"},
        ],
        steps=200,
    ),
    _preset(
        "amsgrad-spike",
        "S. J. Reddi, S. Kale and S. Kumar, 2018, arXiv:1904.09237",
        source={"kind": "rare", "case": "spike"},
        racers=[{"rule": "adam", **_SPIKE_ADAM}, {"rule": "amsgrad", **_SPIKE_ADAM}],
        steps=2000,
    ),
    _preset(
        "amsgrad-ones",
        "S. J. Reddi, S. Kale and S. Kumar, 2018, arXiv:1904.09237",
        source={"kind": "rare", "case": "ones-then-spike"},
        racers=[{"rule": rule, "lr": 0.01, "betas": [0.0, 0.999], "bias_correction": False} for rule in ("adam", "amsgrad")],
        steps=2000,
    ),
    _preset(
        "amsgrad-reddi",
        "S. J. Reddi, S. Kale and S. Kumar, 2018, arXiv:1904.09237, section 3 and figure 1",
        source={"kind": "rare", "case": "reddi"},
        racers=[{"rule": "adam", **_REDDI_ADAM}, {"rule": "amsgrad", **_REDDI_ADAM}],
        steps=12000,
    ),
    _preset(
        "adabound",
        "L. Luo, Y. Xiong, Y. Liu and X. Sun, 2019, arXiv:1902.09843",
        racers=[
            {"rule": "adabound", "lr": 0.09, "final_lr": 0.005, "gamma": 0.05},
            {"rule": "adam", "lr": 0.09},
            {"rule": "sgd", "lr": 0.005},
        ],
        steps=160,
    ),
    _preset(
        "cyclical",
        "L. N. Smith, 2017, arXiv:1506.01186",
        racers=[
            {"rule": "sgdm", "lr": 0.004, "schedule": {"kind": "cyclical", "base_lr": 0.0004, "step_size_up": 20}},
            {"rule": "sgdm", "lr": 0.0004},
        ],
        steps=160,
    ),
    _preset(
        "sgdr",
        "I. Loshchilov and F. Hutter, 2017, arXiv:1608.03983",
        racers=[
            {"rule": "sgdm", "lr": 0.004, "schedule": {"kind": "sgdr", "T_0": 20, "T_mult": 2}},
            {"rule": "sgdm", "lr": 0.004, "schedule": {"kind": "cosine"}},
        ],
        steps=140,
    ),
    _preset(
        "one-cycle",
        "L. N. Smith and N. Topin, 2018, arXiv:1708.07120",
        racers=[{"rule": "sgdm", "lr": 0.006, "schedule": {"kind": "one-cycle"}}, {"rule": "sgdm", "lr": 0.00024}],
        steps=120,
    ),
    _preset(
        "range-test",
        "L. N. Smith, 2017, arXiv:1506.01186, section 3.3",
        racers=[{"rule": "sgd", "lr": 1e-5, "schedule": {"kind": "range-test", "end_lr": 1.0}}],
        steps=200,
    ),
    _preset(
        "ravine",
        surface="ravine",
        condition=25.0,
        start=[-9.0, 1.2],
        racers=[
            {"rule": "gd", "lr": 0.075},
            {"rule": "sgdm", "lr": 0.02},
            {"rule": "adagrad", "lr": 1.0},
            {"rule": "rmsprop", "lr": 0.1},
            {"rule": "adam", "lr": 0.3},
        ],
        steps=120,
    ),
    _preset(
        "noise",
        surface="himmelblau",
        noise=30.0,
        racers=[
            {"rule": "gd", "lr": 0.004},
            {"rule": "sgd", "lr": 0.004},
            {"rule": "sgd", "lr": 0.004, "schedule": {"kind": "cosine"}},
        ],
        steps=600,
    ),
    _preset(
        "notes-momentum",
        source=_gradients((1.0, 0.5), 100),
        racers=[{"rule": "sgd", "lr": 0.01}, {"rule": "sgdm", "lr": 0.01, "form": "notes"}, {"rule": "sgdm", "lr": 0.01}],
        steps=100,
    ),
    _preset(
        "notes-rmsprop",
        source=_gradients((-1.0, 0.5), 20),
        racers=[{"rule": "rmsprop", "lr": 0.1, "form": form} for form in ("notes", "paper", "torch")],
        steps=20,
    ),
)

_SGDM: Racer = {"rule": "sgdm", "momentum": 0.9}
_MODELS = (
    _preset(
        "transformer",
        "A. Vaswani et al., 2017, arXiv:1706.03762, section 5.3",
        racers=[
            # d_model^-0.5 warmup^-0.5 = 512^-0.5 4000^-0.5 is the schedule's peak
            {
                "rule": "adam",
                "lr": 0.000699,
                "betas": [0.9, 0.98],
                "eps": 1e-9,
                "schedule": {"kind": "inverse-sqrt", "warmup": 4000},
            },
        ],
        steps=12000,
    ),
    _preset(
        "bert",
        "J. Devlin et al., 2019, arXiv:1810.04805, appendix A.2",
        start=[2.7, 1.8],
        racers=[
            {
                "rule": "adamw",
                "lr": 1e-4,
                "weight_decay": 0.01,
                "schedule": {"kind": "warmup", "warmup": 100, "total_steps": 10000},
            },
        ],
        steps=10000,
    ),
    _preset(
        "tacotron",
        "Y. Wang et al., 2017, arXiv:1703.10135, section 4",
        start=[2.2, 1.4],
        racers=[{"rule": "adam", "lr": 0.001}],
        changes=[{"at": at, "set": {"racers.0.lr": lr}} for at, lr in ((500, 0.0005), (1000, 0.0003), (2000, 0.0001))],
        steps=2500,
    ),
    _preset(
        "biggan",
        "A. Brock, J. Donahue and K. Simonyan, 2019, arXiv:1809.11096, appendix C",
        start=[2.7, 1.8],
        racers=[{"rule": "adam", "lr": 2e-4, "betas": [0.0, 0.999]}, {"rule": "adam", "lr": 5e-5, "betas": [0.0, 0.999]}],
        steps=3000,
    ),
    _preset(
        "memo",
        "A. Banino et al., 2020, arXiv:2001.10913; settings: D. P. Kingma and J. Ba, 2015, arXiv:1412.6980, algorithm 1",
        start=[2.2, 1.4],
        racers=[{"rule": "adam", "lr": 0.001}],
        steps=2000,
    ),
    _preset(
        "resnet",
        "K. He et al., 2016, arXiv:1512.03385, sections 3.4 and 4.2",
        **_RAVINE,
        noise=1.0,
        racers=[{**_SGDM, "lr": 0.1, "weight_decay": 1e-4}],
        changes=[{"at": 160, "set": {"racers.0.lr": 0.01}}, {"at": 240, "set": {"racers.0.lr": 0.001}}],
        steps=320,
    ),
    _preset(
        "yolo",
        "J. Redmon et al., 2016, arXiv:1506.02640, section 2.2",
        **_RAVINE,
        noise=1.0,
        racers=[
            {
                **_SGDM,
                "lr": 0.001,
                "weight_decay": 5e-4,
                "schedule": {"kind": "range-test", "mode": "linear", "end_lr": 0.01, "num_steps": 10},
            }
        ],
        changes=[
            {"at": 310, "set": {"racers.0.schedule": None, "racers.0.lr": 0.001}},
            {"at": 430, "set": {"racers.0.lr": 0.0001}},
        ],
        steps=550,
    ),
    _preset(
        "mask-rcnn",
        "K. He, G. Gkioxari, P. Dollár and R. Girshick, 2017, arXiv:1703.06870, section 3.1",
        **_RAVINE,
        noise=1.0,
        racers=[{**_SGDM, "lr": 0.02, "weight_decay": 1e-4}],
        changes=[{"at": 240, "set": {"racers.0.lr": 0.002}}],
        steps=320,
    ),
)

RACE = _RACES + _MODELS
"""In the order in which the page lists them."""
