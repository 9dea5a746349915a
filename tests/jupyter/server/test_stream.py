"""`/devmesh/events`: what happens, as it happens, and from where one left off."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from devmesh.mesh import Mesh
from tests.jupyter.server.rig import Served

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
