"""A coordinator in a process of its own that is killed, stopped and cut off again and again, and clients that insist.

Every call is kept with its times and its answer; what was answered must be on record, in order, and explainable.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random

from devmesh.address import home_of, read_connection
from devmesh.errors import DevMeshError
from devmesh.settings import Settings
from devmesh.vocabulary.terms import Role
from tests.faults.authors import Author
from tests.faults.callers import IMPATIENCE, Caller, Figures, lock, post

PROGRAM = Path(__file__).parents[1] / "coordinator" / "killed_coordinator.py"
CALLERS, AUTHORS = 4, 2


class Process:
    """The coordinator, restarted whenever it is gone."""

    def __init__(self, project: Path, base: Path) -> None:
        self._command = [sys.executable, str(PROGRAM), str(project), str(base)]
        self.home = home_of(project, Settings.load(home=base))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin, and return once it is ready."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        assert said == b"ready\n", said

    def signal(self, number: int) -> None:
        """SIGSTOP, SIGCONT."""
        assert self._process is not None
        os.kill(self._process.pid, number)

    def kill(self) -> None:
        """SIGKILL, and wait for its end."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


class Proxy:
    """Between clients and coordinator: late, cut in the middle, silent, or with a wrong byte.

    A wrong byte is one that no text can have there. One that makes another path of a path is beyond any protocol
    without sums of its own; TCP has them, and on one machine nothing passes a wire.
    """

    def __init__(self, chance: Random, home: Path, figures: Figures) -> None:
        self._chance, self._home, self._figures = chance, home, figures
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.faulty = True

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Accept connections until the block ends."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()
            self.cut()

    def cut(self) -> None:
        """Every connection breaks."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there = await asyncio.open_connection("127.0.0.1", read_connection(self._home).port)
        except (OSError, DevMeshError):
            writer.transport.abort()
            return
        self._writers |= {writer, there[1]}
        fate = self._chance.choice(["good", "good", "late", "cut", "silent", "garbled"]) if self.faulty else "good"
        ways = (self._pump(reader, there[1], fate), self._pump(there[0], writer, fate if fate != "garbled" else "good"))
        with suppress(OSError, asyncio.CancelledError):  # cancelled: the test is over
            await asyncio.gather(*ways)
        for one in (writer, there[1]):
            self._writers.discard(one)
            one.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fate: str) -> None:
        left = self._chance.randint(300, 12_000)
        while data := await reader.read(65_536):
            left -= len(data)
            if fate == "late":
                await asyncio.sleep(self._chance.uniform(0, 0.05))
            if fate not in {"good", "late"} and left < 0:
                data = await self._break(data, writer, fate)
            writer.write(data)
            await writer.drain()

    async def _break(self, data: bytes, writer: asyncio.StreamWriter, fate: str) -> bytes:
        """Half a frame and the end; nothing for a long time; or one wrong byte."""
        if fate == "silent":
            await asyncio.sleep(3 * IMPATIENCE)
        if fate == "garbled":
            self._figures.garbled += 1
            place = self._chance.randrange(len(data))
            return data[:place] + bytes([data[place] ^ 0x80]) + data[place + 1 :]
        writer.write(data[: len(data) // 2])
        await writer.drain()
        raise ConnectionResetError


AFTERWARDS = 90.0
"Seconds in which everybody must have come to an end, once nothing goes wrong any more."


async def chaos(folder: Path, seed: int, seconds: float) -> Figures:
    """So many seconds of trouble; the record lies in `folder` afterwards, its writer killed."""
    figures, chance = Figures(), Random(seed)
    project = folder / "project"
    project.mkdir()
    process = Process(project, folder / "state")
    await asyncio.to_thread(process.start)
    proxy = Proxy(chance, process.home, figures)
    end = time.monotonic() + seconds
    try:
        async with proxy.listening():
            agents = [Caller(Role.AGENT, proxy, process.home, figures) for _ in range(CALLERS)]
            person = Caller(Role.OPERATOR, proxy, process.home, figures)
            going = lambda: time.monotonic() < end  # noqa: E731
            work = [lock(agent, Random(seed * 31 + n), f"c{n}", figures, going) for n, agent in enumerate(agents)]
            authors = [Author(f"a{n}", proxy, process.home, project, figures) for n in range(AUTHORS)]
            work += [author.work(Random(seed * 37 + n), going) for n, author in enumerate(authors)]
            async with asyncio.timeout(seconds + AFTERWARDS):  # some call is never answered as it should be
                await asyncio.gather(*work, post(person, figures, going), trouble(process, proxy, chance, figures, end))
            for one in (*agents, *authors, person):
                await one.close()
    finally:
        process.kill()
    return figures


async def trouble(process: Process, proxy: Proxy, chance: Random, figures: Figures, end: float) -> None:
    """One thing after the other goes wrong; in the end everything works, so that every call gets its answer."""
    while time.monotonic() < end:
        await asyncio.sleep(chance.uniform(0.2, 1.2))
        match chance.choice(["kill", "kill", "stop", "cut"]):
            case "kill":
                figures.kills += 1
                await asyncio.to_thread(process.kill)
                await asyncio.to_thread(process.start)
            case "stop":
                figures.stops += 1
                process.signal(signal.SIGSTOP)
                await asyncio.sleep(chance.uniform(0.2, 1.5 * IMPATIENCE))
                process.signal(signal.SIGCONT)
            case _:
                figures.cuts += 1
                proxy.cut()
    proxy.faulty = False
    proxy.cut()
