"""Hostile and odd pictures sent to a real server: each gets its picture or its sentence, and the server stays as it was."""

from __future__ import annotations

import itertools
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import httpx
import numpy as np
import psutil
import pytest
from PIL import Image

from app.web.languages import LANGUAGES, catalogue
from images.odd import odd, saved
from serving import Server, serving

MIB = 2**20
GROWTH = 350 * MIB
"""Two decodings of 16 million pixels with transparency, 128 MB each, and what the allocator keeps."""
GROWTH_WEBP = 620 * MIB
"""The same as WebP, whose decoder keeps two canvases of its own: 277 MB each."""


@pytest.fixture(scope="module")
def quiet() -> Iterator[Server]:
    with serving("--workers", "1", "--device", "cpu") as server:
        warm(server)
        yield server
        assert server.log == ""  # nothing of all this was a crash


def client(server: Server) -> httpx.Client:
    return httpx.Client(base_url=server.url, trust_env=False, timeout=60)


def head(server: Server, length: int) -> bytes:
    return f"POST /api/images HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Length: {length}\r\n\r\n".encode()


def warm(server: Server) -> None:
    """The first picture brings Pillow and numpy into the process."""
    with client(server) as http:
        assert http.post("/api/images", content=saved(np.zeros((9, 9, 3), np.uint8), "PNG")).status_code == 200


class Watched:
    """The most memory that a process had while inside, sampled every 5 ms."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.before = self.most = self._process.memory_info().rss

    def _look(self) -> None:
        while not self._over.wait(0.005):
            self.most = max(self.most, self._process.memory_info().rss)

    def __enter__(self) -> Watched:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def growth(self) -> int:
        return self.most - self.before

    @property
    def left(self) -> int:
        """What is kept at rest: an answer may come before its picture is let go."""
        least = self._process.memory_info().rss
        for _ in range(20):
            time.sleep(0.05)
            least = min(least, self._process.memory_info().rss)
        return least - self.before


def heavy_pictures() -> list[bytes]:
    """The largest that are taken: 16 million pixels in the modes that cost most."""
    alpha = Image.new("RGBA", (4000, 4000), (200, 30, 30, 120))
    return [
        saved(alpha, "PNG", compress_level=1),
        saved(Image.new("RGB", (4000, 4000)).quantize(4), "PNG", transparency=0),
        saved(np.zeros((4000, 4000), np.uint16), "PNG"),
        saved(Image.new("CMYK", (4000, 4000)), "JPEG"),
        saved(alpha, "WEBP", lossless=True, method=0),
        saved(Image.new("RGB", (4000, 4000)), "JPEG", exif=_turned()),
    ]


def _turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def test_every_file_gets_its_picture_or_its_sentence(quiet: Server) -> None:
    wrong = []
    with client(quiet) as http, Watched(quiet.pid) as watched:
        for file in odd():
            answer = http.post("/api/images", content=file.data)
            if file.refused:
                error = answer.json().get("error", {})
                told = [catalogue(language).text(error["id"], **error["values"]) for language in LANGUAGES] if error else []
                fine = 400 <= answer.status_code < 500 and error["id"] == f"image.{file.refused}" and len(set(told)) == 2
            else:
                fine = answer.status_code == 200 and tuple(s["id"] for s in answer.json()["steps"]) == file.steps
                if fine and file.pixels is not None:
                    with Image.open(BytesIO(http.get(f"/api/images/{answer.json()['image']}.png").content)) as shown:
                        fine = np.abs(np.asarray(shown).astype(float) - file.pixels).mean() <= file.tolerance
            if not fine:
                wrong.append((file.name, answer.status_code, answer.text[:200]))
    assert wrong == []
    assert watched.growth < GROWTH


def test_the_largest_pictures_one_after_another_leave_nothing_behind(quiet: Server) -> None:
    files = heavy_pictures()
    left = []
    with client(quiet) as http, Watched(quiet.pid) as watched:
        for _ in range(4):
            for data in files:
                assert http.post("/api/images", content=data).status_code == 200
            left.append(watched.left)
    assert watched.growth < GROWTH
    # Each thread keeps what its first pictures took, whenever its turn comes; a picture left behind would cost every round its own.
    assert min(after - before for before, after in itertools.pairwise(left)) < 16 * MIB


@pytest.mark.parametrize(("which", "growth"), [(0, GROWTH), (4, GROWTH_WEBP)])
def test_four_at_once_cost_no_more_than_two_and_the_loop_answers_meanwhile(quiet: Server, which: int, growth: int) -> None:
    data = heavy_pictures()[which]
    over = threading.Event()
    waits: list[float] = []

    def ask() -> None:
        with client(quiet) as http:
            while not over.is_set():
                begun = time.perf_counter()
                assert http.get("/healthz").status_code == 200
                waits.append(time.perf_counter() - begun)
                time.sleep(0.01)

    asking = threading.Thread(target=ask)
    asking.start()
    with client(quiet) as http, Watched(quiet.pid) as watched, ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: http.post("/api/images", content=data).status_code, range(12)))
    over.set()
    asking.join()
    assert answers == [200] * 12
    assert watched.growth < growth
    assert len(waits) > 10
    assert sorted(waits)[len(waits) // 2] < 0.25


def test_a_file_that_is_too_large_is_heard_to_its_end_before_it_is_refused(quiet: Server) -> None:
    """A line closed over unread bytes is reset: what the client had still to send fails, and the answer may be lost."""
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", quiet.port), timeout=10) as line:
            line.sendall(head(quiet, 17 * MIB))
            for _ in range(17):
                line.sendall(bytes(MIB))
                time.sleep(0.02)
            told, _, body = b"".join(iter(lambda: line.recv(4096), b"")).partition(b"\r\n\r\n")
        assert told.startswith(b"HTTP/1.1 413")
        assert json.loads(body)["error"]["id"] == "image.heavy"


def test_pages_that_leave_while_they_send_leave_nothing_behind(quiet: Server) -> None:
    descriptors = psutil.Process(quiet.pid).num_fds()
    for sent in (0, 10, 100_000):
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", quiet.port)) as line:
                line.sendall(head(quiet, 1_000_000) + bytes(sent))
    warm(quiet)
    deadline = time.monotonic() + 10
    while psutil.Process(quiet.pid).num_fds() > descriptors and time.monotonic() < deadline:
        time.sleep(0.05)
    assert psutil.Process(quiet.pid).num_fds() <= descriptors


def test_its_own_folder_goes_with_the_server(tmp_path) -> None:
    with serving("--workers", "1", "--device", "cpu", environment={"TMPDIR": str(tmp_path)}) as server:
        warm(server)
        (own,) = tmp_path.glob("unrolled-images-*")
        assert len(list(own.iterdir())) == 1
        assert own.stat().st_mode & 0o077 == 0  # nobody else's to read
        server.terminate()
        assert not own.exists()


def test_a_folder_that_the_operator_names_outlives_it(tmp_path) -> None:
    environment = {"UNROLLED_IMAGES": str(tmp_path / "mine")}
    with serving("--workers", "1", "--device", "cpu", environment=environment) as server, client(server) as http:
        name = http.post("/api/images", content=saved(np.zeros((9, 9, 3), np.uint8), "PNG")).json()["image"]
        server.restart()
    assert (tmp_path / "mine" / name).is_file()
