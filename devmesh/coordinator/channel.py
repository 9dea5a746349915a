"""One client's connection: what it says, at its pace, and what it is told, as far as it reads. Knows frames; no rule.

Frames are handled where they arrive, without a task of their own, and deliveries are written without waiting: a turn of
the coordinator never awaits a socket. What a peer says waits until the line comes to it; one that speaks too fast is
not read; one that reads too slowly is let go.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Any, Protocol

from websockets.asyncio.server import Server, ServerConnection
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import Event, State
from websockets.server import ServerProtocol

from devmesh import logs
from devmesh.coordinator.backlog import Backlog
from devmesh.coordinator.framing import Divider, framed
from devmesh.coordinator.guard import Credential
from devmesh.coordinator.line import Share
from devmesh.coordinator.pace import BYTES, SECOND, Bucket
from devmesh.errors import Malformed
from devmesh.vocabulary.codec import Delivery, Message, Recorded, decode_message, encode, number_of
from devmesh.vocabulary.facts import RequestMalformed
from devmesh.vocabulary.terms import Role

MOST_DELIVERIES = 1_000
MOST_BYTES = 1024 * 1024
"What may wait for a peer that does not read; beyond either, it is let go."
MOST_ERRORS = 20
"Malformed messages forgiven per connection."
MOST_FRAGMENTS = 128
LIGHT = 256
"Bytes of a message whose work is not timed: no text so short makes more of it than its token stands for."
CLOSE_TIMEOUT = 2.0
HUNG_UP = 4000
"Close code of a connection the mesh itself ended; the reason says why."
_log = logs.logger("coordinator")


class Reception(Protocol):
    """Whom a channel reports to."""

    def arrived(self, channel: Channel) -> None:
        """A stranger connected; the handshake is still to come."""

    def stand(self, channel: Channel) -> None:
        """It has a message: to be asked to `speak` when it is its turn."""

    def heard(self, channel: Channel, message: Message) -> asyncio.Future[None] | None:
        """A message. When a future is returned, the next is handed over only after it."""

    def lost(self, channel: Channel, reason: str) -> None:
        """The connection ended, for either side's reason. Told once, and only of one that has a number."""

    def departed(self, channel: Channel) -> None:
        """The TCP connection is gone, let in or not."""

    def bucket(self) -> Bucket:
        """A fresh allowance for one connection."""


class Channel(ServerConnection):
    """A connection as the websockets library keeps it, with reading and writing of our own."""

    def __init__(self, protocol: ServerProtocol, server: Server, *, reception: Reception, **options: Any) -> None:
        super().__init__(protocol, server, **options)
        self.credential: Credential | None = None
        self.number = 0
        "Given by the listener once it is let in, from 1; 0 before."
        self.share: Share
        "What the line goes by: given with the number; its own, or that of all connections of its credential."
        self._reception = reception
        self._bucket = reception.bucket()
        self._errors = 0
        self._divider = Divider()
        self._fragments: list[bytes] = []
        self._backlog = Backlog()
        self._stands = False
        self._left: str | None = None
        "Why the peer is gone, while what it said still waits."
        self._deaf = False
        self._holds = 1
        "Reasons why reading on must wait: not open yet, too fast, a message still being looked at."
        self._throttled = False
        self._outbox: deque[bytes] = deque()
        self._outbox_bytes = 0
        self._ending: asyncio.Future[tuple[int, str]] = self.loop.create_future()

    @property
    def is_agent(self) -> bool:
        """Whether an agent's token opened it."""
        return self.credential is not None and self.credential.role is Role.AGENT

    @property
    def weight(self) -> float:
        """Tokens that its next message costs at least."""
        return 1 + self._backlog.next_size / BYTES

    @property
    def _is_open(self) -> bool:
        return self.protocol.state is State.OPEN and not self._ending.done()

    # ---- life ----

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The TCP connection stands; its peer is a stranger yet."""
        super().connection_made(transport)
        self._reception.arrived(self)

    def opened(self) -> None:
        """The handshake is done and the number given: hand over what was said, beginning with what came meanwhile."""
        self._release()

    async def until_ended(self) -> None:
        """Stay until either side ends it, then say goodbye; a peer that does not answer is cut off after 2 s."""
        code, reason = await self._ending
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await self.close(code, reason)
        except TimeoutError:
            self.transport.abort()

    def end(self, code: int, reason: str) -> None:
        """End it from our side. Nothing is read or told any more; ending twice is harmless."""
        if self._ending.done():
            return
        self._ending.set_result((code, reason))
        self._backlog.clear()
        self._outbox.clear()
        self._outbox_bytes = 0
        if self.number:
            self._reception.lost(self, reason)

    def connection_lost(self, exc: Exception | None) -> None:
        """The TCP connection is gone. What it said and its pace allows is heard first, in its turn."""
        super().connection_lost(exc)
        self._reception.departed(self)
        if self._stands and not self._ending.done():
            self._left = self._parting(exc)
        else:
            self.end(CloseCode.ABNORMAL_CLOSURE, self._parting(exc))

    def _parting(self, exc: Exception | None) -> str:
        said = self.protocol.close_rcvd
        if said is not None:
            return f"the peer closed it ({said.code}) {said.reason}".strip()[:200]
        return "the connection broke" if exc is None else f"the connection broke: {exc}"[:200]

    # ---- what it says ----

    def data_received(self, data: bytes) -> None:
        """Whole messages are taken out here; the library reads the rest, as it would have."""
        if self.protocol.state is not State.OPEN:
            self._divider.early(data)
            super().data_received(data)
            return
        for is_message, piece in self._divider.divide(data):
            if not is_message:
                super().data_received(piece)
            elif self._is_open:
                self._arrived(piece)

    def process_event(self, event: Event) -> None:
        """A handshake request, or a frame."""
        if self.request is None or not isinstance(event, Frame) or event.opcode is Opcode.PONG:
            super().process_event(event)
        elif self._ending.done():
            return
        elif event.opcode is Opcode.BINARY:
            self.end(CloseCode.UNSUPPORTED_DATA, "only text is understood")
        elif event.opcode in {Opcode.TEXT, Opcode.CONT}:
            self._assemble(event)
        elif event.opcode is Opcode.PING:
            self._bucket.owe()
            if self._bucket.wait():
                self._throttle()

    def _assemble(self, frame: Frame) -> None:
        self._fragments.append(bytes(frame.data))
        if not frame.fin:
            if len(self._fragments) >= MOST_FRAGMENTS:
                self.end(CloseCode.MESSAGE_TOO_BIG, "too many fragments")
            return
        message, self._fragments = b"".join(self._fragments), []
        self._arrived(message)

    def _arrived(self, message: bytes) -> None:
        self._backlog.add(message)
        self._read_on()
        if self._holds or self._backlog.is_full:
            self._pause()

    def _read_on(self) -> None:
        """Wait in the line for the next message, as soon as the pace allows it."""
        if self._stands or self._holds or not self._backlog:
            return
        if self._bucket.take():
            self._stands = True
            self._reception.stand(self)
        else:
            self._throttle()

    def speak(self) -> None:
        """It is its turn: hand over one message. Whatever goes wrong with it is the end of this connection alone."""
        self._stands = False
        if not self._backlog:  # ended meanwhile
            return
        try:
            self._hear_out(self._backlog.take())
        except Exception:  # noqa: BLE001 - whatever it is, it is not the others' fault
            _log.exception("a message could not be read")
            self.end(CloseCode.INTERNAL_ERROR, "a message could not be read")
        self._read_on()
        if self._left is not None and not self._stands:
            self.end(CloseCode.ABNORMAL_CLOSURE, self._left)
        self._listen()

    def _pause(self) -> None:
        self._deaf = True
        self.transport.pause_reading()

    def _listen(self) -> None:
        """Read on, unless there is a reason not to."""
        if self._deaf and not self._holds and not self._backlog.is_full and not self._ending.done():
            self._deaf = False
            self.transport.resume_reading()

    def _hear_out(self, text: bytes) -> None:
        if len(text) <= LIGHT:
            self._hand_over(text)
        else:
            begun = time.thread_time()  # this thread's own: a cell that holds everything up is not the peer's fault
            self._hand_over(text)
            self.spend(time.thread_time() - begun)
        size = len(text) / BYTES
        self._bucket.owe(size)
        self.share.charge(1 + size)

    def spend(self, seconds: float) -> None:
        """So much work was done for it: it is read on the later for it, and its next turn comes later."""
        self._bucket.owe(seconds * SECOND)
        self.share.charge(seconds * SECOND)

    def _throttle(self) -> None:
        """Not reading is what slows a peer down: the kernel's buffers fill, and its own send waits."""
        if not self._throttled:
            self._throttled = True
            self._hold()
            self.loop.call_later(self._bucket.wait(), self._go_on)

    def _go_on(self) -> None:
        owing = self._bucket.wait()
        if owing and not self._ending.done():
            self.loop.call_later(owing, self._go_on)
            return
        self._throttled = False
        self._release()

    def _hold(self) -> None:
        self._holds += 1
        self._pause()

    def _release(self) -> None:
        self._holds -= 1
        self._read_on()
        self._listen()

    def _hand_over(self, text: bytes) -> None:
        try:
            message = decode_message(text)
        except Malformed as error:
            self._object(error, number_of(text))
            return
        pending = self._reception.heard(self, message)
        if pending is not None:
            self._hold()
            pending.add_done_callback(lambda _: self._release())

    def _object(self, error: Malformed, reply_to: int | None) -> None:
        """Say what was wrong with it. Not on record: noise must not fill it."""
        self._errors += 1
        fact = RequestMalformed(code=error.code, message=error.message[:500], field=error.field)
        self.deliver(encode(Delivery(facts=(Recorded(sequence=0, fact=fact),), reply_to=reply_to)))
        if self._errors >= MOST_ERRORS:
            self.end(CloseCode.POLICY_VIOLATION, "too many malformed messages")

    # ---- what it is told ----

    def deliver(self, text: bytes) -> None:
        """Write it now, or keep it until the peer reads on. Never waits; a peer too far behind is let go."""
        if not self._is_open:
            return
        if not self.paused and not self._outbox:
            self._write(text)
        elif len(self._outbox) >= MOST_DELIVERIES or self._outbox_bytes + len(text) > MOST_BYTES:
            self.end(CloseCode.TRY_AGAIN_LATER, "slow consumer")
        else:
            self._outbox.append(text)
            self._outbox_bytes += len(text)

    def resume_writing(self) -> None:
        """The peer reads again: catch up."""
        super().resume_writing()
        while self._outbox and not self.paused:
            text = self._outbox.popleft()
            self._outbox_bytes -= len(text)
            self._write(text)

    def _write(self, text: bytes) -> None:
        if self.transport.is_closing():
            return  # it is gone, and whoever tells us so has not come to it yet
        try:
            self.transport.write(framed(text))
        except (OSError, RuntimeError) as error:
            self.end(CloseCode.INTERNAL_ERROR, f"could not be written to: {error}"[:120])
