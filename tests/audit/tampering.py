"""A closed record, and what somebody without its key does to it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from devmesh.audit.database import DATABASE
from devmesh.audit.journal import Journal
from devmesh.audit.proving import prove
from tests.audit.samples import WALL, locking

TURNS = 20


def record(home: Path, turns: int = TURNS) -> int:
    """Go on recording up to so many turns; the last fact."""
    journal = Journal.open(home, now_wall=WALL)
    for number, batch in enumerate(locking(turns)):
        journal.append([one for one in batch if one.sequence > journal.last_sequence], WALL + number)
    journal.close()
    return journal.last_sequence


def tamper(home: Path, *statements: str) -> None:
    """What somebody with an SQLite shell does."""
    with closing(sqlite3.connect(home / DATABASE)) as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount, statement
        connection.commit()


def fault(home: Path, head: str = "") -> tuple[int, str]:
    """Where the proof ends, and why."""
    found = prove(home, head=head).fault
    assert found is not None
    return found.sequence, found.message


def test_an_untouched_record_is_proven(home: Path) -> None:
    """To its last fact, over several starts, and against a head printed earlier."""
    first = prove(home)
    assert first.fault is None
    assert first.head.startswith(f"{first.facts}:")
    record(home, TURNS + 10)
    second = prove(home, head=first.head)
    assert second.fault is None
    assert second.facts > first.facts
