"""The ladder of schemas: each step whole or not at all, a copy before it, never down."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from devmesh.audit.database import create_private
from devmesh.audit.migrations import APPLICATION_ID, STEPS, Step, migrate, schema_of
from devmesh.errors import StorageError


def an_older_schema(connection: sqlite3.Connection) -> None:
    """A record as some earlier DevMesh might have written it: one table, the kind inside the text."""
    connection.execute("CREATE TABLE facts (sequence INTEGER PRIMARY KEY, text TEXT NOT NULL)")
    connection.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT)")


def kind_apart(connection: sqlite3.Connection) -> None:
    """The kind gets a column of its own, filled from the text."""
    connection.execute("ALTER TABLE facts ADD COLUMN kind TEXT NOT NULL DEFAULT ''")
    connection.execute("UPDATE facts SET kind = text ->> '$.kind'")
    connection.execute("CREATE INDEX facts_by_kind ON facts (kind)")


LADDER: list[Step] = [an_older_schema, kind_apart]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the record lies."""
    made = tmp_path / "audit.db"
    create_private(made)
    return made


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    """A writer's connection."""
    with closing(sqlite3.connect(path, isolation_level=None)) as made:
        made.execute("PRAGMA journal_mode=WAL")
        yield made


def test_the_newest_schema_at_once(connection: sqlite3.Connection, path: Path) -> None:
    """A new record is built in one go, is recognisable as ours, and needs no copy."""
    assert migrate(connection, path) == ()
    assert schema_of(connection) == len(STEPS)
    assert connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
    assert migrate(connection, path) == ()


def test_an_older_record_is_brought_up(connection: sqlite3.Connection, path: Path) -> None:
    """Rows are kept and filled in; the copy holds the record as it was, with what was still in its log."""
    migrate(connection, path, steps=LADDER[:1])
    connection.execute("""INSERT INTO facts VALUES (1, '{"kind":"goal_set"}'), (2, '{"kind":"agent_left"}')""")
    (copy,) = migrate(connection, path, steps=LADDER)
    assert connection.execute("SELECT sequence, kind FROM facts ORDER BY sequence").fetchall() == [
        (1, "goal_set"),
        (2, "agent_left"),
    ]
    assert copy.name == "audit-schema-1.db"
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as old:
        assert schema_of(old) == 1
        assert old.execute("SELECT count(*) FROM facts").fetchone()[0] == 2


def test_a_step_that_fails_changes_nothing(connection: sqlite3.Connection, path: Path) -> None:
    """Half a step is undone; the record stays in its schema and can be migrated later."""
    migrate(connection, path, steps=LADDER[:1])

    def half(connection: sqlite3.Connection) -> None:
        connection.execute("ALTER TABLE facts ADD COLUMN half TEXT")
        connection.execute("SELECT 1 FROM nowhere")

    with pytest.raises(StorageError, match="nowhere"):
        migrate(connection, path, steps=[LADDER[0], half])
    assert schema_of(connection) == 1
    assert [row[1] for row in connection.execute("PRAGMA table_info(facts)")] == ["sequence", "text"]
    migrate(connection, path, steps=LADDER)
    assert schema_of(connection) == 2


def test_a_record_from_the_future_is_refused(connection: sqlite3.Connection, path: Path) -> None:
    """With both numbers, and without touching it."""
    migrate(connection, path)
    connection.execute("PRAGMA user_version=7")
    with pytest.raises(StorageError, match=r"newer DevMesh \(schema 7; this one knows 2\)"):
        migrate(connection, path)
    assert schema_of(connection) == 7
