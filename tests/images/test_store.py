"""Pictures kept by content in a bounded folder that several processes share."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app import images
from app.images import gallery, store
from app.labs.contract import UserError
from app.web.languages import LANGUAGES, catalogue

from .odd import odd, saved, scene, tagged


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNROLLED_IMAGES", str(tmp_path / "kept"))
    return tmp_path / "kept"


def noisy(seed: int, side: int = 64) -> bytes:
    return saved(np.random.default_rng(seed).integers(0, 255, (side, side, 3), dtype=np.uint8), "PNG")


def test_what_was_put_comes_back_with_its_steps() -> None:
    for file in odd():
        if not file.refused:
            picture, back = images.read(file.data), images.load(images.put(file.data))
            assert np.array_equal(picture.pixels, back.pixels), file.name
            assert [(s.id, s.values) for s in picture.steps] == [(s.id, s.values) for s in back.steps]
            assert all(np.array_equal(a.picture, b.picture) for a, b in zip(picture.steps, back.steps, strict=True))


def test_the_name_is_the_hash_of_what_is_stored_and_the_same_each_time(folder: Path) -> None:
    name = images.put(noisy(1))
    assert images.put(noisy(1)) == name != images.put(noisy(2))
    assert sha256((folder / name).read_bytes()).hexdigest() == name
    assert len(list(folder.iterdir())) == 2


def test_a_path_will_do(tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_bytes(noisy(1))
    assert images.put(tmp_path / "cat.png") == images.put(str(tmp_path / "cat.png")) == images.put(noisy(1))
    with pytest.raises(FileNotFoundError):
        images.put(tmp_path / "none.png")
    (tmp_path / "large").write_bytes(bytes(17 * 2**20))
    with pytest.raises(UserError, match=r"image\.heavy"):
        images.put(tmp_path / "large")


def test_nothing_of_the_senders_metadata_is_kept(folder: Path) -> None:
    exif = tagged(1)
    exif[0x010E] = "taken at home"
    name = images.put(saved(Image.fromarray(scene()), "JPEG", exif=exif, comment=b"secret"))
    kept = (folder / name).read_bytes()
    assert b"taken at home" not in kept
    assert b"secret" not in kept


@pytest.mark.parametrize("name", ["", "cat", "../etc/passwd", "A" * 64, "0" * 63, "0" * 65, "/" * 64, "sample:../x", "sample:"])
def test_an_id_is_never_a_path(name: str) -> None:
    with pytest.raises(UserError, match=r"image\.(bad-id|no-sample)"):
        images.load(name)


def test_what_is_not_here_is_said_beside_the_field(folder: Path) -> None:
    for name in ("0" * 64, images.put(noisy(1))):
        if (folder / name).exists():
            (folder / name).write_bytes(b"something else")  # a damaged entry is as good as none
        with pytest.raises(UserError) as unknown:
            images.load(name)
        assert (unknown.value.message.id, unknown.value.path) == ("image.unknown", ("image",))
        assert not (folder / name).exists()


def test_the_folder_stays_bounded_and_what_was_used_last_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_IMAGES_MB", "1")
    names = []
    for seed in range(8):
        names.append(images.put(noisy(seed, 300)))  # some 350 KB with its small picture
        os.utime(folder / names[-1], (seed, seed))  # kept in this order
        if seed:
            images.load(names[0])
            os.utime(folder / names[0], (seed + 0.5, seed + 0.5))  # looked at since
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 2**20
    assert images.load(names[0]).pixels.shape == images.load(names[-1]).pixels.shape == (300, 300, 3)
    with pytest.raises(UserError, match=r"image\.unknown"):
        images.load(names[1])


def test_many_at_once_leave_whole_files_only(folder: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(lambda n: images.put(noisy(n % 4)), range(32)))
    assert len(set(names)) == 4
    assert {path.name for path in folder.iterdir()} == set(names)
    assert all(images.load(name).pixels.shape == (64, 64, 3) for name in names)


def test_the_samples_are_there_with_their_provenance() -> None:
    assert len(gallery.names()) >= 8
    sizes = 0
    for one in gallery.samples():
        picture = images.load(f"sample:{one['name']}")
        assert max(picture.pixels.shape) <= 512
        assert one["author"]
        assert one["source"]
        assert one["licence"] in ("CC0", "public domain")
        sizes += gallery.path(one["name"]).stat().st_size  # type: ignore[union-attr]
        for language in LANGUAGES:
            assert catalogue(language).text(f"image.sample.{one['name']}")
    assert sizes < 600_000
    files = {path.name for path in gallery.FOLDER.iterdir()} - {"gallery.json"}
    assert files == {one["file"] for one in json.loads((gallery.FOLDER / "gallery.json").read_text("utf-8"))}


def test_the_gallery_is_listed_without_pillow_or_numpy() -> None:
    """The web process lists it before anybody sent a picture."""
    import subprocess
    import sys

    code = "import sys; from app.images import gallery; gallery.samples(); print({'numpy', 'PIL'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "set()"
    assert store.folder().is_dir()


def test_the_drawings_are_what_their_program_draws() -> None:
    from app.images.drawings import DRAWINGS

    for name, draw in DRAWINGS.items():
        with Image.open(gallery.FOLDER / name) as shipped:
            assert np.array_equal(np.asarray(shipped), np.asarray(draw())), name
