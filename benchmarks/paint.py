"""Painted frames a second on the path layer: 8 racers, 2,000 steps, the real page in headless Chromium.

The layer counts its paintings on its canvas (``data-painted``, ``data-seq``); a requestAnimationFrame loop in the page
notes both at every display frame. Beside it the same paths drawn by Plotly's own extendTraces, without any surface
under them, which is the best case for Plotly. Also from a changed setting to the first painted frame of its run, warm.
"""

from __future__ import annotations

import json
import shutil
import statistics
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Page, sync_playwright

from benchmarks.report import Row

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from serving import serving

ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
DISPLAY = 60
STEPS = 2000
LAST = 500
ROUNDS = 7
RULES = ("sgd", "sgdm", "nesterov", "adagrad", "rmsprop", "adam", "amsgrad", "adamw")
# Noise keeps every racer moving to the last step: a converged one draws nothing, which would flatter the figure.
PARAMS = {"steps": STEPS, "noise": 30, "racers": [{"rule": rule} for rule in RULES]}

WATCH = """
window.paints = [];
const look = (now) => {
  const canvas = document.querySelector("canvas.race-paths");
  if (canvas) window.paints.push([now, Number(canvas.dataset.painted ?? 0), Number(canvas.dataset.seq ?? 0)]);
  if (!canvas || Number(canvas.dataset.seq ?? 0) < LIMIT) requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""

FIRST = """
async (value) => {
  const input = document.querySelector('[data-field="steps"] input');
  let begun = false;  // frames of the run before may still come; the new run's begin at 0
  const frames = (event) => { begun ||= event.detail.seq === 0; };
  document.addEventListener("unrolled:frames", frames);
  const start = performance.now();
  input.value = value;
  input.dispatchEvent(new Event("change"));
  await new Promise((done) => {
    const drawn = () => begun && (document.removeEventListener("unrolled:draw", drawn), done());
    document.addEventListener("unrolled:draw", drawn);
  });
  document.removeEventListener("unrolled:frames", frames);
  await new Promise(requestAnimationFrame);
  return performance.now() - start;
}
"""

PLOTLY = """
async ([x, y, each]) => {
  const host = document.createElement("div");
  host.style.cssText = "position:fixed;inset:0;z-index:99;width:600px;height:430px;background:#fff";
  document.body.append(host);
  const racers = x.map((_, r) => r);
  const layout = { xaxis: { range: [-5, 5] }, yaxis: { range: [-5, 5] }, showlegend: false, width: 600, height: 430 };
  await Plotly.newPlot(host, racers.map(() => ({ x: [], y: [], mode: "lines", hoverinfo: "skip" })), layout);
  const times = [];
  for (let step = 0; step < x[0].length; step += each) {
    times.push([await new Promise(requestAnimationFrame), step]);
    const cut = (rows) => rows.map((row) => row.slice(step, step + each));
    await Plotly.extendTraces(host, { x: cut(x), y: cut(y) }, racers);
  }
  Plotly.purge(host);
  host.remove();
  return times;
}
"""


def rows() -> list[Row]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with serving("--workers", "1", "--device", "cpu") as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"{server.url}/optimizer")
        page.locator("canvas.race-paths[data-painted]").wait_for(state="attached", timeout=60_000)
        # Each edit opens another run, so that no answer can come from the run before.
        waits = [float(page.evaluate(FIRST, str(201 + i))) for i in range(ROUNDS)]
        painted = _race(page, server.url)
        positions = _positions()
        plotly = page.evaluate(PLOTLY, [*positions, 4])
        browser.close()
    mean, end = _rate(painted), _rate([one for one in painted if one[2] >= STEPS - LAST])
    plain = [(now, i, step) for i, (now, step) in enumerate(plotly)]
    plain_mean, plain_end = _rate(plain), _rate([one for one in plain if one[2] >= STEPS - LAST])
    shape = f"{len(RULES)} racers, {STEPS} steps"
    return [
        Row(f"painted frames a second, {shape} (baseline: the display)", mean, "1/s", DISPLAY, goal="at least 50"),
        Row(f"the same, last {LAST} steps (baseline: the display)", end, "1/s", DISPLAY, goal="at least 50"),
        Row(f"painted frames a second, {shape} (baseline: Plotly extendTraces)", mean, "1/s", plain_mean),
        Row(f"the same, last {LAST} steps (baseline: Plotly extendTraces)", end, "1/s", plain_end),
        Row("a changed setting to its first painted frame, warm", statistics.median(waits), "ms", 300, goal="under 300"),
    ]


def _race(page: Page, url: str) -> list[tuple[float, int, int]]:
    """(milliseconds, paintings so far, step shown) at every display frame of one run at speed 4, 120 steps a second."""
    page.add_init_script(WATCH.replace("LIMIT", str(STEPS)))
    page.goto("about:blank")
    page.goto(f"{url}/optimizer#p={quote(json.dumps(PARAMS))}")
    page.locator("#speed").select_option("4")
    page.locator(f'canvas.race-paths[data-seq="{STEPS}"]').wait_for(state="attached", timeout=180_000)
    seen: list[Any] = page.evaluate("window.paints")
    return [(float(now), int(count), int(step)) for now, count, step in seen if step > 0]


def _rate(seen: list[tuple[float, int, int]]) -> float:
    """Paintings a second between the first and the last entry."""
    return 1000 * (seen[-1][1] - seen[0][1]) / (seen[-1][0] - seen[0][0])


def _positions() -> list[list[list[float]]]:
    """The same paths for Plotly: x and y of each racer, in order of steps."""
    from app import labs

    frames = [frame.tensors["position"] for frame in labs.run("optimizer/race", **PARAMS)]
    return [[[float(p[r, axis]) for p in frames] for r in range(len(RULES))] for axis in (0, 1)]
