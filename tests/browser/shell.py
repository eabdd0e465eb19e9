"""What the tests do with the shell: open a lab, read where it is, hold what it held."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from playwright.sync_api import Page, expect


def counter(page: Page) -> tuple[int, int]:
    """The step shown and the last one, as the time bar says."""
    shown, _, end = page.locator("#counter").inner_text().partition(" / ")
    return int(shown), int(end)


def open_lab(page: Page, url: str) -> None:
    """Opens a lab and waits until a frame is painted."""
    page.goto(url)
    expect(page.locator("#counter")).not_to_have_text("0 / 0", timeout=90_000)
    settled(page)


def settled(page: Page) -> None:
    """Waits until what was asked for last is what is shown."""
    expect(page.locator("#main")).to_have_attribute("aria-busy", "false", timeout=60_000)


def play_to_end(page: Page) -> None:
    """Plays as fast as may be, to the last step of what was asked for last."""
    settled(page)
    page.locator("#speed").select_option(label="Max")
    if page.locator("#play").get_attribute("aria-label") == "Play" and counter(page)[0] < counter(page)[1]:
        page.locator("#play").click()
    expect(page.locator("#play")).to_have_attribute("aria-label", "Play", timeout=60_000)
    shown, end = counter(page)
    assert shown == end


def blocks(page: Page) -> list[dict[str, Any]]:
    """Every block of frames that came onto the page's timelines."""
    return list(page.evaluate("window.seen.blocks"))


def numbers(page: Page) -> str:
    """The table of the step's numbers, as text: two runs with the same table went the same way."""
    return page.locator("#numbers").inner_text()


def link(page: Page) -> str:
    """What the Share button copies."""
    page.locator("#share").click()
    expect(page.locator(".toast")).to_be_visible()
    return str(page.evaluate("navigator.clipboard.readText()"))


def held(page: Page) -> str:
    """A hash of every number that the page holds, through its own JSON export."""
    page.locator("#export").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Steps as JSON").click()
    frames = json.loads(download.value.path().read_text())["frames"]
    return hashlib.sha256(json.dumps(frames).encode()).hexdigest()
