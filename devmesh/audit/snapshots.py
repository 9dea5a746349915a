"""Whole states kept in the record, so that neither a restart nor time travel reads all of history. Only a cache.

Knows no state: a snapshot is bytes that somebody else froze.
"""

from __future__ import annotations

import sqlite3
import zlib
from typing import Final, NamedTuple

NEWEST: Final = 3
"Snapshots kept for recovery; the older two in case the newest cannot be thawed."
SPACING: Final = 100_000
"Facts between the snapshots kept for ever, for time travel."

_LEVEL = 1
"Of compression: JSON shrinks tenfold at once, and the journal's thread is needed elsewhere."


class Snapshot(NamedTuple):
    """The state as it was right after fact `sequence`."""

    sequence: int
    body: bytes


def write_snapshot(connection: sqlite3.Connection, sequence: int, at: float, body: bytes) -> None:
    """Add one and drop those no longer needed. The transaction is the caller's."""
    packed = zlib.compress(body, _LEVEL)
    connection.execute("INSERT OR REPLACE INTO snapshots (sequence, at, body) VALUES (?, ?, ?)", (sequence, at, packed))
    connection.execute(
        """DELETE FROM snapshots
           WHERE sequence NOT IN (SELECT sequence FROM snapshots ORDER BY sequence DESC LIMIT ?)
             AND sequence NOT IN (SELECT min(sequence) FROM snapshots GROUP BY sequence / ?)""",
        (NEWEST, SPACING),
    )


def read_snapshot(connection: sqlite3.Connection, *, until: int) -> Snapshot | None:
    """The newest at or before a fact that is whole; None: there is none, read the facts from the first."""
    rows = connection.execute(
        "SELECT sequence, body FROM snapshots WHERE sequence <= ? ORDER BY sequence DESC", (until,)
    )
    for sequence, packed in rows:
        try:
            return Snapshot(sequence, zlib.decompress(packed))
        except zlib.error:
            continue
    return None
