"""What a program prints: handed on in chunks as it comes, its end kept, the rest counted. Knows no lines."""

from __future__ import annotations

import asyncio
import fcntl
from collections import deque
from contextlib import suppress
from typing import IO, TYPE_CHECKING

from devmesh.vocabulary.plain import mended
from devmesh.vocabulary.terms import Stream

if TYPE_CHECKING:
    from collections.abc import Callable

TAIL = 64 * 1024
"Bytes kept of the end of each stream."
CAPACITY = 1024 * 1024
"Bytes a pipe holds, where the system lets us."


class Tail:
    """The last `limit` bytes of what went through, and how many came before them."""

    def __init__(self, limit: int = TAIL) -> None:
        self._limit = limit
        self._chunks: deque[bytes] = deque()
        self._held = 0
        self.passed = 0
        "Bytes that went through."

    def add(self, chunk: bytes) -> None:
        """Keep the end of this, too."""
        self.passed += len(chunk)
        self._chunks.append(chunk[-self._limit :])
        self._held += len(self._chunks[-1])
        while self._held - len(self._chunks[0]) >= self._limit:
            self._held -= len(self._chunks.popleft())

    @property
    def dropped(self) -> int:
        """Bytes that went through and are not kept."""
        return self.passed - len(bytes(self))

    def __bytes__(self) -> bytes:
        """What is kept, oldest first; without the line that was cut in two, which may hold half a secret."""
        kept = b"".join(self._chunks)[-self._limit :]
        if len(kept) == self.passed:
            return kept
        return mended(kept.decode("latin-1"), torn_start=True).encode("latin-1")


def widen(*pipes: IO[bytes] | None) -> None:
    """Give each pipe that CAPACITY, if possible, for programs that will not wait for its other end.

    Some end before their output was read; some take an input that is not all there yet for none.
    """
    size = getattr(fcntl, "F_SETPIPE_SZ", None)
    for pipe in pipes:
        if pipe is not None and size is not None:
            with suppress(OSError):  # this user's pipes take too much already
                fcntl.fcntl(pipe.fileno(), size, CAPACITY)


class OutputReader(asyncio.Protocol):
    """Reads one pipe to its end, whatever comes: no line is waited for, and nothing piles up."""

    def __init__(self, stream: Stream, hear: Callable[[Stream, bytes], None]) -> None:
        self.tail = Tail()
        self.closed = asyncio.get_running_loop().create_future()
        "Done when every process that could write to the pipe is gone, or the reading was given up."
        self._stream = stream
        self._hear = hear
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The pipe is open."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Some bytes came, cut anywhere."""
        self.tail.add(data)
        self._hear(self._stream, data)

    def connection_lost(self, error: Exception | None) -> None:
        """Nobody will write any more."""
        del error
        if not self.closed.done():
            self.closed.set_result(None)

    def itself(self) -> OutputReader:
        """For loops that want a factory of protocols."""
        return self

    def give_up(self) -> None:
        """Stop reading although somebody still holds the pipe."""
        if self._transport is not None:
            self._transport.close()
