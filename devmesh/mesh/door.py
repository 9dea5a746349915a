"""The operator's session: a link to the coordinator on a daemon thread's own loop, and the replica it keeps.

Knows how to ask and to follow. What may be asked is `operations`; nothing here ever prints.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Coroutine
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from devmesh.address import Connection, find_connection, home_of
from devmesh.bridge.asking import Reply
from devmesh.bridge.link import Link, LinkState
from devmesh.errors import DevMeshError, Malformed, MeshLost
from devmesh.mesh.replica import Replica
from devmesh.mesh.waiting import rest, settled
from devmesh.settings import Settings
from devmesh.vocabulary.codec import Recorded
from devmesh.vocabulary.facts import WatchStarted
from devmesh.vocabulary.requests import AnyRequest, Watch
from devmesh.vocabulary.terms import Role

T = TypeVar("T")

OPENING = 15.0
"Seconds within which a running coordinator must have let us in and told us its state."
_LEAVING = 5.0

_log = logging.getLogger(__name__)


class Door:
    """One person's way in. Made by `open`; every call may come from any thread but its own."""

    def __init__(self, project: Path, settings: Settings, role: Role = Role.OPERATOR) -> None:
        self.project = project
        self.settings = settings
        self.home = home_of(project, settings)
        self.role = role
        self.replica = Replica()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._carry, name="devmesh-door", daemon=True)
        self._link: Link | None = None
        self._watching = False
        self._closed = False
        self._parting = ("this handle was closed", "devmesh.connect() gives a new one.")

    # ---- coming and going ----

    def open(self, timeout: float = OPENING) -> Door:
        """Connect and take the state over. Raises MeshLost when that takes longer than `timeout` seconds."""
        self._thread.start()
        try:
            self.call(self._enter(), timeout=timeout)
            settled(self.replica.when(lambda _: True), timeout)
        except TimeoutError:
            self.close()
            raise MeshLost(f"the mesh of {self.project} does not answer") from None
        except BaseException:
            self.close()
            raise
        return self

    def close(self, *, stopped: bool = False) -> None:
        """Leave. Harmless when already left; the mesh goes on, unless it is `stopped`."""
        if self._closed:
            return
        self._closed = True
        if stopped:
            self._parting = ("this mesh was stopped", "devmesh.start() starts it again, where it was.")
        self.replica.end(self._parted())
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._leave(), self._loop)
            deadline = time.monotonic() + _LEAVING
            while self._thread.is_alive() and time.monotonic() < deadline:
                rest(0.01)

    def fail(self, error: BaseException) -> None:
        """The coordinator ended by itself: who waits or asks is told why, at once. From any thread but our own."""
        if self._closed:
            return
        self._closed = True
        self._parting = (f"the coordinator ended: {error}", "devmesh.start() starts it again, where it was.")
        self.replica.end(self._parted())
        asyncio.run_coroutine_threadsafe(self._leave(), self._loop)

    @property
    def is_open(self) -> bool:
        """Whether a request could be made now."""
        return not self._closed and self._link is not None and self._link.state is LinkState.OPEN

    @property
    def is_closed(self) -> bool:
        """Whether this handle was let go of."""
        return self._closed

    def _carry(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    async def _enter(self) -> None:
        self._link = Link(self._address, self.role, orphan_sec=self.settings.orphan_sec)
        self._link.subscribe(self._hear)
        await self._link.open()
        self._following = asyncio.create_task(self._follow(self._link), name="devmesh door")

    def _address(self) -> Connection:
        return find_connection(self.project, self.settings)

    async def _leave(self) -> None:
        if self._link is not None:
            await self._link.close()
        pending = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        self._loop.stop()

    # ---- asking ----

    def call(self, doing: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """Run it on the session's loop and wait for its value. Ctrl-C stops waiting; what was asked stays asked."""
        if threading.current_thread() is self._thread:
            doing.close()
            raise RuntimeError("a plain call cannot be made from the mesh's own thread; await it instead")
        return settled(self.submit(doing), timeout)

    def submit(self, doing: Coroutine[Any, Any, T]) -> Future[T]:
        """Run it on the session's loop; the future is done when it is."""
        if self._closed:
            doing.close()
            raise self._parted()
        return asyncio.run_coroutine_threadsafe(doing, self._loop)

    def _parted(self) -> MeshLost:
        message, hint = self._parting
        return MeshLost(message, hint=hint)

    async def ask(self, request: AnyRequest) -> Reply:
        """The answer. Raises Malformed (by field, before sending), Refused, or MeshLost when none will come."""
        if self._link is None:
            raise MeshLost("the mesh is not connected yet")
        try:
            return await self._link.request(request)
        except MeshLost:
            if self._closed:
                raise self._parted() from None
            raise
        except Malformed as wrong:
            if wrong.field is None:
                raise
            field = wrong.field.removeprefix("$.").removeprefix("request.")
            raise Malformed(f"{field}: {wrong.message}", field=field, hint=wrong.hint, code=wrong.code) from None

    # ---- following ----

    async def _follow(self, link: Link) -> None:
        """Watch at every new connection; tell those who wait when there will be none any more."""
        while await link.until(LinkState.OPEN, LinkState.CLOSED) is LinkState.OPEN:
            await self._watch(link)
            await link.until(LinkState.LOST, LinkState.CLOSED)
        failure = link.failure or MeshLost("the connection to the mesh was closed")
        self.replica.end(failure if isinstance(failure, MeshLost) else MeshLost(failure.message))

    async def _watch(self, link: Link) -> None:
        """Ask for the whole state; it comes through `_hear`. Once at a time."""
        if self._watching:
            return
        self._watching = True
        try:
            await link.ask(Watch())
        except DevMeshError as failed:
            _log.warning("the mesh could not be watched: %s", failed)
        finally:
            self._watching = False

    def _hear(self, recorded: Recorded) -> None:
        if isinstance(recorded.fact, WatchStarted):
            self.replica.begin(bytes(recorded.fact.snapshot))
        elif not self.replica.take((recorded,)) and self._link is not None:
            self._mending = self._loop.create_task(self._watch(self._link))
