"""Pictures and networks that show one thing each. No torch here."""

from __future__ import annotations

from collections.abc import Mapping

from app.labs.contract import Message, Plain, Preset


def _preset(id: str, params: Mapping[str, Plain], citation: str = "") -> Preset:
    name = f"convolution.network.preset.{id}"
    return Preset(id, Message(name), Message(f"{name}.caption"), params, citation)


NETWORK = (
    _preset("sobel", {"network": "filters", "filters": "sobel", "image": "sample:brick", "size": 128}, "Sobel and Feldman, 1968"),
    _preset(
        "gabor", {"network": "filters", "filters": "gabor", "image": "sample:camera", "size": 128}, "Daugman, JOSA A 2(7), 1985"
    ),
    _preset("blur", {"network": "filters", "filters": "blur", "image": "sample:hubble", "size": 128}),
    _preset("sharpen", {"network": "filters", "filters": "sharpen", "image": "sample:coffee", "size": 128}),
    _preset("grad-cam", {"network": "vgg", "image": "sample:cat", "why": "grad-cam"}, "Selvaraju et al., arXiv 1610.02391"),
    _preset(
        "integrated",
        {"network": "vgg", "image": "sample:horse", "why": "integrated-gradients"},
        "Sundararajan et al., arXiv 1703.01365",
    ),
    _preset("occlusion", {"network": "vgg", "image": "sample:ship", "why": "occlusion"}, "Zeiler and Fergus, arXiv 1311.2901"),
    _preset("winners", {"network": "vgg", "image": "sample:cat", "backward": True}),
    _preset("ablate", {"network": "vgg", "image": "sample:horse", "ablate": [{"layer": "features.relu1_1", "channel": 4}]}),
    _preset("no-class", {"network": "vgg", "image": "sample:rocket"}),
)
