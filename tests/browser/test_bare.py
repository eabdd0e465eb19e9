"""An experiment that has no drawing module, frames that outgrow the page's memory, and live mode's gaps."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from browser.shell import blocks, counter, numbers, open_lab, play_to_end
from browser.watching import until
from serving import Server, serving

BARE = "/optimizer?experiment=bare"


@pytest.fixture(scope="module")
def bare_server() -> Iterator[Server]:
    """A server that knows optimizer/bare."""
    with serving("--workers", "1", "--device", "cpu", program=(str(Path(__file__).with_name("bare.py")),)) as running:
        yield running


@pytest.fixture
def server(bare_server: Server) -> Server:
    """What this file's pages may talk to."""
    return bare_server


def first_of_field(page: Page) -> float:
    """What the table says of the field's first value: the step itself."""
    cell = page.locator("#numbers tr", has_text="Field").locator("td")
    return float(cell.inner_text().split(",")[0].replace("\u2212", "-"))


def drawn(page: Page, card: str) -> list[dict[str, Any]]:
    """The traces of a card's figure."""
    plot = page.locator(f"{card} .js-plotly-plot")
    expect(plot).to_be_visible()
    return json.loads(plot.evaluate("(plot) => JSON.stringify(plot.data, (_, v) => ArrayBuffer.isView(v) ? [...v] : v)"))


@pytest.mark.parametrize(
    ("lang", "curves", "map_", "step"), [("en", "over the steps", "at this step", "Step"), ("zh", "随步数变化", "本步的值", "步")]
)
def test_every_tensor_is_drawn_without_a_drawing_module(
    page: Page, server: Server, lang: str, curves: str, map_: str, step: str
) -> None:
    open_lab(page, f"{server.url}{BARE}&lang={lang}&steps=12")
    page.locator("#speed").select_option(index=7)
    expect(page.locator("#counter")).to_have_text("12 / 12")
    small = page.locator("#small > .card:visible")
    expect(small).to_have_count(1)
    expect(small.locator(".caption")).to_have_text(curves)
    expect(page.locator("#numbers h2")).to_contain_text(step)
    page.locator("#scrubber").fill("7")
    until(lambda: drawn(page, "#main")[0]["z"] == [[7 + 8 * row + column for column in range(8)] for row in range(6)])
    assert drawn(page, "#main")[0]["type"] == "heatmap"
    lines = drawn(page, "#small .card:not([hidden])")
    assert [line["y"] for line in lines] == [[s * way for s in range(13)] for way in (1, -1)] + [[s**2 for s in range(13)]]
    page.locator("#main select").select_option("three")
    expect(small.locator(".caption")).to_have_text(map_)
    until(lambda: len(drawn(page, "#main")) == 3, what="the three numbers, large")
    expect(page.locator("#numbers tr")).to_have_count(2)
    assert "shell." not in page.locator("body").inner_text()
    page.locator("#language").click()
    expect(small.locator(".caption")).not_to_have_text(map_)


LISTEN_IN = """
window.asked = []; window.told = []; window.late = null;
const { send } = WebSocket.prototype;
WebSocket.prototype.send = function (text) {
  const message = JSON.parse(text);
  window.asked.push(message);
  if (window.late && message.type === "ack") window.late.push(() => send.call(this, text));
  else send.call(this, text);
};
document.addEventListener("DOMContentLoaded", () => {
  const line = document.getElementById("status-text");
  const watcher = new MutationObserver(() => window.told.push(line.textContent));
  watcher.observe(line, { childList: true, characterData: true, subtree: true });
});
"""
"""What the page asks of the server, what its status line tells; an array in ``late`` keeps acknowledgements back."""


def sought(page: Page) -> list[int]:
    return [one["step"] for one in page.evaluate("window.asked") if one["type"] == "seek"]


def test_what_the_page_let_go_is_computed_again(page: Page, server: Server) -> None:
    """120 MB of frames in a page that keeps 96: an early one is asked for, with progress, and is the very frame."""
    page.add_init_script(LISTEN_IN)
    open_lab(page, f"{server.url}{BARE}&steps=30&rows=975&columns=1000&pause=0.06")
    play_to_end(page)
    assert first_of_field(page) == 30
    assert sought(page) == []
    page.locator("#scrubber").fill("3")
    until(lambda: "Step 3" in page.locator("#numbers h2").inner_text() and first_of_field(page) == 3, what="frame 3")
    assert sought(page) == [3]
    assert counter(page) == (3, 30)
    told = [line for line in page.evaluate("window.told") if line.startswith("Computing again up to where you were")]
    assert any(re.search(r"\d+%", line) for line in told), told
    page.locator("#forward").click()
    until(lambda: first_of_field(page) == 4, what="the next frame")
    play_to_end(page)
    assert first_of_field(page) == 30


def test_live_mode_tells_how_many_steps_it_left_out(page: Page, server: Server) -> None:
    """The page answers late, so the server leaves out what it cannot send."""
    page.add_init_script(LISTEN_IN)
    open_lab(page, f"{server.url}{BARE}&steps=300&pause=0.02")
    page.locator("#mode").select_option("live")
    page.evaluate("window.late = []")
    until(lambda: page.evaluate("window.late.length") == 3, what="three unanswered messages")
    page.wait_for_timeout(2000)
    page.evaluate("(() => { for (const answer of window.late) answer(); window.late = null; })()")
    expect(page.locator("#counter")).to_have_text("300 / 300", timeout=30_000)
    seen = blocks(page)
    between = sum(max(0, after["seq"] - before["last"] - 1) for before, after in itertools.pairwise(seen))
    assert between > 20
    expect(page.locator("#status-text")).to_have_text(f"Live: {between} steps were skipped")
    assert numbers(page).startswith("Step 300")
    page.locator("#mode").select_option("every")
    expect(page.locator("#status")).to_be_hidden()
