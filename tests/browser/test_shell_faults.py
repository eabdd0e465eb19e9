"""What a page lives through: a killed server, a lost line, a second tab, a hidden tab."""

from __future__ import annotations

import re
import time

from playwright.sync_api import Page, WebSocketRoute, expect

from browser.shell import blocks, counter, held, open_lab, play_to_end
from browser.watching import Watch, until
from serving import Server

LONG = "/optimizer?v=1&steps=20000"
REFUSED = ("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "WebSocket", "ERR_EMPTY_RESPONSE")


MORE = 800
"""Frames after a fault that are enough to see that the run goes on in order."""


def last_held(page: Page) -> int:
    return int(page.evaluate("window.seen.blocks.at(-1)?.last ?? -1"))


def goes_on(page: Page, before: int) -> None:
    goal = min(before + MORE, 20_000)
    until(lambda: last_held(page) >= goal, 90, f"frame {goal}")
    assert_every_frame_once(page)


class Line:
    """A connection through the test's hands."""

    def __init__(self, route: WebSocketRoute) -> None:
        self.page = route
        self.server = route.connect_to_server()

    def cut(self) -> None:
        self.server.close()
        self.page.close(code=1001)


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
    until(lambda: last_held(page) > 200, 60, "the first frames")
    own_server.stop()
    expect(page.locator("#status")).to_contain_text("Connection lost")
    before = last_held(page)
    assert before < 20_000, "the run ended before the server was killed"
    picture = counter(page)[0]
    assert picture > 0
    own_server.start()
    restarted = time.monotonic()
    expect(page.locator("#status")).not_to_contain_text("Connection lost")
    assert time.monotonic() - restarted < 12, "the page came back late"
    goes_on(page, before)
    assert len({block["run"] for block in blocks(page)}) == 2, "the run was started anew, past what was held"


def test_a_lost_line_resumes_where_it_was(page: Page, server: Server, watch: Watch) -> None:
    watch.expect("WebSocket")
    line: list[Line] = []

    def through(route: WebSocketRoute) -> None:
        line.append(Line(route))

    page.route_web_socket(re.compile("/ws$"), through)
    open_lab(page, server.url + LONG)
    page.locator("#speed").select_option(label="Max")
    until(lambda: last_held(page) > 200, 60)
    before = last_held(page)
    assert before < 20_000, "the run ended before the line was cut"
    line[0].cut()
    expect(page.locator("#status")).not_to_contain_text("Connection lost")
    goes_on(page, before)
    assert len(line) == 2, "one line was cut and another came"
    assert len({block["run"] for block in blocks(page)}) == 1, "the same run was taken up again"


def test_a_second_tab_follows_the_same_run(page: Page, server: Server) -> None:
    open_lab(page, server.url + "/optimizer?v=1&steps=600&noise=1")
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
    goes_on(page, paused_at)
