"""All that is looked at before the first fact is taken: whose the files are, whether they are whole, and the newest.

Ends with one connection that may write, or with an error that says what to do.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple
from uuid import uuid4

from devmesh.address import open_home
from devmesh.audit.chain import FIRST, Chain
from devmesh.audit.database import (
    DATABASE,
    SAFE_VERSION,
    Damaged,
    claim_writer,
    create_private,
    open_writer,
    problems,
    storage_errors,
)
from devmesh.audit.failpoints import Failpoint, passing
from devmesh.audit.high_water import HighWater, read_high_water, write_high_water
from devmesh.audit.migrations import migrate
from devmesh.audit.mirror import MIRROR, Mirror
from devmesh.audit.rebuild import SAFE_DISTANCE, Recovery, finish_rebuild, rebuild
from devmesh.audit.sealing import take_up
from devmesh.errors import StorageError

CHECKED_WHOLE: Final = 64 * 2**20
"Bytes up to which a record that was not closed is checked from end to end before it is used."
CHECKED_ALWAYS: Final = 8 * 2**20
"The same for one that was: between two lives a file can be damaged, too. A larger one is, as soon as it fails."

_WAY_OUT = "Put the newest copy back. If there is none, devmesh.audit.opening.repair(home) makes one from the mirror."


class Opened(NamedTuple):
    """A record ready to be written."""

    path: Path
    claim: sqlite3.Connection
    connection: sqlite3.Connection
    mirror: Mirror
    install_id: str
    epoch: int
    last_sequence: int
    last_now: float
    last_at: float
    was_clean: bool
    recovery: Recovery | None
    notes: tuple[str, ...]
    doubts: tuple[str, ...]
    "Those of the notes that say what can no longer be proven."
    chain: Chain
    last_fact: int
    "The last there is; `last_sequence` is beyond it after a rebuild."


class _Position(NamedTuple):
    """How far a record has come."""

    sequence: int
    now: float
    at: float
    epoch: int


def open_record(
    home: Path, *, now_wall: float, failpoint: Failpoint = passing, check_whole: bool | None = None
) -> Opened:
    """The record of a home, made where there is none, rebuilt where it is damaged. Marked as in use from here on.

    Raises AlreadyRunning when somebody writes it, and StorageError when it is not ours alone, from a newer DevMesh,
    older than it once was, or cannot be written.
    """
    with storage_errors(home):
        open_home(home)
    claim = claim_writer(home)
    try:
        recovery = finish_rebuild(home, failpoint=failpoint)
        try:
            return _opened(home, claim, recovery, failpoint, check_whole=check_whole)
        except Damaged as damage:
            recovery = rebuild(home, damage.message, now_wall, failpoint=failpoint)
            return _opened(home, claim, recovery, failpoint, check_whole=check_whole)
    except BaseException:
        claim.close()
        raise


def _opened(
    home: Path,
    claim: sqlite3.Connection,
    recovery: Recovery | None,
    failpoint: Failpoint,
    *,
    check_whole: bool | None,
) -> Opened:
    """Raises Damaged where that shows, by looking for it or on the way."""
    connection, copies = _sound(home, failpoint, check_whole=check_whole)
    try:
        return _begin(home, claim, connection, recovery, copies, failpoint)
    except BaseException:
        connection.close()
        raise


def repair(home: Path, *, now_wall: float) -> Recovery:
    """Move the database aside, whatever it is, and rebuild it from the mirror. Tokens go on beyond any ever granted.

    For a person to decide, when the newest copy of the record is gone. Raises AlreadyRunning while a mesh runs.
    """
    with closing(claim_writer(open_home(home))):
        return finish_rebuild(home) or rebuild(home, "a person asked for it", now_wall)


def _sound(
    home: Path, failpoint: Failpoint, *, check_whole: bool | None
) -> tuple[sqlite3.Connection, tuple[Path, ...]]:
    """A connection to a record in the newest schema. Raises Damaged when its pages are not right."""
    path = home / DATABASE
    _refuse_vanished(home, path)
    if create_private(path):
        failpoint("created")
    connection = open_writer(path)
    try:
        copies = migrate(connection, path, failpoint=failpoint)
        with storage_errors(path):
            whole = path.stat().st_size <= (CHECKED_ALWAYS if _said_goodbye(connection) else CHECKED_WHOLE)
        if whole if check_whole is None else check_whole:
            _refuse_damaged(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection, copies


def _refuse_damaged(connection: sqlite3.Connection, path: Path) -> None:
    if found := problems(connection):
        raise Damaged(f"{path} is damaged: {'; '.join(found)}")


def _begin(
    home: Path,
    claim: sqlite3.Connection,
    connection: sqlite3.Connection,
    recovery: Recovery | None,
    copies: tuple[Path, ...],
    failpoint: Failpoint,
) -> Opened:
    path = home / DATABASE
    with storage_errors(path):
        position, words = _position(connection), dict(connection.execute("SELECT key, value FROM meta"))
        install_id, was_clean = words.get("install_id", ""), words.get("clean", "1") == "1"
    mirror = Mirror(home / MIRROR, failpoint=failpoint)
    try:
        mark = read_high_water(home)
        _refuse_regression(path, position, install_id, mark, mirror.last_sequence, floor=int(words.get("floor", 0)))
        install_id = install_id or (mark.install_id if mark else uuid4().hex)
        with storage_errors(path):
            sealing = take_up(home, connection, mark, failpoint=failpoint)
            fresh = {"install_id": install_id, "clean": "0"}
            fresh |= _beyond(position, words) if sealing.unmarked else {}
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", fresh.items())
            connection.execute("COMMIT")
            words |= fresh
        epoch = max(position.epoch, int(words.get("epoch_floor", 0)))
        sequence = max(position.sequence, int(words.get("floor", 0)))
        head = "" if sealing.chain.head == FIRST else sealing.chain.head.hex()
        mark = HighWater(install_id=install_id, epoch=epoch, sequence=position.sequence, head=head)
        write_high_water(home, mark, failpoint=failpoint)
        failpoint("opened")
    except BaseException:
        mirror.close()
        raise
    return Opened(
        path=path,
        claim=claim,
        connection=connection,
        mirror=mirror,
        install_id=install_id,
        epoch=epoch,
        last_sequence=sequence,
        last_now=position.now,
        last_at=position.at,
        was_clean=was_clean and recovery is None,
        recovery=recovery,
        notes=(*sealing.notes, *_notes(copies)),
        doubts=sealing.notes,
        chain=sealing.chain,
        last_fact=position.sequence,
    )


def _beyond(position: _Position, words: dict[str, str]) -> dict[str, str]:
    """Numbers that none before can have reached: nobody knows how many facts, that is tokens, there were."""
    floor, epoch = int(words.get("floor", 0)), int(words.get("epoch_floor", 0))
    return {
        "floor": str(max(floor, position.sequence + SAFE_DISTANCE)),
        "epoch_floor": str(max(epoch, position.epoch + 1)),
    }


def _refuse_vanished(home: Path, path: Path) -> None:
    """An empty database is a valid one to SQLite. It is no valid one to us where there once were facts."""
    if path.is_symlink() or (path.exists() and path.stat().st_size):
        return
    mark, mirror = read_high_water(home), home / MIRROR
    if (mark is not None and mark.sequence) or (mirror.is_file() and mirror.stat().st_size):
        state = "is empty" if path.exists() else "is gone"
        raise StorageError(f"{path} {state}, but this mesh has a history", hint=_WAY_OUT)


def _refuse_regression(
    path: Path, position: _Position, install_id: str, mark: HighWater | None, mirrored: int, *, floor: int
) -> None:
    """Fencing tokens come from sequence numbers: a record that went back would grant the same ones again."""
    if mark is not None and install_id and install_id != mark.install_id:
        raise StorageError(f"{path} is the record of another mesh", hint=_WAY_OUT)
    reached = max(mirrored, mark.sequence if mark else 0)
    last = max(position.sequence, floor)
    if last < reached or (mark is not None and not floor and position.epoch < mark.epoch):
        raise StorageError(
            f"{path} is an older copy: it ends at fact {last}, but this mesh has recorded {max(reached, last)}"
            + (f" (start {position.epoch} of {mark.epoch})" if mark else ""),
            hint=_WAY_OUT,
        )


def _position(connection: sqlite3.Connection) -> _Position:
    row = connection.execute("SELECT sequence, now, at, epoch FROM facts ORDER BY sequence DESC LIMIT 1").fetchone()
    return _Position(*row) if row else _Position(0, 0.0, 0.0, 0)


def _said_goodbye(connection: sqlite3.Connection) -> bool:
    row = connection.execute("SELECT value FROM meta WHERE key = 'clean'").fetchone()
    return row is None or row[0] == "1"


def _notes(copies: tuple[Path, ...]) -> tuple[str, ...]:
    notes = [f"The record was brought to a newer schema; the old one is kept as {copy.name}." for copy in copies]
    if sqlite3.sqlite_version_info < SAFE_VERSION:
        wanted = ".".join(map(str, SAFE_VERSION))
        notes.append(
            f"SQLite {sqlite3.sqlite_version} is older than {wanted}, which mends a fault with several writers. "
            "The record has one."
        )
    return tuple(notes)
