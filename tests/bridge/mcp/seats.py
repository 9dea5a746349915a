"""Agents of a real mesh with the tools of the MCP server in their hands, without any process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from devmesh.bridge.heartbeat import Heartbeat
from devmesh.bridge.inbox import Inbox
from devmesh.bridge.locks import Locks
from devmesh.bridge.mcp.handlers import Handlers, Seat
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.facts import AgentJoined
from devmesh.vocabulary.requests import Join
from devmesh.vocabulary.terms import Resources
from tests.bridge.rig import Mesh, linked


@asynccontextmanager
async def seated(
    mesh: Mesh, tool: str = "claude", inbox: Inbox | None = None, *, guest: bool = True
) -> AsyncIterator[Handlers]:
    """An agent that has joined, and what answers its tools."""
    async with linked(mesh.home) as link:
        beat = Heartbeat(link, Resources, lambda: None)
        locks, own = Locks(link, beat.now), inbox or Inbox(link)
        beat.tokens, beat.renewed = (lambda: locks.tokens), locks.renewed
        joined = (await link.request(Join(tool=tool))).all(AgentJoined)[0]
        locks.trust(joined.lease, joined.margin)
        handlers = Handlers(Seat(link, locks, mesh.project, mesh.home, lambda: joined.agent, own, guest=guest))

        def heard(recorded: Recorded) -> None:
            locks.heard(recorded)
            own.heard(recorded)
            handlers.heard(recorded)

        link.subscribe(heard)
        beat.interval = joined.limits_heartbeat
        beating = asyncio.create_task(beat.run())
        try:
            yield handlers
        finally:
            beating.cancel()
            await handlers.close()
