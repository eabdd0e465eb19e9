"""create_app: the ASGI app put together, and nothing else."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Route, WebSocketRoute

from app import __version__
from app.engine import Engine, Limits
from app.labs.tabs import TABS
from app.settings import Settings
from app.web.api import Api
from app.web.assets import Assets
from app.web.images import Images
from app.web.metrics import Metrics
from app.web.pages import Pages
from app.web.security import SameOrigin, SecurityHeaders
from app.web.socket import Socket

PAGE_FIRST = 0.1
"""Seconds that a page which waited for this server has the processor for itself."""


async def warm(api: Api, assets: Assets) -> None:
    """Readies what a page asks for after itself, so that no start and no visitor waits for it."""
    await asyncio.sleep(PAGE_FIRST)
    await api.warm()
    await asyncio.to_thread(importlib.import_module, "limits.aio.strategies")
    await assets.warm()


def create_app(settings: Settings | None = None) -> FastAPI:
    """The server with these settings; workers start with its lifespan and end with it."""
    settings = settings or Settings()
    metrics = Metrics()
    engine = Engine(Limits.of(settings), meter=metrics)
    assets = Assets()
    api = Api(engine)
    pages = Pages(assets)
    images = Images(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with images.folder(), engine, metrics.watching():
            warming = asyncio.create_task(warm(api, assets))
            yield
            warming.cancel()

    app = FastAPI(
        title="Unrolled",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,  # its page loads scripts from another origin
        redoc_url=None,
        openapi_url=None,
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(settings.hosts), www_redirect=False),
            Middleware(SameOrigin, allowed=settings.origins),
        ],
        exception_handlers={HTTPException: pages.error, 500: pages.error},
        routes=[
            Route("/", pages.home),
            *(Route(f"/{lab}", pages.lab, name=lab) for lab in TABS),
            Route("/api/experiments", api.experiments),
            Route("/api/locale/{language}.json", api.locale),
            Route("/api/gallery", images.gallery),
            Route("/api/images", images.upload, methods=["POST"]),
            Route("/api/images/{name}.png", images.picture),
            Route("/api/images/{name}", images.about),
            Route("/healthz", api.health),
            Route("/metrics", metrics.endpoint(engine)),
            WebSocketRoute("/ws", Socket(engine)),
            Route("/static/{path:path}", assets),
            Route(assets.plotly, assets),
        ],
    )
    # Taken off where the proxy leaves it on. FastAPI wants the server to know it, but uvicorn puts it before every path.
    app.root_path = settings.root_path
    app.state.engine = engine
    return app
