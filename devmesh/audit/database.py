"""The record's SQLite file: who may open it, how it is set up, and what SQLite's errors mean.

Knows no table and no fact.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from devmesh.errors import AlreadyRunning, Code, StorageError

DATABASE = "audit.db"
CLAIM = "audit.lock"

SIDES: Final = ("", "-wal", "-shm")
"What SQLite keeps beside a database in WAL mode, the database itself first."

WRITER_PRAGMAS: Final = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "trusted_schema=OFF",
    "cell_size_check=ON",
    "busy_timeout=5000",
    "journal_size_limit=4194304",
    "wal_autocheckpoint=512",
    "mmap_size=0",
)
"FULL costs one fsync per turn and survives a power loss; checkpoints are small so that a full disk cannot block them."

READER_PRAGMAS: Final = (
    "query_only=ON",
    "trusted_schema=OFF",
    "cell_size_check=ON",
    "busy_timeout=5000",
    "mmap_size=0",
)

SAFE_VERSION: Final = (3, 51, 3)
"Older SQLite may damage a database that several connections write. Ours has one writer, whatever the version."

SURVIVABLE: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
"After these nothing was written and the connection is as good as before."

_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

_FULL_HINT = "Free some space; the mesh goes on by itself."
_MEANINGS: Final[dict[int, tuple[Code, str, str | None]]] = {
    sqlite3.SQLITE_FULL: (Code.STORAGE_FULL, "the disk is full", _FULL_HINT),
    sqlite3.SQLITE_BUSY: (Code.STORAGE_FAILED, "another process keeps it locked", None),
    sqlite3.SQLITE_LOCKED: (Code.STORAGE_FAILED, "another connection keeps it locked", None),
    sqlite3.SQLITE_READONLY: (
        Code.STORAGE_FAILED,
        "it, or its folder, may not be written",
        "Check the owner and mode.",
    ),
    sqlite3.SQLITE_CANTOPEN: (Code.STORAGE_FAILED, "it cannot be opened", "Check its folder's owner and mode."),
    sqlite3.SQLITE_IOERR: (Code.STORAGE_FAILED, "the disk reported an error", "Check the disk before starting again."),
}


class Damaged(StorageError):
    """The file is no database, or one whose pages contradict each other."""


def storage_error(error: sqlite3.Error, path: Path) -> StorageError:
    """SQLite's error as one of ours: STORAGE_FULL, `Damaged`, or STORAGE_FAILED with SQLite's own name for it."""
    known = primary_code(error)
    if known in _DAMAGE:
        return Damaged(f"{path} is damaged: {error}")
    code, meaning, hint = _MEANINGS.get(known, (Code.STORAGE_FAILED, str(error), None))
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    return StorageError(f"{path}: {meaning} ({name})", code=code, hint=hint)


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's result code without its extension; -1 when the error did not come from SQLite itself."""
    extended: int | None = getattr(error, "sqlite_errorcode", None)
    return -1 if extended is None else extended & 0xFF


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Inside, what SQLite or the system refuses becomes a StorageError that names the file."""
    try:
        yield
    except sqlite3.ProgrammingError:
        raise  # a wrong thread or a closed connection is our own mistake, not the disk's
    except sqlite3.Error as error:
        raise storage_error(error, path) from error
    except OSError as error:
        raise system_error(error, path) from error


def system_error(error: OSError, path: Path) -> StorageError:
    """The system's refusal as one of ours."""
    import errno

    full = error.errno in {errno.ENOSPC, errno.EDQUOT}
    code = Code.STORAGE_FULL if full else Code.STORAGE_FAILED
    return StorageError(f"{path}: {error.strerror or error}", code=code, hint=_FULL_HINT if full else None)


def create_private(path: Path) -> bool:
    """Make an empty 0600 file unless there is one. Whether it was made. Its -wal and -shm inherit the mode."""
    with storage_errors(path), suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_CLOEXEC", 0), 0o600))
        return True
    return False


def refuse_strangers(path: Path) -> None:
    """Raises StorageError when the file is a link, no plain file, another user's, or open to others.

    Looks without opening: closing any descriptor of a database would drop SQLite's own locks on it.
    """
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        raise StorageError(f"{path} is a link, or no plain file", hint="Somebody may have put it there; remove it.")
    if os.name != "posix":
        return
    if found.st_uid != os.geteuid():
        raise StorageError(f"{path} belongs to another user", hint="The record must be yours; move the file away.")
    if stat.S_IMODE(found.st_mode) & 0o077:
        mode = stat.S_IMODE(found.st_mode)
        raise StorageError(f"{path} is open to others (mode {mode:04o})", hint=f"chmod 600 {path}")


def claim_writer(home: Path) -> sqlite3.Connection:
    """Be the one writer of this home until the connection is closed or the process dies. Raises AlreadyRunning at once.

    The claim is SQLite's own exclusive lock on an empty file beside the record, so that readers are not shut out.
    Unlike flock it does not outlive us in a forked child, and it holds between two openers in one process as well.
    """
    path = home / CLAIM
    if not create_private(path):
        refuse_strangers(path)
    with storage_errors(path):
        claim = sqlite3.connect(path, isolation_level=None, timeout=0)
    try:
        claim.execute("PRAGMA journal_mode=MEMORY")
        claim.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        claim.close()
        if primary_code(error) == sqlite3.SQLITE_BUSY:
            raise AlreadyRunning(
                f"the record in {home} is being written by another coordinator", hint="Join it with devmesh.connect()."
            ) from None
        raise storage_error(error, path) from error
    return claim


def open_writer(path: Path) -> sqlite3.Connection:
    """The one connection that writes, for the thread that opens it. Raises StorageError, `Damaged` among them."""
    refuse_strangers(path)
    for side in SIDES[1:]:
        if os.path.lexists(f"{path}{side}"):
            refuse_strangers(Path(f"{path}{side}"))
    with storage_errors(path):
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)
    try:
        with storage_errors(path):
            for pragma in WRITER_PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            _refuse_without_wal(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _refuse_without_wal(connection: sqlite3.Connection, path: Path) -> None:
    """On a network disk SQLite quietly stays in another mode, in which readers and the writer wait for each other."""
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        raise StorageError(
            f"{path}: this disk cannot share memory", hint="Set DEVMESH_HOME to a folder on a local one."
        )


@contextmanager
def open_reader(home: Path) -> Iterator[sqlite3.Connection]:
    """A connection that cannot write, beside a living writer or after it. Raises StorageError when none is there."""
    path = home / DATABASE
    if not path.exists():
        raise StorageError(f"there is no record in {home}", hint="It begins when a mesh is started for the project.")
    with storage_errors(path):
        connection = _connect_reader(path)
        try:
            yield connection
        finally:
            connection.close()


def _connect_reader(path: Path) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(address, uri=True, isolation_level=None)
    try:
        return _as_reader(connection)
    except sqlite3.OperationalError:
        connection.close()
        if os.path.lexists(f"{path}-wal") or os.access(path.parent, os.W_OK):
            raise
    # A record that ended cleanly can be read where nothing may be written: a read-only disk, a backup.
    return _as_reader(sqlite3.connect(f"{address}&immutable=1", uri=True, isolation_level=None))


def _as_reader(connection: sqlite3.Connection) -> sqlite3.Connection:
    for pragma in READER_PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    return connection


def problems(connection: sqlite3.Connection, most: int = 3) -> tuple[str, ...]:
    """What SQLite's quick check finds wrong with the file; empty when nothing is. Reads every page."""
    try:
        found = [str(row[0]) for row in connection.execute(f"PRAGMA quick_check({most})")]
    except sqlite3.DatabaseError as error:
        return (str(error),)
    return () if found == ["ok"] else tuple(found)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power loss, where the system can."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
