"""A tool that a person runs by hand, beside the mesh: it joins as an agent that talks and locks, and is given no work.

It joins with its first call, so that a mesh may come and go while the tool runs.
"""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from devmesh.address import Connection, find_connection, read_connection
from devmesh.bridge.heartbeat import Heartbeat
from devmesh.bridge.inbox import Inbox
from devmesh.bridge.link import Link, LinkState
from devmesh.bridge.locks import Locks
from devmesh.bridge.mcp.handlers import Handlers, Seat
from devmesh.errors import DevMeshError, MeshLost
from devmesh.processes.trial import NOTHING
from devmesh.settings import Settings
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.facts import AgentDismissed, AgentJoined, AgentLeft, AgentLost, SessionOpened
from devmesh.vocabulary.requests import Join, Leave
from devmesh.vocabulary.terms import Resources, Role

TOOL: Final = "mcp"
"What such an agent is called, with a number behind it."
_PATIENCE, _FAREWELL = 5.0, 0.5
"Seconds to get through to a mesh, and to say goodbye."


class Guest:
    """Serves the tools of a person's own CLI, as an agent of its own."""

    def __init__(self, project: Path, settings: Settings | None = None) -> None:
        self._project = project
        self._settings = settings or Settings.load()
        self._present: _Presence | None = None
        self._joining = asyncio.Lock()

    async def call(self, name: str, arguments: dict[str, Any]) -> str:
        """Join if need be, then do it. Raises NoMesh, with what to do, while none runs for the project."""
        async with self._joining:
            if self._present is None or not self._present.joined:
                await self._leave()
                self._present = await _Presence.join(find_connection(self._project, self._settings))
        return await self._present.handlers.call(name, arguments)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._leave()

    async def _leave(self) -> None:
        present, self._present = self._present, None
        if present is not None:
            await present.leave()


class _Presence:
    """One stay in one mesh, from joining to leaving."""

    def __init__(self, connection: Connection) -> None:
        home = Path(connection.home)
        self.agent: str | None = None
        self._link = Link(lambda: read_connection(home), Role.AGENT)
        self._heartbeat = Heartbeat(self._link, Resources, self._gone)
        self._locks = Locks(self._link, self._heartbeat.now)
        self._heartbeat.tokens = lambda: self._locks.tokens
        self._heartbeat.renewed = self._locks.renewed
        self._inbox = Inbox(self._link)
        self._beating: asyncio.Task[None] | None = None
        self._leaving: asyncio.Future[None] | None = None
        self.handlers = Handlers(
            Seat(self._link, self._locks, Path(connection.project), home, lambda: self.agent, self._inbox, guest=True)
        )

    @classmethod
    async def join(cls, connection: Connection) -> Self:
        """Be an agent of that mesh."""
        presence = cls(connection)
        presence._link.subscribe(presence._heard)
        try:
            await presence._link.open(_PATIENCE)
        except TimeoutError:
            raise MeshLost("the mesh of this project does not answer", hint="Try again in a while.") from None
        try:
            await presence._join()
        except BaseException:
            await presence._link.close()
            raise
        return presence

    @property
    def joined(self) -> bool:
        """Whether the mesh knows us, as far as we have heard."""
        return self.agent is not None and self._link.state is not LinkState.CLOSED

    async def leave(self) -> None:
        """Say goodbye where anybody listens: locks are free at once."""
        if self._beating is not None:
            self._beating.cancel()
        await self.handlers.close()
        if self.agent is not None and self._link.state is LinkState.OPEN:
            with suppress(DevMeshError, TimeoutError):
                await self._link.ask(Leave(reason="the tool ended"), timeout=_FAREWELL)
        await self._link.close()

    async def _join(self) -> None:
        request = Join(tool=TOOL, host=socket.gethostname()[:100], pid=os.getpid(), works=False, confined=NOTHING)
        joined = (await self._link.request(request, timeout=_PATIENCE)).find(AgentJoined)
        if joined is None:
            raise MeshLost("the mesh did not say whether we joined")
        self.agent = joined.agent
        self._heartbeat.interval = joined.limits_heartbeat
        self._locks.trust(joined.lease, joined.margin)
        self._beating = asyncio.create_task(self._heartbeat.run())

    def _heard(self, recorded: Recorded) -> None:
        self._locks.heard(recorded)
        self._inbox.heard(recorded)
        self.handlers.heard(recorded)
        match recorded.fact:
            case AgentLost(agent=name) | AgentLeft(agent=name) if name == self.agent:
                self._gone()
            case AgentDismissed(agent=name) if name == self.agent:
                self._leaving = asyncio.ensure_future(self.leave())
            case SessionOpened() if self.agent is not None:
                self._gone()
            case _:
                return

    def _gone(self) -> None:
        """The mesh gave us up: the next call joins again."""
        self.agent = None
        self._locks.forget()
        self._inbox.forget()
