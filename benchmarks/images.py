"""A 12-megapixel JPEG: read and kept beside Pillow's bare decoding, and from the file's choice to the first map on screen.

The photo is a smooth field under fine noise, as large as a camera's file (some 4 MB). The second figure is the real page in
headless Chromium, with everything between: shrinking in the page, the upload, the run's start, the first layer drawn.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

from benchmarks.report import Row

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from serving import serving

ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
ROUNDS = 7

WAIT = """
async () => {
  const input = document.querySelector(".image-field input[type=file]");
  let begun = 0, fresh = false;
  input.addEventListener("change", () => { begun = performance.now(); }, { once: true });
  document.addEventListener("unrolled:frames", (event) => { if (begun && event.detail.seq === 0) fresh = true; });
  window.waited = new Promise((done) => {
    document.addEventListener("unrolled:draw", async (event) => {
      if (!fresh || event.detail.seq < 1) return;
      await new Promise(requestAnimationFrame);
      done(performance.now() - begun);
    });
  });
}
"""


def photo(seed: int = 0, size: tuple[int, int] = (4000, 3000)) -> bytes:
    rng = np.random.default_rng(seed)
    smooth = Image.fromarray(rng.integers(40, 215, (30, 40, 3), dtype=np.uint8)).resize(size, Image.Resampling.BICUBIC)
    noisy = np.asarray(smooth) + rng.integers(-12, 13, (size[1], size[0], 1), dtype=np.int16)
    out = BytesIO()
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(out, "JPEG", quality=88)
    return out.getvalue()


def rows() -> list[Row]:
    from app import images

    data = photo()
    before = os.environ.get("UNROLLED_IMAGES")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["UNROLLED_IMAGES"] = folder
        try:
            kept = _median(lambda: images.put(data))
        finally:
            if before is None:
                del os.environ["UNROLLED_IMAGES"]
            else:
                os.environ["UNROLLED_IMAGES"] = before
    bare = _median(lambda: Image.open(BytesIO(data)).load())
    screen = _screen()
    return [
        Row(f"12 MP JPEG ({len(data) / 2**20:.1f} MiB) read, told and kept (baseline: Pillow's bare decoding)", kept, "s", bare),
        Row("the same from its choice to the first map on screen (baseline: the issue's 1 s)", screen, "s", 1, goal="under 1 s"),
    ]


def _median(call: Callable[[], object]) -> float:
    call()
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def _screen() -> float:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    waits = []
    with serving("--workers", "1", "--device", "cpu") as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"{server.url}/convolution")
        page.locator(".image-shown").wait_for(timeout=60_000)
        for round in range(ROUNDS):
            page.wait_for_timeout(1000)
            page.evaluate(WAIT)
            file = {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": photo(round)}
            page.locator(".image-field input[type=file]").set_input_files(files=[file])
            waits.append(float(page.evaluate("() => window.waited")))
        browser.close()
    return statistics.median(waits[1:]) / 1000
