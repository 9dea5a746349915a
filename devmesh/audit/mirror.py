"""The record as JSON lines, for people, for `tail -f`, and for the day the database is damaged. Never ahead of it.

Knows no SQL: whoever owns the database hands it facts that are committed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from devmesh.audit.database import Damaged, create_private, refuse_strangers, storage_errors, system_error
from devmesh.audit.failpoints import Failpoint, passing
from devmesh.errors import Malformed, StorageError
from devmesh.vocabulary.codec import Recorded, decode_recorded, encode
from devmesh.vocabulary.facts import CoordinatorStarted

MIRROR = "audit.jsonl"

SYNC_EVERY: Final = 5.0
"Seconds of wall clock between two syncs; the database needs none of them."
CATCH_UP: Final = 1000
"Facts a lagging mirror takes at a time, so that no turn waits for it."

_BLOCK = 65_536

Source = Callable[[int, int], Iterable[Recorded]]
"Committed facts after a sequence number, at most so many."


class Mirror:
    """The open mirror. It never raises once it is open: what it cannot write it owes, and writes later."""

    def __init__(self, path: Path, *, failpoint: Failpoint = passing) -> None:
        """Open or make it and cut a torn tail. Raises StorageError for a link, another's file, or a refusal."""
        self.path = path
        self.last_sequence = 0
        self.problem: str | None = None
        "Why it lags, while it does."
        self._failpoint = failpoint
        self._size = 0
        "Bytes of whole lines. Whatever lies beyond is overwritten."
        self._synced_at = 0.0
        if not create_private(path):
            refuse_strangers(path)
        with storage_errors(path):
            self._file = os.open(path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0))
        try:
            with storage_errors(path):
                self._cut_torn_tail()
        except BaseException:
            os.close(self._file)
            raise

    def append(self, recorded: Sequence[Recorded], at: float, source: Source) -> None:
        """Add facts just committed; after a failure, first what is owed, read from `source`, a piece at a time."""
        if recorded[0].sequence != self.last_sequence + 1:
            self._owe(recorded[0].sequence, source)
        if self.problem is None:
            self._write(recorded)
        if self.problem is None and abs(at - self._synced_at) >= SYNC_EVERY:
            self._synced_at = at
            self.sync()

    def catch_up(self, source: Source) -> None:
        """Write all that is owed; stops at the first failure, to go on later."""
        while self.owe_once(source):
            pass

    def owe_once(self, source: Source) -> bool:
        """Write one piece of what is owed. Whether there may be more."""
        self.problem = None
        try:
            owed = list(source(self.last_sequence, CATCH_UP))
        except StorageError as error:
            self.problem = error.message
            return False
        if owed:
            self._write(owed)
        return bool(owed) and self.problem is None

    def sync(self) -> None:
        """Make it survive a power loss, if the disk lets it."""
        self._failpoint("mirror_before_sync")
        with suppress(OSError):
            getattr(os, "fdatasync", os.fsync)(self._file)

    def close(self) -> None:
        """Sync and let go of the file."""
        self.sync()
        os.close(self._file)

    def _owe(self, upcoming: int, source: Source) -> None:
        """Catch up by one piece; what is still missing stays owed, and the new facts with it."""
        self.owe_once(source)
        if self.problem is None and self.last_sequence < upcoming - 1:
            self.problem = "catching up"

    def _write(self, recorded: Sequence[Recorded]) -> None:
        fresh = [one for one in recorded if one.sequence > self.last_sequence]
        if not fresh:
            return
        text = b"".join(encode(one) + b"\n" for one in fresh)
        try:
            if self._failpoint is not passing:
                os.pwrite(self._file, text[: len(text) // 2], self._size)
                self._failpoint("mirror_half_line")
            written = os.pwrite(self._file, text, self._size)
        except OSError as error:
            self.problem = str(system_error(error, self.path).message)
            return
        if written < len(text):
            self.problem = f"{self.path}: only {written} of {len(text)} bytes were taken"
            return
        self._size += len(text)
        self.last_sequence = fresh[-1].sequence

    def _cut_torn_tail(self) -> None:
        """Forget everything after the last line that can be read. SQLite still has it."""
        end = os.fstat(self._file).st_size
        for start, stop in _lines_backwards(self._file, end):
            with suppress(Malformed):
                self.last_sequence = decode_recorded(os.pread(self._file, stop - start, start)).sequence
                self._size = stop + 1
                break
        if self._size < end:
            os.ftruncate(self._file, self._size)


def _lines_backwards(file: int, end: int) -> Iterator[tuple[int, int]]:
    """Where each whole line starts and stops (without its newline), the last one first. Reads no more than asked."""
    stop: int | None = None
    "The newline that ends the line whose start is looked for."
    position = end
    while position > 0:
        start = max(0, position - _BLOCK)
        block = os.pread(file, position - start, start)
        at = len(block)
        while (at := block.rfind(b"\n", 0, at)) >= 0:
            if stop is not None:
                yield start + at + 1, stop
            stop = start + at
        position = start
    if stop is not None:
        yield 0, stop


def last_mirrored(path: Path) -> int:
    """The number of the last fact of a mirror that can be read; 0 where there is none. Raises StorageError."""
    with storage_errors(path), path.open("rb") as file:
        for start, stop in _lines_backwards(file.fileno(), os.fstat(file.fileno()).st_size):
            with suppress(Malformed):
                return decode_recorded(os.pread(file.fileno(), stop - start, start)).sequence
    return 0


def read_mirror(path: Path) -> Iterator[Recorded]:
    """The facts of a mirror in order. Raises Damaged at the first line that is unreadable, misplaced or after a gap.

    One gap is right: a coordinator that started after a rebuild counts on from a safe distance.
    """
    expected: int | None = None
    with storage_errors(path), path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                return
            try:
                recorded = decode_recorded(line)
            except Malformed as error:
                raise Damaged(f"{path}, line {number}: {error.message}") from error
            if expected is not None and not follows(recorded, expected):
                raise Damaged(f"{path}, line {number}: fact {recorded.sequence} where {expected} should be")
            expected = recorded.sequence + 1
            yield recorded


def follows(recorded: Recorded, expected: int) -> bool:
    """Whether this fact may come where `expected` is due."""
    leaps = isinstance(recorded.fact, CoordinatorStarted) and recorded.sequence > expected
    return recorded.sequence == expected or leaps
