"""A temporary folder ends with its process, even a killed one; nobody else's is touched."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from app.web import temporary as it

HOLD = """
import sys, tempfile
from app.web.temporary import temporary
tempfile.tempdir = sys.argv[1]
with temporary("ours-") as name:
    open(name + "/picture", "w").close()
    print(name, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def held(place: Path) -> tuple[subprocess.Popen[str], Path]:
    """A process in such a folder, which was made long ago."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(place)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    folder = Path(process.stdout.readline().strip())
    age(folder)
    return process, folder


def age(folder: Path) -> None:
    os.utime(folder, (0, 0))


def test_what_a_killed_process_left_is_cleared_by_the_next_and_a_living_ones_is_not(place: Path) -> None:
    dead, left = held(place)
    alive, kept = held(place)
    dead.kill()
    dead.communicate()
    assert left.is_dir()
    with it.temporary("ours-") as name:
        assert Path(name).is_dir()
        assert not left.exists()
        assert (kept / "picture").exists()
    assert not Path(name).exists()
    alive.communicate("", timeout=60)
    assert not kept.exists()


def test_new_ones_links_files_other_names_and_other_users_stay(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ours-new", "theirs-old"):
        (place / name).mkdir()
    age(place / "theirs-old")
    (place / "ours-link").symlink_to(place / "theirs-old")
    (place / "ours-file").touch()
    age(place / "ours-file")
    it.clear("ours-")
    assert len(list(place.iterdir())) == 4
    age(place / "ours-new")
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    it.clear("ours-")
    assert (place / "ours-new").exists()
    monkeypatch.undo()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    it.clear("ours-")
    assert not (place / "ours-new").exists()


def test_a_start_clears_a_few_at_most(place: Path) -> None:
    for i in range(it.MOST_CLEARED + 5):
        (place / f"ours-{i}").mkdir()
        age(place / f"ours-{i}")
    it.clear("ours-")
    assert len(list(place.iterdir())) == 5
