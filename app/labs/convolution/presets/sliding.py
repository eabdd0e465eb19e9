"""The convolutions one click away. A title is the message ``convolution.sliding.preset.ID``, its caption that and ``.caption``.

Data only, no torch. A test runs every preset and measures what its caption says.
"""

from __future__ import annotations

from typing import Any

from app.labs.contract import Message, Preset


def _preset(id: str, citation: str = "", **params: Any) -> Preset:
    name = f"convolution.sliding.preset.{id}"
    return Preset(id, Message(name), Message(f"{name}.caption"), params, citation)


_D2L = "Dive into Deep Learning, sections 7.2 and 7.4"
_ONE: dict[str, Any] = {"pattern": "counting", "channels": 1, "size": [3, 3], "kernel": "counting", "kernel_size": [2, 2]}
_TWO: dict[str, Any] = {
    "source": "matrix",
    "input": [[[0, 1, 2], [3, 4, 5], [6, 7, 8]], [[1, 2, 3], [4, 5, 6], [7, 8, 9]]],
    "kernel": "counting",
    "kernel_size": [2, 2],
}
_ONES: dict[str, Any] = {"pattern": "counting", "channels": 1, "size": [4, 4], "kernel": "ones", "padding": [1, 1]}
_NINE = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
_STEP = [[[1, 1, 0, 0, 0, 0, 1, 1]] * 6]

SLIDING = (
    _preset("one-one", _D2L, **_ONE),
    _preset("several-one", _D2L, **_TWO),
    _preset("several-several", _D2L, **_TWO, out_channels=3),
    _preset("pointwise", _D2L, channels=3, size=[3, 3], kernel="random", kernel_size=[1, 1], out_channels=2),
    _preset("bias", **_ONE, bias=[10]),
    _preset("edge", _D2L, source="matrix", input=_STEP, kernel="edge"),
    _preset("zeros", **_ONES),
    _preset("reflect", **_ONES, padding_mode="reflect"),
    _preset("replicate", **_ONES, padding_mode="replicate"),
    _preset("circular", **_ONES, padding_mode="circular"),
    _preset("same-even", pattern="counting", channels=1, size=[4, 4], kernel="ones", kernel_size=[2, 2], same=True),
    _preset("stride", pattern="digits", channels=1, size=[7, 7], kernel="blur", stride=[2, 2]),
    _preset(
        "dilation",
        "F. Yu and V. Koltun, 2015, arXiv:1511.07122",
        pattern="digits",
        channels=1,
        size=[7, 7],
        kernel="ones",
        dilation=[2, 2],
    ),
    _preset(
        "depthwise",
        "F. Chollet, 2016, arXiv:1610.02357",
        pattern="stripes",
        channels=4,
        size=[5, 5],
        kernel="sobel-x",
        out_channels=4,
        groups=4,
    ),
    _preset(
        "transposed",
        "V. Dumoulin and F. Visin, 2016, arXiv:1603.07285, chapter 4",
        pattern="counting",
        channels=1,
        size=[2, 2],
        kernel="counting",
        kernel_size=[2, 2],
        transposed=True,
        stride=[2, 2],
    ),
    _preset("true-convolution", **_ONE, flip=True),
    _preset("sobel", "I. Sobel and G. Feldman, 1968", source="image", image="sample:cat", size=[14, 14], kernel="sobel-x"),
    _preset(
        "learned", source="image", image="sample:cat", size=[12, 12], kernel="learned", learned="resnet", out_channels=3, same=True
    ),
    _preset("shift", pattern="spots", channels=1, size=[10, 10], kernel="blur", shift=[0, 1]),
    _preset("dense", pattern="digits", channels=1, size=[16, 16], kernel="custom", weight=[[_NINE]]),
)
