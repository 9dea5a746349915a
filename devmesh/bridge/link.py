"""The client's end of the wire: one session over as many connections as it takes.

Knows requests, facts and their numbers; not what any of them means. Used by bridges and by the notebook's Mesh alike.
"""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from enum import StrEnum
from types import TracebackType
from typing import Self

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import WebSocketException

from devmesh.address import Connection
from devmesh.bridge.asking import Reply, Unanswered
from devmesh.bridge.dialing import dial
from devmesh.bridge.subscribers import Listener, Subscribers
from devmesh.errors import DevMeshError, Malformed, MeshError, MeshLost, Refused
from devmesh.vocabulary import known
from devmesh.vocabulary.codec import Delivery, Recorded, decode_delivery
from devmesh.vocabulary.facts import RequestMalformed, SessionOpened, SessionResumed
from devmesh.vocabulary.requests import AnyRequest
from devmesh.vocabulary.terms import Role

_log = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_GREETING_LIMIT = 30.0
"Seconds an accepted connection may stay silent before it is taken for none."
_UNREACHABLE = (OSError, TimeoutError, WebSocketException, MeshError)


class LinkState(StrEnum):
    """Where a link is in its life."""

    CONNECTING = "connecting"
    "Not yet connected for the first time."
    OPEN = "open"
    LOST = "lost"
    "Connected before, and trying to be again."
    CLOSED = "closed"
    "For good: closed by us, or given up."


class Link:
    """One session with the mesh, kept across lost connections and restarted coordinators.

    Requests are numbered, sent in order, and sent again with the same number until they are answered. Not for use from
    another thread than its loop's.
    """

    def __init__(
        self,
        address: Callable[[], Connection],
        role: Role,
        *,
        key: str | None = None,
        orphan_sec: float | None = None,
        first: int = 1,
        secret: str | None = None,
        dialed: Callable[[str], Awaitable[ClientConnection]] | None = None,
    ) -> None:
        """`address` is asked before every attempt. The link gives up after `orphan_sec` without a mesh; None: never.

        `key` is the session's secret; to take up a session of another process, `first` must exceed its request numbers.
        `secret` is that of a credential issued for this client; without one it comes in by its role's token.
        `dialed` connects in another way, given the key; Refused from it ends the link.
        """
        self._address = address
        self._role = role
        self._key = key or secrets.token_urlsafe(32)
        self._secret = secret
        known.hide(self._key, secret or "")
        self._dialed = dialed
        self._orphan_sec = orphan_sec
        self._state = LinkState.CONNECTING
        self._changed: list[asyncio.Future[None]] = []
        self._unanswered = Unanswered(first)
        self._added = asyncio.Event()
        self._subscribers = Subscribers()
        self._epoch = 0
        self._session: int | None = None
        self._task: asyncio.Task[None] | None = None
        self._failure: DevMeshError | None = None

    @property
    def state(self) -> LinkState:
        """Where it is now."""
        return self._state

    @property
    def failure(self) -> DevMeshError | None:
        """Why it gave up, if it did."""
        return self._failure

    @property
    def unanswered(self) -> int:
        """How many requests wait for their answers."""
        return len(self._unanswered)

    # ---- its life ----

    async def open(self, timeout: float | None = None) -> Self:  # noqa: ASYNC109 - the same word as in `request`
        """Connect; returns once connected. Raises MeshLost when it gives up, TimeoutError after `timeout` seconds."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="devmesh link")
            self._task.add_done_callback(self._ended)
        try:
            async with asyncio.timeout(timeout):
                await self.until(LinkState.OPEN, LinkState.CLOSED)
        except BaseException:
            await self.close()
            raise
        if self._failure is not None:
            raise self._failure
        return self

    async def close(self) -> None:
        """End it, and every wait for an answer with MeshLost. Saying `Leave` first is the caller's business."""
        self._end(None)
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def until(self, *states: LinkState) -> LinkState:
        """Wait until it is in one of these states, and say in which."""
        while self._state not in states:
            change: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._changed.append(change)
            await change
        return self._state

    # ---- asking ----

    async def request(self, request: AnyRequest, timeout: float | None = None) -> Reply:  # noqa: ASYNC109 - the caller's word
        """The answer. Raises Refused when it is no, Malformed before sending, MeshLost when none will come.

        After `timeout` seconds raises TimeoutError; the request itself stays on its way, and its facts are still told.
        """
        reply = await self.ask(request, timeout)
        reply.raise_refusal()
        return reply

    async def ask(self, request: AnyRequest, timeout: float | None = None) -> Reply:  # noqa: ASYNC109 - see request
        """As `request`, with a refusal among the facts instead of raised."""
        if self._state is LinkState.CLOSED:
            raise self._failure or MeshLost("the link to the mesh is closed")
        asked = self._unanswered.add(request)
        self._added.set()
        async with asyncio.timeout(timeout):
            return await asyncio.shield(asked.answer)

    # ---- listening ----

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every fact told to this session, before the answer it came with is handed out.

        In the order of their sequence, each once; facts that are not kept (sequence 0) come in between. What was missed
        while the connection was lost is not made up for: `Standing`, or a new `WatchStarted`, says how things are.
        Returns what ends the subscription.
        """
        return self._subscribers.add(listener)

    async def news(self) -> AsyncIterator[Recorded]:
        """The same as an iterator, from its first step on. Ends when the link is closed."""
        queue: asyncio.Queue[Recorded] = asyncio.Queue()
        unsubscribe = self.subscribe(queue.put_nowait)
        closed = asyncio.ensure_future(self.until(LinkState.CLOSED))
        try:
            while True:
                waiting = asyncio.ensure_future(queue.get())
                await asyncio.wait((waiting, closed), return_when=asyncio.FIRST_COMPLETED)
                if not waiting.done():
                    waiting.cancel()
                    return
                yield waiting.result()
        finally:
            unsubscribe()
            closed.cancel()

    # ---- connections ----

    async def _run(self) -> None:
        """Connect, again and again, until closed or given up."""
        pause, seen_at = _FIRST_PAUSE, time.monotonic()
        while True:
            began = time.monotonic()
            try:
                connected = await self._connected_once()
            except Refused as no:
                self._end(MeshLost(no.message, hint=no.hint))
                return
            if connected:
                seen_at = time.monotonic()
                if seen_at - began > _LONGEST_PAUSE:
                    pause = _FIRST_PAUSE
            left = None if self._orphan_sec is None else seen_at + self._orphan_sec - time.monotonic()
            if left is not None and left <= 0:
                self._end(MeshLost(f"no coordinator could be reached for {self._orphan_sec:g} s"))
                return
            rest = random.uniform(0, pause)
            await asyncio.sleep(rest if left is None else min(rest, left))
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _connected_once(self) -> bool:
        """One connection, from its start to its end; False when there was none."""
        try:
            own = self._dialed
            socket = await (own(self._key) if own else dial(self._find(), self._role, self._key, self._secret))
        except _UNREACHABLE as error:
            _log.debug("no connection: %s", error)
            return False
        try:
            async with asyncio.timeout(_GREETING_LIMIT):
                self._greeted(await socket.recv())
            await self._converse(socket)
        except (*_UNREACHABLE, Malformed) as error:
            _log.info("the connection ended: %s", error)
        finally:
            if self._state is LinkState.OPEN:
                self._move(LinkState.LOST)
            await socket.close()
        return True

    def _find(self) -> Connection:
        """The published address. A coordinator older than one we have spoken to is an impostor, or a leftover file."""
        connection = self._address()
        if connection.epoch < self._epoch:
            raise MeshLost(f"epoch {connection.epoch} is published, and {self._epoch} was seen already")
        if not connection.is_alive():
            raise MeshLost(f"process {connection.pid} is gone")
        self._epoch = connection.epoch
        return connection

    def _greeted(self, frame: str | bytes) -> None:
        """Take in the first delivery, which says whose session this is."""
        delivery = decode_delivery(frame)
        for recorded in delivery.facts:
            if isinstance(recorded.fact, SessionOpened | SessionResumed):
                if self._session is not None and isinstance(recorded.fact, SessionOpened):
                    self._unanswered.fail(MeshLost("the mesh has forgotten this session"))
                self._session = recorded.fact.session
                break
        else:
            raise Malformed("the first delivery does not name the session")
        self._move(LinkState.OPEN)
        self._deliver(delivery)

    async def _converse(self, socket: ClientConnection) -> None:
        """Send and receive until the connection ends; the error that ended it is raised."""
        sending = asyncio.create_task(self._send(socket))
        receiving = asyncio.create_task(self._receive(socket))
        try:
            done, _running = await asyncio.wait((sending, receiving), return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (sending, receiving):
                task.cancel()
            await asyncio.gather(sending, receiving, return_exceptions=True)

    async def _send(self, socket: ClientConnection) -> None:
        """Everything unanswered first, then every new request, in the order of the numbers."""
        sent = 0
        while True:
            while waiting := self._unanswered.after(sent):
                for asked in waiting:
                    await socket.send(asked.text, text=True)
                    sent = asked.id
            self._added.clear()
            await self._added.wait()

    async def _receive(self, socket: ClientConnection) -> None:
        while True:
            self._deliver(decode_delivery(await socket.recv()))

    def _deliver(self, delivery: Delivery) -> None:
        self._subscribers.tell(delivery.facts)
        answers = delivery.reply_to
        if answers is None and any(isinstance(recorded.fact, RequestMalformed) for recorded in delivery.facts):
            answers = self._unanswered.oldest()  # its number could not be read; requests are read in order
        if answers is not None:
            self._unanswered.answered(answers, delivery.facts)

    # ---- states ----

    def _move(self, state: LinkState) -> None:
        self._state = state
        changed, self._changed = self._changed, []
        for change in changed:
            if not change.done():
                change.set_result(None)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A fault of ours must not leave anybody waiting for ever."""
        if not task.cancelled() and (fault := task.exception()) is not None:
            _log.error("the link failed by a fault of ours", exc_info=fault)
            self._end(MeshLost(f"the link failed: {type(fault).__name__}: {fault}"))

    def _end(self, failure: DevMeshError | None) -> None:
        if self._state is not LinkState.CLOSED:
            self._failure = failure
            self._unanswered.fail(failure or MeshLost("the link to the mesh is closed"))
            self._move(LinkState.CLOSED)
