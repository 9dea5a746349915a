"""`/devmesh/events/<mesh>`: what happens, as server-sent events, each with its sequence number to come back with."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec
from jupyter_core.utils import ensure_async
from jupyter_server.base.handlers import APIHandler
from tornado import iostream, web
from tornado.http1connection import HTTP1Connection

from devmesh.errors import DevMeshError
from devmesh.jupyter.server import reading
from devmesh.jupyter.server.handlers import RESOURCE
from devmesh.jupyter.server.problems import Problems, status_of

if TYPE_CHECKING:
    from devmesh.jupyter.server.meshes import Held, Meshes
    from devmesh.vocabulary.codec import Recorded

BEHIND = 1_000
"Events that may wait for a client; one further behind is let go, and comes back with its last number."
STREAMS = 64
"Clients at once."
BREATH = 15.0
"Seconds of silence after which a comment is sent, so that proxies keep the connection."
PATIENCE = 60.0
"Seconds in which a client must have taken what was sent to it; one that does not is let go, too."
MOST_MISSED = 10_000


class EventsHandler(Problems, APIHandler):
    """One client that listens."""

    auth_resource = RESOURCE
    listening = 0

    def initialize(self, meshes: Meshes) -> None:
        """Where the meshes are."""
        self._meshes = meshes
        self._gone = asyncio.Event()

    @web.authenticated
    async def get(self, project: str) -> None:
        """Tell until the client leaves, falls behind, or the mesh ends."""
        allowed = self.authorizer.is_authorized(self, self.current_user, "read", RESOURCE)
        if not await ensure_async(allowed):
            raise web.HTTPError(403)
        after = self._after()
        if EventsHandler.listening >= STREAMS:
            raise web.HTTPError(503, "too many listen already")
        try:
            held = await asyncio.to_thread(self._meshes.of, project)
        except DevMeshError as failed:
            raise web.HTTPError(status_of(failed), failed.message) from failed
        EventsHandler.listening += 1
        try:
            with suppress(iostream.StreamClosedError):
                await self._tell(held, after)
        finally:
            EventsHandler.listening -= 1

    def _after(self) -> int | None:
        """The last number the client has: of the header a browser sends by itself, or of `?after=`."""
        text = self.request.headers.get("Last-Event-ID") or self.get_query_argument("after", "")
        if not text:
            return None
        if not text.isascii() or not text.isdigit() or len(text) > 15:  # noqa: PLR2004 - far beyond any record
            raise web.HTTPError(400, "after: the sequence number of a fact")
        return int(text)

    async def _tell(self, held: Held, after: int | None) -> None:
        queue: asyncio.Queue[Recorded | None] = asyncio.Queue(BEHIND)
        loop = asyncio.get_running_loop()

        def put(recorded: Recorded | None) -> None:
            if queue.full():
                self._let_go()
            else:
                queue.put_nowait(recorded)

        def heard(facts: tuple[Recorded, ...]) -> None:
            for recorded in facts:
                with suppress(RuntimeError):  # the server's loop has ended
                    loop.call_soon_threadsafe(put, recorded)

        unsubscribe = held.door.replica.subscribe(heard)
        try:
            self.set_header("Content-Type", "text/event-stream")
            self.set_header("Cache-Control", "no-store")
            self.set_header("X-Accel-Buffering", "no")
            await self._write("retry: 1000\n\n")
            last = 0
            if after is not None:
                for recorded in await asyncio.to_thread(reading.missed, held.record.home, after, MOST_MISSED):
                    last = recorded.sequence
                    await self._send(recorded)
            await self._follow(held, queue, last)
        finally:
            unsubscribe()

    async def _follow(self, held: Held, queue: asyncio.Queue[Recorded | None], last: int) -> None:
        gone = asyncio.ensure_future(self._gone.wait())
        try:
            while not gone.done() and not held.door.is_closed:
                coming = asyncio.ensure_future(queue.get())
                await asyncio.wait({coming, gone}, timeout=BREATH, return_when=asyncio.FIRST_COMPLETED)
                if not coming.done():
                    coming.cancel()
                    await self._write(": still here\n\n")
                elif (recorded := coming.result()) is not None and recorded.sequence > last:
                    await self._send(recorded)
        finally:
            gone.cancel()

    async def _send(self, recorded: Recorded) -> None:
        told = reading.told(recorded)
        data = msgspec.json.encode(told).decode()
        number = f"id: {recorded.sequence}\n" if recorded.sequence else ""
        await self._write(f"{number}event: {told.kind}\ndata: {data}\n\n")

    async def _write(self, text: str) -> None:
        """Waits until the client took it: nothing piles up in the server but the queue."""
        overdue = asyncio.get_running_loop().call_later(PATIENCE, self._let_go)
        try:
            self.write(text)
            await self.flush()
        finally:
            overdue.cancel()

    def _let_go(self) -> None:
        """Whoever waits for a client that does not read is woken by this alone."""
        self._gone.set()
        connection = self.request.connection
        assert isinstance(connection, HTTP1Connection)  # noqa: S101 - Jupyter serves no other
        connection.stream.close()

    def on_connection_close(self) -> None:
        """The client left."""
        self._gone.set()
        super().on_connection_close()

    def finish(self, *arguments: object, **options: object) -> asyncio.Future[None]:
        """A stream ends as the stream it is."""
        options.setdefault("set_content_type", "text/event-stream" if self._headers_written else "application/json")
        ended: asyncio.Future[None] = super().finish(*arguments, **options)
        return ended
