"""A damaged record moved aside, whole, and a new one made from its mirror. Said loudly; goes on after any interruption.

Knows nothing of a running mesh: nobody else may have the record open.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import uuid4

import msgspec

from devmesh.audit.chain import Chain, make_key, read_key
from devmesh.audit.database import DATABASE, SIDES, Damaged, create_private, storage_errors, sync_folder
from devmesh.audit.failpoints import Failpoint, passing
from devmesh.audit.high_water import HighWater, read_high_water, write_high_water
from devmesh.audit.migrations import migrate
from devmesh.audit.mirror import MIRROR, follows, read_mirror
from devmesh.audit.rows import Written, facts_after, insert_facts
from devmesh.audit.sealing import DOUBTS, SEALED_FROM, Doubt, seal_until
from devmesh.errors import StorageError
from devmesh.vocabulary.codec import Recorded

ANNOUNCEMENT = "rebuild.json"

SAFE_DISTANCE: Final = 1_000_000
"Sequence numbers skipped after a rebuild: more than could have been granted and lost, so that no token comes twice."

_BATCH = 5000


class Recovery(msgspec.Struct, frozen=True, kw_only=True):
    """What was done to a damaged record, for a person to read."""

    reason: str
    moved: tuple[Path, ...]
    "The damaged files, untouched but for their names."
    facts: int
    "How many were recovered, from the mirror and from what the damaged database still gave."
    last_sequence: int
    "The last of them."
    missing: int
    "How many are known to have been recorded and could not be recovered; more may be missing."
    note: str = ""
    "Where the mirror broke off, if it did."
    doubt: str = ""
    "Why what was recovered may not be what was recorded, where its seals show so."

    def __str__(self) -> str:
        """Everything in a few lines."""
        aside = ", ".join(path.name for path in self.moved) or "nothing"
        lost = f"{self.missing} facts are lost. " if self.missing else "No fact is known to be lost. "
        return (
            f"The record was damaged and has been rebuilt from its mirror: {self.reason}\n"
            f"{self.facts} facts recovered, up to number {self.last_sequence}. {lost}{self.note}{self.doubt}\n"
            f"Moved aside: {aside}."
        )


class _Announcement(msgspec.Struct, kw_only=True):
    """What an interrupted rebuild needs to be finished."""

    reason: str
    stamp: str
    moved: bool = False


def rebuild(home: Path, reason: str, now_wall: float, *, failpoint: Failpoint = passing) -> Recovery:
    """Move the database aside and make a new one. Raises StorageError when there is no room for it; call again then.

    The caller holds the writer's claim (`database.claim_writer`).
    """
    stamp = datetime.fromtimestamp(now_wall, UTC).strftime("%Y%m%dT%H%M%SZ")
    taken = home / f"audit-damaged-{stamp}.db"
    announcement = _Announcement(reason=reason, stamp=f"{stamp}-{uuid4().hex[:4]}" if taken.exists() else stamp)
    _announce(home, announcement)
    failpoint("rebuild_marked")
    return _carry_out(home, announcement, failpoint)


def finish_rebuild(home: Path, *, failpoint: Failpoint = passing) -> Recovery | None:
    """Carry on with a rebuild that was interrupted, if one was."""
    path = home / ANNOUNCEMENT
    with storage_errors(path):
        text = path.read_bytes() if path.exists() else b""
    if not text:
        return None
    return _carry_out(home, msgspec.json.decode(text, type=_Announcement), failpoint)


def _carry_out(home: Path, announcement: _Announcement, failpoint: Failpoint) -> Recovery:
    path, draft = home / DATABASE, home / f"{DATABASE}.new"
    aside = home / f"audit-damaged-{announcement.stamp}.db"
    with storage_errors(path):
        if not announcement.moved:
            _move_aside(path, aside)
            announcement.moved = True
            _announce(home, announcement)
        failpoint("rebuild_moved")
        recovery = _build(home, draft, aside, announcement.reason)
        failpoint("rebuild_built")
        _keep_broken_mirror(home, aside, recovery)
        draft.replace(path)
        sync_folder(home)
        failpoint("rebuild_placed")
        (home / ANNOUNCEMENT).unlink()
        sync_folder(home)
    return recovery


def _announce(home: Path, announcement: _Announcement) -> None:
    path, draft = home / ANNOUNCEMENT, home / f".{ANNOUNCEMENT}.new"
    with storage_errors(path):
        draft.unlink(missing_ok=True)
        create_private(draft)
        with draft.open("wb") as file:
            file.write(msgspec.json.encode(announcement))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        sync_folder(path.parent)


def _move_aside(path: Path, aside: Path) -> None:
    for side in SIDES:
        with suppress(FileNotFoundError):
            os.rename(f"{path}{side}", f"{aside}{side}")  # noqa: PTH104 - the sides are suffixes, not paths
    sync_folder(path.parent)


def _keep_broken_mirror(home: Path, aside: Path, recovery: Recovery) -> None:
    """A mirror with a fault in its middle makes room for a whole one, which the next opening writes."""
    if recovery.note and (home / MIRROR).exists():
        (home / MIRROR).replace(aside.with_suffix(".jsonl"))


def _build(home: Path, draft: Path, aside: Path, reason: str) -> Recovery:
    """A complete database beside its place: one file, closed and synced."""
    for side in (*SIDES, "-journal"):
        Path(f"{draft}{side}").unlink(missing_ok=True)
    create_private(draft)
    kept = aside.with_suffix(".jsonl")
    source = _Survivors(kept if kept.exists() else home / MIRROR, aside)
    mark = read_high_water(home) or HighWater(install_id=uuid4().hex)
    with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
        migrate(connection, draft)
        connection.execute("BEGIN IMMEDIATE")
        written = _fill(connection, source, Chain(read_key(home) or make_key(home)))
        reached, epoch = max(source.last, mark.sequence), max(written.epoch, mark.epoch)
        doubt = _doubt(connection, mark, source.last)
        floor, doubts = reached + SAFE_DISTANCE, _doubts(doubt, source.last, mark.sequence)
        _describe(connection, install_id=mark.install_id, floor=floor, epoch=epoch, doubts=doubts)
        connection.execute("COMMIT")
    head = written.head.hex() if source.last else ""
    write_high_water(home, HighWater(install_id=mark.install_id, epoch=epoch, sequence=reached, head=head))
    return Recovery(
        reason=reason,
        moved=tuple(Path(f"{aside}{side}") for side in SIDES if Path(f"{aside}{side}").exists()),
        facts=source.count,
        last_sequence=source.last,
        missing=max(0, mark.sequence - source.last),
        note=source.note,
        doubt=f" Beware: {doubt}." if doubt else "",
    )


def _fill(connection: sqlite3.Connection, source: _Survivors, chain: Chain) -> Written:
    """Write every survivor, sealed; the highest epoch among them, and the last seal."""
    written = Written(0, chain.head)
    batch: list[Recorded] = []
    for recorded in source:
        batch.append(recorded)
        if len(batch) >= _BATCH:
            written = insert_facts(connection, batch, written.epoch, chain.at(written.head))
            batch.clear()
    return insert_facts(connection, batch, written.epoch, chain.at(written.head))


def _doubt(connection: sqlite3.Connection, mark: HighWater, last: int) -> str:
    """Sealed again, the same facts get the same seals: where they do not, they are not the same."""
    if not mark.head or last < mark.sequence or seal_until(connection, mark.sequence)[1].hex() == mark.head:
        return ""
    return f"the facts up to {mark.sequence}, as recovered, do not carry the seal that was kept beside the record"


def _doubts(doubt: str, last: int, marked: int) -> list[Doubt]:
    """What a proof of the new record will name for ever."""
    found = [Doubt(1, doubt)] if doubt else []
    if last < marked:
        found.append(Doubt(last + 1, f"the facts {last + 1} to {marked} were recorded, and are lost since a rebuild"))
    return found


def _describe(connection: sqlite3.Connection, *, install_id: str, floor: int, epoch: int, doubts: list[Doubt]) -> None:
    words = {"install_id": install_id, "floor": str(floor), "epoch_floor": str(epoch), "clean": "0", SEALED_FROM: "1"}
    if doubts:
        words[DOUBTS] = msgspec.json.encode(doubts).decode()
    connection.executemany("INSERT INTO meta (key, value) VALUES (?, ?)", words.items())


class _Survivors:
    """The facts of the mirror up to its first fault, then what the damaged database still gives after them."""

    def __init__(self, mirror: Path, aside: Path) -> None:
        self.count = 0
        self.last = 0
        self.note = ""
        self._mirror = mirror
        self._aside = aside

    def __iter__(self) -> Iterator[Recorded]:
        """Count each as it passes."""
        for part in (self._from_mirror, self._from_damaged):
            for recorded in part():
                self.count += 1
                self.last = recorded.sequence
                yield recorded

    def _from_mirror(self) -> Iterator[Recorded]:
        if not self._mirror.exists():
            self.note = "There was no mirror."
            return
        try:
            yield from read_mirror(self._mirror)
        except Damaged as error:
            self.note = f"The mirror broke off: {error.message}."

    def _from_damaged(self) -> Iterator[Recorded]:
        """Stops silently where the damage begins: every fact it yields was read whole and in order."""
        if not self._aside.exists():
            return
        address = f"{self._aside.absolute().as_uri()}?mode=ro"
        with suppress(sqlite3.Error, StorageError), closing(sqlite3.connect(address, uri=True)) as connection:
            for recorded in facts_after(connection, self.last):
                if not follows(recorded, self.last + 1):
                    return
                yield recorded
