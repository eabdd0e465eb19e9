"""/ws: the transport of a session. Bounded reading, a deadline on every send, one reply to each request.

What a request means is ``app.engine.session``'s; Origin and Host are checked by the security
middleware before a handshake comes here.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json, to_json
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.engine import Engine, Session
from app.engine.session import Asked, refusal
from app.engine.viewer import Viewer
from app.labs.contract import Message, UserError
from app.wire import messages as wire

if TYPE_CHECKING:
    from limits.aio.strategies import FixedWindowRateLimiter

POLICY, TOO_BIG, BUSY = 1008, 1009, 1013
MESSAGE_CHARACTERS = 64 * 1024
BATCH = 20
"""Messages are counted against the rate in batches: one call to the limiter is as dear as a message."""
PENDING_QUESTIONS = 8

log = logging.getLogger(__name__)


class Socket:
    """The ASGI app of /ws."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.connections = 0
        self._names = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        websocket = WebSocket(scope, receive, send)
        await websocket.accept()
        if self.connections >= self.engine.limits.max_connections:
            await websocket.close(BUSY, "too many connections")
            return
        self.connections += 1
        try:
            await Connection(websocket, self.engine, self).run()
        finally:
            self.connections -= 1

    @cached_property
    def _limiter(self) -> FixedWindowRateLimiter:
        from limits.aio.storage import MemoryStorage
        from limits.aio.strategies import FixedWindowRateLimiter

        return FixedWindowRateLimiter(MemoryStorage())

    async def slow_down(self, name: str) -> None:
        """Counts a batch of messages; returns when the rate allows it."""
        from limits import RateLimitItemPerSecond

        rate = RateLimitItemPerSecond(max(BATCH, self.engine.limits.messages_per_second))
        while not await self._limiter.hit(rate, name, cost=BATCH):
            window = await self._limiter.get_window_stats(rate, name)
            await asyncio.sleep(max(0.01, window.reset_time - time.time()))

    def name(self) -> str:
        return str(next(self._names))


class Gone(Exception):
    """The page left, or does not read any more."""


class Connection:
    """One page's socket: a reader, a task for each viewer, a task for each question."""

    def __init__(self, websocket: WebSocket, engine: Engine, socket: Socket) -> None:
        self._websocket, self._socket, self._limits = websocket, socket, engine.limits
        self._session = Session(engine)
        self._sending = asyncio.Lock()
        self._questions = 0
        self._malformed = 0

    async def run(self) -> None:
        """Serves the connection to its end."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                await self._read()
        except* Gone:
            pass
        finally:
            self._session.close()

    async def _read(self) -> None:
        name = self._socket.name()
        for count in itertools.count():
            if count % BATCH == BATCH - 1:
                await self._socket.slow_down(name)
            try:
                message = await self._websocket.receive()
            except (RuntimeError, WebSocketDisconnect):
                raise Gone from None
            if message["type"] == "websocket.disconnect":
                raise Gone
            await self._take(message.get("text"))

    async def _take(self, text: str | None) -> None:
        if text is not None and len(text) > MESSAGE_CHARACTERS:
            await self._close(TOO_BIG, "a message is at most 64 KiB")
        try:
            request = wire.REQUESTS.validate_json(text or "")
        except ValidationError as error:
            await self._refuse_malformed(text or "", error)
            return
        if isinstance(request, Asked):
            if self._questions >= PENDING_QUESTIONS:
                await self._send(refusal(request.id, UserError(Message("server.too-many-questions", {"most": PENDING_QUESTIONS}))))
            else:
                self._questions += 1
                self._tasks.create_task(self._ask(request))
            return
        reply = self._session.answer(request)
        if not (isinstance(request, wire.Ack) and request.id == 0):
            await self._send(reply)
        fresh, self._session.fresh = self._session.fresh, []
        for viewer in fresh:
            self._tasks.create_task(self._show(viewer))

    async def _ask(self, request: Asked) -> None:
        try:
            reply, data = await self._session.ask(request)
            if data is not None:
                await self._send(data)
            await self._send(reply)
        finally:
            self._questions -= 1

    async def _show(self, viewer: Viewer) -> None:
        async for message in viewer.messages():
            await self._send(message)

    async def _refuse_malformed(self, text: str, error: ValidationError) -> None:
        """Every message gets its one reply, with its id where one can be read."""
        self._malformed += 1
        problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in problem["loc"])[:80]
        message = Message("server.bad-request", {"where": where, "problem": problem["msg"][:200]})
        await self._send(refusal(_id(text), UserError(message)))
        if self._malformed > self._limits.max_malformed:
            await self._close(POLICY, "too many malformed messages")

    async def _send(self, message: bytes | BaseModel) -> None:
        """One message at a time, each with a deadline: a page that does not read is let go."""
        try:
            async with asyncio.timeout(self._limits.send_seconds), self._sending:
                if isinstance(message, bytes):
                    await self._websocket.send_bytes(message)
                else:
                    await self._websocket.send_text(_text(message))
        except (TimeoutError, RuntimeError, OSError, WebSocketDisconnect):
            raise Gone from None

    async def _close(self, code: int, reason: str) -> None:
        """Says why, then leaves."""
        try:
            async with asyncio.timeout(self._limits.send_seconds), self._sending:
                await self._websocket.close(code, reason)
        except (TimeoutError, RuntimeError, OSError, WebSocketDisconnect):
            pass
        raise Gone


def _text(message: BaseModel) -> str:
    kind: str = message.type  # type: ignore[attr-defined]
    return to_json({"type": kind, **message.model_dump(mode="json", exclude_unset=True)}).decode()


def _id(text: str) -> int:
    """The id of a message that is otherwise bad, 0 where it has none."""
    try:
        value: Any = from_json(text)
    except ValueError:
        return 0
    found = value.get("id") if isinstance(value, dict) else None
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 <= found < 2**53 else 0
