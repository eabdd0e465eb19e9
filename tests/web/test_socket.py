"""/ws of the real server: one reply to each request, the real race, and who may come in."""

from __future__ import annotations

import asyncio
import json

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from app import labs
from faults.client import page
from serving import Server


def test_a_race_streams_the_frames_that_python_computes(server: Server) -> None:
    params = {"surface": "rosenbrock", "steps": 200, "racers": [{"rule": "adam", "lr": 0.05}, {"rule": "sgdm", "lr": 0.0005}]}

    async def work() -> None:
        async with page(server.ws_url) as client:
            reply = await client.ask("start", experiment="optimizer/race", params=params)
            assert reply["ok"], reply
            assert reply["length"] == 200
            await client.until_state(reply["run"], "done", 60)
            got = client.frames(reply["run"])
            expected = list(labs.run("optimizer/race", **params))
            assert len(got) == len(expected) == 201
            for a, b in zip(expected, got, strict=True):
                assert a.step == b.step
                assert {k: v.tobytes() for k, v in a.tensors.items()} == {k: v.tobytes() for k, v in b.tensors.items()}

    asyncio.run(work())


def test_every_request_gets_one_reply_with_its_id(server: Server) -> None:
    async def work() -> None:
        async with connect(server.ws_url, compression=None, proxy=None) as line:
            for id, text in [
                (3, '{"type":"pause","id":3,"run":"r-none"}'),
                (4, '{"type":"fly","id":4}'),
                (0, "not JSON"),
                (0, '{"type":"pause","id":"five","run":"r"}'),
                (6, '{"type":"start","id":6,"experiment":"optimizer/race","params":{"steps":-1}}'),
                (7, '{"type":"explain","id":7,"run":"r-none","seq":0,"target":{}}'),
            ]:
                await line.send(text)
                reply = json.loads(await line.recv())
                assert (reply["type"], reply["id"], reply["ok"]) == ("reply", id, False), text
                assert reply["error"]["id"]
                assert bool(reply.get("fields")) == (id == 6)
            await line.send('{"type":"ack","id":0,"run":"r-none","seq":1}')
            await line.send('{"type":"cancel","id":8,"run":"r-none"}')
            assert json.loads(await line.recv())["id"] == 8

    asyncio.run(work())


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1"])
def test_another_page_may_not_connect(server: Server, origin: str) -> None:
    async def work() -> None:
        with pytest.raises(InvalidStatus):
            await connect(server.ws_url, origin=origin, proxy=None)

    asyncio.run(work())


def test_beyond_the_limit_of_connections_a_page_is_told_busy() -> None:
    from faults.site import Site

    site = Site(max_connections=1)

    async def work() -> None:
        async with page(site.ws), connect(site.ws, compression=None, proxy=None) as late:
            with pytest.raises(ConnectionClosed):
                await late.recv()
            assert late.close_code == 1013

    try:
        asyncio.run(work())
    finally:
        site.close()
