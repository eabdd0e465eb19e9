"""What a page lives through: a killed server, a lost line, a second tab, a hidden tab."""

from __future__ import annotations

import re
import time

from browser.shell import blocks, counter, held, open_lab, play_to_end
from browser.watching import Watch, until
from playwright.sync_api import Page, expect
from serving import Server

LONG = "/optimizer?v=1&steps=20000"
REFUSED = ("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "WebSocket", "ERR_EMPTY_RESPONSE")


def last_held(page: Page) -> int:
    told = blocks(page)
    return int(told[-1]["last"]) if told else -1


def assert_every_frame_once(page: Page) -> None:
    """Blocks came in order: none missing; what came twice was left out."""
    last = -1
    for block in blocks(page):
        assert block["seq"] <= last + 1, f"a hole after {last}: {block}"
        assert block["last"] > last, f"nothing new in {block}"
        last = block["last"]


def test_a_killed_server_costs_no_frame(page: Page, own_server: Server, watch: Watch) -> None:
    watch.origin = own_server.url
    watch.expect(*REFUSED)
    open_lab(page, own_server.url + LONG)
    page.locator("#speed").select_option(label="Max")
    until(lambda: last_held(page) > 300, 60, "the first frames")
    own_server.stop()
    expect(page.locator("#status")).to_contain_text("Connection lost")
    before = last_held(page)
    assert before < 20_000, "the run ended before the server was killed"
    picture = counter(page)[0]
    assert picture > 0
    own_server.start()
    restarted = time.monotonic()
    until(lambda: last_held(page) > before, 60, "a frame past the kill")
    assert time.monotonic() - restarted < 60
    until(lambda: last_held(page) == 20_000, 120, "the last frame")
    assert_every_frame_once(page)


def test_a_lost_line_resumes_where_it_was(page: Page, server: Server, watch: Watch) -> None:
    watch.expect("ERR_INTERNET_DISCONNECTED", "WebSocket")
    line = []
    page.on("websocket", line.append)
    open_lab(page, server.url + LONG)
    page.locator("#speed").select_option(label="Max")
    until(lambda: last_held(page) > 300, 60)
    page.evaluate("window.seen.lost = window.seen.blocks.length")
    page.context.set_offline(True)
    page.context.set_offline(False)
    until(lambda: last_held(page) == 20_000, 120, "the last frame")
    assert_every_frame_once(page)


def test_a_second_tab_follows_the_same_run(page: Page, server: Server) -> None:
    open_lab(page, server.url + "/optimizer?v=1&steps=3000&noise=1")
    play_to_end(page)
    page.locator("#export").click()
    page.get_by_role("menuitem", name=re.compile("follows this run")).click()
    expect(page.locator(".toast")).to_be_visible()
    address = page.evaluate("navigator.clipboard.readText()")
    assert "run=" in address
    second = page.context.new_page()
    open_lab(second, address)
    play_to_end(second)
    assert {block["run"] for block in blocks(second)} == {block["run"] for block in blocks(page)}
    assert held(second) == held(page)
    second.close()


def test_a_follower_of_a_run_that_is_gone_gets_its_settings(page: Page, server: Server) -> None:
    open_lab(page, server.url + "/optimizer?v=1&steps=25#run=r-gone")
    expect(page.locator("#notice")).to_contain_text("ended")
    expect(page.locator("#counter")).to_have_text(re.compile("/ 25$"))


HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_a_hidden_tab_pauses_its_run_and_comes_back(page: Page, server: Server) -> None:
    open_lab(page, server.url + LONG + "&seed=5")
    until(lambda: last_held(page) > 100, 60)
    page.evaluate(HIDE, True)
    time.sleep(1)  # what is on its way arrives
    paused_at = last_held(page)
    assert paused_at < 20_000, "the run ended before the tab was hidden"
    time.sleep(1.5)
    assert last_held(page) == paused_at
    page.evaluate(HIDE, False)
    until(lambda: last_held(page) > paused_at, 20, "a frame after coming back")
    until(lambda: last_held(page) == 20_000, 120, "the last frame")
    assert_every_frame_once(page)
