"""``--model FILE.py:FACTORY``: a network that the app has never seen goes through ``run`` and ``serve``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from websockets.sync.client import connect

from app.labs.offered import fingerprint
from serving import Server, serving

from .conftest import Cli

MODEL = """
import torch
from torch import nn
from torch.nn import functional as F

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, padding=1)
        self.fc = nn.Linear(6, 3)

    def forward(self, x):
        x = F.relu(self.conv(x))
        return self.fc(x.mean((2, 3)))

def make():
    return Net(), {"classes": ["sky", "sea", "sand"], "mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]}

def broken():
    raise RuntimeError("the weights are not here")

def leaves():
    raise SystemExit("bye")

def nothing():
    return 7
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(MODEL, "utf-8")
    return path


def test_run_writes_the_layers_of_the_operators_network(cli: Cli, file: Path, tmp_path: Path) -> None:
    ran = cli("run", "convolution/network", "--model", "mine.py:make", "--param", "network=own", "--out", "x.npz")
    assert ran.returncode == 0, ran.stderr
    with np.load(tmp_path / "x.npz") as found:
        layers = [note["layer"] for note in json.loads(str(found["notes"]))]
        scene = json.loads(str(found["scene"]))
        probabilities = found["probabilities"][0]
    assert [layer["type"] for layer in layers] == ["Input", "Conv2d", "relu", "mean", "Linear", "softmax"]
    assert scene["note"]["classes"] == ["sky", "sea", "sand"]
    assert scene["note"]["mean"] == [0.5, 0.5, 0.5]
    assert probabilities.sum() == pytest.approx(1, abs=1e-6)


def test_random_weights_are_the_same_in_every_process(cli: Cli, file: Path, tmp_path: Path) -> None:
    """A link is a pure function of its params, also where a factory draws its weights."""
    maps = []
    for name in ("a", "b"):
        cli("run", "convolution/network", "--model", "mine.py:make", "--param", "network=own", "--out", f"{name}.npz")
        with np.load(tmp_path / f"{name}.npz") as found:
            maps.append(found["probabilities"])
    assert maps[0].tobytes() == maps[1].tobytes()
    assert torch.isfinite(torch.from_numpy(maps[0])).all()


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("mine.py", "FILE.py:FACTORY"),
        ("mine.py:not a name", "FILE.py:FACTORY"),
        ("missing.py:make", "missing.py"),
        ("mine.py:absent", "absent"),
        ("mine.py:broken", "the weights are not here"),
        ("mine.py:leaves", "bye"),
        ("mine.py:nothing", "int"),
    ],
)
def test_what_cannot_be_is_one_sentence(cli: Cli, file: Path, named: str, told: str) -> None:
    ran = cli("run", "convolution/network", "--model", named, "--param", "network=own", "--out", "x.npz")
    assert ran.returncode == 2
    assert told in ran.stderr
    assert "Traceback" not in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1


def test_serve_refuses_a_file_that_is_not_there(cli: Cli) -> None:
    ran = cli("serve", "--port", "0", "--model", "missing.py:make")
    assert ran.returncode == 2
    assert "missing.py" in ran.stderr


def test_a_page_runs_it_and_is_told_which_file_ran(file: Path) -> None:
    with serving("--workers", "1", "--device", "cpu", "--model", f"{file}:make") as server:
        frames, params = _run(server, {"network": "own"})
        assert frames == 6
        assert params["model"] == fingerprint(str(file))
        assert _run(server, params)[0] == 6
        refused = _run(server, {"network": "own", "model": "0" * 16})[1]
    assert refused["id"] == "own.error.model_changed"


def test_without_a_model_the_choice_is_refused_in_a_sentence(here: Cli) -> None:
    ran = here("run", "convolution/network", "--param", "network=own", "--out", "x.npz")
    assert ran.returncode == 2
    assert "--model FILE.py:FACTORY" in ran.stderr


def _run(server: Server, params: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """How many frames came, and the params as the server completed them; 0 and the error of a run that failed."""
    frames, whole = 0, {}
    with connect(server.ws_url, origin=server.url, proxy=None, max_size=None) as page:  # type: ignore[arg-type]
        start = {"type": "start", "id": 1, "experiment": "convolution/network", "params": params, "ack": False}
        page.send(json.dumps(start))
        while True:
            message = page.recv(timeout=120)
            if isinstance(message, bytes):
                header = json.loads(message[4 : 4 + int.from_bytes(message[:4], "little")])
                frames += header["count"] if header["kind"] == "frames" else 0
                continue
            told = json.loads(message)
            if told["type"] == "reply":
                if not told["ok"]:
                    return 0, told["error"]
                whole = told["params"]
            elif told["state"] == "failed":
                return 0, told["error"]
            elif told["state"] == "done":
                return frames, whole
