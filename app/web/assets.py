"""Static files and Plotly's bundle under URLs that name their content, compressed once, cached for ever.

The hash of the whole ``static`` folder is a part of every path (``/static/HASH/js/lab.js``), so that the relative
imports of the ES modules carry it without a bundler. Plotly comes out of the installed ``plotly`` package.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import importlib.util
import mimetypes
import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from app.labs.registry import has_module

STATIC = Path(__file__).parent.parent.parent / "static"
FOREVER = "public, max-age=31536000, immutable"
TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2"}
COMPRESSED = (".js", ".mjs", ".css", ".svg", ".json")


class Asset:
    """One file: read, and compressed where that helps, when it is first asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def media_type(self) -> str:
        return TYPES.get(self.path.suffix) or mimetypes.guess_type(self.path.name)[0] or "application/octet-stream"

    @cached_property
    def plain(self) -> bytes:
        return self.path.read_bytes()

    @cached_property
    def gzip(self) -> bytes | None:
        return gzip.compress(self.plain, 6, mtime=0) if self.path.suffix in COMPRESSED else None

    async def response(self, accepts_gzip: bool) -> Response:
        """The file as it is to be sent; the work is done off the event loop."""
        packed = await asyncio.to_thread(lambda: self.gzip) if accepts_gzip else None
        headers = {"Cache-Control": FOREVER, "Vary": "Accept-Encoding"}
        if packed is not None:
            headers["Content-Encoding"] = "gzip"
        body = packed if packed is not None else await asyncio.to_thread(lambda: self.plain)
        return Response(body, media_type=self.media_type, headers=headers)


class Assets:
    """An ASGI app for ``/static/...`` and ``/plotly.HASH.min.js``: an index made at the start, so no path is ever joined."""

    def __init__(self) -> None:
        files = {name: STATIC / name for name in sorted(_files(STATIC))}
        digest = hashlib.sha256()
        for name, path in files.items():
            digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
        self.version = digest.hexdigest()[:12]
        plotly = plotly_bundle()
        self.plotly = f"/plotly.{hashlib.sha256(plotly.read_bytes()).hexdigest()[:12]}.min.js"
        self.base = f"/static/{self.version}/"
        self._assets: Mapping[str, Asset] = {
            self.plotly: Asset(plotly),
            **{self.base + name: Asset(path) for name, path in files.items()},
        }
        scripts = [name.removeprefix("js/labs/").removesuffix(".js") for name in files if name.startswith("js/labs/")]
        self.views = [name for name in scripts if has_module(name)]
        """Drawing modules that have a module of their name in app/labs: those of the experiments are among them."""

    def url(self, path: str) -> str:
        """The versioned URL of a static file, without the root path. Raises KeyError where there is no such file."""
        url = self.base + path
        if url not in self._assets:
            raise KeyError(f"no static file {path}")
        return url

    async def warm(self) -> None:
        """Compresses the largest file before the first page asks for it."""
        await asyncio.to_thread(lambda: self._assets[self.plotly].gzip)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asset = self._assets.get(route_path(scope))
        if scope["method"] not in ("GET", "HEAD"):
            response: Response = PlainTextResponse("Method Not Allowed", 405)
        elif asset is None:
            response = PlainTextResponse("Not Found", 404)
        else:
            response = await asset.response(accepts_gzip(scope))
        await response(scope, receive, send)


def _files(folder: Path) -> list[str]:
    """Every file below, by its path from the folder with forward slashes."""
    found = [os.path.join(where, name) for where, _, names in os.walk(folder) for name in names]
    return [os.path.relpath(path, folder).replace(os.sep, "/") for path in found]


def plotly_bundle() -> Path:
    """The browser's bundle inside the installed plotly package, found without importing it."""
    spec = importlib.util.find_spec("plotly")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("plotly is not installed")
    return Path(spec.origin).parent / "package_data" / "plotly.min.js"


def route_path(scope: Scope) -> str:
    """The request's path without the root path, whether or not the proxy took it off."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def accepts_gzip(scope: Scope) -> bool:
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    return any(name == b"accept-encoding" and b"gzip" in value.lower() for name, value in headers)
