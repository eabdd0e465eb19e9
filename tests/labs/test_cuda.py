"""The same runs on a GPU: skipped by name where there is none."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from websockets.sync.client import connect

from app import labs
from serving import ROOT, serving

pytestmark = pytest.mark.gpu

RULES = (
    "gd",
    "sgd",
    "sgdm",
    "nesterov",
    "adagrad",
    "rmsprop",
    "adam",
    "amsgrad",
    "adabound",
    "swats",
    "adamw",
    "nadam",
    "radam",
    "adadelta",
    "lion",
)


def test_a_race_on_the_gpu_is_the_race_on_the_cpu():
    params = {"surface": "himmelblau", "steps": 60, "dtype": "float64", "noise": 0.5, "racers": [{"rule": rule} for rule in RULES]}
    cpu = [frame.tensors["position"] for frame in labs.run("optimizer/race", device="cpu", **params)]
    gpu = [frame.tensors["position"] for frame in labs.run("optimizer/race", device="cuda", **params)]
    np.testing.assert_allclose(gpu, cpu, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("experiment", sorted(labs.experiments()))
def test_every_experiment_runs_on_the_gpu_with_its_defaults(experiment):
    frames = list(labs.run(experiment, device="cuda"))
    assert frames[0].step == 0
    assert all(isinstance(tensor, np.ndarray) for frame in frames for tensor in frame.tensors.values())


def test_the_server_computes_on_the_gpu():
    with serving("--device", "cuda", "--workers", "1") as server, connect(server.ws_url, origin=server.url) as socket:
        socket.send(json.dumps({"type": "start", "id": 1, "experiment": "optimizer/race", "params": {"steps": 5}, "ack": False}))
        states = []
        while "done" not in states and "failed" not in states:
            message = socket.recv(60)
            if isinstance(message, str) and json.loads(message)["type"] == "state":
                states.append(json.loads(message)["state"])
        assert states[-1] == "done"
        assert "no CUDA device" not in server.log


def test_the_command_line_computes_on_the_gpu(tmp_path):
    out = tmp_path / "race.npz"
    command = [sys.executable, "-m", "app", "run", "optimizer/race", "--device", "cuda", "--param", "steps=5", "--out", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=120)
    assert np.load(out)["position"].shape == (6, 6, 2)
