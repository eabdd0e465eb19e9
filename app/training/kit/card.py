"""Saves weights beside their card."""

from __future__ import annotations

import json
import platform
from datetime import date
from hashlib import sha256
from typing import Any

import torch
from safetensors.torch import save
from torch import nn

from app.nn.weights import FOLDER


def halved(net: nn.Module) -> nn.Module:
    """The network with its weights rounded to float16 in place: what is measured is what is stored."""
    with torch.no_grad():
        for tensor in net.state_dict().values():
            if tensor.is_floating_point():
                tensor.copy_(tensor.half().float())
    return net


def write(name: str, net: nn.Module, told: dict[str, Any], command: str | None = None) -> None:
    """NAME.safetensors (float16) and NAME.json with ``told``, the file's hash and where it was made; ``command``: what made it."""
    tensors = {key: value.half() if value.is_floating_point() else value for key, value in net.state_dict().items()}
    data = save({key: value.contiguous() for key, value in tensors.items()})
    card = {
        "name": name,
        **told,
        "parameters": sum(p.numel() for p in net.parameters()),
        "stored": "float16",
        "command": command or f"python -m app train {name}",
        "torch": torch.__version__.partition("+")[0],
        "machine": f"{platform.machine()}, {torch.backends.cpu.get_cpu_capability()}, one thread",
        "date": date.today().isoformat(),
        "sha256": sha256(data).hexdigest(),
    }
    (FOLDER / f"{name}.safetensors").write_bytes(data)
    (FOLDER / f"{name}.json").write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", "utf-8")
