"""The poolings one click away. A title is the message ``convolution.pooling.preset.ID``, its caption the same with ``.caption``.

Data only, no torch. A test runs every preset and measures what its caption says.
"""

from __future__ import annotations

from typing import Any

from app.labs.contract import Message, Preset


def _preset(id: str, citation: str = "", pools: str = "max average", **params: Any) -> Preset:
    """A preset with these pools on and all others off."""
    name = f"convolution.pooling.preset.{id}"
    switches = {pool: pool in pools.split() for pool in ("max", "average", "attention", *pools.split())}
    return Preset(id, Message(name), Message(f"{name}.caption"), {**switches, **params}, citation)


_ONES: dict[str, Any] = {"pattern": "ones", "channels": 1, "size": [4, 4], "kernel": [3, 3], "stride": [2, 2], "padding": [1, 1]}
_FEATURES = [
    [[9, 8, 1, 0], [8, 9, 0, 1], [1, 0, 2, 1], [0, 1, 1, 2]],
    [[0, 1, 8, 9], [1, 0, 9, 8], [5, 4, 0, 1], [4, 6, 1, 0]],
]

POOLING = (
    _preset(
        "one-window",
        pools="max average attention",
        source="matrix",
        input=[[[1, 2, 0], [3, 8, 1], [0, 1, 2]]],
        kernel=[3, 3],
    ),
    _preset("ceil", "PyTorch, torch.nn.AvgPool2d", pools="average", **_ONES, ceil_mode=True),
    _preset("exclude-pad", "PyTorch, torch.nn.AvgPool2d", pools="average", **_ONES, count_include_pad=False),
    _preset("minus-ones", pools="max average", **{**_ONES, "pattern": "minus-ones"}),
    _preset(
        "temperature",
        "A. Vaswani et al., 2017, arXiv:1706.03762, equation 1",
        pools="max average attention",
        channels=1,
        temperature=3.0,
    ),
    _preset("pixel", pools="average attention", source="matrix", input=_FEATURES, kernel=[4, 4], pixel=[0, 0], temperature=20.0),
    _preset("image", pools="max average attention", source="image", size=[12, 12], kernel=[3, 3], pixel=[5, 6], temperature=0.1),
    _preset("softpool", "A. Stergiou, R. Poppe and G. Kalliatakis, 2021, arXiv:2101.00440", pools="max average softpool"),
    _preset(
        "powers",
        "F. Radenović, G. Tolias and O. Chum, 2018, arXiv:1711.02512",
        pools="max average mean lp",
        power=3.0,
        norm=2.0,
    ),
    _preset(
        "global",
        "M. Lin, Q. Chen and S. Yan, 2014, arXiv:1312.4400, section 3.2",
        pools="average global_max global_average adaptive_average",
        pattern="spots",
        size=[8, 8],
        adaptive=[3, 3],
    ),
    _preset("channels", pools="max average attention", channels=3, changed={"channel": 0, "value": 0}),
)
"""In the order in which the page lists them."""
