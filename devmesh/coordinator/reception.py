"""Between the sockets and the inbox: what clients say becomes events, with what it names looked at on the way.

Knows connections, paths and contents; decides nothing.
"""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import Executor
from pathlib import Path

from devmesh.coordinator.canonical import Canonicaliser, NeedsScan
from devmesh.coordinator.channel import Channel
from devmesh.coordinator.contents import Contents, names_contents
from devmesh.coordinator.funnel import harmless, names_a_secret
from devmesh.coordinator.inbox import Inbox
from devmesh.coordinator.line import Share
from devmesh.coordinator.paths import Paths, Understood
from devmesh.core.events import Connected, Heard, Lost, Objection
from devmesh.errors import Code
from devmesh.processes.environment import secrets_in
from devmesh.repository import Repository
from devmesh.vocabulary import known
from devmesh.vocabulary.codec import Message
from devmesh.vocabulary.terms import Role

MOST_BLAMED = 1_000
_SECRET = Objection(code=Code.BAD_REQUEST, message="a name in this request is a secret; nothing of it was kept")
_FAULT = Objection(
    code=Code.INTERNAL, message="this request made the coordinator fail; nothing of it was done. Its log has the story."
)


class Reception:
    """What the listener reports to. The events of one connection keep their order."""

    def __init__(self, paths: Paths, contents: Contents, inbox: Inbox, aside: Executor) -> None:
        self._paths = paths
        self._contents = contents
        self._inbox = inbox
        self._aside = aside
        self._keys: dict[int, str] = {}
        self._blamed: dict[tuple[str, int], None] = {}

    @classmethod
    async def open(cls, project: Path, repository: Repository, inbox: Inbox, aside: Executor) -> Reception:
        """Looks at the project's volume once, off the loop. From then on the secrets of the environment are known."""
        known.hide(*secrets_in(os.environ))
        loop = asyncio.get_running_loop()
        paths = await loop.run_in_executor(aside, lambda: Paths(Canonicaliser(project), str(project)))
        return cls(paths, Contents(repository), inbox, aside)

    def blame(self, event: Heard) -> None:
        """This request could not be decided: it is refused when it comes again, or one client could stop all others."""
        key = self._keys.get(event.connection)
        if key is not None:
            self._blamed[key, event.id] = None
            if len(self._blamed) > MOST_BLAMED:
                del self._blamed[next(iter(self._blamed))]

    # ---- what the listener reports ----

    def connected(self, channel: Channel) -> None:
        """A client passed the door."""
        assert channel.credential is not None  # noqa: S101 - the guard gave it
        role, key, number = channel.credential.role, channel.credential.key, channel.credential.number
        self._keys[channel.number] = key
        self._inbox.put(Connected(connection=channel.number, role=role, key=key, credential=number))

    def stand(self, channel: Channel) -> None:
        """It waits in the line."""
        self._inbox.stand(channel)

    def share(self) -> Share:
        """Of the line."""
        return Share(self._inbox.line)

    def heard(self, channel: Channel, message: Message) -> asyncio.Future[None] | None:
        """It becomes an event at once, or, where the disk may take its time, once the future is done."""
        if self._paths.slow and self._paths.needs_disk(message.request):
            return self._look_aside(channel, message)
        try:
            understood = self._paths.understand(message.request, scan=False)
        except NeedsScan:
            return self._look_aside(channel, message)
        # who may not say such a thing is told so without a look
        if understood.objection is None and channel.is_agent and names_contents(message.request):
            return asyncio.ensure_future(self._look_up(channel, message, understood))
        self._put(channel, message, understood)
        return None

    def lost(self, channel: Channel, reason: str) -> None:
        """It is gone, for whatever reason."""
        self._keys.pop(channel.number, None)
        self._inbox.put(Lost(connection=channel.number, reason=reason))

    # ---- inside ----

    def _put(self, channel: Channel, message: Message, understood: Understood) -> None:
        objection = understood.objection
        if self._blamed and (self._keys.get(channel.number, ""), message.id) in self._blamed:
            objection = _FAULT
        role = channel.credential.role if channel.credential is not None else Role.AGENT
        request = harmless(understood.request, role)
        if role is not Role.OPERATOR and names_a_secret(request):
            objection = objection or _SECRET
        event = Heard(connection=channel.number, id=message.id, request=request, objection=objection)
        self._inbox.put(event)

    def _look_aside(self, channel: Channel, message: Message) -> asyncio.Future[None]:
        return asyncio.ensure_future(self._look(channel, message))

    async def _look(self, channel: Channel, message: Message) -> None:
        loop = asyncio.get_running_loop()
        understood = await loop.run_in_executor(self._aside, self._paths.understand, message.request)
        self._put(channel, message, understood)

    async def _look_up(self, channel: Channel, message: Message, understood: Understood) -> None:
        """What is asked of the repository is paid for by whoever asks: nobody's names may keep others waiting."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        objection = await loop.run_in_executor(self._aside, self._contents.objection, message.request)
        channel.spend(loop.time() - begun)
        self._put(channel, message, Understood(understood.request, objection))
