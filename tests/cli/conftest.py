"""``python -m app`` as a user types it: a process, its exit code, what it prints."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.__main__ import main
from serving import ROOT

Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """``cli("run", "optimizer/race", ..., stdin="{}", language="zh")``, run beside an empty folder."""

    def run(*arguments: str, stdin: str = "", language: str = "en") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "app", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": f"{language}_XX.UTF-8", "PYTHONUTF8": "1"},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=600,
        )

    return run


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The same in this process: a process of its own takes seconds to import torch."""

    def run(*arguments: str, stdin: str = "", language: str = "en") -> subprocess.CompletedProcess[str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("LC_ALL", f"{language}_XX.UTF-8")
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        code = main(arguments)
        said = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, code, said.out, said.err)

    return run
