"""The socket everybody comes in by: loopback only, guarded, bounded. Knows connections; what is said goes to the inbox.

The server is one of the websockets library; the port is bound here, so that "taken" can be explained.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple, Protocol, cast
from weakref import WeakValueDictionary

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.frames import CloseCode
from websockets.http11 import Request, Response

from devmesh.coordinator.binding import BACKLOG, bind, bind_unix, is_own_peer, is_spared
from devmesh.coordinator.channel import CLOSE_TIMEOUT, Channel
from devmesh.coordinator.clock import Reading
from devmesh.coordinator.guard import Guard, Issued, Rejection
from devmesh.coordinator.line import Share
from devmesh.coordinator.pace import FAILURES, MESSAGES, Bucket, Pace
from devmesh.errors import SettingError
from devmesh.vocabulary.codec import MAX_MESSAGE, Message
from devmesh.vocabulary.terms import Role

MOST_STRANGERS = 64
"Connections without a finished handshake; one more, and the oldest of them is cut off."

_LOOPBACK = {"127.0.0.1": "127.0.0.1", "localhost": "127.0.0.1", "::1": "::1"}

_log = logging.getLogger("devmesh.coordinator.wire")
_log.setLevel(logging.ERROR)  # below, the library logs headers, and with them secrets
_log.addHandler(logging.NullHandler())


class Room(NamedTuple):
    """How many may be connected at a time."""

    connections: int = 8192
    of_one_credential: int = 8
    "Of one that was issued; a token of the connection file is for many clients."


class Audience(Protocol):
    """Whom the listener tells about its connections."""

    def connected(self, channel: Channel) -> None:
        """A client passed the door; its number, role and key are set."""

    def stand(self, channel: Channel) -> None:
        """It has something to say: to be asked to `speak` when it is its turn."""

    def share(self) -> Share:
        """A fresh one, for who comes in."""

    def heard(self, channel: Channel, message: Message) -> asyncio.Future[None] | None:
        """It said something. A future: hand over its next message only after this is done."""

    def lost(self, channel: Channel, reason: str) -> None:
        """It is gone."""


class Listener:
    """All connections by number. `open` begins to listen, `close` says goodbye to everyone."""

    def __init__(
        self,
        audience: Audience,
        tokens: Mapping[Role, str],
        *,
        monotonic: Reading,
        pace: Pace = MESSAGES,
        changed: Callable[[], None] = lambda: None,
        issued: Issued = dict,
        room: Room = Room(),  # noqa: B008 - a value
    ) -> None:
        self.channels: dict[int, Channel] = {}
        self.port = 0
        self.closed_for = ""
        "Why nobody is let in at the moment; empty: they are."
        self._audience = audience
        self._tokens = tokens
        self._monotonic = monotonic
        self._pace = pace
        self._changed = changed
        self._issued = issued
        self._room = room
        self._came_by: Counter[int] = Counter()
        "Connections of each issued credential."
        self._shares: WeakValueDictionary[int, Share] = WeakValueDictionary()
        "What all connections of one issued credential share of the line, as long as there is one."
        self._guard: Guard | None = None
        self._server: Server | None = None
        self._strangers: dict[Channel, None] = {}
        self._counted = 0

    # ---- its life ----

    async def open(self, host: str, port: int, *, fallback: bool) -> int:
        """Listen, and say on which port.

        Raises PortTaken naming who has it, and SettingError for a host beyond this machine.
        """
        if host not in _LOOPBACK:
            raise SettingError(
                f"DEVMESH_WS_HOST={host!r}: only loopback addresses are listened on",
                field="DEVMESH_WS_HOST",
                hint="There is no encrypted mode yet; reach another machine through an SSH tunnel.",
            )
        bound = bind(_LOOPBACK[host], port, fallback=fallback)
        self.port = bound.getsockname()[1]
        await self._serve(bound, self.port)
        return self.port

    async def open_unix(self, path: Path) -> None:
        """Listen on a socket file instead, whose folder is the current user's alone; an old one there is removed.

        Raises SettingError where the system has none.
        """
        await self._serve(bind_unix(path), None)

    async def _serve(self, bound: socket.socket, port: int | None) -> None:
        self._guard = Guard(self._tokens, port, Bucket(FAILURES, self._monotonic), self._issued)
        self._server = await serve(
            self._handle,
            sock=bound,
            unix=port is None,
            backlog=BACKLOG,
            create_connection=cast("type[ServerConnection]", partial(Channel, reception=self)),
            process_request=self._process_request,
            origins=[None],
            compression=None,
            max_size=MAX_MESSAGE,
            max_queue=16,
            write_limit=65536,
            open_timeout=3,
            ping_interval=20,
            ping_timeout=60,
            close_timeout=CLOSE_TIMEOUT,
            server_header=None,
            logger=_log,
        )

    async def close(self, reason: str) -> None:
        """Let nobody in any more and say goodbye (1001); whoever does not answer is cut off."""
        if self._server is None:
            return
        self.closed_for = reason
        self.drop_all(CloseCode.GOING_AWAY, reason)
        for stranger in list(self._strangers):
            stranger.transport.abort()
        self._server.close(close_connections=False)
        await self._server.wait_closed()
        self._server = None

    def drop_all(self, code: int, reason: str) -> None:
        """End every connection."""
        for channel in list(self.channels.values()):
            channel.end(code, reason)

    # ---- what channels report ----

    def arrived(self, channel: Channel) -> None:
        """A stranger: it has 3 s to show a credential, and less where many others wait."""
        self._strangers[channel] = None
        while len(self._strangers) > MOST_STRANGERS:
            oldest = next(iter(self._strangers))
            del self._strangers[oldest]
            oldest.transport.abort()

    def departed(self, channel: Channel) -> None:
        """A stranger may leave without ever being let in."""
        self._strangers.pop(channel, None)

    def stand(self, channel: Channel) -> None:
        """Pass it on."""
        self._audience.stand(channel)

    def heard(self, channel: Channel, message: Message) -> asyncio.Future[None] | None:
        """Pass it on."""
        return self._audience.heard(channel, message)

    def lost(self, channel: Channel, reason: str) -> None:
        """Forget the number and pass it on."""
        if self.channels.pop(channel.number, None) is not None:
            if (issued := _issued_for(channel)) is not None:
                self._came_by[issued] -= 1
            self._audience.lost(channel, reason)
            self._changed()

    def bucket(self) -> Bucket:
        """What one connection may say."""
        return Bucket(self._pace, self._monotonic)

    # ---- handshakes ----

    def _process_request(self, connection: ServerConnection, request: Request) -> Response | None:
        assert isinstance(connection, Channel)  # noqa: S101 - `create_connection` makes no other
        assert self._guard is not None  # noqa: S101 - made before the server
        if self.port == 0 and not is_own_peer(connection.transport.get_extra_info("socket")):
            return connection.respond(HTTPStatus.FORBIDDEN, "Another user's process.\n")
        verdict = self._guard.judge(request.headers)
        if isinstance(verdict, Rejection):
            return connection.respond(verdict.status, verdict.text)
        taken = connection.transport.get_extra_info("socket")
        reason = self.closed_for or self._crowded(verdict.number)
        if reason or is_spared(taken):
            reason = reason or "too many connections"
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, f"{reason}\n")
        connection.credential = verdict
        return None

    def _crowded(self, issued: int | None) -> str:
        """Why there is no room for one more; empty: there is."""
        if len(self.channels) >= self._room.connections:
            return f"too many connections: at most {self._room.connections} at a time"
        if issued is not None and self._came_by[issued] >= self._room.of_one_credential:
            return f"too many connections by this credential: at most {self._room.of_one_credential} at a time"
        return ""

    async def _handle(self, connection: ServerConnection) -> None:
        assert isinstance(connection, Channel)  # noqa: S101 - `create_connection` makes no other
        self._strangers.pop(connection, None)
        self._counted += 1
        self.channels[self._counted] = connection
        connection.number = self._counted
        connection.share = self._audience.share()
        if (issued := _issued_for(connection)) is not None:
            self._came_by[issued] += 1
            connection.share = self._shares.setdefault(issued, connection.share)
        self._audience.connected(connection)
        self._changed()
        connection.opened()
        await connection.until_ended()


def _issued_for(channel: Channel) -> int | None:
    return None if channel.credential is None else channel.credential.number
