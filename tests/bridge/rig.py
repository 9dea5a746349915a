"""Both ends of the wire for tests: a small server that answers as it is told, and bridges on a real coordinator."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import psutil
from msgspec.structs import replace
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed

from devmesh.address import Connection, read_connection, write_connection
from devmesh.bridge.conversation import Conversation, Place
from devmesh.bridge.link import Link
from devmesh.bridge.tools import catalogue
from devmesh.bridge.tools.entry import Talk
from devmesh.bridge.tools.generic import GenericTool
from devmesh.bridge.workspace import Workspaces
from devmesh.repository import Repository
from devmesh.settings import Settings
from devmesh.vocabulary.codec import Delivery, Message, Recorded, decode_message, encode
from devmesh.vocabulary.facts import AnyFact, SessionOpened, SessionResumed
from devmesh.vocabulary.requests import AnyRequest, PostTask, Watch
from devmesh.vocabulary.terms import Role
from tests.coordinator.rig import Running, running

F = TypeVar("F")

PATIENCE = 20.0
"Seconds after which something is taken not to happen: far beyond what anything takes."


async def until(condition: Callable[[], object], patience: float = PATIENCE) -> None:
    """Return once it holds: for what announces itself to nobody, like the end of a process."""
    async with asyncio.timeout(patience):
        while not condition():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.01)


Answer = Callable[[Message], Iterable[AnyFact] | None]


def nothing(_: Message) -> Iterable[AnyFact]:
    """The answer of a mesh in which nothing had to change."""
    return ()


class WireServer:
    """A coordinator without rules: it numbers what it tells, answers once per request, and can be killed."""

    def __init__(self, home: Path, answer: Answer = nothing) -> None:
        self.home = home
        self.answer = answer
        self.greeting: Callable[[bool], Iterable[AnyFact]] = lambda _resumed: ()
        "What is told beside the session when somebody connects."
        self.epoch = 1
        self.tokens = {role: f"secret-of-{role}-{'x' * 20}" for role in Role}
        self.heard: list[Message] = []
        "Every message, repeated ones as often as they came."
        self.handshakes: list[tuple[str, Headers]] = []
        self.forgetful = False
        "Whether a known key opens a new session."
        self.deaf = asyncio.Event()
        self._sequence = 0
        self._sessions: dict[str, int] = {}
        self._replies: dict[int, tuple[Recorded, ...]] = {}
        self._sockets: set[ServerConnection] = set()
        self._server: Server | None = None
        self._news = asyncio.Condition()

    async def start(self) -> Connection:
        """Listen on any free port, and publish it."""
        self._server = await serve(self._converse, "127.0.0.1", 0, compression=None)
        port = self._server.sockets[0].getsockname()[1]
        return self.publish(f"ws://127.0.0.1:{port}", port)

    def publish(self, url: str, port: int = 1) -> Connection:
        """Write the connection file."""
        connection = Connection(
            project="/nowhere",
            home=str(self.home),
            url=url,
            port=port,
            pid=os.getpid(),
            pid_create_time=psutil.Process().create_time(),
            epoch=self.epoch,
            version="0",
            tokens=self.tokens,
        )
        write_connection(connection)
        return connection

    async def kill(self) -> None:
        """Vanish as a killed process does: no goodbye, no more port."""
        for socket in self._sockets:
            socket.transport.abort()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def tell(self, *facts: AnyFact) -> None:
        """News for everybody connected."""
        delivery = Delivery(facts=self._numbered(facts))
        for socket in self._sockets:
            await socket.send(encode(delivery), text=True)

    async def repeat(self, number: int) -> None:
        """Send that answer, late."""
        for socket in self._sockets:
            await socket.send(encode(Delivery(facts=self._replies[number], reply_to=number)), text=True)

    async def heard_of(self, kind: type[F], count: int = 1) -> list[F]:
        """The requests of that kind, once there are so many."""
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(lambda: len(self._of(kind)) >= count)
        return self._of(kind)

    def _of(self, kind: type[F]) -> list[F]:
        return [message.request for message in self.heard if isinstance(message.request, kind)]

    def _numbered(self, facts: Iterable[AnyFact], message: Message | None = None) -> tuple[Recorded, ...]:
        numbered = []
        for fact in facts:
            self._sequence += fact.recorded
            sequence = self._sequence if fact.recorded else 0
            numbered.append(Recorded(sequence=sequence, fact=fact, request=message.id if message else None))
        return tuple(numbered)

    async def _converse(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.handshakes.append((socket.request.path, socket.request.headers))
        await socket.send(encode(Delivery(facts=self._numbered(self._greeting(socket)))), text=True)
        self._sockets.add(socket)
        try:
            async for frame in socket:
                await self._hear(socket, decode_message(frame))
        except ConnectionClosed:
            pass
        finally:
            self._sockets.discard(socket)

    def _greeting(self, socket: ServerConnection) -> Iterable[AnyFact]:
        assert socket.request is not None
        key = socket.request.headers["X-DevMesh-Key"]
        known = self._sessions.get(key)
        if known is not None and not self.forgetful:
            return SessionResumed(session=known, connection=1), *self.greeting(True)
        self._sessions[key] = len(self.handshakes)
        opened = SessionOpened(session=self._sessions[key], connection=1, role=Role.AGENT, key="0" * 64)
        return opened, *self.greeting(False)

    async def _hear(self, socket: ServerConnection, message: Message) -> None:
        self.heard.append(message)
        if message.id not in self._replies and (facts := self.answer(message)) is not None:
            self._replies[message.id] = self._numbered(facts, message)
        async with self._news:
            self._news.notify_all()
        if message.id in self._replies and not self.deaf.is_set():
            delivery = Delivery(facts=self._replies[message.id], reply_to=message.id)
            await socket.send(encode(delivery), text=True)


@asynccontextmanager
async def serving(home: Path, answer: Answer = nothing) -> AsyncIterator[WireServer]:
    """A server, published in `home`."""
    server = WireServer(home, answer)
    await server.start()
    try:
        yield server
    finally:
        await server.kill()


@asynccontextmanager
async def linked(home: Path, role: Role = Role.AGENT, **options: Any) -> AsyncIterator[Link]:
    """An open link to whatever is published in `home`."""
    async with Link(lambda: read_connection(home), role, **options) as link:
        yield link


# ---- bridges on a real coordinator ----


def scripted(**changes: Any) -> GenericTool:
    """The scripted CLI, with these keys of its row of the registry changed."""
    known = catalogue.find("scripted")
    return GenericTool(known._replace(entry=replace(known.entry, **changes)))


ASKING = Talk(
    protocol="claude",
    command=("{executable}", "-P", "-m", "devmesh.scripted", "--talk", "{conversation}"),
    new=("--session", "{session}"),
    resume=("--resume", "{resume}"),
)
"How the scripted CLI is talked with in both directions."


class Person:
    """The operator: asks, and sees every fact."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.facts: list[AnyFact] = []
        self._more = asyncio.Event()
        link.subscribe(self._hear)

    def _hear(self, recorded: Recorded) -> None:
        self.facts.append(recorded.fact)
        self._more.set()

    async def say(self, request: AnyRequest) -> Any:
        """Ask, and return the first fact of the answer."""
        return (await self.link.request(request)).facts[0].fact

    async def post(self, script: str, **options: Any) -> int:
        """Post a task that a scripted CLI understands; returns its number."""
        prompt = script if "```" in script else f"```script\n{script}\n```\n"
        return int((await self.say(PostTask(prompt=prompt, title="a task", **options))).task)

    async def sees(self, kind: type[F], count: int = 1, **fields: object) -> F:
        """The fact of that kind with those fields, the `count`-th of them, once it is there."""
        async with asyncio.timeout(PATIENCE):
            while len(found := self.seen(kind, **fields)) < count:
                self._more.clear()
                await self._more.wait()
        return found[count - 1]

    def seen(self, kind: type[F], **fields: object) -> list[F]:
        """The facts of that kind with those fields, so far."""
        return [
            fact
            for fact in self.facts
            if isinstance(fact, kind) and all(getattr(fact, name) == value for name, value in fields.items())
        ]


class Mesh:
    """A real mesh in a test's loop: its coordinator, its person, and bridges by name."""

    def __init__(self, project: Path, settings: Settings, mesh: Running, person: Person) -> None:
        self.project = project
        self.settings = settings
        self.coordinator = mesh.coordinator
        self.home = mesh.coordinator.home
        self.person = person

    @asynccontextmanager
    async def bridge(
        self, *options: str, tool: GenericTool | None = None, told: list[str] | None = None
    ) -> AsyncIterator[Conversation]:
        """A bridge of the scripted CLI in this process, from its joining to its leaving. `told`: its progress lines."""
        found = tool or GenericTool.find("scripted")
        workspaces = Workspaces(Repository(self.project, self.home))
        place = Place(self.project, self.home / "logs", (told if told is not None else []).append)
        async with linked(self.home) as link:
            conversation = Conversation(link, found, workspaces, place, options)
            task = asyncio.create_task(conversation.run())
            try:
                yield conversation
            finally:
                conversation.leave("the test is over")
                await task


@asynccontextmanager
async def meshed(project: Path, settings: Settings) -> AsyncIterator[Mesh]:
    """A coordinator and its person."""
    async with running(project, settings) as mesh, linked(mesh.coordinator.home, Role.OPERATOR) as link:
        person = Person(link)
        await link.request(Watch())
        yield Mesh(project, settings, mesh, person)


async def tool_of(mesh: Mesh) -> psutil.Process:
    """The tool that runs in one of our workspaces."""
    await until(lambda: tools_of(mesh))
    return tools_of(mesh)[0]


def tools_of(mesh: Mesh) -> list[psutil.Process]:
    """Every process that works in a workspace of this mesh."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if str(mesh.home) in process.cwd() and "devmesh.scripted" in process.cmdline()[1:5]:
                found.append(process)
        except psutil.Error:
            continue
    return found


async def gone(mesh: Mesh) -> None:
    """Return once no tool runs and no workspace is left."""
    await until(lambda: not tools_of(mesh) and not any((mesh.home / "workspaces").glob("*")))
