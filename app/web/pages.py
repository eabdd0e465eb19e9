"""The HTML pages: the home page, one page a lab, and the page of an error."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import BytecodeCache, Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from app.labs.tabs import TABS, ordered
from app.web import languages
from app.web.assets import Assets

TEMPLATES = Path(__file__).parent.parent.parent / "templates"
YEAR = 365 * 24 * 3600


class Pages:
    """Renders pages in the reader's language."""

    def __init__(self, assets: Assets) -> None:
        self._assets = assets
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, bytecode_cache=compiled_templates()
        )

    async def home(self, request: Request) -> Response:
        texts = languages.catalogue(self._language(request)).texts
        # Told by the drawing modules: to ask the experiments themselves would keep the first page waiting.
        named = [(view, texts.get(view.replace("/", ".") + ".title")) for view in ordered(self._assets.views)]
        experiments = {
            lab: [(view.removeprefix(f"{lab}/"), title) for view, title in named if title and view.startswith(f"{lab}/")]
            for lab in TABS
        }
        return self._render(request, "home.html", lab=None, experiments=experiments)

    async def lab(self, request: Request) -> Response:
        lab = request.url.path.rstrip("/").rpartition("/")[2]
        return self._render(request, f"labs/{lab}.html", lab=lab)

    async def error(self, request: Request, error: Exception) -> Response:
        """What went wrong, as a page for people and as JSON for programs."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        if "text/html" not in request.headers.get("accept", ""):
            return JSONResponse({"error": status}, status)
        return self._render(request, "error.html", status_code=status, lab=None, status=status)

    def _language(self, request: Request) -> str:
        asked = request.query_params.get("lang")
        return languages.choose(asked, request.cookies.get("lang"), request.headers.get("accept-language"))

    def _render(self, request: Request, template: str, status_code: int = 200, **values: Any) -> Response:
        root = request.scope.get("root_path", "")
        lang = self._language(request)
        page = {
            "root": root,
            "lab": values["lab"],
            "lang": lang,
            "base": root + self._assets.base,
            "plotly": root + self._assets.plotly,
            "experiments": f"{root}/api/experiments",
            "locales": {code: f"{root}/api/locale/{code}.json" for code in languages.LANGUAGES},
            "views": self._assets.views,
        }
        html = self._templates.get_template(template).render(
            t=languages.catalogue(lang).text,
            lang=lang,
            root=root,
            static=partial(_static, root, self._assets),
            languages=list(languages.LANGUAGES.items()),
            page=page,
            **values,
        )
        response = HTMLResponse(html, status_code, headers={"Vary": "Accept-Language, Cookie", "Cache-Control": "no-cache"})
        if request.query_params.get("lang") == lang:
            response.set_cookie("lang", lang, max_age=YEAR, path=root or "/", samesite="lax")
        return response


def compiled_templates() -> BytecodeCache | None:
    """Keeps compiled templates beside them, as Python keeps modules; None where this user may not write there."""
    folder = TEMPLATES / "__pycache__"
    with suppress(OSError):
        folder.mkdir(exist_ok=True)
    return FileSystemBytecodeCache(str(folder)) if os.access(folder, os.W_OK) else None


def _static(root: str, assets: Assets, path: str) -> str:
    return root + assets.url(path)
