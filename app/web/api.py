"""JSON for pages and programs: the experiments with their schemas, the words, and the server's health."""

from __future__ import annotations

import gzip
import hashlib
import json
from functools import cached_property
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app import __version__, labs
from app.engine import Engine
from app.web import languages
from app.web.assets import FOREVER, accepts_gzip


def described() -> list[dict[str, Any]]:
    """Every experiment as /api/experiments and ``python -m app labs --json`` tell it."""
    return [
        {
            "name": name,
            "lab": name.partition("/")[0],
            "version": params.version,
            "schema": params.model_json_schema(),
            "defaults": params().model_dump(mode="json"),
            "presets": [
                {
                    "id": preset.id,
                    "title": preset.title.as_json(),
                    "caption": preset.caption.as_json(),
                    "params": dict(preset.params),
                    "citation": preset.citation,
                }
                for preset in labs.presets(name)
            ],
        }
        for name, params in labs.experiments().items()
    ]


class Api:
    """Bodies are made once a start: nothing in them changes while a server runs."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @cached_property
    def _experiments(self) -> bytes:
        return json.dumps({"experiments": described()}, ensure_ascii=False, separators=(",", ":")).encode()

    @cached_property
    def _packed(self) -> bytes:
        return gzip.compress(self._experiments, 6, mtime=0)

    @cached_property
    def version(self) -> str:
        """Names the content of /api/experiments, for a URL that may be cached for ever."""
        return hashlib.sha256(self._experiments).hexdigest()[:12]

    async def experiments(self, request: Request) -> Response:
        return _body(request, self._experiments, self._packed if accepts_gzip(request.scope) else None, self.version)

    async def locale(self, request: Request) -> Response:
        language = request.path_params["language"]
        if language not in languages.LANGUAGES:
            raise HTTPException(404)
        words = languages.catalogue(language)
        return _body(request, words.as_json(), None, words.version)

    async def health(self, request: Request) -> Response:
        return JSONResponse(
            {"status": "ok", "version": __version__, **self._engine.health()}, headers={"Cache-Control": "no-store"}
        )


def _body(request: Request, plain: bytes, packed: bytes | None, version: str) -> Response:
    headers = {"Cache-Control": FOREVER if request.query_params.get("v") == version else "no-cache", "Vary": "Accept-Encoding"}
    if packed is not None:
        headers["Content-Encoding"] = "gzip"
    return Response(plain if packed is None else packed, media_type="application/json", headers=headers)
