"""The record: every fact in order, in SQLite, durable before anybody is told. All that comes after is read from it.

Knows no rule, and no time but what it is given. All of it belongs to the one thread that opened it.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple, Self

from msgspec.structs import replace

from devmesh.audit.chain import FIRST
from devmesh.audit.database import SURVIVABLE, Damaged, primary_code, storage_error, storage_errors
from devmesh.audit.failpoints import Failpoint, passing
from devmesh.audit.high_water import HighWater, write_high_water
from devmesh.audit.opening import Opened, open_record
from devmesh.audit.rebuild import Recovery
from devmesh.audit.rows import facts_after, insert_facts
from devmesh.audit.snapshots import Snapshot, read_snapshot, write_snapshot
from devmesh.errors import Code, StorageError
from devmesh.vocabulary.codec import Recorded

MARK_EVERY: Final = 10_000
"Facts after which the high-water mark is written, at the latest; it also is at every start, snapshot and stop."
MARK_SOON: Final = ((100, 2.0), (1, 60.0))
"It is written as well once there are so many new facts and the last time was so many seconds ago."


class Loaded(NamedTuple):
    """What a recovery folds: the newest snapshot, and every fact after it."""

    snapshot: bytes | None
    snapshot_sequence: int
    facts: Iterator[Recorded]


class Journal:
    """The open record. One per home: a second opener gets AlreadyRunning, here or elsewhere; readers are free."""

    def __init__(self, opened: Opened, failpoint: Failpoint) -> None:
        """Use `Journal.open`."""
        self.path = opened.path
        self.home = opened.path.parent
        self._place = str(opened.path)
        self.epoch = opened.epoch
        "The number of the latest start on record."
        self.last_sequence = opened.last_sequence
        "The next fact is this plus one. After a rebuild it lies far beyond the last, so that no token comes twice."
        self.last_now = opened.last_now
        "Mesh time of the last fact, in seconds."
        self.was_clean = opened.was_clean
        "Whether the previous writer said goodbye; true for a new record."
        self.recovery: Recovery | None = opened.recovery
        "What was done about a damaged record. To be shown to the person."
        self.notes = opened.notes
        self.doubts = opened.doubts
        "Notes that the person has to hear: something can no longer be proven."
        self._install_id = opened.install_id
        self._last_at = opened.last_at
        self._claim = opened.claim
        self._connection = opened.connection
        self._mirror = opened.mirror
        self._failpoint = failpoint
        self._identity = self._look()
        self._chain = opened.chain
        self._last_fact = opened.last_fact
        self._marked = self.last_sequence
        self._marked_at = opened.last_at
        self._failed: str | None = None
        self._refusal: type[StorageError] = StorageError
        self._closed = False
        self._mirror.catch_up(self._read_after)

    @classmethod
    def open(
        cls, home: Path, *, now_wall: float, failpoint: Failpoint = passing, check_whole: bool | None = None
    ) -> Self:
        """The record of this home, ready to be loaded and written; `now_wall` (Unix seconds) only names moved files.

        Raises AlreadyRunning and StorageError. A damaged record is moved aside and rebuilt: see `recovery`. One that
        was not closed is checked from end to end first when it is small; `check_whole` forces or forbids that.
        """
        opened = open_record(home, now_wall=now_wall, failpoint=failpoint, check_whole=check_whole)
        try:
            return cls(opened, failpoint)
        except BaseException:
            for held in (opened.mirror, opened.connection, opened.claim):
                held.close()
            raise

    def append(self, recorded: Sequence[Recorded], at: float) -> tuple[Recorded, ...]:
        """Keep the facts of a turn, all or none; when this returns they survive a power loss. Returns them with `at`.

        Raises StorageError: STORAGE_FULL, and the next call may succeed; INTERNAL for facts out of sequence or
        unreadable; STORAGE_FAILED, after which `failed` says whether only a new Journal helps; `Damaged` where that one
        may be rebuilt. Nothing of the turn is kept, except that after a failed disk only the next opening can tell.
        """
        self._refuse_failed()
        kept = tuple(one if one.at == at else replace(one, at=at) for one in recorded)
        if not kept:
            return ()
        self._refuse_gap(kept)
        with self._transaction("before_commit", "after_commit") as connection:
            written = insert_facts(connection, kept, self.epoch, self._chain)
        started, self.epoch = written.epoch != self.epoch, written.epoch
        self._chain = self._chain.at(written.head)
        self.last_sequence, self.last_now, self._last_at = kept[-1].sequence, kept[-1].now, at
        self._last_fact = self.last_sequence
        self._mirror.append(kept, at, self._read_after)
        if started or self._mark_is_due(at):
            self._mark()
        return kept

    def load(self, *, from_snapshot: bool = True) -> Loaded:
        """The newest whole snapshot and the facts after it, or all facts, read as they are asked for; take them all."""
        self._refuse_failed()
        with storage_errors(self.path):
            found = read_snapshot(self._connection, until=self.last_sequence) if from_snapshot else None
        snapshot = found or Snapshot(0, b"")
        return Loaded(found.body if found else None, snapshot.sequence, self._read_after(snapshot.sequence))

    def save_snapshot(self, sequence: int, body: bytes) -> None:
        """Keep the whole state as it was after a fact on record, for recovery and time travel. Raises StorageError."""
        if not 0 < sequence <= self.last_sequence:
            raise StorageError(f"there is no fact {sequence} to take a snapshot at", code=Code.INTERNAL)
        with self._transaction("snapshot_before_commit", "snapshot_after_commit") as connection:
            write_snapshot(connection, sequence, self._last_at, body)
        self._mark()

    @property
    def mirror_lag(self) -> int:
        """Facts the mirror does not have yet; 0 unless its disk refused."""
        return max(0, self.last_sequence - self._mirror.last_sequence) if self._mirror.problem else 0

    @property
    def failed(self) -> str | None:
        """Why this handle is of no use any more."""
        return self._failed

    def close(self, *, clean: bool = True) -> None:
        """Let go of everything; `clean` says goodbye, so that the next start need not check. Twice is once."""
        if self._closed:
            return
        self._closed = True
        try:
            if clean and self._failed is None:
                self._say_goodbye()
        finally:
            self._mirror.close()
            self._connection.close()
            self._claim.close()
            self._failed = self._failed or "it was closed"

    # ---- inside ----

    def _say_goodbye(self) -> None:
        self._mirror.catch_up(self._read_after)
        self._failpoint("checkpoint")
        with suppress(sqlite3.Error):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._failpoint("close_before_flag")
        with suppress(StorageError), self._transaction("", "") as connection:
            connection.execute("UPDATE meta SET value = '1' WHERE key = 'clean'")
        self._mark()
        self._failpoint("close_after_flag")

    @contextmanager
    def _transaction(self, before: str, after: str) -> Iterator[sqlite3.Connection]:
        self._refuse_failed()
        self._refuse_moved()
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            self._failpoint(before)
            connection.execute("COMMIT")
        except sqlite3.ProgrammingError:
            self._roll_back(survivable=True, reason="")
            raise  # a wrong thread is our own mistake and says nothing about the disk
        except sqlite3.Error as error:
            problem = storage_error(error, self.path)
            self._refusal = Damaged if isinstance(problem, Damaged) else StorageError
            self._roll_back(survivable=primary_code(error) in SURVIVABLE, reason=str(error))
            raise problem from error
        except BaseException:
            self._roll_back(survivable=True, reason="")
            raise
        self._failpoint(after)

    def _roll_back(self, *, survivable: bool, reason: str) -> None:
        """A failed sync is not tried again: the system may have dropped the pages and would report success."""
        if not survivable:
            self._failed = reason
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.ProgrammingError:
            pass
        except sqlite3.Error as error:
            self._failed = str(error)

    def _refuse_failed(self) -> None:
        if self._failed is not None:
            raise self._refusal(f"{self.path} is not used any more: {self._failed}", hint="Start the mesh again.")

    def _refuse_moved(self) -> None:
        """SQLite goes on writing to a file that was deleted; nobody would ever find those facts again."""
        if self._look() != self._identity:
            self._failed = "the file was removed or replaced while it was open"
            self._refuse_failed()

    def _look(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._place)  # noqa: PTH116 - every turn asks, and a Path takes five times as long
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _refuse_gap(self, kept: tuple[Recorded, ...]) -> None:
        for expected, one in enumerate(kept, start=self.last_sequence + 1):
            if one.sequence != expected:
                raise StorageError(f"fact {one.sequence} came where {expected} was due", code=Code.INTERNAL)

    def _read_after(self, sequence: int, most: int = -1) -> Iterator[Recorded]:
        with storage_errors(self.path):
            yield from facts_after(self._connection, sequence, most=most)

    def _mark_is_due(self, at: float) -> bool:
        fresh, past = self.last_sequence - self._marked, abs(at - self._marked_at)
        return fresh >= MARK_EVERY or any(fresh >= many and past >= seconds for many, seconds in MARK_SOON)

    def _mark(self) -> None:
        """The mark may lag, so failing to write it costs nothing but a little watchfulness."""
        self._marked, self._marked_at = self.last_sequence, self._last_at
        head = self._chain.head.hex() if self._chain.head != FIRST else ""
        mark = HighWater(install_id=self._install_id, epoch=self.epoch, sequence=self._last_fact, head=head)
        with suppress(StorageError):
            write_high_water(self.home, mark, failpoint=self._failpoint)
