"""The desk: its own bridge's programs are answered, in order; who asks badly, floods or leaves costs others nothing."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from devmesh.bridge.desk import LONGEST_PATH, MOST_BYTES, MOST_CLIENTS, MOST_STRANGERS, Desk
from devmesh.bridge.tools.catalogue import packages
from devmesh.errors import DevMeshError
from tests.bridge import other_bridge
from tests.coordinator.rig import looped

PATIENCE = 10.0
linux = pytest.mark.skipif(not hasattr(socket, "SO_PEERCRED"), reason="only Linux tells who is at the other end")


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


# ---- whose programs are answered ----


class OtherBridge:
    """Another process with a desk, and programs of its own."""

    def __init__(self, home: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, other_bridge.__file__, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": packages()},
        )
        self.desk = self._line()

    def program_asks(self, desk: str, how: str = "child") -> Any:
        """What a program of this bridge is told at that desk."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{how} {desk}\n")
        self._process.stdin.flush()
        return json.loads(self._line())

    def close(self) -> None:
        """It has no more to ask."""
        self._process.communicate(timeout=60)

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextmanager
def two_bridges(home: Path) -> Iterator[tuple[OtherBridge, OtherBridge]]:
    """Of one mesh, or as good as."""
    with ExitStack() as ends:
        bridges = []
        for name in ("one", "other"):
            (home / name).mkdir()
            bridges.append(OtherBridge(home / name))
            ends.callback(bridges[-1].close)
        yield bridges[0], bridges[1]


@linux
@pytest.mark.parametrize("how", ["child", "daemon"])
def test_a_bridges_own_programs_are_answered_and_another_bridges_are_not(short_home: Path, how: str) -> None:
    """Also one that went into a session of its own and lost its parent; whatever the folder and the user allow."""
    with two_bridges(short_home) as (one, other):
        assert one.program_asks(one.desk, how) == {"desk": "one"}
        assert other.program_asks(other.desk, how) == {"desk": "other"}
        for asking, asked_at in ((one, other), (other, one)):
            refused = asking.program_asks(asked_at.desk, how)
            assert list(refused) == ["error"]
            assert "only what this agent's bridge started is answered here" in refused["error"]


@linux
def test_who_started_the_bridge_is_not_answered_either(short_home: Path) -> None:
    """Below it is below it: this process is above."""
    with two_bridges(short_home) as (one, _other):
        assert list(asyncio.run(asked(Path(one.desk), question("whose")))[0]) == ["error"]


@linux
@looped
async def test_strangers_take_no_place_of_those_who_are_answered(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As many as there are places, all silent: as many of our own come in beside them, and the log says who came."""
    async with desk_at(home) as (_desk, path):
        with monkeypatch.context() as strange:
            strange.setattr("devmesh.bridge.desk.why_not_ours", lambda _: "it is strange")
            strange.setattr("devmesh.bridge.desk.PATIENCE", 100 * PATIENCE)
            crowd = [await asyncio.open_unix_connection(path) for _ in range(MOST_CLIENTS)]
            for reader, _writer in crowd[MOST_STRANGERS:]:
                assert await asyncio.wait_for(reader.read(), PATIENCE) == b""
        crowd += [await asyncio.open_unix_connection(path) for _ in range(MOST_CLIENTS - 1)]
        assert await asked(path, question("echo", text="own")) == [{"heard": "own"}]
        assert not crowd[0][0].at_eof()
        assert "somebody at the desk is not answered: it is strange" in caplog.text
        for _reader, writer in crowd:
            writer.close()


@linux
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@looped
async def test_a_program_that_became_another_user_is_not_answered(short_home: Path) -> None:
    """Though we started it, and with the modes of the folder and the socket opened up."""
    async with desk_at(short_home) as (desk, path):

        async def whose(_: dict[str, Any]) -> dict[str, Any]:
            return {"desk": "ours"}

        def told(user: int) -> Any:
            words = ["/usr/bin/env", "python3", "-I", "-c", other_bridge.ASKS, "child", str(path)]
            environment = {"PATH": "/usr/bin:/bin"}
            said = subprocess.run(words, user=user, capture_output=True, cwd="/", env=environment, check=False)
            return json.loads(said.stdout)

        desk.on("whose", whose)
        for one in (short_home, path.parent, path):
            one.chmod(0o777)
        assert "it runs as user 65534" in (await asyncio.to_thread(told, 65534))["error"]
        assert await asyncio.to_thread(told, os.geteuid()) == {"desk": "ours"}
