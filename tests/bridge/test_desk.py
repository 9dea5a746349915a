"""The desk: who asks is answered, in order; who asks badly, floods or leaves costs the others nothing."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from devmesh.bridge.desk import LONGEST_PATH, MOST_BYTES, MOST_CLIENTS, Desk
from devmesh.errors import DevMeshError
from tests.coordinator.rig import looped

PATIENCE = 10.0


@pytest.fixture
def short_home() -> Iterator[Path]:
    """A home that a socket's path fits below, however deep the tests' own folders lie."""
    with tempfile.TemporaryDirectory(prefix="d-") as folder:
        yield Path(folder)


async def echo(message: dict[str, Any]) -> dict[str, Any]:
    """What was asked."""
    return {"heard": message["text"]}


@asynccontextmanager
async def desk_at(home: Path) -> AsyncIterator[tuple[Desk, Path]]:
    """An open desk that echoes."""
    desk = Desk(home)
    desk.on("echo", echo)
    path = await desk.open()
    try:
        yield desk, path
    finally:
        await desk.close()


async def asked(path: Path, *lines: bytes) -> list[Any]:
    """The answers to these lines, on one connection, until it is closed or all are answered."""
    answers: list[Any] = []
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        writer.writelines(lines)
        with suppress(ConnectionError):
            for _line in lines:
                answers.append(json.loads(await asyncio.wait_for(reader.readline(), PATIENCE)))  # noqa: PERF401 - those before the end count
    except json.JSONDecodeError:  # the end of the connection
        pass
    finally:
        writer.close()
    return answers


def question(ask: str, **fields: object) -> bytes:
    """One line."""
    return json.dumps({"ask": ask, **fields}).encode() + b"\n"


@looped
async def test_questions_are_answered_in_order(home: Path) -> None:
    """Several on one connection."""
    async with desk_at(home) as (_desk, path):
        answers = await asked(path, *(question("echo", text=str(number)) for number in range(5)))
        assert answers == [{"heard": str(number)} for number in range(5)]


@looped
async def test_only_the_owner_reaches_it(home: Path) -> None:
    """The folder and the socket are closed to everybody else, and the path fits into a socket's address."""
    async with desk_at(home) as (_desk, path):
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert len(os.fsencode(path)) < LONGEST_PATH
    assert not path.exists()


@looped
async def test_a_long_home_has_its_socket_elsewhere(tmp_path: Path) -> None:
    """In a private folder, which goes when the desk is closed."""
    async with desk_at(tmp_path / ("x" * LONGEST_PATH)) as (_desk, path):
        assert len(os.fsencode(path)) < LONGEST_PATH
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert await asked(path, question("echo", text="a")) == [{"heard": "a"}]
    assert not path.parent.exists()


@looped
async def test_a_bad_client_costs_the_others_nothing(home: Path) -> None:
    """No JSON, no object, no such question, too long a line: an error or a closed connection, for that client alone."""
    async with desk_at(home) as (_desk, path):
        good_reader, good_writer = await asyncio.open_unix_connection(path)
        for bad in (b"{\n", b"[1]\n", b'"text"\n', b"\xff\xfe\n", question("unknown"), b"[" * 100_000 + b"\n"):
            assert "error" in (await asked(path, bad))[0], bad[:20]
        assert await asked(path, b"x" * (MOST_BYTES + 10) + b"\n") == []
        good_writer.write(question("echo", text="still here"))
        assert json.loads(await asyncio.wait_for(good_reader.readline(), PATIENCE)) == {"heard": "still here"}
        good_writer.close()


@looped
async def test_a_handlers_fault_is_told_without_its_story(home: Path) -> None:
    """Our own errors in words, anything else without what it says."""

    async def refuse(_: dict[str, Any]) -> dict[str, Any]:
        raise DevMeshError("not now")

    async def fail(_: dict[str, Any]) -> dict[str, Any]:
        raise RuntimeError("secret")

    async with desk_at(home) as (desk, path):
        desk.on("refuse", refuse)
        desk.on("fail", fail)
        refused, failed = await asked(path, question("refuse"), question("fail"))
        assert refused == {"error": "not now"}
        assert "secret" not in failed["error"]


@looped
async def test_a_client_that_leaves_takes_its_question_along(home: Path) -> None:
    """The handler is cancelled: nobody waits for a lock that nobody wants any more."""
    begun, ended = asyncio.Event(), asyncio.Event()

    async def wait(_: dict[str, Any]) -> dict[str, Any]:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return {}

    async with desk_at(home) as (desk, path):
        desk.on("wait", wait)
        _reader, writer = await asyncio.open_unix_connection(path)
        writer.write(question("wait"))
        await asyncio.wait_for(begun.wait(), PATIENCE)
        writer.close()
        await asyncio.wait_for(ended.wait(), PATIENCE)


@looped
async def test_a_crowd_is_turned_away(home: Path) -> None:
    """More connections than it has room for are closed at once; those inside are served."""
    async with desk_at(home) as (_desk, path):
        crowd = [await asyncio.open_unix_connection(path) for _ in range(MOST_CLIENTS)]
        assert await asked(path, question("echo", text="late")) == []
        crowd[0][1].write(question("echo", text="early"))
        assert json.loads(await asyncio.wait_for(crowd[0][0].readline(), PATIENCE)) == {"heard": "early"}
        for _reader, writer in crowd:
            writer.close()


@looped
async def test_what_a_killed_bridge_left_is_removed(short_home: Path) -> None:
    """Its socket, and only its: the next desk in that home clears up."""
    folder = short_home / "desk"
    folder.mkdir(parents=True)
    (folder / f"{2**22 + 1}-aa.sock").touch()
    (folder / f"{os.getpid()}-bb.sock").touch()
    async with desk_at(short_home):
        assert not (folder / f"{2**22 + 1}-aa.sock").exists()
        assert (folder / f"{os.getpid()}-bb.sock").exists()
