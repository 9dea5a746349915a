"""SQLite's errors in our words, and its settings as they must be."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from devmesh.audit.database import (
    DATABASE,
    Damaged,
    claim_writer,
    create_private,
    open_reader,
    open_writer,
    storage_error,
    storage_errors,
)
from devmesh.errors import AlreadyRunning, Code, StorageError


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("foreign_keys", 1),
        ("trusted_schema", 0),
        ("cell_size_check", 1),
        ("busy_timeout", 5000),
        ("journal_size_limit", 4 * 2**20),
        ("wal_autocheckpoint", 512),
    ],
)
def test_the_writers_settings_hold(tmp_path: Path, pragma: str, value: object) -> None:
    """As SQLite itself reports them."""
    create_private(tmp_path / DATABASE)
    with closing(open_writer(tmp_path / DATABASE)) as connection:
        assert connection.execute(f"PRAGMA {pragma}").fetchone()[0] == value


def test_a_claim_ends_with_its_connection(tmp_path: Path) -> None:
    """Two at once never; one after the other always."""
    with closing(claim_writer(tmp_path)), pytest.raises(AlreadyRunning, match="another coordinator"):
        claim_writer(tmp_path)
    claim_writer(tmp_path).close()


@pytest.mark.parametrize(
    ("number", "kind", "code"),
    [
        (sqlite3.SQLITE_FULL, StorageError, Code.STORAGE_FULL),
        (sqlite3.SQLITE_IOERR_FSYNC, StorageError, Code.STORAGE_FAILED),
        (sqlite3.SQLITE_CORRUPT_INDEX, Damaged, Code.STORAGE_FAILED),
        (sqlite3.SQLITE_NOTADB, Damaged, Code.STORAGE_FAILED),
        (sqlite3.SQLITE_READONLY_DIRECTORY, StorageError, Code.STORAGE_FAILED),
        (sqlite3.SQLITE_ERROR, StorageError, Code.STORAGE_FAILED),
    ],
)
def test_every_error_has_a_meaning(number: int, kind: type[StorageError], code: Code) -> None:
    """By its number, extended or not; the file is named."""
    error = sqlite3.OperationalError("said by SQLite")
    error.sqlite_errorcode = number
    error.sqlite_errorname = "SQLITE_X"
    made = storage_error(error, Path("/home/audit.db"))
    assert (type(made), made.code) == (kind, code)
    assert "/home/audit.db" in made.message


def test_the_systems_refusals_too() -> None:
    """A full disk is a full disk, whoever found out."""
    with pytest.raises(StorageError) as full, storage_errors(Path("x")):
        raise OSError(28, "No space left on device")
    assert full.value.code == Code.STORAGE_FULL
    with pytest.raises(StorageError) as denied, storage_errors(Path("x")):
        raise PermissionError(13, "Permission denied")
    assert denied.value.code == Code.STORAGE_FAILED


def test_a_reader_needs_no_writer(tmp_path: Path) -> None:
    """And finds words where there is nothing to read, or something else."""
    with pytest.raises(StorageError, match="no record"), open_reader(tmp_path):
        pass
    (tmp_path / DATABASE).write_bytes(b"something else altogether" * 100)
    with pytest.raises(Damaged), open_reader(tmp_path):
        pass


def test_a_path_with_odd_letters_works(tmp_path: Path) -> None:
    """Question marks, percent signs and spaces mean nothing to us."""
    home = tmp_path / "a b?mode=memory#%20ü"
    home.mkdir()
    create_private(home / DATABASE)
    with closing(open_writer(home / DATABASE)) as connection:
        connection.execute("CREATE TABLE here (x)")
    with open_reader(home) as reader:
        assert reader.execute("SELECT name FROM sqlite_schema").fetchone()[0] == "here"
