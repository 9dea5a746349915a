"""A real coordinator on a real socket in a test's own loop, and clients that speak the bare wire."""

from __future__ import annotations

import asyncio
import functools
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path
from typing import Any, ParamSpec, Self, TypeVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from devmesh.address import Connection
from devmesh.coordinator.guard import SECRET
from devmesh.coordinator.hosts import loop_factory
from devmesh.coordinator.inbox import Inbox
from devmesh.coordinator.loop import Coordinator
from devmesh.core.events import Event
from devmesh.settings import Settings
from devmesh.vocabulary.codec import Delivery, Message, decode_delivery, encode
from devmesh.vocabulary.facts import LockGranted
from devmesh.vocabulary.requests import AnyRequest, Join, RequestLock
from devmesh.vocabulary.terms import LockMode, Role

P = ParamSpec("P")
F = TypeVar("F")

PATIENCE = 20.0
"Seconds after which an answer is taken not to come: far beyond what any takes."


def looped(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run an async test on a loop of its own, of the kind a notebook's coordinator has."""

    @functools.wraps(test)
    def run(*arguments: P.args, **options: P.kwargs) -> None:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(test(*arguments, **options))

    return run


async def eventually(claim: Callable[[], bool]) -> None:
    """Return as soon as it is true. For what another thread or process does, and nobody signals."""
    async with asyncio.timeout(PATIENCE):
        while not claim():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def drained(inbox: Inbox, most: int | None = None) -> list[Event]:
    """Everything that waits, in its order."""
    return list(islice(iter(inbox.next, None), most))


class Client:
    """Speaks the wire and remembers everything it was told, in order."""

    def __init__(self, socket: ClientConnection, key: str, last: int = 0) -> None:
        self.socket = socket
        self.key = key
        self.last = last
        "The number of its last request."
        self.heard: list[Delivery] = []

    @classmethod
    async def connect(
        cls, connection: Connection, role: Role = Role.AGENT, *, key: str | None = None, last: int = 0
    ) -> Self:
        """Come in by the door, and take in the greeting."""
        key = key or secrets.token_urlsafe(32)
        socket = await connect(connection.url, additional_headers=headers(connection, role, key), **WIRE)
        client = cls(socket, key, last)
        await client.hear()
        return client

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Hang up."""
        await self.socket.close()

    async def hear(self) -> Delivery:
        """The next delivery."""
        async with asyncio.timeout(PATIENCE):
            self.heard.append(decode_delivery(await self.socket.recv()))
        return self.heard[-1]

    async def closing(self, *, before: int | None = None) -> tuple[int, str]:
        """Listen to the end, where request `before` must not be answered; the code and reason it ends with."""
        try:
            while True:
                assert (await self.hear()).reply_to != (before or -1)
        except ConnectionClosed:
            return self.socket.close_code or 0, self.socket.close_reason or ""

    async def hear_of(self, kind: type[F]) -> F:
        """The next fact of that kind, whenever it comes."""
        while True:
            for recorded in (await self.hear()).facts:
                if isinstance(recorded.fact, kind):
                    return recorded.fact

    async def say(self, request: AnyRequest) -> int:
        """Send a request and do not wait."""
        self.last += 1
        await self.send(self.last, request)
        return self.last

    async def send(self, number: int, request: AnyRequest) -> None:
        """Send it under that very number."""
        await self.socket.send(encode(Message(id=number, request=request)), text=True)

    async def answer(self, number: int) -> Delivery:
        """The answer to that request, whatever else is told before."""
        while (delivery := await self.hear()).reply_to != number:
            pass
        return delivery

    async def ask(self, request: AnyRequest) -> tuple[Any, ...]:
        """The facts that answer it."""
        return tuple(recorded.fact for recorded in (await self.answer(await self.say(request))).facts)

    async def join(self, tool: str = "tool") -> str:
        """Become an agent, and learn under which name."""
        return str((await self.ask(Join(tool=tool)))[0].agent)

    async def lock(self, target: str, mode: LockMode = LockMode.WRITE, wait: float | None = None) -> int:
        """Take a lock that is free; its token."""
        granted = (await self.ask(RequestLock(targets=(target,), mode=mode, wait=wait)))[0]
        assert isinstance(granted, LockGranted), granted
        return granted.token


WIRE: dict[str, Any] = {"compression": None, "max_size": None, "ping_interval": None, "proxy": None, "close_timeout": 1}


def headers(connection: Connection, role: Role, key: str) -> dict[str, str]:
    """What a handshake has to bring."""
    return {"Authorization": f"Bearer {connection.tokens[role]}", SECRET: key}


class Running:
    """A coordinator that runs, and how it is reached."""

    def __init__(self, coordinator: Coordinator, connection: Connection, task: asyncio.Task[None]) -> None:
        self.coordinator = coordinator
        self.connection = connection
        self.task = task

    async def agent(self, tool: str = "tool") -> Client:
        """A client that has joined."""
        client = await Client.connect(self.connection)
        await client.join(tool)
        return client

    async def operator(self) -> Client:
        """The person."""
        return await Client.connect(self.connection, Role.OPERATOR)


@asynccontextmanager
async def running(project: Path, settings: Settings, **options: Any) -> AsyncIterator[Running]:
    """A coordinator from its first fact to its last; fails with what it failed with."""
    coordinator = Coordinator(project, settings, **options)
    ready: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(coordinator.run(ready.set_result))
    waiting: list[asyncio.Future[Any]] = [ready, task]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    if not ready.done():
        await task
    try:
        yield Running(coordinator, ready.result(), task)
    finally:
        await coordinator.stop("the test is over")
        await asyncio.wait([task])
    await task
