"""Pictures over HTTP, in this process: what is taken, what is answered, and what is never asked of the event loop."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest
from anyio.from_thread import BlockingPortal
from PIL import Image

from app.images import intake, load
from app.web import images as web
from app.web.images import LINGER
from app.web.security import HEADERS
from images.odd import H, W, odd, saved, scene, transparent

from .conftest import ADDRESS, Site

PNG = saved(scene(), "PNG")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNROLLED_IMAGES", str(tmp_path))
    return tmp_path


def post(site: Site, content: Any, **headers: str) -> Any:
    return site.request("POST", "/api/images", headers, content=content)


def pixels(answer: Any) -> np.ndarray:
    assert answer.headers["content-type"] == "image/png"
    with Image.open(BytesIO(answer.content)) as image:
        return np.asarray(image.convert("RGB"))


def test_a_picture_is_taken_told_and_shown(site: Site) -> None:
    answer = post(site, PNG)
    told = answer.json()
    assert answer.status_code == 200
    assert told == {
        "image": told["image"],
        "width": W,
        "height": H,
        "steps": [{"id": "decode", "values": {"format": "PNG", "width": W, "height": H, "mode": "RGB"}}],
    }
    assert np.array_equal(load(told["image"]).pixels, scene())
    assert site.get(f"/api/images/{told['image']}").json() == told
    shown = site.get(f"/api/images/{told['image']}.png")
    assert np.array_equal(pixels(shown), scene())
    assert "immutable" in shown.headers["cache-control"]
    assert pixels(site.get(f"/api/images/{told['image']}.png?size=16")).shape == (8, 16, 3)


@pytest.mark.parametrize("query", ["size=0", "size=-1", "size=999999", "size=x", "step=99", "step=-1", "step=²", "size=1e3"])
def test_a_strange_query_is_no_error(site: Site, query: str) -> None:
    name = post(site, PNG).json()["image"]
    assert max(pixels(site.get(f"/api/images/{name}.png?{query}")).shape) <= intake.MOST_SIDE


def test_the_small_picture_of_every_step_is_shown(site: Site) -> None:
    told = post(site, saved(transparent(), "PNG")).json()
    assert [step["id"] for step in told["steps"]] == ["decode", "flatten"]
    for step in (0, 1):
        shown = pixels(site.get(f"/api/images/{told['image']}.png?step={step}"))
        assert np.array_equal(shown, load(told["image"]).steps[step].picture)


def test_the_bytes_that_were_sent_are_never_served(site: Site) -> None:
    name = post(site, PNG + b"<script>alert(1)</script>").json()["image"]
    assert b"script" not in site.get(f"/api/images/{name}.png").content


@pytest.mark.parametrize("name", ["0" * 64, "x", "sample:none", "..%2f..%2fetc%2fpasswd", "%00", "sample:..%2fgallery.json"])
def test_what_is_not_here_is_a_404_with_a_sentence(site: Site, name: str) -> None:
    for path in (f"/api/images/{name}", f"/api/images/{name}.png"):
        answer = site.get(path)
        assert answer.status_code == 404, path
        assert "%2f" in name or answer.json()["error"]["id"] in ("image.unknown", "image.bad-id", "image.no-sample")


def test_the_gallery_tells_titles_and_provenance(site: Site) -> None:
    samples = site.get("/api/gallery").json()["samples"]
    assert len(samples) >= 8
    for one in samples:
        assert set(one) == {"image", "title", "author", "source", "licence"}
        assert one["title"]["id"] == f"image.sample.{one['image'].removeprefix('sample:')}"
        assert pixels(site.get(f"/api/images/{one['image']}.png?size=64")).max() > 0
        assert "immutable" not in site.get(f"/api/images/{one['image']}.png").headers["cache-control"]


def test_another_origins_page_is_refused_and_every_answer_carries_the_headers(site: Site, folder: Path) -> None:
    assert post(site, PNG, origin="http://evil.example").status_code == 403
    assert list(folder.iterdir()) == []
    for answer in (post(site, PNG, origin=ADDRESS), post(site, b""), post(site, bytes(17 * 2**20))):
        for name, value in HEADERS.items():
            assert answer.headers[name] == value


@pytest.mark.parametrize(
    ("data", "status", "id"),
    [
        (b"", 422, "empty"),
        (b"hello", 415, "not-image"),
        (b"%!PS", 415, "format"),
        (PNG[:-40], 422, "truncated"),
        (next(file.data for file in odd() if file.name == "81 million pixels in 10 KB"), 413, "large"),
    ],
)
def test_a_refusal_is_an_id_and_its_values(site: Site, data: bytes, status: int, id: str) -> None:
    answer = post(site, data)
    assert (answer.status_code, answer.json()["error"]["id"]) == (status, f"image.{id}")


def test_a_body_that_is_announced_far_too_large_is_not_read(site: Site) -> None:
    async def never() -> AsyncIterator[bytes]:
        raise AssertionError("it was read")
        yield b""

    answer = site.request("POST", "/api/images", {"content-length": str(LINGER + 1)}, content=never())
    assert (answer.status_code, answer.json()["error"]["id"]) == (413, "image.heavy")


def test_a_body_that_grows_too_large_is_read_no_further(site: Site) -> None:
    """ASGITransport hands bodies over as they come, so what was asked for is what was read."""
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 2**20
            yield bytes(2**20)

    answer = post(site, endless())
    assert (answer.status_code, answer.json()["error"]["id"]) == (413, "image.heavy")
    assert read <= LINGER + 18 * 2**20


def test_a_body_that_does_not_come_is_given_up(make_site: Callable[..., Site]) -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield PNG[:10]
        await anyio.sleep(5)

    answer = post(make_site(image_seconds=0.2), slow())
    assert (answer.status_code, answer.json()["error"]["id"]) == (408, "image.late")


def test_all_bodies_together_are_bounded(make_site: Callable[..., Site], portal: BlockingPortal) -> None:
    site = make_site(images_in_flight=16)
    hold = anyio.Event()

    async def held(size: int) -> AsyncIterator[bytes]:
        yield bytes(size)
        await hold.wait()

    first = threading.Thread(target=lambda: post(site, held(12 * 2**20)))
    first.start()
    try:
        for _ in range(100):
            answer = post(site, PNG + bytes(5 * 2**20))
            if answer.status_code == 503:
                break
        assert answer.json()["error"]["id"] == "image.busy"
        assert post(site, PNG).status_code == 200
    finally:
        portal.call(hold.set)
        first.join()
    assert post(site, PNG + bytes(5 * 2**20)).status_code == 200  # what was held was given back


def test_two_are_decoded_at_a_time_off_the_event_loop(make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch) -> None:
    site = make_site()
    inside, most, lock, real = 0, 0, threading.Lock(), web._put

    def counted(chunks: list[bytes]) -> dict[str, Any]:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        threading.Event().wait(0.05)
        with lock:
            inside -= 1
        return real(chunks)

    monkeypatch.setattr(web, "_put", counted)
    threads = [threading.Thread(target=lambda: post(site, PNG)) for _ in range(6)]
    for thread in threads:
        thread.start()
    answered = site.get("/api/gallery").status_code  # while they wait
    for thread in threads:
        thread.join()
    assert answered == 200
    assert most == 2


def test_a_picture_that_takes_too_long_is_given_up(make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(web, "_put", lambda chunks: over.wait(10))
    answer = post(make_site(image_seconds=0.2), PNG)
    over.set()
    assert (answer.status_code, answer.json()["error"]["id"]) == (503, "image.slow")
