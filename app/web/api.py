"""JSON for pages and programs: the experiments with their schemas, the words, and the server's health."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
from collections.abc import Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app import __version__, labs
from app.engine import Engine
from app.web import languages
from app.web.assets import accepts_gzip


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


class Body:
    """A JSON answer made once a start, plain and compressed. Whoever sends its ``tag`` back has it and gets a 304."""

    def __init__(self, plain: bytes) -> None:
        self.plain = plain
        self.packed = gzip.compress(plain, 6, mtime=0)
        self.tag = f'W/"{hashlib.sha256(plain).hexdigest()[:16]}"'  # weak: the same for both encodings

    def response(self, request: Request) -> Response:
        headers = {"ETag": self.tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        if self.tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if not accepts_gzip(request.scope):
            return Response(self.plain, media_type="application/json", headers=headers)
        return Response(self.packed, media_type="application/json", headers={**headers, "Content-Encoding": "gzip"})


class Api:
    """Bodies are made in a thread when they are first asked for, or by :meth:`warm`: every schema of every lab takes a while."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._bodies: dict[str, asyncio.Future[Body]] = {}

    async def warm(self) -> None:
        """Makes what pages ask for next."""
        await self._experiments()
        for language in languages.LANGUAGES:
            await self._locale(language)

    async def experiments(self, request: Request) -> Response:
        return (await self._experiments()).response(request)

    async def locale(self, request: Request) -> Response:
        language = request.path_params["language"]
        if language not in languages.LANGUAGES:
            raise HTTPException(404)
        return (await self._locale(language)).response(request)

    async def health(self, request: Request) -> Response:
        return JSONResponse(
            {"status": "ok", "version": __version__, **self._engine.health()}, headers={"Cache-Control": "no-store"}
        )

    async def _experiments(self) -> Body:
        def body() -> bytes:
            return json.dumps({"experiments": described()}, ensure_ascii=False, separators=(",", ":")).encode()

        return await self._once("experiments", body)

    async def _locale(self, language: str) -> Body:
        return await self._once(language, lambda: languages.catalogue(language).json)

    async def _once(self, name: str, make: Callable[[], bytes]) -> Body:
        """Whoever asks while a body is made waits for it; one that goes away meanwhile does not stop the making."""
        if name not in self._bodies:
            self._bodies[name] = asyncio.ensure_future(asyncio.to_thread(lambda: Body(make())))
        return await asyncio.shield(self._bodies[name])
