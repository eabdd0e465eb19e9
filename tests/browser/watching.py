"""What a test's pages did wrong, and patience for what they are about to do right."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Request, WebSocket

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

    def request(self, request: Request | WebSocket) -> None:
        url = urlsplit(request.url)
        if url.scheme in ("data", "blob"):
            return
        if f"{url.scheme.replace('ws', 'http')}://{url.netloc}" != self.origin:
            self.add(f"another origin: {request.url}")

    def add(self, problem: str) -> None:
        self.problems.append(problem)

    def unexpected(self) -> list[str]:
        return [problem for problem in self.problems if not any(part in problem for part in self.expected)]


def until(ask: Callable[[], Any], seconds: float = 45, what: str = "what was waited for") -> Any:
    """Asks again and again; the first true answer. Fails when the time is over."""
    end = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < end, f"{what} did not come in {seconds} s"
        time.sleep(0.05)
    return answer
