"""Third-party files of the page: taken out of npm packages under a lock with hashes, and committed.

``static/vendor/lock.json`` names each package, its version, the sha512 of its archive (npm's own ``integrity``) and the
sha256 of every file taken. ``fill`` fetches and writes; ``check`` compares what is committed with the lock.
"""

from __future__ import annotations

import base64
import fnmatch
import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

VENDOR = Path(__file__).parent.parent / "static" / "vendor"
LOCK = VENDOR / "lock.json"


def read_lock() -> dict[str, dict[str, Any]]:
    """Package name -> {version, integrity, license, strip, take, files}."""
    lock: dict[str, dict[str, Any]] = json.loads(LOCK.read_text("utf-8"))
    return lock


def fill() -> list[str]:
    """Fetches every package of the lock with the npm client and writes its files. Returns what it wrote.

    Raises ValueError where an archive is not the one locked, and FileNotFoundError without an npm client.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("the npm client is needed to fetch vendored files (Debian: apt-get install npm)")
    lock = read_lock()
    written = []
    for name, entry in lock.items():
        with tempfile.TemporaryDirectory() as folder:
            spec = f"{name}@{entry['version']}"
            subprocess.run([npm, "pack", "--silent", spec], cwd=folder, check=True, stdout=subprocess.DEVNULL, timeout=300)
            (archive,) = Path(folder).glob("*.tgz")
            digest = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
            if digest != entry["integrity"]:
                raise ValueError(f"{spec}: the archive's hash is {digest}, the lock says {entry['integrity']}")
            shutil.rmtree(VENDOR / name, ignore_errors=True)
            entry["files"] = _take(archive, name, entry)
            written += [f"{name}/{file}" for file in entry["files"]]
    LOCK.write_text(json.dumps(lock, indent=2) + "\n", "utf-8")
    return written


def check() -> list[str]:
    """What differs from the lock, a sentence each; [] when all is as locked."""
    wrong = []
    locked = {f"{name}/{file}": digest for name, entry in read_lock().items() for file, digest in entry["files"].items()}
    here = {path.relative_to(VENDOR).as_posix() for path in VENDOR.rglob("*") if path.is_file() and path != LOCK}
    for file, digest in locked.items():
        if file not in here:
            wrong.append(f"{file} is missing")
        elif hashlib.sha256((VENDOR / file).read_bytes()).hexdigest() != digest:
            wrong.append(f"{file} is not the locked file")
    return wrong + [f"{file} is not in the lock" for file in sorted(here - set(locked))]


def _take(archive: Path, name: str, entry: dict[str, Any]) -> dict[str, str]:
    """Writes the wanted members of an npm archive; file -> sha256."""
    taken = {}
    with tarfile.open(archive) as tar:
        for member in sorted(tar.getmembers(), key=lambda m: m.name):
            inside = member.name.removeprefix("package/").removeprefix(entry["strip"])
            if not member.isfile() or not any(fnmatch.fnmatchcase(inside, pattern) for pattern in entry["take"]):
                continue
            stream = tar.extractfile(member)
            assert stream is not None  # isfile() was asked above
            data = stream.read()
            target = VENDOR / name / inside
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            taken[inside] = hashlib.sha256(data).hexdigest()
    return taken
