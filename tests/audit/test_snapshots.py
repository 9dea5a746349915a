"""Which snapshots are kept, and which one is found."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from devmesh.audit.migrations import STEPS
from devmesh.audit.snapshots import SPACING, read_snapshot, write_snapshot


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """An empty record."""
    with closing(sqlite3.connect(":memory:")) as made:
        for step in STEPS:
            step(made)
        yield made


def kept(connection: sqlite3.Connection) -> list[int]:
    """The facts that have one."""
    return [row[0] for row in connection.execute("SELECT sequence FROM snapshots ORDER BY sequence")]


def test_the_newest_three_and_one_in_a_hundred_thousand(connection: sqlite3.Connection) -> None:
    """However many are taken, few are kept, and the far past stays within reach."""
    for sequence in range(20_000, 5 * SPACING, 20_000):
        write_snapshot(connection, sequence, 0.0, b"state")
    assert kept(connection) == [20_000, 100_000, 200_000, 300_000, 400_000, 440_000, 460_000, 480_000]


def test_the_nearest_whole_one_is_found(connection: sqlite3.Connection) -> None:
    """At or before a fact; a damaged one is passed over."""
    for sequence in (10, 20, 30):
        write_snapshot(connection, sequence, 0.0, b"state at %d" % sequence)
    assert read_snapshot(connection, until=29) == (20, b"state at 20")
    assert read_snapshot(connection, until=9) is None
    connection.execute("UPDATE snapshots SET body = substr(body, 1, 8) WHERE sequence = 30")
    assert read_snapshot(connection, until=99) == (20, b"state at 20")
