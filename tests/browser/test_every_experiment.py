"""What the contract promises of every experiment's page, whoever wrote it, in a real browser.

Its other half, without a browser, is tests/test_contract.py. The fixture ``page`` fails a test whose page logs an error, breaks the
policy or asks another origin.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from app import labs
from browser.shell import open_lab
from serving import Server

EXPERIMENTS = sorted(name for name, params in labs.experiments().items() if params.__module__.startswith("app.labs."))
"""All but those that other tests add."""

STOPS = """() => {
  window.stops = [];
  document.addEventListener("focusin", ({ target }) => {
    const style = getComputedStyle(target);
    window.stops.push([target, style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0]);
  });
}"""
"""From now on every place that gets the keyboard, and whether one sees that it has."""

WANTED = """() => [...document.querySelectorAll("button, input, select, textarea, a[href], summary, [tabindex]")].filter(
  (one) => one.tabIndex >= 0 && !one.disabled && one.checkVisibility({ visibilityProperty: true }) && one.type !== "radio")"""
"""Every control that one sees and can use."""

REPORT = f"""() => {{
  const told = (one) => one.outerHTML.slice(0, 160);
  const reached = new Set(window.stops.map(([one]) => one));
  const named = (one) => one.getAttribute("aria-label") || one.getAttribute("aria-labelledby") || one.labels?.length
    || one.textContent.trim() || one.title;
  return {{
    missed: ({WANTED})().filter((one) => !reached.has(one)).map(told),
    unseen: window.stops.filter(([, seen]) => !seen).map(([one]) => told(one)),
    nameless: [...reached].filter((one) => one.isConnected && !named(one)).map(told),
  }};
}}"""


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_page_keeps_the_contract(page: Page, server: Server, name: str) -> None:
    lab, _, experiment = name.partition("/")
    open_lab(page, f"{server.url}/{lab}?experiment={experiment}&lang=zh&at=1")
    expect(page.locator("#counter")).to_have_text(re.compile("^1 / "))
    panel = page.locator("#explain")
    expect(panel.locator(".katex").first).to_be_visible()
    ids = re.compile(r"\b(shell|error|explain|" + "|".join({lab, "optimizer", "title"}) + r")\.[a-z]+[._][a-z]+")
    assert not ids.findall(page.locator("body").inner_text()), "a message's id in place of its text"

    page.evaluate("() => document.activeElement?.blur()")
    page.evaluate(STOPS)
    for _ in range(2):  # numbers fetched meanwhile bring controls of their own: those are reached in a second round
        for _ in range(len(page.evaluate(f"({WANTED})().map(() => 0)")) + 20):
            page.keyboard.press("Tab")
        if not page.evaluate(REPORT)["missed"]:
            break
    assert page.evaluate(REPORT) == {"missed": [], "unseen": [], "nameless": []}

    page.locator("#content").focus()
    page.keyboard.press("Home")
    expect(page.locator("#counter")).to_have_text(re.compile("^0 / "))
    page.keyboard.press("ArrowRight")
    expect(page.locator("#counter")).to_have_text(re.compile("^1 / "))
