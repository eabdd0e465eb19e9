"""Who may speak to the server, over HTTP and over the socket, and what its pages may load."""

from __future__ import annotations

import base64
import hashlib
import re
import socket
from collections.abc import Callable

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from app.web.assets import plotly_bundle
from app.web.security import CONTENT_SECURITY_POLICY, HEADERS, SameOrigin
from serving import Server

from .conftest import ADDRESS, Site

STRANGERS = (
    "http://evil.example",
    "null",
    "https://127.0.0.1:8000",  # another scheme
    "http://127.0.0.1:8001",  # another port
    "http://127.0.0.1",  # the default port
    "http://localhost:8000",  # another name of the same machine
    "http://127.0.0.1:8000.evil.example",
    "http://127.0.0.1:8000/",
    "",
)


@pytest.mark.parametrize("origin", STRANGERS)
def test_a_page_of_another_origin_is_refused(site: Site, origin: str) -> None:
    assert site.get("/healthz", origin=origin).status_code == 403
    assert site.request("POST", "/healthz", {"origin": origin}).status_code == 403


def test_its_own_pages_and_plain_clients_are_served(site: Site) -> None:
    assert site.get("/healthz").status_code == 200
    assert site.get("/healthz", origin=ADDRESS).status_code == 200


def test_two_origins_are_none(site: Site) -> None:
    scope = {"scheme": "http", "headers": [(b"host", b"a:1"), (b"origin", b"http://a:1"), (b"origin", b"http://a:1")]}
    assert not SameOrigin(lambda *_: None).allows(scope)


def test_an_origin_that_the_operator_names_is_served(make_site: Callable[..., Site]) -> None:
    site = make_site(origins=["https://lab.example"])
    assert site.get("/healthz", origin="https://lab.example").status_code == 200
    assert site.get("/healthz", origin="https://other.example").status_code == 403


def test_a_host_nobody_named_is_refused(site: Site) -> None:
    """Else a name that an attacker rebinds to 127.0.0.1 would be this server's own origin."""
    assert site.get("/", host="rebound.example:8000").status_code == 400
    assert site.get("/", host="rebound.example:8000", origin="http://rebound.example:8000").status_code in (400, 403)
    assert site.get("/", host="localhost:8000").status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
def test_a_socket_of_another_origin_is_refused(server: Server, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused, connect(server.ws_url, origin=origin, proxy=None):  # type: ignore[arg-type]
        pass
    assert refused.value.response.status_code == 403


def test_a_socket_of_a_host_nobody_named_is_refused(server: Server) -> None:
    address = f"ws://rebound.example:{server.port}/ws"
    with (
        socket.create_connection(("127.0.0.1", server.port)) as wire,
        pytest.raises(InvalidStatus) as refused,
        connect(address, sock=wire, origin=f"http://rebound.example:{server.port}", proxy=None),  # type: ignore[arg-type]
    ):
        pass
    assert refused.value.response.status_code == 400


def test_a_socket_of_its_own_pages_is_served(server: Server) -> None:
    with connect(server.ws_url, origin=server.url, proxy=None) as page:  # type: ignore[arg-type]
        page.send("{}")
        assert '"ok":false' in str(page.recv(timeout=10))


@pytest.mark.parametrize("path", ["/", "/optimizer", "/nowhere", "/api/experiments", "/healthz", "/static/x", "/metrics"])
def test_every_answer_carries_the_headers(site: Site, path: str) -> None:
    answer = site.get(path)
    for name, value in HEADERS.items():
        assert answer.headers.get_list(name) == [value], (path, name)


def test_refusals_carry_the_headers_too(site: Site) -> None:
    assert site.get("/", origin="null").headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert site.get("/", host="rebound.example").headers["content-security-policy"] == CONTENT_SECURITY_POLICY


def test_the_policy_allows_no_script_but_ours() -> None:
    directives = dict(part.split(" ", 1) for part in CONTENT_SECURITY_POLICY.split("; "))
    assert directives["default-src"] == directives["script-src"] == "'self'"
    assert directives["object-src"] == directives["frame-ancestors"] == directives["base-uri"] == "'none'"
    assert "http" not in CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY.replace("style-src-attr 'unsafe-inline'", "")


def test_no_page_has_an_inline_script_or_style(site: Site) -> None:
    for path in ("/", "/optimizer", "/convolution", "/nowhere"):
        html = site.get(path, accept="text/html").text
        for tag in re.findall(r"<script[^>]*>", html):
            assert "src=" in tag or 'type="application/json"' in tag, (path, tag)
        assert not re.search(r"<style|\son\w+=|javascript:", html), path
        for url in re.findall(r'(?:src|href)="([^"]*)"', html):
            assert not re.match(r"\w+:|//", url), f"{path} names another origin: {url}"


def style_hash(css: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(css.encode()).digest()).decode() + "'"


def test_the_style_hashes_are_those_of_the_installed_plotly() -> None:
    """Plotly makes one empty style element and fills it by rules; maplibre's is text in the bundle."""
    allowed = set(re.findall(r"'sha256-[^']+'", CONTENT_SECURITY_POLICY))
    bundle = plotly_bundle().read_text("utf-8")
    texts = [text for text in re.findall(r'"((?:\.maplibregl|\.mapboxgl)[^"\\]*(?:\\.[^"\\]*)*)"', bundle) if "{" in text]
    texts += re.findall(r"[`']((?:\.maplibregl|\.mapboxgl)[^`']*)[`']", bundle)
    found = {style_hash(text.encode().decode("unicode_escape") if "\\" in text else text) for text in texts}
    assert style_hash("") in allowed
    assert allowed - {style_hash("")} <= found, "plotly's bundle has another style now: measure its hash in a browser"
