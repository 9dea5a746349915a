"""`/devmesh/events`: what happens, as it happens, and from where one left off."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from devmesh.jupyter.server import stream
from devmesh.jupyter.server.stream import EventsHandler
from devmesh.mesh import Mesh
from tests.jupyter.server.rig import Served, served_here

pytestmark = pytest.mark.slow


@contextmanager
def listening(served: Served, mesh: Mesh, **headers: str) -> Iterator[http.client.HTTPResponse]:
    """A client that reads."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)
    connection.request(
        "GET", f"/devmesh/events/{mesh.home.name}", headers={"Authorization": f"token {served.token}", **headers}
    )
    answer = connection.getresponse()
    try:
        yield answer
    finally:
        connection.close()


def event(answer: http.client.HTTPResponse) -> dict[str, Any]:
    """The next event."""
    found: dict[str, Any] = {}
    while True:
        line = answer.readline().decode().rstrip("\n")
        name, _, value = line.partition(": ")
        if line and name in {"id", "event", "data"}:
            found[name] = value
        elif not line and "data" in found:
            return found | {"data": json.loads(found["data"])}


def test_what_happens_is_told_with_its_number(served: Served, mesh: Mesh) -> None:
    """A posted task comes as an event, with a sentence for reading."""
    with listening(served, mesh) as answer:
        assert (answer.status, answer.headers["Content-Type"]) == (200, "text/event-stream")
        assert answer.readline() == b"retry: 1000\n"
        mesh.post("Say so")
        while (told := event(answer))["event"] != "task_posted":
            pass
        assert told["data"]["kind"] == "task_posted"
        assert int(told["id"]) == told["data"]["sequence"]
        assert "Say so" in told["data"]["what"]


def test_who_comes_back_misses_nothing_and_hears_nothing_twice(served: Served, mesh: Mesh) -> None:
    """With the last number, as a browser sends it by itself: from there on, in order, into what happens now."""
    mesh.post("Before")
    after = len(mesh.audit)
    numbers = [mesh.post(f"Missed {number}").number for number in range(3)]
    with listening(served, mesh, **{"Last-Event-ID": str(after)}) as answer:
        first = [event(answer) for _ in range(len(mesh.audit) - after)]
        assert [int(one["id"]) for one in first] == list(range(after + 1, len(mesh.audit) + 1))
        assert [one["event"] for one in first].count("task_posted") == len(numbers)
        mesh.post("Now")
        assert int(event(answer)["id"]) == after + len(first) + 1


def test_who_may_not_or_asks_nonsense_hears_nothing(served: Served, mesh: Mesh) -> None:
    """No token 403, no mesh 404, no number 400."""
    path = f"/devmesh/events/{mesh.home.name}"
    assert served.ask("GET", path, headers=[]).status == 403
    assert served.ask("GET", "/devmesh/events/none-0").status == 404
    assert served.ask("GET", f"{path}?after=x").status == 400


def silent(here: Served, mesh: Mesh) -> socket.socket:
    """A client that asks, and reads nothing of what it is told."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    client.connect(("127.0.0.1", here.port))
    client.sendall(
        f"GET /devmesh/events/{mesh.home.name} HTTP/1.1\r\nHost: 127.0.0.1:{here.port}\r\n"
        f"Authorization: token {here.token}\r\n\r\n".encode()
    )
    return client


async def listeners(number: int) -> None:
    """Until there are so many."""
    async with asyncio.timeout(30):
        while EventsHandler.listening != number:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("limit", ["BEHIND", "PATIENCE"])
def test_who_does_not_read_is_let_go(mesh: Mesh, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    """By how much it has not read, or for how long; and its place is free for others."""
    for name in ("BEHIND", "PATIENCE"):  # the other one is not reached
        monkeypatch.setattr(stream, name, 2 if name == limit else 1_000_000)
    monkeypatch.setattr(stream, "STREAMS", 1)

    async def play() -> None:
        async with served_here(mesh, "events", EventsHandler) as here:
            client = await asyncio.to_thread(silent, here, mesh)
            await listeners(1)
            refused = await asyncio.to_thread(here.ask, "GET", f"/devmesh/events/{mesh.home.name}")
            assert refused.status == 503
            async with asyncio.timeout(40):
                while EventsHandler.listening:
                    await asyncio.to_thread(mesh.post, "x" * 30_000)
            with closing(client), closing(await asyncio.to_thread(silent, here, mesh)):
                await listeners(1)
            await listeners(0)

    asyncio.run(play())
