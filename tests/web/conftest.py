"""An app without its workers, asked in this process: what a page's request gets before anything is computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from app.main import create_app
from app.settings import Settings

ADDRESS = "http://127.0.0.1:8000"


class Site:
    """``get`` and ``request`` as a browser at ADDRESS would ask."""

    def __init__(self, portal: BlockingPortal, settings: Settings, root_path: str = "") -> None:
        self._portal = portal
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(create_app(settings), root_path=root_path, raise_app_exceptions=False), base_url=ADDRESS
        )

    def request(self, method: str, path: str, headers: Mapping[str, str] | None = None, **more: Any) -> httpx.Response:
        return self._portal.call(lambda: self._client.request(method, path, headers=headers, **more))

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Headers by keyword: ``accept_language="zh"``."""
        return self.request("GET", path, {name.replace("_", "-"): value for name, value in headers.items()})


@pytest.fixture(scope="session")
def portal() -> Iterator[BlockingPortal]:
    with start_blocking_portal() as portal:
        yield portal


@pytest.fixture(scope="session")
def make_site(portal: BlockingPortal) -> Callable[..., Site]:
    def make(root_path: str = "", **settings: Any) -> Site:
        return Site(portal, Settings(**settings), root_path)

    return make


@pytest.fixture(scope="session")
def site(make_site: Callable[..., Site]) -> Site:
    return make_site()
