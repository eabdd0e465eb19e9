"""``recurrent/gates``: 2,000 characters through the LSTM of two layers with all its gates, and the page that draws them.

The run is measured beside the same model's bare nn.LSTM called once a step, by turns; the page in headless Chromium from Play to
the last step, and from a typed character to the first painted step of the new run, warm.
"""

from __future__ import annotations

import json
import shutil
import statistics
import time
from urllib.parse import quote

import torch
from playwright.sync_api import Page, sync_playwright

from app import labs
from app.labs.contract import Frame
from app.labs.recurrent.trained import shipped
from app.wire.frames import Packer
from benchmarks.paint import ARGS, serving
from benchmarks.report import Row

MODEL = "shakespeare_lstm_2"
TEXT = ("To be, or not to be: that is the question:\nWhether 'tis nobler in the mind to suffer\n" * 30)[:2000]
ROUNDS = 5
TYPED = 12

WATCH = """
() => new Promise((done) => {
  const paints = [];
  const look = (now) => {
    const { seq, painted } = document.querySelector("canvas.gates-cells").dataset;
    paints.push([now, Number(seq), Number(painted)]);
    if (now - paints[0][0] < 5000) requestAnimationFrame(look);
    else done(paints);
  };
  requestAnimationFrame(look);
})
"""

TYPE = """
async (value) => {
  const input = document.querySelector('[data-field="text"] textarea');
  let begun = false;  // frames of the run before may still come; the new run's begin at 0
  const frames = (event) => { begun ||= event.detail.seq === 0; };
  document.addEventListener("unrolled:frames", frames);
  const start = performance.now();
  input.value = value;
  input.dispatchEvent(new Event("input"));
  await new Promise((done) => {
    const drawn = () => begun && (document.removeEventListener("unrolled:draw", drawn), done());
    document.addEventListener("unrolled:draw", drawn);
  });
  document.removeEventListener("unrolled:frames", frames);
  await new Promise(requestAnimationFrame);
  return performance.now() - start;
}
"""


def rows() -> list[Row]:
    torch.set_num_threads(1)  # as in the workers
    return [_cost(), *_page()]


def _cost() -> Row:
    model = shipped(MODEL)
    assert model.module is not None
    x = model.read(TEXT).x
    bare, streamed = [], []
    for _ in range(ROUNDS + 1):
        start = time.perf_counter()
        state = None
        with torch.no_grad():
            for t in range(len(x)):
                _, state = model.module(x[t : t + 1], state)
        bare.append(time.perf_counter() - start)
        start = time.perf_counter()
        packer = Packer("run")
        for frame in labs.run("recurrent/gates", model=MODEL, text=TEXT):
            if isinstance(frame, Frame):
                packer.add(frame)
        packer.flush()
        streamed.append(time.perf_counter() - start)
    name = f"{len(x)} characters through the 2-layer LSTM, all gates as messages (baseline: a bare nn.LSTM, step by step)"
    return Row(
        name,
        1e6 * statistics.median(streamed[1:]) / len(x),
        "us a step",
        1e6 * statistics.median(bare[1:]) / len(x),
        goal="at most 3",
    )


def _page() -> list[Row]:
    with serving("--workers", "1", "--device", "cpu") as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"{server.url}/recurrent?experiment=gates#p={quote(json.dumps({'text': TEXT}))}")
        page.wait_for_selector("canvas.gates-cells[data-seq]")
        found = [_painted(page), _typed(page)]
        browser.close()
    return found


def _painted(page: Page) -> Row:
    """At 60 steps a second (twice the usual pace) for five seconds."""
    page.locator("#speed").select_option(label="2\N{MULTIPLICATION SIGN}")
    page.locator("#restart").click()
    if page.locator("#play").get_attribute("aria-label") == "Play":
        page.locator("#play").click()
    paints = page.evaluate(WATCH)
    seconds, count = (paints[-1][0] - paints[0][0]) / 1e3, paints[-1][2] - paints[0][2]
    return Row(
        f"paintings of {len(TEXT)} characters played at 60 steps a second", count / seconds, "a second", 60, goal="at least 30"
    )


def _typed(page: Page) -> Row:
    short = "To be, or not to be: that is the question"
    times = [page.evaluate(TYPE, short[: len(short) - k]) for k in range(TYPED + 2)]
    return Row(
        "from a typed character to the first painted step, warm", statistics.median(times[2:]), "ms", 150, goal="at most 150 ms"
    )
