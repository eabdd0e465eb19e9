"""Hugging Face models of both labs: nothing that is not on this machine is asked for anywhere else."""

from __future__ import annotations

import subprocess
import sys

import pytest

from serving import ROOT

ASKED = """
import os, socket
os.environ.pop("HF_HUB_OFFLINE", None)
asked = []
def nowhere(host, *more, **named):
    asked.append(host)
    raise OSError("no network here")
socket.getaddrinfo = nowhere
from app.labs.contract import UserError
from {module} import {load} as load
try:
    load("someone/else")
except UserError as error:
    print(error.message.id, asked)
"""


@pytest.mark.parametrize(
    ("module", "load"), [("app.labs.convolution.network.hub", "hub"), ("app.labs.attention.encoder.hub", "load")]
)
def test_a_model_that_is_not_here_is_said_at_once_and_asked_for_nowhere(module: str, load: str) -> None:
    """In a process of its own, for the library reads the switch once."""
    pytest.importorskip("transformers", reason="needs the extra hub")
    done = subprocess.run(
        [sys.executable, "-c", ASKED.format(module=module, load=load)], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.stdout.strip() == "hub.error.absent []", done.stderr
