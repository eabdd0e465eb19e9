"""A real Chromium on a real server. A page that logs an error, breaks the CSP or asks another origin fails its test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from browser.watching import LISTEN, Watch, until
from serving import Server

__all__ = ["until"]

ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PATIENCE = 60_000
"""Milliseconds that a locator waits: a cold worker imports torch first."""


def executable() -> str:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.fail("the browser tests need Chromium: make test installs it, or type apt-get install chromium")
    return chromium


@pytest.fixture(scope="package")  # its event loop lives in this thread: over before other folders' tests want one
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=executable(), args=ARGS)
        yield launched
        launched.close()


@pytest.fixture
def watch(server: Server) -> Watch:
    return Watch(server.url)


@pytest.fixture
def new_context(browser: Browser, watch: Watch) -> Iterator[Callable[..., BrowserContext]]:
    """Makes browser contexts whose pages are watched; the keywords are Playwright's."""
    made: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        options = {"viewport": {"width": 1280, "height": 800}, "locale": "en-US", **options}
        context = browser.new_context(**options)
        context.set_default_timeout(PATIENCE)
        context.add_init_script(LISTEN)
        context.on("console", watch.console)
        context.on("weberror", lambda error: watch.add(f"uncaught: {error.error}"))
        context.on("request", watch.request)
        context.on("page", lambda page: page.on("websocket", lambda line: watch.request(line)))
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()


@pytest.fixture
def page(new_context: Callable[..., BrowserContext], watch: Watch) -> Iterator[Page]:
    """A page of 1280 x 800 in English. The test fails on console errors, CSP violations and requests to other origins."""
    page = new_context(permissions=["clipboard-read", "clipboard-write"]).new_page()
    yield page
    assert watch.unexpected() == []
