"""Image classifiers of Hugging Face (:mod:`app.labs.hub`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from app.labs.convolution.network.models import Model
from app.labs.convolution.network.own import SIZES
from app.labs.hub import loaded


@lru_cache(maxsize=2)
def hub(name: str) -> Model:
    """The model ``ID`` or ``ID@REVISION``. Raises UserError where it is not on this machine, or is no image classifier."""

    def made(transformers: Any, id: str, here: Mapping[str, Any]) -> Model:
        net = transformers.AutoModelForImageClassification.from_pretrained(id, use_safetensors=True, **here).eval()
        classes = tuple(str(label) for _, label in sorted(net.config.id2label.items()))
        told = {"parameters": sum(p.numel() for p in net.parameters()), "architecture": type(net).__name__}
        return Model(net, name, classes, **_input(transformers, id, here, net.config), card=told)

    return loaded(name, "network", made)


def _input(transformers: Any, id: str, here: Mapping[str, Any], config: Any) -> dict[str, Any]:
    """``mean`` and ``std`` as its preprocessor_config.json says; ``size`` where the network takes no other."""
    file = transformers.utils.cached_file(id, "preprocessor_config.json", _raise_exceptions_for_missing_entries=False, **here)
    said = json.loads(Path(file).read_text("utf-8")) if file else {}
    found: dict[str, Any] = {}
    if said.get("do_normalize", "image_mean" in said):
        found = {"mean": tuple(map(float, said["image_mean"])), "std": tuple(map(float, said["image_std"]))}
    channels = int(getattr(config, "num_channels", 3))
    if channels not in (1, 3):
        raise ValueError(f"it takes {channels} channels")
    if len(found.get("mean", (0.0,) * 3)) != channels:
        found = {"mean": (found.get("mean", (0.0,))[0],) * channels, "std": (found.get("std", (1.0,))[0],) * channels}
    side = getattr(config, "image_size", None)
    if side is not None and getattr(config, "patch_size", None) is not None:  # its positions are learned for one size
        found["size"] = int(side if isinstance(side, int) else side[0])
        if not SIZES[0] <= found["size"] <= SIZES[1]:
            raise ValueError(f"it takes pictures of {found['size']} pixels")
    return found
