"""A process that records facts and kills itself, by SIGKILL, the n-th time it reaches a named instant.

Run as `killed_writer.py HOME INSTANT N [NEW_SCHEMA]`. It prints the number of every acknowledged fact.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from pathlib import Path

from devmesh.audit import migrations
from devmesh.audit.journal import Journal
from devmesh.audit.replay import recover
from devmesh.core.apply import apply
from devmesh.core.snapshot import freeze
from tests.audit.samples import WALL, locking

TURNS = 24


def add_a_column(connection: sqlite3.Connection) -> None:
    """A second schema, to be migrated to."""
    connection.execute("ALTER TABLE snapshots ADD COLUMN note TEXT")


def main(home: Path, instant: str, times: int) -> None:
    """Record what is not yet on record, with a snapshot now and then, and stop cleanly."""
    reached = 0

    def failpoint(name: str) -> None:
        nonlocal reached
        reached += name == instant
        if name == instant and reached == times:
            os.kill(os.getpid(), signal.SIGKILL)

    journal = Journal.open(home, now_wall=WALL, failpoint=failpoint)
    state = recover(journal)
    for number, batch in enumerate(locking(TURNS)):
        fresh = [one for one in batch if one.sequence > journal.last_sequence]
        for one in journal.append(fresh, WALL + number):
            apply(state, one)
        os.write(1, b"%d\n" % journal.last_sequence)
        if number % 8 == 7:
            journal.save_snapshot(state.sequence, freeze(state))
    journal.close()


if __name__ == "__main__":
    if len(sys.argv) > 4:
        migrations.STEPS.append(add_a_column)
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
