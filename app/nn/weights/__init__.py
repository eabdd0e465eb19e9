"""The shipped weights: NAME.safetensors, and NAME.json, its card: what it was trained on, how, and how well it does."""

from __future__ import annotations

import json
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn

FOLDER = Path(__file__).parent


class WrongWeights(RuntimeError):
    """The file is not the one that its card describes."""


def shipped() -> tuple[str, ...]:
    """The names of all that ship."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


@cache
def card(name: str) -> dict[str, Any]:
    """The card of ``name``. Raises FileNotFoundError where none ships under that name."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return found


def state(name: str) -> dict[str, Tensor]:
    """The weights of ``name`` as float32 (they are stored as float16). Raises WrongWeights where the file is another."""
    from safetensors.torch import load

    data = (FOLDER / f"{name}.safetensors").read_bytes()
    expected = card(name)["sha256"]
    if (found := sha256(data).hexdigest()) != expected:
        raise WrongWeights(
            f"{name}.safetensors has SHA-256 {found}, its card says {expected}: restore the file from the repository"
        )
    return {key: value.float() if value.is_floating_point() else value for key, value in load(data).items()}


def load(name: str) -> nn.Module:
    """The trained network ``name`` at rest (eval mode). Raises FileNotFoundError, WrongWeights."""
    from app.nn.resnet import ResNet
    from app.nn.vgg import VGG

    networks: dict[str, type[nn.Module]] = {"resnet": ResNet, "vgg": VGG}
    net = networks[name]()
    net.load_state_dict(state(name))
    return net.eval()
