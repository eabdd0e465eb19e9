"""Pictures over HTTP: taken, shown small, and the gallery.

A picture is read in a thread of this module's own, two at a time, so that the event loop and the server's memory stay as
they are whatever is sent. The bytes that were sent are never kept nor served: what is kept was decoded and encoded anew.
"""

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, nullcontext
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from app.images import gallery
from app.labs.contract import Message, UserError
from app.settings import Settings
from app.web.assets import FOREVER
from app.web.temporary import temporary

if TYPE_CHECKING:
    from app.images import Picture

T = TypeVar("T")

PREFIX = "unrolled-images-of-"
A_WHILE = "public, max-age=3600"
DECODERS = 2
LINGER = 64 * 2**20
"""So many bytes of a refused body are thrown away: a line closed over unread bytes may take the answer with it (RFC 9112, 9.6)."""
STATUS = {
    "image.heavy": 413,
    "image.large": 413,
    "image.format": 415,
    "image.not-image": 415,
    "image.unknown": 404,
    "image.no-sample": 404,
    "image.bad-id": 404,
    "image.late": 408,
    "image.busy": 503,
    "image.slow": 503,
}
"""Every other refusal is a 422."""


class Images:
    """The endpoints. ``async with images.folder():`` holds while the server runs."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._held = 0
        self._threads = ThreadPoolExecutor(DECODERS, "image")

    @asynccontextmanager
    async def folder(self) -> AsyncIterator[None]:
        """Says in the environment, before any worker is spawned, where pictures are; a folder of its own goes with the server."""
        with nullcontext(self._settings.images) if self._settings.images else temporary(PREFIX) as place:
            named = {"UNROLLED_IMAGES_MB": str(self._settings.images_mb), "UNROLLED_IMAGES": place}
            before = {name: os.environ.get(name) for name in named}
            os.environ.update(named)
            try:
                yield
            finally:
                self._threads.shutdown(wait=False, cancel_futures=True)
                for name, value in before.items():
                    if value is None:
                        os.environ.pop(name, None)
                    else:
                        os.environ[name] = value

    async def upload(self, request: Request) -> Response:
        """POST: the body is the file. Answers what :meth:`about` answers, or why not."""
        chunks: list[bytes] = []
        try:
            await self._receive(request, chunks)
            return JSONResponse(await self._work(functools.partial(_put, chunks)))
        except UserError as error:
            return _refusal(error)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is left to read it
        finally:
            self._let_go(chunks)

    async def about(self, request: Request) -> Response:
        """The id, the size and the steps of a picture."""
        name = request.path_params["name"]
        try:
            return JSONResponse(await self._work(lambda: _told(name, _load(name))), headers={"Cache-Control": A_WHILE})
        except UserError as error:
            return _refusal(error)

    async def picture(self, request: Request) -> Response:
        """A PNG: ``?size=`` bounds its sides, ``?step=`` shows the result of that step instead."""
        name = request.path_params["name"]
        size, step = _number(request, "size"), _number(request, "step")
        try:
            data = await self._work(lambda: _drawn(_load(name), size, step))
        except UserError as error:
            return _refusal(error)
        kept = A_WHILE if name.startswith("sample:") else FOREVER
        return Response(data, media_type="image/png", headers={"Cache-Control": kept})

    async def gallery(self, request: Request) -> Response:
        """The samples: their titles' ids, authors, sources and licences."""
        samples = [
            {
                "image": f"sample:{one['name']}",
                "title": Message(f"image.sample.{one['name']}").as_json(),
                **{key: one[key] for key in ("author", "source", "licence")},
            }
            for one in gallery.samples()
        ]
        return JSONResponse({"samples": samples}, headers={"Cache-Control": A_WHILE})

    async def _receive(self, request: Request, chunks: list[bytes]) -> None:
        """The whole body. Raises UserError beyond a picture's bytes, beyond all bodies' bytes together, and after the deadline."""
        most, together = self._settings.image_bytes, self._settings.images_in_flight * 2**20
        announced = request.headers.get("content-length", "0")
        refused = _heavy(int(announced), most) if announced.isdigit() and int(announced) > most else None
        taken = thrown = 0
        if refused and int(announced) > LINGER:
            raise refused
        try:
            async with asyncio.timeout(self._settings.image_seconds):
                async for chunk in request.stream():
                    taken += len(chunk)
                    if refused:
                        thrown += len(chunk)
                        if thrown > LINGER:
                            break
                    elif taken > most:
                        refused = _heavy(taken, most)
                    elif self._held + len(chunk) > together:
                        refused = UserError(Message("image.busy"), ("image",))
                    else:
                        chunks.append(chunk)
                        self._held += len(chunk)
                    if refused:
                        self._let_go(chunks)
        except TimeoutError:
            refused = refused or UserError(Message("image.late", {"seconds": self._settings.image_seconds}), ("image",))
        if refused:
            raise refused

    def _let_go(self, chunks: list[bytes]) -> None:
        self._held -= sum(map(len, chunks))
        chunks.clear()

    async def _work(self, call: Callable[[], T]) -> T:
        """``call`` in a thread of ours. Raises UserError after the deadline; the thread is free again once the call is over."""
        working = asyncio.get_running_loop().run_in_executor(self._threads, call)
        try:
            return await asyncio.wait_for(working, self._settings.image_seconds)
        except TimeoutError:
            raise UserError(Message("image.slow", {"seconds": self._settings.image_seconds}), ("image",)) from None


# What follows runs in the threads; Pillow and numpy are imported with the first picture.


def _put(chunks: list[bytes]) -> dict[str, Any]:
    from app.images import read, store

    picture = read(b"".join(chunks))
    return _told(store.keep(picture), picture)


def _load(name: str) -> Picture:
    from app.images import load

    return load(name)


def _told(name: str, picture: Picture) -> dict[str, Any]:
    height, width, _ = picture.pixels.shape
    steps = [{"id": step.id, "values": step.values} for step in picture.steps]
    return {"image": name, "width": width, "height": height, "steps": steps}


def _drawn(picture: Picture, size: int | None, step: int | None) -> bytes:
    from PIL import Image

    from app.images.intake import MOST_SIDE, small
    from app.images.store import png

    pixels = picture.pixels
    if step is not None and step < len(picture.steps):
        pixels = picture.steps[step].picture
    return png(small(Image.fromarray(pixels), min(max(size or MOST_SIDE, 1), MOST_SIDE)))


def _number(request: Request, name: str) -> int | None:
    """A query's number; anything else is none."""
    text = request.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


def _heavy(got: int, most: int) -> UserError:
    return UserError(Message("image.heavy", {"got": round(got / 2**20, 1), "most": round(most / 2**20, 1)}), ("image",))


def _refusal(error: UserError) -> Response:
    """The sentence as its id and values. The body may be unread: the line is closed."""
    status = STATUS.get(error.message.id, 422)
    headers = {"Cache-Control": "no-store", **({"Connection": "close"} if status in (408, 413, 503) else {})}
    return JSONResponse({"error": error.message.as_json()}, status, headers)
