"""What 950 connected agents cost: memory of each while idle, and telling all of them of one task.

`python tests/bench/bench_agents.py`. The agents are bare sockets in this process; servers run in their own.
"""

from __future__ import annotations

import asyncio
import base64
import os
import resource
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import cast

from psutil import Process
from websockets.asyncio.client import connect
from websockets.frames import Frame, Opcode

from devmesh.vocabulary import facts, requests
from devmesh.vocabulary.codec import Message, encode
from devmesh.vocabulary.terms import Role
from tests.bench.bench_coordinator import Server, project, server
from tests.bench.serving import EVERYONE
from tests.coordinator.rig import WIRE, Client

AGENTS = 950
"A mesh takes a thousand; those that went a moment ago still count."
AT_ONCE = 50
"Connections being made at a time."
ROUNDS = 5
PROMPT = "x" * 1_000
"A task of about a kilobyte, which is what each agent is sent."


class Socket(asyncio.Protocol):
    """One agent: it says what it is told to, and waits for a text among what it hears."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self.transport = cast("asyncio.Transport", transport)
        self.heard = b""
        self.wanted = b"\r\n\r\n"
        self.found: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        """Until it is there, all is kept; what follows it is forgotten."""
        self.heard += data
        if not self.found.done() and self.wanted in self.heard:
            self.found.set_result(perf_counter())

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody waits for ever."""
        if not self.found.done():
            self.found.set_exception(exc or ConnectionError("the server let it go"))

    def expect(self, text: bytes) -> None:
        """Wait for this from now on."""
        self.heard, self.wanted = b"", text
        self.found = asyncio.get_running_loop().create_future()

    def say(self, text: bytes) -> None:
        """One message."""
        self.transport.write(Frame(Opcode.TEXT, text).serialize(mask=True))


async def connected(at: Server) -> Socket:
    """One agent behind the door, and in the mesh where there is one."""
    host, port = at.url.removeprefix("ws://").rstrip("/").split(":")
    _, socket = await asyncio.get_running_loop().create_connection(Socket, host, int(port))
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        "GET / HTTP/1.1",
        f"Host: {host}:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
        *(f"{name}: {value}" for name, value in at.headers(Role.AGENT, os.urandom(16).hex()).items()),
    ]
    socket.transport.write("\r\n".join([*lines, "", ""]).encode())
    await socket.found
    if at.tokens:
        socket.expect(b"agent_joined")
        socket.say(encode(Message(id=1, request=requests.Join(tool="bench"))))
        await socket.found
    return socket


async def crowd(at: Server) -> list[Socket]:
    """All of them."""
    found: list[Socket] = []
    while len(found) < AGENTS:
        found += await asyncio.gather(*(connected(at) for _ in range(AT_ONCE)))
    return found


def leave(agents: list[Socket]) -> None:
    """Without a goodbye: else the server would wait for each of them when it ends."""
    for agent in agents:
        agent.transport.abort()


def resident(at: Server) -> int:
    """Bytes of memory that the server has."""
    return int(Process(at.pid).memory_info().rss)


async def per_agent(at: Server) -> tuple[list[Socket], float]:
    """The agents, and the server's bytes for each. A few came and went before, so that code is loaded and paid for."""
    for socket in await asyncio.gather(*(connected(at) for _ in range(10))):
        socket.transport.close()
    await asyncio.sleep(1)
    before = resident(at)
    agents = await crowd(at)
    await asyncio.sleep(1)
    return agents, (resident(at) - before) / AGENTS


async def heard_by_all(agents: list[Socket], text: bytes, begin: Callable[[], Awaitable[None]]) -> float:
    """Seconds from the beginning until the last of them heard it."""
    for agent in agents:
        agent.expect(text)
    began = perf_counter()
    await begin()
    return max(await asyncio.gather(*(agent.found for agent in agents))) - began


async def mesh_figures(at: Server) -> tuple[float, float, int]:
    """Bytes of each idle agent; seconds to offer all of them a task, and the bytes each of them is sent for it."""
    agents, memory = await per_agent(at)
    key = os.urandom(16).hex()
    person = Client(await connect(at.url, additional_headers=at.headers(Role.OPERATOR, key), **WIRE), key)
    await person.hear()
    seconds = []
    for number in range(ROUNDS):

        async def live(number: int = number) -> None:
            for agent in agents:
                agent.say(encode(Message(id=2 + number, request=requests.Heartbeat())))

        async def post() -> None:
            await person.say(requests.PostTask(prompt=PROMPT, title=PROMPT[:400]))

        await heard_by_all(agents, b"leases_renewed", live)
        seconds.append(await heard_by_all(agents, b"bidding_opened", post))
        await person.hear_of(facts.TaskPosted)
        await person.ask(requests.CancelTask(task=number + 1))
    size = len(agents[0].heard)
    await person.socket.close()
    leave(agents)
    return memory, median(seconds), size


async def floor_seconds(at: Server, size: int) -> float:
    """Seconds until all have as many bytes, which were put into one frame once."""
    agents = await crowd(at)

    async def send() -> None:
        agents[0].say(EVERYONE + b" " * (size - len(EVERYONE) - 4) + b"end!")

    seconds = [await heard_by_all(agents, b"end!", send) for _ in range(ROUNDS)]
    leave(agents)
    return median(seconds)


async def figures(folder: Path) -> dict[str, float]:
    """One server after the other."""
    async with server("mesh", folder) as ours:
        memory, fanout, size = await mesh_figures(ours)
    async with server("echo", folder) as plain:
        agents, bare = await per_agent(plain)
        leave(agents)
    async with server("floor", folder) as floor:
        once = await floor_seconds(floor, size)
    found = {"fanout_ms": fanout * 1e3, "fanout_once_ms": once * 1e3, "fanout_bytes_each": float(size)}
    found |= {"agent_bytes": memory, "connection_bytes": bare}
    return found | {"fanout_950": fanout / once, "agent_memory": memory / bare}


def bench() -> dict[str, float]:
    """Every figure by name."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4 * AGENTS)), hard))
    with tempfile.TemporaryDirectory(prefix="devmesh-bench-") as folder:
        return asyncio.run(figures(project(Path(folder))))


if __name__ == "__main__":
    for name, figure in bench().items():
        print(f"{name:<32}{figure:>14,.4f}")  # noqa: T201 - a bench prints
