"""From arrival to paint: 512 maps of one layer on a canvas, every layer of a run, an uploaded photograph's first map.

The page tells when frames came (``unrolled:frames``) and when a layer's column is painted (``unrolled:painted``); the
painter alone is called with 512 maps as they come, bytes with a scale each. What is compared with is what the project
wants: 100 ms for the maps, 1 s for a photograph of 12 megapixels.
"""

from __future__ import annotations

import io
import json
import shutil
import statistics
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from playwright.sync_api import Page, sync_playwright

from app.nn import weights
from benchmarks.report import Row

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from serving import serving

ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
MAPS = 512
SIDES = (7, 28, 64)
ROUNDS = 15
ALLOWED_MS = 100.0
PHOTO_MS = 1000.0
PHOTO = (4000, 3000)
NETWORK = "resnet" if "resnet" in weights.shipped() else "filters"

PAINTER = """
async ([count, side, rounds]) => {
  const { base } = JSON.parse(document.getElementById("page-data").textContent);
  const { arrange, paint, palettes } = await import(`${base}js/core/tiles.js`);
  const bytes = Uint8Array.from({ length: count * side * side }, (_, i) => (i * 7919) & 255);
  const low = new Float32Array(count).fill(-1), step = new Float32Array(count).fill(2 / 255);
  const tiles = { count, height: side, width: side, bytes, low, step };
  const canvas = document.createElement("canvas");
  document.body.append(canvas);
  const colours = palettes().signed;
  const times = [];
  for (let round = 0; round < rounds; round += 1) {
    const start = performance.now();
    paint(canvas, tiles, arrange(count, 1, 268, 230), { low: -1, high: 1 }, colours);
    canvas.getContext("2d").getImageData(0, 0, 1, 1); // until the pixels are there
    times.push(performance.now() - start);
  }
  canvas.remove();
  return times;
}
"""

LISTEN = """
window.came = {}; window.painted = {};
document.addEventListener("unrolled:frames", ({ detail: { seq, count } }) => {
  for (let i = seq; i < seq + count; i += 1) window.came[i] = performance.now();
});
document.addEventListener("unrolled:painted", ({ detail: { seq, maps } }) => {
  window.painted[seq] = { at: performance.now(), maps };
});
"""


def rows() -> list[Row]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with serving("--workers", "1", "--device", "cpu") as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.add_init_script(LISTEN)
        waits = _layers(page, f"{server.url}/convolution#p={quote(json.dumps({'size': 224, 'network': NETWORK}))}")
        alone = {side: statistics.median(page.evaluate(PAINTER, [MAPS, side, ROUNDS])) for side in SIDES}
        photo = _photo(page, server.url)
        browser.close()
    return [
        *(
            Row(f"{MAPS} maps of {side} x {side} painted, the painter alone", ms, "ms", ALLOWED_MS, goal="ratio under 1")
            for side, ms in alone.items()
        ),
        Row(
            "a layer's frame at 224 pixels, arrived to painted, median",
            statistics.median(waits),
            "ms",
            ALLOWED_MS,
            goal="ratio under 1",
        ),
        Row("the same, the slowest layer", max(waits), "ms", ALLOWED_MS, goal="ratio under 1"),
        *(
            []
            if photo is None
            else [Row("12-megapixel JPEG, dropped to first map painted", photo, "ms", PHOTO_MS, goal="ratio under 1")]
        ),
    ]


def _layers(page: Page, url: str) -> list[float]:
    """Milliseconds from arrival to painted, for each layer of a warm run."""
    page.goto(url)
    _finished(page)  # the first run of a worker also loads the weights, and a page also its modules
    page.evaluate("window.painted = {}; window.came = {};")
    page.locator('[data-field="fit"] select').select_option(label="Stretch")
    page.wait_for_timeout(1000)
    _finished(page)
    seen: dict[str, Any] = page.evaluate("({ came: window.came, painted: window.painted })")
    return [seen["painted"][seq]["at"] - came for seq, came in seen["came"].items() if seq in seen["painted"]]


def _finished(page: Page) -> None:
    """Waits until every layer's column is painted."""
    page.locator(".net-column").first.wait_for(state="attached", timeout=120_000)
    for _ in range(600):
        page.wait_for_timeout(100)
        painted, last = page.evaluate("[Object.keys(window.painted).length, Number(document.getElementById('scrubber').max)]")
        if last and painted > last:
            return
    raise TimeoutError("the run does not end")


def _photo(page: Page, url: str) -> float | None:
    """Milliseconds from choosing a photograph to its first feature map; None without a control for pictures."""
    page.goto("about:blank")
    page.goto(f"{url}/convolution")
    _finished(page)
    chooser = page.locator('[data-field="image"] input[type="file"]')
    if not chooser.count():
        return None
    waits = []
    for seed in range(5):
        page.evaluate("window.painted = {}; window.came = {}; window.begun = 0;")
        chooser.first.evaluate(
            "(input) => input.addEventListener('change', () => (window.begun = performance.now()), { capture: true, once: true })"
        )
        chooser.first.set_input_files({"name": f"{seed}.jpg", "mimeType": "image/jpeg", "buffer": photograph(seed)})
        page.wait_for_timeout(4000)
        # Frame 0 is the picture itself: the first feature map is frame 1.
        waits.append(float(page.evaluate("(window.painted[1]?.at ?? NaN) - window.begun")))
    return statistics.median(waits[1:])


def photograph(seed: int) -> bytes:
    """A JPEG of 12 megapixels with the detail of a photograph: noise at several sizes."""
    from PIL import Image

    rng = np.random.default_rng(seed)
    width, height = PHOTO
    whole = np.zeros((height, width, 3), np.float32)
    for size in (8, 40, 200):
        patch = Image.fromarray(rng.integers(0, 255, (height // size + 1, width // size + 1, 3), np.uint8))
        whole += np.asarray(patch.resize(PHOTO, Image.Resampling.BICUBIC), np.float32) / 3
    whole += rng.normal(0, 6, (height, width, 1))
    file = io.BytesIO()
    Image.fromarray(whole.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=88)
    return file.getvalue()
