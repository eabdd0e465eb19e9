"""``attention/encoder``: what its run costs beside a bare forward pass that keeps the maps, what it sends, and from a typed text to
the mosaic on screen; the same sentence through BertViz's model view where that is installed (the extra ``benchmark``).

Runs and forward passes are measured by turns; the page in headless Chromium, warm, each typed text another than the one before.
"""

from __future__ import annotations

import json
import re
import shutil
import statistics
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

import psutil
import torch
from playwright.sync_api import Page, sync_playwright

from app import labs
from app.labs.contract import Frame
from app.nn import minilm
from app.wire.frames import Packer, pack_scene
from benchmarks.paint import ARGS, serving
from benchmarks.report import Row

NAME = "attention/encoder"
TEXT = "the cat sat on a mat because it was tired and old but no dog saw them there"
ROUNDS = 7
GOALS = {13: 250, 128: 1000, 512: 6000}
"""Tokens, and from Enter to the mosaic at most, ms."""
MOST_BYTES = 6 * 2**20
MODULES = Path(__file__).parent.parent / "node_modules"
SCRIPTS = {
    "require": MODULES / "requirejs" / "require.js",
    "d3": MODULES / "d3" / "dist" / "d3.min.js",
    "jquery": MODULES / "jquery" / "dist" / "jquery.min.js",
}

TYPE = """
async ([value, layers]) => {
  const input = document.querySelector('[data-field="text"] textarea');
  let begun = false;  // frames of the run before may still come; the new run's begin at 0
  let done;
  const last = new Promise((resolve) => { done = resolve; });
  const frames = (event) => {
    begun ||= event.detail.seq === 0;
    if (begun && event.detail.seq + event.detail.count > layers) done();
  };
  document.addEventListener("unrolled:frames", frames);
  const start = performance.now();
  input.value = value;
  input.dispatchEvent(new Event("input"));
  await last;
  document.removeEventListener("unrolled:frames", frames);
  await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return performance.now() - start;
}
"""


def sentence(tokens: int, start: int = 0) -> str:
    """So many tokens with [CLS] and [SEP]: every word is one."""
    words = TEXT.split()
    return " ".join(words[(start + i) % len(words)] for i in range(tokens - 2))


def rows() -> list[Row]:
    torch.set_num_threads(1)  # as in the workers
    found = [_cost(tokens) for tokens in GOALS]
    found += [_sent(512)]
    page = _page()
    return [*found, *page, *_bertviz(128, page[list(GOALS).index(128)].value / 1e3)]


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _messages(text: str) -> int:
    """Bytes of all messages of a run."""
    packer, sent = Packer("run"), len(pack_scene("run", labs.scene(NAME, text=text)))
    blocks = [block for frame in labs.run(NAME, text=text) if isinstance(frame, Frame) for block in packer.add(frame)]
    return sent + sum(len(block.message) for block in [*blocks, *packer.flush()])


def _forward(text: str) -> Any:
    with torch.no_grad():
        return minilm.network()(*minilm.read(text).tensors())


def _cost(tokens: int) -> Row:
    text = sentence(tokens)
    bare, ours = [], []
    for _ in range(ROUNDS + 1):
        bare.append(_timed(lambda: _forward(text)))
        ours.append(_timed(lambda: _messages(text)))
    name = f"{tokens} tokens: scene and run as messages (baseline: a bare forward pass that keeps the maps)"
    return Row(name, 1e3 * statistics.median(ours[1:]), "ms", 1e3 * statistics.median(bare[1:]), goal="at most 1.5")


def _sent(tokens: int) -> Row:
    name = f"{tokens} tokens: bytes sent before a head is opened (baseline: the goal)"
    return Row(name, _messages(sentence(tokens)) / 2**20, "MiB", MOST_BYTES / 2**20, goal="less than 6 MB")


def _page() -> list[Row]:
    with serving("--workers", "1", "--device", "cpu") as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"{server.url}/attention?experiment=encoder#p={quote(json.dumps({'text': sentence(13)}))}")
        page.wait_for_selector(".enc-mosaic canvas")
        page.wait_for_selector(".enc-word")
        found = [_typed(page, tokens) for tokens in GOALS]
        found += _memory(page, max(GOALS))
        browser.close()
    return found


def _memory(page: Page, tokens: int) -> list[Row]:
    """What the server's processes and the browser's page hold at most after as many visits again as they have had."""
    renderers = [one for one in psutil.Process().children(recursive=True) if "--type=renderer" in one.cmdline()]
    servers = [one for one in psutil.Process().children(recursive=True) if one.name().startswith("python")]
    worker = max(servers, key=lambda one: one.memory_info().rss)
    (web,) = (one for one in servers if one.pid == worker.ppid())
    shown = max(renderers, key=lambda one: one.memory_info().rss)
    processes = {"the worker": worker, "the web process": web, "the page": shown}
    before = {name: _peak(one) for name, one in processes.items()}
    for k in range(1, ROUNDS + 1):
        page.evaluate(TYPE, [sentence(tokens, ROUNDS + k), len(minilm.network().encoder.blocks)])
    name = f"{tokens} tokens: most memory of {{}} after {2 * ROUNDS} visits (baseline: after {ROUNDS})"
    return [Row(name.format(one), _peak(process), "MiB", before[one], goal="near 1") for one, process in processes.items()]


def _peak(process: psutil.Process) -> float:
    """The most that was resident, MiB (Linux)."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _typed(page: Page, tokens: int) -> Row:
    layers = len(minilm.network().encoder.blocks)
    times = [page.evaluate(TYPE, [sentence(tokens, k), layers]) for k in range(1, ROUNDS + 1)]
    return Row(
        f"{tokens} tokens: from the typed text to all layers painted, warm (baseline: the goal)",
        statistics.median(times[1:]),
        "ms",
        GOALS[tokens],
        goal=f"less than {GOALS[tokens]} ms",
    )


def _bertviz(tokens: int, ours: float) -> list[Row]:
    """Bytes of its page and seconds until it is made; and until its first picture, against ``ours`` from the typed text on.

    Its page loads require.js, d3 and jQuery from another site. Here they come from node_modules, so that no network is counted:
    ``npm install --no-save requirejs@2.3.6 d3@5.7.0 jquery@2.1.0`` (its 2.0.0 is not on npm). Without them there is no such row.
    """
    if find_spec("bertviz") is None or find_spec("IPython") is None:
        return []
    from bertviz import model_view

    text = sentence(tokens)
    read = minilm.read(text)
    pages: list[str] = []

    def theirs() -> None:
        maps = [layer[0].attended.heads.weights for layer in _forward(text).layers]
        pages.append(model_view(maps, list(read.tokens), html_action="return").data)

    seconds = statistics.median(_timed(theirs) for _ in range(3))
    sent = _messages(text)
    size = len(pages[0].encode())
    found = [
        Row(
            f"{tokens} tokens: bytes of BertViz's model view (baseline: ours)",
            size / 2**20,
            "MiB",
            sent / 2**20,
            goal="at least 20",
        ),
        Row(f"{tokens} tokens: until BertViz's page is made", seconds, "s"),
    ]
    if all(path.is_file() for path in SCRIPTS.values()):
        name = f"{tokens} tokens: until BertViz's first picture (baseline: our mosaic, from the typed text)"
        found.append(Row(name, seconds + _pictured(pages[0]), "s", ours))
    return found


def _pictured(html: str) -> float:
    """Seconds that a warm browser takes from the page as a file here to its first line."""
    local = re.sub(r"https://[^'\"]*/(require|d3|jquery)\.min", lambda found: SCRIPTS[found[1]].with_suffix("").as_uri(), html)
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        place = Path(folder, "page.html")
        place.write_text(local)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})

        def theirs() -> None:
            page.goto(place.as_uri(), wait_until="commit")
            page.wait_for_selector("svg line", state="attached", timeout=240_000)
            page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

        found = _timed(theirs)
        browser.close()
    return found
