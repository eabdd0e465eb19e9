"""Pages that misbehave or vanish cost the others nothing and leave nothing behind."""

from __future__ import annotations

import asyncio
import json
import random
import socket
import time
from collections.abc import Iterator

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from .client import page, wander
from .site import Site


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    it = Site(send_seconds=2.0, linger_seconds=0.5)
    yield it
    it.close()


def settled(site: Site) -> tuple[int, int]:
    """Descriptors and threads of the web process once runs and connections are gone."""
    deadline = time.monotonic() + 10
    while (health := site.health())["connections"] or health["runs"]:
        assert time.monotonic() < deadline, health
        time.sleep(0.1)
    return site.web.num_fds(), site.web.num_threads()


def test_a_page_that_stops_reading_is_let_go_and_costs_little(site: Site) -> None:
    """192 KiB a frame, nothing is read: the connection ends by the send deadline, the socket by the kernel's."""

    async def work() -> None:
        before = site.web.memory_info().rss
        raw = socket.create_connection(("127.0.0.1", site.port))
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.sendall(
            b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n" % site.port
        )
        raw.recv(4096)  # the handshake's answer: what is sent before it may be lost
        params = b'{"steps":1000000,"size":49152}'
        text = b'{"type":"start","id":1,"experiment":"test/walk","ack":false,"params":%b}' % params
        raw.sendall(bytes([0x81, 0x80 | len(text)]) + bytes(4) + text)  # masked with zeros
        start, most = time.monotonic(), 0
        async with page(site.ws) as other:
            run = await other.start(steps=1_000_000, pause=0.001)
            await other.until(lambda: other.blocks)
            while site.health()["connections"] == 2:
                most = max(most, site.web.memory_info().rss)
                assert time.monotonic() - start < 6 * site.patience
                await asyncio.sleep(0.1)
            while any(c.status == "ESTABLISHED" and c.raddr.port == raw.getsockname()[1] for c in site.web.net_connections("tcp")):
                assert time.monotonic() - start < 8 * site.patience
                await asyncio.sleep(0.1)
            assert most - before < 8 * 2**20
            await other.ask("cancel", run=run)
            gaps = [b - a for a, b in zip(other.times, other.times[1:], strict=False)]
            assert max(gaps) < 1.5  # were it held up by the page that stopped, it would wait send_seconds
        raw.close()

    asyncio.run(work())
    settled(site)


def test_a_closed_page_stops_computing_within_2_seconds(site: Site) -> None:
    async def work() -> None:
        async with page(site.ws) as client:
            run = await client.start(steps=1_000_000, pause=0.001, ack=False)
            await client.until(lambda: len(client.seqs(run)) > 50)
        await asyncio.sleep(0.5)
        frames = site.metric("unrolled_frames_total")
        await asyncio.sleep(0.5)
        assert site.metric("unrolled_frames_total") == frames

    asyncio.run(work())


def test_10000_malformed_messages(site: Site) -> None:
    """Each gets a reply until the connection is closed with 1008; nothing is left, nothing is logged as a crash."""
    rng = random.Random(0)
    good = b'{"type":"start","id":7,"experiment":"test/walk","params":{}}'

    def malformed() -> str | bytes:
        kind = rng.randrange(5)
        if kind == 0:
            return bytes(rng.randrange(256) for _ in range(rng.randrange(60)))
        if kind == 1:
            return "[" * rng.randrange(1, 5000)
        if kind == 2:
            return good[: rng.randrange(len(good) - 1)].decode()
        if kind == 3:
            return '{"type":"explain","id":-3,"run":"r","seq":1e400,"target":{"a":"' + "é" * rng.randrange(900) + '"}}'
        return json.dumps({"type": rng.choice(["start", "ack", "step", "fly"]), "id": rng.randrange(9), "surprise": 1})

    async def work() -> None:
        sent = 0
        while sent < 10_000:
            async with connect(site.ws, compression=None, proxy=None) as line:
                replies = 0
                try:
                    for _ in range(60):
                        await line.send(malformed())
                        sent += 1
                    async for reply in line:
                        assert '"ok":false' in reply
                        replies += 1
                except ConnectionClosed:
                    pass
                assert line.close_code == 1008
        async with page(site.ws) as client:
            await client.until_state(await client.start(steps=3), "done")

    before, rss = settled(site), site.web.memory_info().rss
    asyncio.run(work())
    after = settled(site)
    assert after[0] <= before[0] + 2
    assert after[1] <= before[1] + 1
    assert site.web.memory_info().rss - rss < 16 * 2**20
    assert "app/web" not in site.log


def test_too_big_a_message_closes_with_1009(site: Site) -> None:
    async def work() -> None:
        async with connect(site.ws, compression=None, proxy=None) as line:
            await line.send("x" * 70_000)
            with pytest.raises(ConnectionClosed):
                await line.recv()
            assert line.close_code == 1009

    asyncio.run(work())


def test_random_starts_pauses_and_drops_leave_nothing_behind(site: Site) -> None:
    rng = random.Random(1)

    async def work(seconds: float) -> None:
        until = time.monotonic() + seconds
        await asyncio.gather(*(wander(site.ws, rng, until) for _ in range(8)))

    asyncio.run(work(2))
    before = settled(site)
    asyncio.run(work(6))
    after = settled(site)
    assert after[0] <= before[0] + 2
    assert after[1] <= before[1] + 1
    assert site.health()["workers"][0]["restarts"] == 0
    assert "app/web" not in site.log
