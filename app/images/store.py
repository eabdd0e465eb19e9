"""Pictures by content in a bounded folder that the web process and its workers share.

A file is a zip of the picture, its small pictures and their sentences, without any of the bytes that were sent; its name is
the SHA-256 of what it holds. When the folder is full, those not used for longest go.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
import zipfile
from functools import lru_cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from app.images import gallery
from app.images.intake import MOST_BYTES, Picture, Pixels, Step, heavy, read, refused

VARIABLE = "UNROLLED_IMAGES"
MOST_STORED = 512 * 2**20
"""Bytes; the web process's setting ``images_mb`` names another number in UNROLLED_IMAGES_MB."""
ID = re.compile(r"[0-9a-f]{64}")
SAMPLE = "sample:"


def folder() -> Path:
    """Where pictures are kept: what the environment names, else a folder of this user's own."""
    named = os.environ.get(VARIABLE)
    path = Path(named) if named else Path(tempfile.gettempdir()) / f"unrolled-images-{_user()}"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if hasattr(os, "getuid") and (path.is_symlink() or path.stat().st_uid != os.getuid()):
        raise PermissionError(f"{path} belongs to somebody else: name a folder of yours in {VARIABLE}")
    return path


def put(source: bytes | str | os.PathLike[str]) -> str:
    """Reads a picture (its bytes or its path), keeps it, returns its id. Raises UserError for a bad one, OSError without a file."""
    if not isinstance(source, bytes):
        path = Path(source)
        if path.stat().st_size > MOST_BYTES:
            raise heavy(path.stat().st_size)
        source = path.read_bytes()
    return keep(read(source))


def keep(picture: Picture) -> str:
    """Stores a picture that was read; returns its id."""
    data = _packed(picture)
    name = sha256(data).hexdigest()
    place = folder() / name
    if place.exists():
        place.touch()
        return name
    with tempfile.NamedTemporaryFile(dir=place.parent, prefix="part-", delete=False) as part:
        part.write(data)
    os.replace(part.name, place)  # so that nobody reads half a file
    _make_room(place)
    return name


def load(name: str) -> Picture:
    """The picture of an image param. Raises UserError ``image.unknown`` where it is not here (any more)."""
    if name.startswith(SAMPLE):
        return _sample(name.removeprefix(SAMPLE))
    if not ID.fullmatch(name):
        raise refused("bad-id", got=name[:80])
    place = folder() / name
    try:
        data = place.read_bytes()
        place.touch()
    except OSError:
        raise refused("unknown") from None
    if sha256(data).hexdigest() != name:
        place.unlink(missing_ok=True)
        raise refused("unknown")
    return _unpacked(data)


@lru_cache(maxsize=32)
def _sample(name: str) -> Picture:
    path = gallery.path(name)
    if path is None:
        raise refused("no-sample", got=name[:80], known=", ".join(gallery.names()))
    return read(path.read_bytes())


def _packed(picture: Picture) -> bytes:
    """The same bytes for the same picture."""
    told = [{"id": step.id, "values": step.values} for step in picture.steps]
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo("steps.json"), json.dumps(told, sort_keys=True))
        archive.writestr(zipfile.ZipInfo("picture.png"), png(picture.pixels))
        for i, step in enumerate(picture.steps):
            archive.writestr(zipfile.ZipInfo(f"{i}.png"), png(step.picture))
    return out.getvalue()


def _unpacked(data: bytes) -> Picture:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        told = json.loads(archive.read("steps.json"))
        steps = tuple(Step(one["id"], one["values"], _pixels(archive.read(f"{i}.png"))) for i, one in enumerate(told))
        return Picture(_pixels(archive.read("picture.png")), steps)


def png(pixels: Pixels) -> bytes:
    """(H, W, 3) as a PNG without metadata."""
    out = BytesIO()
    Image.fromarray(pixels).save(out, "PNG", compress_level=1)  # four times as fast as the default, a fifth larger
    return out.getvalue()


def _pixels(data: bytes) -> Pixels:
    with Image.open(BytesIO(data), formats=("PNG",)) as image:
        return np.asarray(image.convert("RGB"))


def _make_room(newest: Path) -> None:
    """Other processes may delete too: a file that is gone is fine."""
    files = []
    for path in newest.parent.iterdir():
        try:
            found = path.stat()
        except OSError:
            continue
        files.append((found.st_mtime, found.st_size, path))
    over = sum(size for _, size, _ in files) - _most_stored()
    for _, size, path in sorted(files):
        if over <= 0:
            return
        if path != newest:
            path.unlink(missing_ok=True)
            over -= size


def _most_stored() -> int:
    given = os.environ.get(f"{VARIABLE}_MB", "")
    return int(given) * 2**20 if given.isdigit() else MOST_STORED


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
