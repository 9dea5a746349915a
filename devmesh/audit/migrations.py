"""The schema of the record, as the ordered steps that made it. Each is one transaction; a copy is kept first.

A step that was released is never changed.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from devmesh.audit.database import create_private, storage_errors
from devmesh.audit.failpoints import Failpoint, passing
from devmesh.errors import StorageError

APPLICATION_ID: Final = 0x4465764D
"`DevM`: what SQLite keeps in the file's head, so that `file` and we can tell whose it is."

Step = Callable[[sqlite3.Connection], None]

STEPS: list[Step] = []
"Step n brings a record from schema n-1 to schema n."


def step(function: Step) -> Step:
    """Add the next step to the ladder."""
    STEPS.append(function)
    return function


@step
def the_first_record(connection: sqlite3.Connection) -> None:
    """Facts, snapshots, a few words about the record itself, and an index of the discoveries without their text."""
    for statement in _FIRST:
        connection.execute(statement)


_FIRST: Final = (
    """CREATE TABLE facts (
        sequence INTEGER PRIMARY KEY,
        at REAL NOT NULL,      -- wall clock, Unix seconds, for display only
        now REAL NOT NULL,     -- mesh time, seconds
        epoch INTEGER NOT NULL,
        kind TEXT NOT NULL,
        agent TEXT,
        task INTEGER,
        change INTEGER,
        session INTEGER,
        request INTEGER,
        body TEXT NOT NULL     -- the fact as JSON
    ) STRICT""",
    "CREATE INDEX facts_by_kind ON facts (kind)",
    "CREATE INDEX facts_by_task ON facts (task) WHERE task IS NOT NULL",
    "CREATE INDEX facts_by_agent ON facts (agent) WHERE agent IS NOT NULL",
    "CREATE INDEX facts_by_change ON facts (change) WHERE change IS NOT NULL",
    "CREATE TABLE snapshots (sequence INTEGER PRIMARY KEY, at REAL NOT NULL, body BLOB NOT NULL) STRICT",
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE VIRTUAL TABLE discoveries USING fts5(title, text, content='', tokenize='unicode61 remove_diacritics 2')",
)


@step
def the_chain(connection: sqlite3.Connection) -> None:
    """Every row gets a place for its seal; who opens the record fills it, for that takes the key."""
    connection.execute("ALTER TABLE facts ADD COLUMN seal BLOB")


def schema_of(connection: sqlite3.Connection) -> int:
    """The schema a record is in; 0: nothing yet."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(
    connection: sqlite3.Connection,
    path: Path,
    *,
    steps: Sequence[Step] | None = None,
    failpoint: Failpoint = passing,
) -> tuple[Path, ...]:
    """Bring the record to the newest schema; the copies made on the way. Raises StorageError for a newer one."""
    ladder = STEPS if steps is None else steps
    with storage_errors(path):
        current = schema_of(connection)
    if current > len(ladder):
        raise StorageError(
            f"{path} was written by a newer DevMesh (schema {current}; this one knows {len(ladder)})",
            hint="Update devmesh; nothing was changed.",
        )
    _refuse_foreign(connection, path, current)
    kept = () if current in {0, len(ladder)} else (_keep_copy(connection, path, current, failpoint),)
    for number, one in enumerate(ladder[current:], start=current + 1):
        _climb(connection, path, one, number, failpoint)
    return kept


def _climb(connection: sqlite3.Connection, path: Path, one: Step, number: int, failpoint: Failpoint) -> None:
    with storage_errors(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            one(connection)
            connection.execute(f"PRAGMA user_version={number}")
            connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
            failpoint("migrate_before_commit")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    failpoint("migrate_after_commit")


def _refuse_foreign(connection: sqlite3.Connection, path: Path, current: int) -> None:
    with storage_errors(path):
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if tables and (application != APPLICATION_ID or not current):
        raise StorageError(f"{path} is the database of another program", hint="Move it away; it was not touched.")


def _keep_copy(connection: sqlite3.Connection, path: Path, current: int, failpoint: Failpoint) -> Path:
    """A whole copy, the write-ahead log included, made by SQLite's own backup."""
    copy = path.with_name(f"{path.stem}-schema-{current}{path.suffix}")
    draft = copy.with_suffix(".copying")
    draft.unlink(missing_ok=True)
    create_private(draft)
    with storage_errors(copy), closing(sqlite3.connect(draft)) as target:
        connection.backup(target)
    os.replace(draft, copy)  # noqa: PTH105 - as short as Path.replace
    failpoint("migrate_backed_up")
    return copy
