"""A real Chromium on a real server. A page that logs an error, breaks the CSP or asks another origin fails its test."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright
from serving import Server

ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PATIENCE = 15_000
"""Milliseconds that a locator waits: a cold worker imports torch first."""

# Under the page's CSP Playwright cannot wait for a function: what the page tells is kept, and asked for.
LISTEN = """
window.seen = { blocks: [], drawn: [] };
document.addEventListener("unrolled:frames", (event) => window.seen.blocks.push(event.detail));
document.addEventListener("unrolled:draw", (event) => window.seen.drawn.push(event.detail.seq));
"""


@dataclass
class Watch:
    """What went wrong on the pages of a test, and what of it the test meant to provoke."""

    origin: str
    problems: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def expect(self, *parts: str) -> None:
        """Console errors that contain one of these are meant."""
        self.expected += parts

    def console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.add(f"console: {message.text}")

    def request(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme in ("data", "blob"):
            return
        if f"{url.scheme.replace('ws', 'http')}://{url.netloc}" != self.origin:
            self.add(f"another origin: {request.url}")

    def add(self, problem: str) -> None:
        self.problems.append(problem)

    def unexpected(self) -> list[str]:
        return [problem for problem in self.problems if not any(part in problem for part in self.expected)]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.fail("the browser tests need Chromium: make test installs it, or type apt-get install chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=ARGS)
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
        context.on("page", lambda page: page.on("websocket", lambda line: watch.request(line)))  # type: ignore[arg-type]
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


def until(ask: Callable[[], Any], seconds: float = 15, what: str = "what was waited for") -> Any:
    """Asks again and again; the first true answer. Fails when the time is over."""
    end = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < end, f"{what} did not come in {seconds} s"
        time.sleep(0.05)
    return answer
